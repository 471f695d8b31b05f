//! SOP storage engine: named, ordered B-tree stores of typed keys and JSON documents with ACID
//! transactions, in one folder per database.

pub mod blob;
pub mod catalog;
pub mod clock;
pub mod database_id;
pub mod lock;
pub mod log;
pub mod options_file;
pub mod rng;
pub mod vfs;
