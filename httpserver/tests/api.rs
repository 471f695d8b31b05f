//! The interface from outside: requests in, answers out.
//!
//! Most modules call the application without a socket; `sockets` starts a real server.

mod api {
    pub mod support;

    mod access;
    mod bad_input;
    mod databases;
    mod description;
    mod exact;
    mod items;
    mod page;
    mod sockets;
    mod stores;
    mod transfer;
}
