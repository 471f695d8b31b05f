//! SOP storage engine: named, ordered B-tree stores of typed keys and JSON documents with ACID
//! transactions, in one folder per database.

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
pub use database::{
    CheckReport, DEFAULT_CACHE_BYTES, DEFAULT_CHECKPOINT_LOG_BYTES, DEFAULT_SEGMENT_BYTES,
    DEFAULT_TIME_LIMIT_MS, Database, Durability, MAX_LISTED_PROBLEMS, MAX_TIME_LIMIT_MS,
    OpenOptions, Problem, Recovery, Status, StoreCheck,
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
    Commit, Direction, Inserted, Item, KeyItem, Keys, Mode, Range, ReadStats, Store, StoreInfo,
    Transaction,
};
