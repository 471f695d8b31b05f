//! The shell of the page with the first rows of a store in it.

use axum::extract::RawQuery;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde_json::Value;
use sop_web::{
    AppShell, Colour, Database, Environment, Person, Store, View, Welcome, render_app,
    render_welcome,
};

use super::error_page;
use crate::api::{
    DatabasePath, DatabaseView, Listing, Output, Start, StorePath, read_page, write_stores,
};
use crate::error::{ApiError, ApiResult, Code};
use crate::extract::{ApiPath, JsonNumbers, State};
use crate::formats::FileFormat;
use crate::registry;
use crate::state::AppState;

/// Rows that are put into the page.
const FIRST_ROWS: u64 = 100;
/// Bytes of rows that are put into the page.
const FIRST_BYTES: u64 = 256 * 1024;

/// The page without a place: the first database that can be opened, or the welcome page.
pub(super) async fn start(State(state): State) -> Response {
    render(state, Place::default()).await
}

/// The welcome page; where there are databases already, the first of them.
pub(super) async fn welcome(State(state): State) -> Response {
    if state.registry().list().is_empty() {
        return render(state, Place::default()).await;
    }
    Redirect::to("/").into_response()
}

/// The page of a database: its first store.
pub(super) async fn database(
    State(state): State,
    path: Result<ApiPath<DatabasePath>, ApiError>,
) -> Response {
    of_database(state, path, View::default()).await
}

/// The query workbench over a database.
pub(super) async fn query(
    State(state): State,
    path: Result<ApiPath<DatabasePath>, ApiError>,
) -> Response {
    of_database(state, path, View::Query).await
}

/// The diagram of a database.
pub(super) async fn design(
    State(state): State,
    path: Result<ApiPath<DatabasePath>, ApiError>,
) -> Response {
    of_database(state, path, View::Design).await
}

/// The design of a store, beside the diagram.
pub(super) async fn store_design(
    State(state): State,
    path: Result<ApiPath<StorePath>, ApiError>,
) -> Response {
    match path {
        Ok(ApiPath(path)) => {
            let place = Place {
                database: Some(path.db),
                store: Some(path.store),
                view: View::Design,
                ..Place::default()
            };
            render(state, place).await
        }
        Err(error) => error_page(error),
    }
}

/// The databases of the server; the one of the address is open beside them.
pub(super) async fn databases(
    State(state): State,
    path: Result<ApiPath<DatabasePath>, ApiError>,
) -> Response {
    of_database(state, path, View::Databases).await
}

/// The settings; the database that was open stays open (`?db=`).
pub(super) async fn settings(State(state): State, RawQuery(query): RawQuery) -> Response {
    beside(state, query.as_deref(), View::Settings).await
}

/// Who uses the server; the database that was open stays open (`?db=`).
pub(super) async fn users(State(state): State, RawQuery(query): RawQuery) -> Response {
    beside(state, query.as_deref(), View::Users).await
}

/// What people taught the copilot; the database that was open stays open (`?db=`).
pub(super) async fn knowledge(State(state): State, RawQuery(query): RawQuery) -> Response {
    beside(state, query.as_deref(), View::Knowledge).await
}

/// The studio of scripts, or one script in it; the database that was open stays open (`?db=`). Whether there is a script of
/// that name is said by the page's own scripts, in its place.
pub(super) async fn scripts(State(state): State, RawQuery(query): RawQuery) -> Response {
    beside(state, query.as_deref(), View::Scripts).await
}

/// Who changed what, what runs and how the databases do; the database that was open stays open (`?db=`).
pub(super) async fn activity(State(state): State, RawQuery(query): RawQuery) -> Response {
    beside(state, query.as_deref(), View::Activity).await
}

/// A page that belongs to no database. One that the address names and that is gone gives way to the first one.
async fn beside(state: AppState, query: Option<&str>, view: View) -> Response {
    let wished = query.and_then(|query| named(query, "db"));
    let database = wished.filter(|name| state.registry().get(name).is_ok());
    let place = Place {
        database,
        view,
        ..Place::default()
    };
    render(state, place).await
}

/// A field of the address.
fn named(query: &str, field: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(query.as_bytes());
    let (_, text) = fields.find(|(name, _)| name == field)?;
    Some(text.into_owned())
}

async fn of_database(
    state: AppState,
    path: Result<ApiPath<DatabasePath>, ApiError>,
    view: View,
) -> Response {
    match path {
        Ok(ApiPath(path)) => {
            let place = Place {
                database: Some(path.db),
                view,
                ..Place::default()
            };
            render(state, place).await
        }
        Err(error) => error_page(error),
    }
}

/// The page of a store.
pub(super) async fn store(
    State(state): State,
    path: Result<ApiPath<StorePath>, ApiError>,
    RawQuery(query): RawQuery,
) -> Response {
    match path {
        Ok(ApiPath(path)) => {
            let query = query.unwrap_or_default();
            render(
                state,
                Place {
                    database: Some(path.db),
                    store: Some(path.store),
                    prefix: prefix_of(&query),
                    chosen: is_chosen(&query),
                    ..Place::default()
                },
            )
            .await
        }
        Err(error) => error_page(error),
    }
}

/// What the address asks for.
#[derive(Default)]
struct Place {
    database: Option<String>,
    store: Option<String>,
    prefix: Option<Vec<Value>>,
    /// Whether the rows are not simply those of the prefix in the order of keys.
    chosen: bool,
    view: View,
}

/// Whether an address filters or sorts: the page's scripts read these rows, and none are shown before.
fn is_chosen(query: &str) -> bool {
    let mut names = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    names.any(|name| matches!(&*name, "filter" | "sort"))
}

