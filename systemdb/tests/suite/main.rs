//! Scripts, drafts and the system database as those who use them see them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails says so by a panic"
)]

mod check;
mod drafts;
mod fuzz;
mod host;
mod hostile;
mod pauses;
mod run;
mod side_by_side;
mod speed;
mod system;
