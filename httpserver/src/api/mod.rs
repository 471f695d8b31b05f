//! The resources of the interface, one file each. The routes and their description are made
//! together: a handler that is not described is not served.

mod accounts;
mod audit;
mod backup;
mod cel;
mod changes;
mod chat;
mod check;
mod counts;
mod database_state;
mod databases;
mod demo;
mod description;
mod environments;
mod export;
mod filtered;
mod folders;
mod health;
mod item;
mod items;
mod jobs;
mod keys;
mod knowledge;
mod listing;
mod mcp;
mod metrics;
mod output;
mod prefixes;
mod query;
mod schedules;
mod scripts;
mod setup;
mod store_work;
mod stores;
mod streams;
mod tools;
mod transfer;
mod versions;
mod views;
mod write;

use axum::Router;
use axum::http::{Method, Uri};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, Code, nearest};
use crate::state::AppState;

pub(crate) use changes::{outcome_as_json, seen_changes};
pub(crate) use check::CheckView;
pub(crate) use databases::DatabaseView;
pub(crate) use export::export_seen;
pub(crate) use listing::{Listing, Start, read_page};
pub use output::Output;
pub(crate) use query::{FileRows, Target, catalog, compile_document, sql_params};
pub(crate) use stores::{StoreUpdate, store_as_json, write_stores};
pub(crate) use transfer::key_names;

/// Where the interface begins.
pub const BASE: &str = "/api/v1";

/// The database of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct DatabasePath {
    /// Name of the database.
    pub db: String,
}

/// A Parquet file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(crate) struct ParquetFile(Vec<u8>);

/// The store of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct StorePath {
    /// Name of the database.
    pub db: String,
    /// Name of the store.
    pub store: String,
}

/// All described routes.
pub fn router() -> OpenApiRouter<AppState> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(health::health))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::logout))
        .routes(routes!(accounts::me))
        .routes(routes!(accounts::change_password))
        .routes(routes!(accounts::list_users, accounts::make_user))
        .routes(routes!(
            accounts::show_user,
            accounts::change_user,
            accounts::remove_user
        ))
        .routes(routes!(accounts::list_sessions))
        .routes(routes!(accounts::end_session))
        .routes(routes!(accounts::list_tokens, accounts::make_token))
        .routes(routes!(accounts::remove_token))
        .routes(routes!(metrics::metrics))
        .routes(routes!(databases::list, databases::create))
        .routes(routes!(
            databases::show,
            databases::change,
            databases::remove
        ))
        .routes(routes!(environments::list, environments::create))
        .routes(routes!(
            environments::show,
            environments::change,
            environments::remove
        ))
        .routes(routes!(environments::choose))
        .routes(routes!(setup::show, setup::set_up))
        .routes(routes!(folders::list))
        .routes(routes!(demo::fill))
        .routes(routes!(backup::backup))
        .routes(routes!(check::check, check::start))
        .routes(routes!(database_state::show))
        .routes(routes!(database_state::checkpoint))
        .routes(routes!(cel::check))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::show, jobs::cancel))
        .routes(routes!(stores::list, stores::create))
        .routes(routes!(stores::show, stores::change, stores::remove))
        .routes(routes!(store_work::rename))
        .routes(routes!(store_work::empty))
        .routes(routes!(store_work::duplicate))
        .routes(routes!(store_work::reorder))
        .routes(routes!(items::list, items::insert))
        .routes(routes!(item::show, item::put, item::remove))
        .routes(routes!(counts::count))
        .routes(routes!(counts::rank))
        .routes(routes!(counts::nth))
        .routes(routes!(prefixes::prefixes))
        .routes(routes!(changes::apply))
        .routes(routes!(views::list))
        .routes(routes!(query::run))
        .routes(routes!(query::export_query))
        .routes(routes!(query::list))
        .routes(routes!(query::cancel))
        .routes(routes!(chat::list, chat::ask))
        .routes(routes!(chat::show, chat::stop))
        .routes(routes!(chat::events))
        .routes(routes!(chat::approve))
        .routes(routes!(chat::sent))
        .routes(routes!(chat::feedback))
        .routes(routes!(chat::llm, chat::change_llm))
        .routes(routes!(chat::test_llm))
        .routes(routes!(audit::list))
        .routes(routes!(audit::counts))
        .routes(routes!(tools::list))
        .routes(routes!(tools::commands))
        .routes(routes!(tools::call))
        .routes(routes!(mcp::mcp))
        .routes(routes!(transfer::import))
        .routes(routes!(scripts::list, scripts::create))
        .routes(routes!(scripts::run_draft))
        .routes(routes!(scripts::show, scripts::put, scripts::remove))
        .routes(routes!(scripts::versions))
        .routes(routes!(scripts::restore))
        .routes(routes!(scripts::run))
        .routes(routes!(scripts::runs))
        .routes(routes!(scripts::go_on))
        .routes(routes!(scripts::step))
        .routes(routes!(scripts::stop))
        .routes(routes!(scripts::pause))
        .routes(routes!(scripts::replace_breakpoints))
        .routes(routes!(schedules::list))
        .routes(routes!(schedules::put, schedules::remove))
        .routes(routes!(knowledge::list))
        .routes(routes!(knowledge::show, knowledge::put, knowledge::remove))
        .routes(routes!(export::export));
    OpenApiRouter::with_openapi(description::base()).nest(BASE, v1)
}

/// The routes that serve the description itself.
pub fn description_routes(document: &utoipa::openapi::OpenApi) -> Router<AppState> {
    description::routes(document)
}

/// The answer where no route is.
pub async fn not_found(uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(200).collect();
    let known = [
        "chat",
        "databases",
        "environments",
        "health",
        "llm",
        "jobs",
        "openapi.json",
        "queries",
        "runs",
        "scripts",
        "setup",
        "tools",
        "users",
    ];
    let last = path.rsplit('/').next().unwrap_or_default();
    ApiError::new(
        Code::NotFound,
        format!("There is nothing at '{path}'. The interface is described at /api/docs."),
    )
    .suggest(nearest(last, known))
}

/// The answer where a route is, but not for this method.
pub async fn method_not_allowed(method: Method, uri: Uri) -> ApiError {
    let path: String = uri.path().chars().take(200).collect();
    ApiError::new(
        Code::MethodNotAllowed,
        format!("'{path}' does not take {method}. The header 'Allow' has what it takes."),
    )
}
