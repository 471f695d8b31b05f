//! The engine's behaviour through its public API: one binary, a module per theme.

mod commits;
mod counts;
mod crash;
mod damage;
mod duplicates;
mod model;
mod stores;
mod support;
mod threads;
