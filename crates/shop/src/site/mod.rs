//! The static pages: everything that can be made before anybody asks for it.
//!
//! Assets have the hash of their content in their names, so they may be kept for ever.
//! Pages have an ETag and are asked for again each time, which costs an answer without a body.

mod delivery;
mod file;
pub mod layout;
mod pages;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::catalogue::{Catalogue, kind_of_picture};
use crate::lang::Lang;
pub use delivery::{CSP, SECURITY};
pub use file::{Cache, Coding, File};
pub use layout::Assets;

const STYLE: &str = include_str!("../../static/shop.css");
const ICON: &str = include_str!("../../static/icon.svg");
/// The scripts that every visitor may have; the one that buys is none of them.
const SCRIPTS: [(&str, &str); 3] = [
    ("page", include_str!("../../static/page.js")),
    ("order", include_str!("../../static/order.js")),
    ("operator", include_str!("../../static/operator.js")),
];

/// All files by their paths, which begin with `/`; a page's path ends with `/`.
pub struct Site {
    files: BTreeMap<String, File>,
    /// The names of the assets.
    pub assets: Assets,
}

impl Site {
    /// Makes all of it.
    ///
    /// # Errors
    /// If a picture of the catalogue cannot be read.
    pub fn render(catalogue: &Catalogue) -> Result<Site> {
        let mut site = Site { files: BTreeMap::new(), assets: Assets::default() };
        site.assets.style = site.add_asset("shop", "css", "text/css; charset=utf-8", STYLE.as_bytes());
        site.assets.icon = site.add_asset("icon", "svg", "image/svg+xml", ICON.as_bytes());
        for (name, text) in SCRIPTS {
            let path = site.add_asset(name, "js", "text/javascript; charset=utf-8", text.as_bytes());
            site.assets.scripts.insert(name, path);
        }
        for product in &catalogue.products {
            let Some(image) = &product.image else { continue };
            let file = catalogue.folder.join(image);
            let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            let (name, ending) = image.rsplit_once('.').unwrap_or((image, ""));
            let path = site.add_asset(name, ending, kind_of_picture(image)?, &bytes);
            site.assets.pictures.insert(product.id.clone(), path);
        }
        for lang in Lang::ALL {
            site.add_page(&format!("{}/", lang.prefix()), &pages::index(catalogue, &site.assets, lang));
            for product in &catalogue.products {
                let page = pages::product(catalogue, product, &site.assets, lang);
                site.add_page(&format!("{}/p/{}/", lang.prefix(), product.id), &page);
            }
        }
        site.add_page("/404.html", &pages::missing(catalogue, &site.assets));
        Ok(site)
    }

    fn add_asset(&mut self, name: &str, ending: &str, kind: &'static str, bytes: &[u8]) -> String {
        let file = File::pack(kind, Cache::Forever, bytes);
        let path = format!("/assets/{name}.{}.{ending}", file.hash);
        self.files.insert(path.clone(), file);
        path
    }

    fn add_page(&mut self, path: &str, html: &str) {
        self.files
            .insert(path.to_owned(), File::pack("text/html; charset=utf-8", Cache::Check, html.as_bytes()));
    }

    /// A file by its path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// All files with their paths.
    pub fn files(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// Writes everything for a CDN or a web server, with `_headers` and `nginx.conf` beside it.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let put = |path: &str, bytes: &[u8]| {
            let file = folder.join(path.trim_start_matches('/'));
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&file, bytes).with_context(|| format!("cannot write {}", file.display()))
        };
        for (path, file) in &self.files {
            let path = if path.ends_with('/') { format!("{path}index.html") } else { path.clone() };
            put(&path, &file.plain)?;
            for (ending, packed) in [("br", &file.brotli), ("gz", &file.gzip)] {
                if let Some(packed) = packed {
                    put(&format!("{path}.{ending}"), packed)?;
                }
            }
        }
        put("_headers", delivery::headers_file(self).as_bytes())?;
        put("nginx.conf", delivery::nginx().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn sample() -> Catalogue {
        Catalogue::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/sample/catalogue.toml"))).unwrap()
    }

    #[test]
    fn every_page_exists_in_every_language_and_names_only_assets_that_exist() {
        let site = Site::render(&sample()).unwrap();
        for page in ["/", "/p/phone/", "/zh/", "/zh/p/phone/", "/404.html"] {
            let html = String::from_utf8(site.file(page).unwrap().plain.to_vec()).unwrap();
            for part in html.split('"').filter(|part| part.starts_with("/assets/")) {
                assert!(site.file(part).is_some(), "{page} names {part}");
            }
            assert!(!html.contains("/button/") && !html.contains("/buy/"), "{page} names no way to buy");
        }
    }

    #[test]
    fn another_content_has_another_name() {
        let mut catalogue = sample();
        let folder = tempfile::tempdir().unwrap();
        catalogue.products.truncate(1);
        catalogue.folder = folder.path().to_path_buf();
        let mut names = Vec::new();
        for content in ["<svg/>", "<svg></svg>"] {
            fs::write(folder.path().join("phone.svg"), content).unwrap();
            names.push(Site::render(&catalogue).unwrap().assets.pictures["phone"].clone());
        }
        assert_ne!(names[0], names[1]);
        assert!(names[0].starts_with("/assets/phone.") && names[0].ends_with(".svg"));
    }

    #[test]
    fn the_same_catalogue_gives_the_same_bytes() {
        let (one, two) = (Site::render(&sample()).unwrap(), Site::render(&sample()).unwrap());
        assert!(one.files().zip(two.files()).all(|(a, b)| a.0 == b.0 && a.1.etag == b.1.etag));
    }

    #[test]
    fn what_is_written_has_packed_copies_and_headers() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::render(&sample()).unwrap();
        site.write(folder.path()).unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let page = read("zh/p/phone/index.html");
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &read("zh/p/phone/index.html.br")[..], &mut unpacked).unwrap();
        assert_eq!(unpacked, page);
        let mut unpacked = Vec::new();
        let packed = read("zh/p/phone/index.html.gz");
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, page);
        let headers = String::from_utf8(read("_headers")).unwrap();
        assert!(headers.contains("/assets/*\n  Cache-Control: public, max-age=31536000, immutable"));
        assert!(headers.contains("Content-Security-Policy: default-src 'none'"));
        assert!(String::from_utf8(read("nginx.conf")).unwrap().contains("brotli_static on;"));
    }
}
