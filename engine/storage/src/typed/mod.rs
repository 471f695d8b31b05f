//! Stores of one's own types: keys by [`TypedKey`], values by `serde`.
//!
//! [`Transaction::store`](crate::Transaction::store) gives a [`Store`], which reads like a `BTreeMap` whose
//! answers can fail. It is a view of the same store that
//! [`Transaction::documents`](crate::Transaction::documents) gives untyped: what one writes the other reads.
//!
//! What always holds: a store is only opened with key types that it has; a value that has no exact JSON
//! form is an error that names store, key and field, and nothing is written; ranges are in the order of
//! the store, which for a descending field is not the order of the Rust type.
//!
//! # Keys
//!
//! | Rust | key type |
//! |---|---|
//! | `bool`, `i8` to `i64`, `u8` to `u64`, `f32`, `f64` | the same |
//! | `String`, asked for by `&str` | `string` |
//! | `Vec<u8>`, asked for by `&[u8]` | `bytes` |
//! | `[u8; 16]` | `uuid` |
//! | [`Decimal`](crate::key::Decimal), [`Date`](crate::key::Date), [`Time`](crate::key::Time), [`DateTime`](crate::key::DateTime), [`Timestamp`](crate::key::Timestamp) | the same |
//! | a tuple of one to eight of these | `composite` |
//! | `Option` of one of these, in a tuple | a field that may be missing |
//! | a struct or newtype of one's own | what [`typed_key!`](crate::typed_key) makes of it |
//!
//! ```
//! use sop::key::Timestamp;
//! use sop::{Database, Mode, StoreDefinition};
//!
//! /// Newest first within a device.
//! #[derive(Debug, PartialEq)]
//! struct Reading {
//!     device: String,
//!     at: Timestamp,
//! }
//! sop::typed_key!(Reading { device: String, at: Timestamp [desc] });
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let db = Database::open(folder.path())?;
//! let at = |second: i128| Timestamp::from_unix_nanos(second * 1_000_000_000).ok_or("beyond the year 9999");
//! let tx = db.begin(Mode::Write)?;
//! tx.create_store(StoreDefinition::typed::<Reading>("readings"))?;
//! let readings = tx.store::<Reading, f64>("readings")?;
//! readings.insert(&Reading { device: "roof".to_owned(), at: at(1)? }, &21.5)?;
//! readings.insert(&Reading { device: "roof".to_owned(), at: at(2)? }, &22.0)?;
//! readings.insert(&Reading { device: "cellar".to_owned(), at: at(1)? }, &9.0)?;
//! let (newest, degrees) = readings.prefix(&("roof",))?.next().ok_or("none")??;
//! assert_eq!((newest.at, degrees), (at(2)?, 22.0));
//! # Ok(())
//! # }
//! ```

mod key;
mod macros;
mod part;
mod prefix;
mod range;
mod store;
mod tuple;

pub use key::{AsKey, TypedKey};
#[doc(hidden)]
pub use macros::part_of;
pub use part::{AsPart, KeyPart};
pub use prefix::AsPrefix;
#[doc(hidden)]
pub use prefix::StructKey;
pub use range::{Iter, Keys};
pub use store::Store;
