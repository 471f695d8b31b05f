//! What stands between the storage engine and those who use it: change sets, import and export, groups of keys.
//!
//! Everything works on the engine's untyped keys and documents. No HTTP and no files here: input comes from any
//! `BufRead`, output goes to any `Write`.

pub mod changes;
pub mod keys;
pub mod prefixes;
pub mod select;
pub mod sql;
#[cfg(test)]
mod test_support;
pub mod transfer;
