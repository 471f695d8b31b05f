//! Who may call: deny by default.
//!
//! Each request passes, in this order: [`guard`] (is the Host one of ours, does the Origin match
//! it), then [`gate`] (who is it, and may they do what the table of routes in [`rights`] asks for). Every
//! answer gets the headers of [`headers`]. A test calls each route of the table as each role and as nobody.

mod access;
mod gate;
mod guard;
mod headers;
mod identity;
mod logins;
pub mod rights;

pub use access::{Access, random_token};
pub use gate::{gate, is_signed_in};
pub use guard::{HostRules, guard};
pub use headers::{CONTENT_SECURITY_POLICY, secure_headers};
pub use identity::{Identity, NOBODY_IN_PARTICULAR, Seen};
pub use logins::{Logins, Peer};
pub use rights::Capability;
