//! Who may call: deny by default.
//!
//! Each request passes, in this order: [`guard`] (is the Host one of ours, does the Origin match
//! it), then [`gate`] (a bearer token or a session cookie, unless the address is public). Every
//! answer gets the headers of [`headers`]. The table of routes and what they ask for is a test.

mod access;
mod gate;
mod guard;
mod headers;

pub use access::{Access, random_token};
pub use gate::{gate, is_public};
pub use guard::{HostRules, guard};
pub use headers::{CONTENT_SECURITY_POLICY, secure_headers};
