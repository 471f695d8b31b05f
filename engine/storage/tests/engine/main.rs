//! The engine's behaviour through its public API: one binary, a module per theme.

#![expect(
    clippy::disallowed_methods,
    reason = "some tests look at the real disk beside the engine"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "a definition is written where it is used"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]
#![expect(clippy::many_single_char_names, reason = "a, b and c are transactions")]

mod cel;
mod checkpoints;
mod commits;
mod counts;
mod crash;
mod cursor;
mod damage;
mod duplicates;
mod durability;
mod edges;
mod faults;
mod fixture;
mod histories;
mod indexes;
mod kills;
mod large;
mod metrics;
mod model;
mod original;
mod schemas;
mod space;
mod stores;
mod support;
mod threads;
mod twophase;
mod typed;
