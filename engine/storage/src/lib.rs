//! SOP storage engine: named, ordered B-tree stores of typed keys and JSON documents with ACID
//! transactions, in one folder per database.
//!
//! # Open, write, read
//!
//! ```
//! use sop::{Database, Document, Key, KeySpec, KeyType, Mode, StoreDefinition};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let db = Database::open(folder)?;
//! let tx = db.begin(Mode::Write)?;
//! tx.create_store(StoreDefinition::new("users", KeySpec::single(KeyType::I64)))?;
//! let users = tx.store("users")?;
//! users.insert(&Key::from(1i64), &Document::from_json(br#"{"name": "Ada"}"#)?)?;
//! users.insert(&Key::from(2i64), &Document::from_json(br#"{"name": "Grace"}"#)?)?;
//! tx.commit()?; // durable when it returns
//!
//! let tx = db.begin(Mode::Read)?; // one snapshot of all stores; never blocks, never conflicts
//! let users = tx.store("users")?;
//! let ada = users.get(&Key::from(1i64))?.ok_or("no Ada")?;
//! assert_eq!(ada.value.to_json(), r#"{"name":"Ada"}"#);
//! assert_eq!(users.len()?, 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Ranges, exact counts and places
//!
//! Every inner node counts the items below it, so counting a range, ranking a key and finding the n-th item
//! follow one path of the tree.
//!
//! ```
//! use std::ops::Bound::{Excluded, Included};
//! use sop::{Database, Direction, Document, Key, KeySpec, KeyType, Mode, StoreDefinition};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let db = Database::open(folder.path())?;
//! let spec = KeySpec::single(KeyType::I64);
//! db.transact(|tx| {
//!     tx.create_store(StoreDefinition::new("numbers", spec.clone()))?;
//!     let numbers = tx.store("numbers")?;
//!     let nothing = Document::from_json(b"null")?;
//!     (0..1_000).try_for_each(|i| numbers.insert(&Key::from(i * 10i64), &nothing).map(|_| ()))
//! })?;
//! let tx = db.begin(Mode::Read)?;
//! let numbers = tx.store("numbers")?;
//! let range = spec.range(Included(&Key::from(100i64)), Excluded(&Key::from(200i64)))?;
//! assert_eq!(numbers.count(&range)?, 10);
//! assert_eq!(numbers.rank(&Key::from(100i64))?, 10);
//! assert_eq!(numbers.nth(370)?.map(|item| item.key), Some(Key::from(3_700i64)));
//! let last = numbers.range(&range, Direction::Backward)?.next().ok_or("empty")??;
//! assert_eq!(last.key, Key::from(190i64));
//! # Ok(())
//! # }
//! ```
//!
//! # Several at once
//!
//! Transactions that change different items merge, also in the same node. One that read or writes what
//! another changed meanwhile gets [`Error::Conflict`]; [`Database::transact`] runs it again.
//!
//! ```
//! use sop::{Database, Document, Error, Key, KeySpec, KeyType, Mode, StoreDefinition};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let db = Database::open(folder.path())?;
//! # db.transact(|tx| tx.create_store(StoreDefinition::new("s", KeySpec::single(KeyType::I64))))?;
//! let one = Document::from_json(b"1")?;
//! let (a, b, c) = (db.begin(Mode::Write)?, db.begin(Mode::Write)?, db.begin(Mode::Write)?);
//! a.store("s")?.insert(&Key::from(1i64), &one)?;
//! b.store("s")?.insert(&Key::from(2i64), &one)?;
//! c.store("s")?.insert(&Key::from(2i64), &one)?;
//! a.commit()?;
//! b.commit()?; // another key of the same node: merged
//! assert!(matches!(c.commit(), Err(Error::Conflict { .. })));
//! # Ok(())
//! # }
//! ```
//!
//! # What it is not
//!
//! No SQL, no network, no replication, no secondary indexes, no expiry. It is not made for values of
//! gigabytes, nor for several processes that write to one folder.

pub mod blob;
pub mod catalog;
pub mod clock;
mod commit;
mod database;
pub mod database_id;
mod definition;
pub mod document;
mod error;
pub mod key;
pub mod lock;
pub mod log;
mod names;
pub mod options_file;
pub mod rng;
mod seeded;
mod transaction;
pub mod tree;
pub mod vfs;

pub use clock::{Clock, ManualClock, SystemClock};
pub use commit::prepared::{MAX_REMEMBERED_OUTCOMES, PreparedOutcome};
pub use database::{
    CheckReport, DEFAULT_CACHE_BYTES, DEFAULT_CHECKPOINT_LOG_BYTES, DEFAULT_SEGMENT_BYTES,
    DEFAULT_TIME_LIMIT_MS, Database, Distribution, Durability, FieldKind, KindCount,
    MAX_LISTED_PROBLEMS, MAX_TIME_LIMIT_MS, Metrics, OpenOptions, PreparedInfo, Problem, Recovery,
    Status, StoreCheck, StoreField, StoreSchema,
};
pub use definition::{
    FieldType, MAX_SCHEMA_FIELDS, MAX_STORE_NAME_BYTES, Placement, Relation, SLOT_LENGTH_RANGE,
    Schema, SchemaField, StoreChange, StoreDefinition,
};
pub use document::{Document, DocumentError, DocumentRef, JsonStyle};
pub use error::{Error, Result};
pub use key::{
    EncodedKey, Key, KeyError, KeyField, KeyPrefix, KeyRange, KeySpec, KeyType, KeyValue, Order,
    RideOnField,
};
pub use names::nearest;
pub use rng::{OsRng, Rng, SeededRng};
pub use transaction::{
    Commit, Direction, Inserted, Item, KeyItem, Keys, MAX_PREPARED_ID_BYTES, Mode, Prepared, Range,
    ReadStats, Store, StoreInfo, Transaction,
};
