//! SOP storage engine: named, ordered B-tree stores of typed keys and JSON documents with ACID
//! transactions, in one folder per database.
//!
//! # Open, write, read
//!
//! Keys and values are one's own types: see [`typed`] for which. Values are JSON documents underneath, which
//! [`Transaction::documents`] gives without types ([`Key`], [`Document`]).
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use sop::{Database, Mode, StoreDefinition};
//!
//! #[derive(Serialize, Deserialize, PartialEq, Debug)]
//! struct User {
//!     name: String,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let db = Database::open(folder)?;
//! let tx = db.begin(Mode::Write)?;
//! tx.create_store(StoreDefinition::typed::<i64>("users"))?;
//! let users = tx.store::<i64, User>("users")?;
//! users.insert(&1, &User { name: "Ada".to_owned() })?;
//! users.insert(&2, &User { name: "Grace".to_owned() })?;
//! tx.commit()?; // durable when it returns
//!
//! let tx = db.begin(Mode::Read)?; // one snapshot of all stores; never blocks, never conflicts
//! let users = tx.store::<i64, User>("users")?;
//! assert_eq!(users.get(&1)?.ok_or("no Ada")?.name, "Ada");
//! assert_eq!(users.len()?, 2);
//!
//! // The same store without types.
//! let users = tx.documents("users")?;
//! let ada = users.get(&1_i64.into())?.ok_or("no Ada")?;
//! assert_eq!(ada.value.to_json(), r#"{"name":"Ada"}"#);
//! # Ok(())
//! # }
//! ```
//!
//! # Ranges, exact counts and places
//!
//! Every inner node counts the items below it, so counting a range, ranking a key and finding the n-th item
//! follow one path of the tree. Ranges are walked from either end.
//!
//! ```
//! use sop::{Database, Mode, StoreDefinition};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let db = Database::open(folder.path())?;
//! db.transact(|tx| {
//!     tx.create_store(StoreDefinition::typed::<i64>("numbers"))?;
//!     let numbers = tx.store::<i64, ()>("numbers")?;
//!     (0..1_000).try_for_each(|i| numbers.insert(&(i * 10), &()))
//! })?;
//! let tx = db.begin(Mode::Read)?;
//! let numbers = tx.store::<i64, ()>("numbers")?;
//! assert_eq!(numbers.count(100..200)?, 10);
//! assert_eq!(numbers.rank(&100)?, 10);
//! assert_eq!(numbers.nth(370)?, Some((3_700, ())));
//! let (last, ()) = numbers.range(100..200)?.next_back().ok_or("empty")??;
//! assert_eq!(last, 190);
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
//! use sop::{Database, Error, Mode, StoreDefinition};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let db = Database::open(folder.path())?;
//! # db.transact(|tx| tx.create_store(StoreDefinition::typed::<i64>("s")))?;
//! let (a, b, c) = (db.begin(Mode::Write)?, db.begin(Mode::Write)?, db.begin(Mode::Write)?);
//! a.store::<i64, i64>("s")?.insert(&1, &1)?;
//! b.store::<i64, i64>("s")?.insert(&2, &1)?;
//! c.store::<i64, i64>("s")?.insert(&2, &1)?;
//! a.commit()?;
//! b.commit()?; // another key of the same node: merged
//! assert!(matches!(c.commit(), Err(Error::Conflict { .. })));
//! # Ok(())
//! # }
//! ```
//!
//! # One commit over two databases
//!
//! A prepared transaction can be committed for certain, and is kept over a crash until it is decided:
//! [`Transaction::prepare`] says how a coordinator goes about it.
//!
//! ```
//! use sop::{Database, Mode, StoreDefinition};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let databases = ["one", "two"].map(|name| Database::open(folder.path().join(name)));
//! for db in &databases {
//!     let db = db.as_ref().map_err(ToString::to_string)?;
//!     let tx = db.begin(Mode::Write)?;
//!     tx.create_store(StoreDefinition::typed::<i64>("s"))?;
//!     tx.store::<i64, String>("s")?.insert(&1, &"in both or in none".to_owned())?;
//!     tx.prepare("transfer-1")?; // durable, and not visible yet
//! }
//! // Here the decision is written down, once, where all find it after a crash.
//! for db in databases.into_iter().flatten() {
//!     assert_eq!(db.prepared().len(), 1);
//!     db.commit_prepared("transfer-1")?;
//!     let tx = db.begin(Mode::Read)?;
//!     assert!(tx.store::<i64, String>("s")?.contains_key(&1)?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it is not
//!
//! No SQL, no network, no replication, no expiry of items. It is not made for values of
//! gigabytes (a document is at most 100 MiB and held in memory as a whole), for transactions of more than
//! 256 MiB, nor for several processes that write to one folder. Nothing is encrypted.

pub mod blob;
pub mod catalog;
pub mod clock;
mod commit;
mod database;
pub mod database_id;
mod definition;
pub mod document;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod index;
pub mod key;
pub mod lock;
pub mod log;
mod names;
pub mod options_file;
pub mod rng;
mod seeded;
mod transaction;
pub mod tree;
pub mod typed;
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
pub use index::{
    EntryReader, IndexDefinition, IndexField, IndexInfo, IndexOf, IndexPath, IndexState,
    MAX_INDEX_FIELDS,
};
pub use key::{
    CelExpression, EncodedKey, Key, KeyError, KeyField, KeyPrefix, KeyRange, KeySpec, KeyType,
    KeyValue, Order, RideOnField,
};
pub use names::nearest;
pub use rng::{OsRng, Rng, SeededRng};
pub use transaction::{
    Commit, Cursor, Direction, DocumentStore, Inserted, Item, ItemRef, KeyItem, Keys,
    MAX_PREPARED_ID_BYTES, Mode, Position, Prepared, Range, ReadStats, StoreInfo, Transaction,
};
pub use typed::{AsKey, AsPart, AsPrefix, KeyPart, Store, TypedKey};
