//! Typed parts of a request whose refusals are problems with a place and suggestions.
//!
//! They replace axum's extractors of the same names, which answer plain text.

mod body;
mod json;
mod path;
mod query;
mod state;

pub use body::{BodyReader, read_body};
pub use json::{ApiJson, JsonNumbers, LargeJson, from_json, read_json};
pub use path::ApiPath;
pub use query::ApiQuery;
pub use state::{CONFIRM, ENVIRONMENT, Inside, State, in_environment};
