//! SQL over stores.
//!
//! SQLite is the query processor: its parser, planner, functions, sorter and virtual machine. Stores are its
//! virtual tables ([`table`]), read and changed through the engine's snapshots and transactions. Nothing here
//! evaluates an expression itself; simple conditions on fields are tested early where the answer is sure (`table/residual.rs`).
//!
//! Always: a statement, and everything between `BEGIN` and `COMMIT`, sees one snapshot of each database; what a
//! statement may touch is decided before it runs ([`sandbox`]); no statement leaves anything behind in the
//! connection that ran it; rows that an access path gives are a superset of those asked for, as SQLite tests
//! each condition again.
//!
//! # Values
//!
//! | in a store | in an expression | in a result |
//! |---|---|---|
//! | missing, null | `NULL` | null |
//! | bool | 0 or 1 | true, false, where the column has only bools |
//! | integer within 64 bits | integer | the same |
//! | unsigned integer above `i64` | text of its digits; in a field of integers compared as the nearest double | text |
//! | decimal, other numbers | double | the nearest double |
//! | text, date, time, uuid | text, as in JSON | the same |
//! | bytes | blob | base64 text in JSON |
//! | array, object | JSON text | the same JSON; text of the same form in such a column comes out alike |

mod catalog;
mod columns;
mod connection;
mod count;
mod define;
mod engine;
mod error;
mod explain;
mod forced;
mod functions;
mod indexes;
mod masking;
mod memory;
mod output;
mod running;
mod sandbox;
mod sources;
mod statement;
mod table;
mod tokens;
mod value;
mod views;
mod visibility;
mod writes;

pub use catalog::Catalog;
pub use columns::{Kind, Source, TableColumn, TableColumns};
pub use engine::{
    Access, Cancel, EngineOptions, Limits, QueryEngine, Request, Session, SessionOptions,
};
pub use error::{Code, QueryError};
pub use explain::{Plan, PlanNode};
#[doc(hidden)]
pub use forced::ForcedPath;
pub use output::{Column, DefinedStore, Output, RowChange, StoreChanges, Summary, Table};
pub use sources::{KEPT_BYTES, RowSource, RowSources, SourceCall};
pub use statement::defines_stores;
pub(crate) use tokens::quote_name;
pub use value::{Params, Value, ValueRef};
pub use views::{STORE as VIEWS_STORE, View, views};
pub(crate) use visibility::visible_relations;
pub use visibility::{Protection, StoreRules, Visibility};

/// The result of a query.
pub type Result<T, E = QueryError> = std::result::Result<T, E>;

#[cfg(test)]
mod tests;
