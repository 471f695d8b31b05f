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
    mod query;
    mod roles;
    mod script_models;
    mod script_tools;
    mod scripts;
    mod sockets;
    mod stores;
    mod tools;
    mod transcripts;
    mod transfer;
}
