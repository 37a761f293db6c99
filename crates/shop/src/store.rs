//! The truth about products: a table of SQLite. Redis keeps copies of its rows, and the pages are made from it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, params};

use crate::catalogue::{Catalogue, Product};

/// An entry is the product as JSON, with the names of the TOML file.
const SCHEMA: &str = "PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS shop (id INTEGER PRIMARY KEY CHECK (id = 1), entry TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (id TEXT NOT NULL PRIMARY KEY, place INTEGER NOT NULL, entry TEXT NOT NULL)
 WITHOUT ROWID;";
const BUSY: Duration = Duration::from_secs(2);

/// A connection to the products.
pub struct Store(Connection);

impl Store {
    /// Opens the file, and makes the tables where they are missing.
    ///
    /// # Errors
    /// If the file cannot be opened or is no database.
    pub fn open(file: &Path) -> Result<Store> {
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        let connection = Connection::open(file).with_context(|| format!("cannot open {}", file.display()))?;
        connection.busy_timeout(BUSY)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Store(connection))
    }

    /// Makes the tables say what a catalogue says, in one transaction.
    ///
    /// # Errors
    /// If the database does not take it; nothing has changed then.
    pub fn load(&mut self, catalogue: &Catalogue) -> Result<()> {
        let head = Catalogue { products: Vec::new(), ..catalogue.clone() };
        let transaction = self.0.transaction()?;
        transaction.execute("DELETE FROM items", [])?;
        for (place, product) in catalogue.products.iter().enumerate() {
            let entry = serde_json::to_string(product)?;
            transaction.execute(
                "INSERT INTO items (id, place, entry) VALUES (?1, ?2, ?3)",
                params![product.id, i64::try_from(place)?, entry],
            )?;
        }
        transaction.execute(
            "INSERT OR REPLACE INTO shop (id, entry) VALUES (1, ?1)",
            [serde_json::to_string(&head)?],
        )?;
        Ok(transaction.commit()?)
    }

    /// One product as JSON.
    ///
    /// # Errors
    /// If the database does not answer.
    pub fn entry(&self, id: &str) -> Result<Option<String>> {
        let mut statement = self.0.prepare_cached("SELECT entry FROM items WHERE id = ?1")?;
        Ok(statement.query_row([id], |row| row.get(0)).optional()?)
    }

    /// Everything, as a catalogue.
    ///
    /// # Errors
    /// If the database does not answer, or its entries are none.
    pub fn catalogue(&self, pictures: &Path) -> Result<Catalogue> {
        let head: String = self
            .0
            .query_row("SELECT entry FROM shop", [], |row| row.get(0))
            .context("no catalogue was loaded into this database")?;
        let mut catalogue: Catalogue = serde_json::from_str(&head)?;
        let mut statement = self.0.prepare("SELECT entry FROM items ORDER BY place")?;
        let entries = statement.query_map([], |row| row.get::<_, String>(0))?;
        for entry in entries {
            catalogue.products.push(serde_json::from_str::<Product>(&entry?)?);
        }
        catalogue.validate()?;
        catalogue.folder = pictures.to_path_buf();
        Ok(catalogue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_loaded_is_read_again() {
        let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/sample/catalogue.toml"));
        let catalogue = Catalogue::read(file).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("shop.db")).unwrap();
        store.load(&catalogue).unwrap();
        store.load(&catalogue).unwrap();
        assert_eq!(store.catalogue(&catalogue.folder).unwrap(), catalogue);
        assert!(store.entry("phone").unwrap().unwrap().contains("\"phone\""));
        assert_eq!(store.entry("nothing").unwrap(), None);
    }
}
