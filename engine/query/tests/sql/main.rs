//! The query layer against what SQLite answers: cases in text files over three databases, and random queries.
//!
//! `cases/*.sqltest` are run through the library by [`engine`] and, to prove the cases themselves, over plain tables
//! without keys by [`harness::plain`]. `SOP_SQLTEST=text` runs only the cases whose file, line or name has the text.

#![allow(missing_docs)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers, too"
)]

mod data;
mod engine;
mod files;
mod groups;
mod harness;
mod indexes;
mod random;
mod rules;
mod work;
