//! What the shop has: products, their texts, their sales.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::lang::Text;

/// The whole catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// What the shop is called.
    pub name: Text,
    /// An ISO 4217 code, such as `EUR`.
    pub currency: String,
    /// Its products, in the order of the pages.
    #[serde(default, rename = "product")]
    pub products: Vec<Product>,
    /// Who may sign in.
    #[serde(default)]
    pub accounts: Accounts,
    /// Where its pictures are; the folder of the file.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// One product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its name in addresses: small letters, digits and hyphens.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// What there is to say of it.
    pub about: Text,
    /// In hundredths of the currency.
    pub price: u64,
    /// A picture beside the catalogue: .svg, .png, .jpg or .webp.
    #[serde(default)]
    pub image: Option<String>,
    /// What the picture shows.
    #[serde(default)]
    pub alt: Text,
    /// The flash sale it is in.
    #[serde(default)]
    pub sale: Option<SaleTerms>,
}

/// A product's sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaleTerms {
    /// Its key in Redis.
    pub key: String,
    /// The words of `SECKILL.CREATE` after the key, for a sale that is not there yet; empty: it is made elsewhere.
    #[serde(default)]
    pub terms: String,
    /// Milliseconds from its creation to its start; added to the terms as START.
    #[serde(default)]
    pub starts_in_ms: Option<u64>,
    /// The tier that begins earlier, and how many milliseconds; added to the terms as TIERSTART.
    #[serde(default)]
    pub early: Option<Early>,
}

/// Who begins earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Early {
    /// The lowest tier that does.
    pub tier: u32,
    /// Milliseconds before the start.
    pub ms: u64,
}

/// Accounts for trying things out; a real shop asks its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Known by name.
    #[serde(default)]
    pub known: Vec<Account>,
    /// Anybody may sign in under another name with this password, at tier 0.
    #[serde(default)]
    pub open_password: Option<String>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The name.
    pub name: String,
    /// The password, in clear: these are for demonstrations.
    pub password: String,
    /// The tier; 0 is everybody's.
    #[serde(default)]
    pub tier: u32,
}

impl Catalogue {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// If it cannot be read, or what it says cannot be a shop.
    pub fn read(file: &Path) -> Result<Catalogue> {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut catalogue = Catalogue::parse(&text).with_context(|| file.display().to_string())?;
        catalogue.folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(catalogue)
    }

    /// Reads TOML.
    ///
    /// # Errors
    /// If it is none, or what it says cannot be a shop.
    pub fn parse(text: &str) -> Result<Catalogue> {
        let catalogue: Catalogue = toml::from_str(text)?;
        catalogue.validate()?;
        Ok(catalogue)
    }

    pub(crate) fn validate(&self) -> Result<()> {
        let mut ids = BTreeSet::new();
        let mut keys = BTreeSet::new();
        for product in &self.products {
            ensure!(is_id(&product.id), "{:?} is no id: small letters, digits and hyphens", product.id);
            ensure!(ids.insert(&product.id), "the product {} is there twice", product.id);
            if let Some(image) = &product.image {
                kind_of_picture(image)?;
                ensure!(!image.contains('/') && !image.contains('\\'), "{image} is not beside the catalogue");
            }
            if let Some(sale) = &product.sale {
                ensure!(is_id(&sale.key), "{:?} is no key for a shop's sale", sale.key);
                ensure!(keys.insert(&sale.key), "the sale {} is of two products", sale.key);
            }
        }
        Ok(())
    }

    /// A product by its id.
    pub fn product(&self, id: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.id == id)
    }

    /// The product of a sale.
    pub fn of_sale(&self, key: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.sale.as_ref().is_some_and(|sale| sale.key == key))
    }

    /// The keys of all sales.
    pub fn sales(&self) -> impl Iterator<Item = &str> {
        self.products.iter().filter_map(|product| product.sale.as_ref()).map(|sale| sale.key.as_str())
    }
}

/// What can stand in an address as it is.
fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.len() <= 64 && text.chars().all(fits)
}

/// The media type of a picture by its ending.
pub(crate) fn kind_of_picture(name: &str) -> Result<&'static str> {
    Ok(match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg") => "image/jpeg",
        Some("webp") => "image/webp",
        _ => bail!("{name} does not end in .svg, .png, .jpg or .webp"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(products: &str) -> String {
        let text = format!("name = {{ en = \"Shop\" }}\ncurrency = \"EUR\"\n{products}");
        format!("{:#}", Catalogue::parse(&text).unwrap_err())
    }

    fn product(rest: &str) -> String {
        format!("[[product]]\nname = {{ en = \"a\" }}\nabout = {{ en = \"b\" }}\nprice = 1\n{rest}\n")
    }

    #[test]
    fn what_cannot_be_a_shop_is_refused_with_a_reason() {
        assert!(refused(&product("id = \"A b\"")).contains("is no id"));
        assert!(refused(&product("id = \"a\"").repeat(2)).contains("twice"));
        assert!(refused(&product("id = \"a\"\nimage = \"a.exe\"")).contains("does not end in"));
        assert!(refused(&product("id = \"a\"\nimage = \"../a.svg\"")).contains("not beside"));
        assert!(refused(&product("id = \"a\"\ncolour = 1")).contains("colour"));
        let same = "\n[product.sale]\nkey = \"s\"";
        let two = product(&format!("id = \"a\"{same}")) + &product(&format!("id = \"b\"{same}"));
        assert!(refused(&two).contains("two products"));
    }
}
