//! SOP storage engine: named, ordered B-tree stores of typed keys and JSON documents with ACID
//! transactions, in one folder per database.

pub mod document;
pub mod key;
mod names;

pub use document::{Document, DocumentError, DocumentRef, JsonStyle};
pub use key::{
    EncodedKey, Key, KeyError, KeyField, KeyPrefix, KeyRange, KeySpec, KeyType, KeyValue, Order,
    RideOnField,
};
pub use names::nearest;
