//! The demo data: a shop with users, products, orders with their lines, and reviews.
//!
//! It is made from a fixed seed, so it is the same everywhere and at every time; no date in it is
//! that of today. All of it is written in one transaction: it is there as a whole or not at all.

mod random;
mod shop;
mod words;

use serde::Serialize;
use sop::{Database, Key, Mode, StoreDefinition};
use utoipa::ToSchema;

use crate::error::ApiResult;

/// A store of the demo with its items.
struct Table {
    definition: StoreDefinition,
    rows: Vec<(Key, serde_json::Value)>,
}

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Filled {
    /// The stores with their items.
    stores: Vec<FilledStore>,
    /// Items of all of them.
    pub items: u64,
    /// Sequence of the commit.
    sequence: u64,
}

/// One store of the demo.
#[derive(Debug, Serialize, ToSchema)]
pub struct FilledStore {
    name: String,
    count: u64,
}

/// Makes the stores of the shop and fills them.
///
/// # Errors
/// A store of one of its names exists, or the database takes no writes; nothing was made then.
pub fn fill(db: &Database) -> ApiResult<Filled> {
    let tables = shop::tables()?;
    let tx = db.begin(Mode::Write)?;
    let mut stores = Vec::new();
    for table in tables {
        let name = table.definition.name.clone();
        tx.create_store(table.definition)?;
        let store = tx.documents(&name)?;
        for (key, value) in &table.rows {
            store.insert(key, &sop::Document::from_value(value)?)?;
        }
        stores.push(FilledStore {
            name,
            count: table.rows.len() as u64,
        });
    }
    let items = stores.iter().map(|store| store.count).sum();
    let sequence = tx.commit()?.sequence;
    Ok(Filled {
        stores,
        items,
        sequence,
    })
}
