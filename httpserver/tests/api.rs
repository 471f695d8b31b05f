//! The interface from outside: requests in, answers out.
//!
//! Most modules call the application without a socket; `sockets` starts a real server.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that fails says so by a panic"
)]
#![allow(
    clippy::format_collect,
    reason = "clear, and speed does not matter here"
)]

/// The `.sqltest` files of the query layer: how they are read and compared.
#[path = "../../engine/query/tests/sql/harness/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the query layer's tests use it all"
)]
mod harness;

/// The databases that they are about.
#[path = "../../engine/query/tests/sql/data/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the query layer's tests use it all"
)]
mod data;

mod api {
    pub mod chatting;
    pub mod fake_model;
    pub mod support;

    mod access;
    mod accounts;
    mod audit;
    mod bad_input;
    mod cel;
    mod chat;
    mod chat_environments;
    mod chat_failures;
    mod chat_injection;
    mod chat_privacy;
    mod chat_sessions;
    mod chat_writes;
    mod databases;
    mod description;
    mod design;
    mod environments;
    mod evals;
    mod exact;
    mod items;
    mod masks;
    mod metrics;
    mod page;
    mod parquet;
    mod pauses;
    mod query;
    mod roles;
    mod script_models;
    mod script_tools;
    mod scripts;
    mod shared_system;
    mod sockets;
    mod sqltests;
    mod stores;
    mod tls;
    mod tools;
    mod transcripts;
    mod transfer;
}
