//! The data manager's server: the HTTP interface and the page over databases of the `sop` engine.
//!
//! [`app`] makes the whole application from an [`AppState`]; it needs no socket, so tests call it
//! directly. [`serve`] puts it on a socket, [`cli`] makes it a program.
//!
//! What always holds: a request reaches a handler only through the checks of [`security`]; every
//! refusal and failure is a problem document of [`error`]; no engine call runs on the threads that
//! serve the sockets; a fault in one request never ends the server.
//!
//! What it does not do: it knows nothing of how items are stored (that is the engine) and nothing
//! of how the page looks (that is the web crate).

pub mod api;
pub mod audit;
pub mod cli;
pub mod config;
pub mod copilot;
pub mod cursor;
pub mod demo;
pub mod environments;
pub mod error;
pub mod extract;
mod formats;
pub mod jobs;
pub mod llm;
pub mod metrics;
pub mod page;
pub mod planner;
pub mod queries;
pub mod registry;
pub mod scripts;
pub mod security;
pub mod serve;
mod state;
pub mod tools;
mod watch;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;

pub use state::AppState;

/// The application: all routes behind all checks.
pub fn app(state: AppState) -> Router {
    let (routes, description) = api::router().split_for_parts();
    Router::new()
        .merge(routes)
        .merge(api::description_routes(&description))
        .merge(page::router())
        .fallback(api::not_found)
        .method_not_allowed_fallback(api::method_not_allowed)
        .layer(from_fn_with_state(state.clone(), audit::audit))
        .layer(from_fn_with_state(state.clone(), security::gate))
        .layer(from_fn_with_state(state.clone(), security::guard))
        .layer(from_fn_with_state(state.clone(), audit::refusals))
        .layer(CatchPanicLayer::custom(watch::panic_answer))
        .layer(from_fn(watch::log_request))
        .layer(from_fn_with_state(state.clone(), metrics::measure))
        .layer(from_fn(security::secure_headers))
        .with_state(state)
}
