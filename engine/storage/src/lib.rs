//! SOP storage engine: named, ordered B-tree stores of typed keys and JSON documents with ACID
//! transactions, in one folder per database.

pub mod clock;
pub mod database_id;
pub mod log;
pub mod rng;
pub mod vfs;