/// The prefix of an address; one that cannot be read is as good as none, as in the page's scripts.
fn prefix_of(query: &str) -> Option<Vec<Value>> {
    let text = named(query, "prefix")?;
    serde_json::from_str::<Vec<Value>>(&text)
        .ok()
        .filter(|prefix| !prefix.is_empty())
}

async fn render(state: AppState, place: Place) -> Response {
    let shared = state.clone();
    match state.call(move || build(&shared, place)).await {
        Ok(html) => Html(html).into_response(),
        Err(error) => error_page(error),
    }
}

fn build(state: &AppState, place: Place) -> ApiResult<String> {
    let registry = state.registry();
    let own = registry.shown_system();
    let entries = registry.list().into_iter().chain(own);
    let views: Vec<DatabaseView> = entries
        .map(|entry| DatabaseView::of(&entry, state))
        .collect();
    let chosen = match place.database {
        Some(name) => Some(state.registry().get(&name)?.name.clone()),
        None => views
            .iter()
            .find(|view| view.error.is_none() && !view.is_system)
            .or(views.iter().find(|view| !view.is_system))
            .map(|view| view.name.clone()),
    };
    let Some(name) = chosen else {
        if !state.who().is_admin() {
            let detail =
                "There is no database for you here yet. Who manages this server can give you one.";
            return Err(ApiError::new(Code::DatabaseNotFound, detail));
        }
        let data_root = crate::registry::shown(state.registry().roots().data());
        let formats = FileFormat::names();
        return Ok(render_welcome(&Welcome { data_root, formats }));
    };
    if let (View::Design, Some(store)) = (place.view, &place.store) {
        state
            .registry()
            .database(&name)?
            .begin(sop::Mode::Read)?
            .documents(store)?;
    }
    let databases = views
        .iter()
        .filter_map(|view| Database::from_api(serde_json::to_value(view).ok()?))
        .collect();
    let mut shell = AppShell {
        environment: Some(environment(state)),
        person: Some(person(state)),
        databases,
        database: name,
        view: place.view,
        formats: FileFormat::names(),
        ..AppShell::default()
    };
    let is_open = views
        .iter()
        .any(|view| view.name == shell.database && view.error.is_none());
    if is_open {
        add_stores(
            state,
            &mut shell,
            place.store,
            place.prefix.unwrap_or_default(),
            place.chosen,
        )?;
    }
    Ok(render_app(&shell))
}

/// The environment that the request works in.
fn environment(state: &AppState) -> Environment {
    let settings = state.registry().environment();
    Environment {
        name: state.registry().guard().environment.to_string(),
        colour: match settings.colour {
            registry::Colour::Dev => Colour::Dev,
            registry::Colour::Test => Colour::Test,
            registry::Colour::Prod => Colour::Prod,
        },
        mode: match settings.mode {
            registry::Mode::Open => "open",
            registry::Mode::Confirm => "confirm",
            registry::Mode::ReadOnly => "read-only",
        }
        .to_owned(),
    }
}

/// Who the request is by.
fn person(state: &AppState) -> Person {
    let who = state.who();
    Person {
        name: who.name.to_string(),
        role: who.role.name().to_owned(),
        signed_in: who.is_user,
    }
}

/// Adds the stores and the first rows of the open one.
fn add_stores(
    state: &AppState,
    shell: &mut AppShell,
    store: Option<String>,
    prefix: Vec<Value>,
    chosen: bool,
) -> ApiResult<()> {
    let db = state.registry().database(&shell.database)?;
    let seen = state.registry().seen(&shell.database);
    let mut out = Output::new(EXACT);
    write_stores(&mut out, &db, &seen)?;
    let mut answer = parse(out)?;
    shell.stores = match answer.get_mut("stores").map(Value::take) {
        Some(Value::Array(stores)) => stores.into_iter().filter_map(Store::from_api).collect(),
        _ => Vec::new(),
    };
    if shell.view != View::Browse {
        return Ok(());
    }
    shell.store = store.or_else(|| shell.stores.first().map(|store| store.name.clone()));
    let Some(name) = &shell.store else {
        return Ok(());
    };
    if chosen && shell.stores.iter().any(|store| store.name == *name) {
        shell.prefix = prefix;
        return Ok(());
    }
    let text = serde_json::to_string(&prefix).map_err(ApiError::internal)?;
    let listing = |prefix| Listing {
        prefix,
        start: Start::Beginning,
        reverse: false,
        keys_only: false,
        limit: FIRST_ROWS,
        page_bytes: FIRST_BYTES,
    };
    let wished = Some(text.as_str()).filter(|_| !prefix.is_empty());
    shell.page = match read_page(&db, &seen, name, &listing(wished), EXACT) {
        Ok(page) => {
            shell.prefix = prefix;
            Some(parse(page)?)
        }
        Err(error) if error.code() == Code::StoreNotFound => return Err(error),
        // A prefix that does not fit the key shows the whole store; rows that cannot be read are
        // asked for again by the page's scripts, which say in their place what is wrong.
        Err(_) => match read_page(&db, &seen, name, &listing(None), EXACT) {
            Ok(page) => Some(parse(page)?),
            Err(_) => None,
        },
    };
    Ok(())
}

const EXACT: JsonNumbers = JsonNumbers {
    as_strings: false,
    lines: false,
};

fn parse(out: Output) -> ApiResult<Value> {
    serde_json::from_slice(&out.into_bytes()).map_err(ApiError::internal)
}
