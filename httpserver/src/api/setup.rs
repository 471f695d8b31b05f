//! The first minutes of a server: what it finds around it, and its first database, system database and environment
//! made as one.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sop::vfs::{RealVfs, Vfs as _};
use sop_systemdb::system::AuditEntry;
use utoipa::ToSchema;

use super::databases::DatabaseView;
use super::streams::long_call;
use crate::audit::{Changed, way};
use crate::demo;
use crate::error::{ApiResult, Problem};
use crate::extract::{ApiJson, State};
use crate::registry::{
    Colour, Durability, First, FirstDatabase, Kind, Mode, Settings, Step, shown,
};
use crate::state::AppState;

/// Variables of the environment that the server looks at, and what each is for.
const VARIABLES: &[(&str, &str)] = &[
    ("SOP_CONFIG", "the file of settings"),
    ("SOP_DATA", "the data folder"),
    ("SOP_HOST", "the address to listen on"),
    ("SOP_PORT", "the port to listen on"),
    ("SOP_TOKEN", "a token of your own"),
    ("SOP_ROOT_PASSWORD", "the password of the first admin"),
    ("SOP_TLS_CERTIFICATE", "the certificate to speak HTTPS with"),
    ("SOP_TLS_KEY", "its private key"),
    ("SOP_LLM_PROVIDER", "who answers the copilot"),
    ("SOP_LLM_MODEL", "which model"),
    ("SOP_LLM_BASE_URL", "where it is"),
    ("SOP_LLM_API_KEY", "the key for it"),
    ("SOP_LOG", "how much is logged"),
];

/// A variable of the environment. What it says is never shown.
#[derive(Serialize, ToSchema)]
pub(super) struct VariableView {
    /// Its name.
    #[schema(example = "SOP_LLM_API_KEY")]
    name: &'static str,
    /// What it is for.
    purpose: &'static str,
    /// Whether it is there.
    set: bool,
}

/// Where the server's own database lies, or will.
#[derive(Serialize, ToSchema)]
pub(super) struct SystemView {
    /// Its folder.
    path: String,
    /// Whether it is there already.
    exists: bool,
    /// Whether the settings of the server say where, so that nothing else can be chosen.
    fixed: bool,
}

/// What there is before the first database.
#[derive(Serialize, ToSchema)]
pub(super) struct SetupView {
    /// Whether there is no database yet.
    needed: bool,
    /// The folder under which databases are made.
    data_root: String,
    /// Bytes that are free there.
    free_bytes: Option<u64>,
    /// Further folders that may be used.
    roots: Vec<String>,
    /// The node cache of a database that has none of its own, in bytes; the engine's when missing.
    cache_bytes: Option<u64>,
    /// The server's own database.
    system: SystemView,
    /// Variables that the server looks at.
    variables: Vec<VariableView>,
}

/// Where the first database comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Source {
    /// An empty one.
    #[default]
    New,
    /// A folder that is a database.
    Open,
    /// One with the demo shop.
    Demo,
}

/// The first database.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FirstDatabaseWish {
    /// Where it comes from.
    #[serde(default)]
    source: Source,
    /// 1 to 64 letters, digits, `_` or `-`.
    #[schema(example = "shop")]
    name: String,
    /// Its folder, relative to the data folder; named after it when missing.
    path: Option<String>,
    /// Opened for reading only.
    #[serde(default)]
    read_only: bool,
    /// Bytes of its node cache.
    #[schema(minimum = 1_048_576)]
    cache_bytes: Option<u64>,
    /// When its commits are durable.
    #[serde(default)]
    durability: Durability,
}

/// How the environment is told apart, and how careful writing is in it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentWish {
    colour: Colour,
    mode: Mode,
}

/// Where the system database shall lie.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SystemWish {
    /// Its folder, relative to the data folder; one that other servers' programs used before is taken as it is.
    path: Option<String>,
}

/// All of the first minutes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetupWish {
    database: FirstDatabaseWish,
    environment: Option<EnvironmentWish>,
    #[serde(default)]
    system: SystemWish,
}

/// What there is before the first database: folders, room, and which variables are set (by name, never their values).
#[utoipa::path(
    get, operation_id = "get_setup", path = "/setup", tag = "server",
    responses((status = 200, body = SetupView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn show(State(state): State) -> ApiResult<Json<SetupView>> {
    let shared = state.clone();
    state.call(move || Ok(Json(view(&shared)))).await
}

fn view(state: &AppState) -> SetupView {
    let registry = state.registry();
    let data = registry.roots().data();
    SetupView {
        needed: registry.list().is_empty(),
        data_root: shown(data),
        free_bytes: RealVfs.free_space(data).ok(),
        roots: registry
            .roots()
            .others()
            .iter()
            .map(|path| shown(path))
            .collect(),
        cache_bytes: registry.cache_bytes(),
        system: SystemView {
            path: shown(&registry.system_entry().path),
            exists: registry.has_system(),
            fixed: registry.is_system_fixed(),
        },
        variables: VARIABLES
            .iter()
            .map(|(name, purpose)| VariableView {
                name,
                purpose,
                set: std::env::var_os(name).is_some(),
            })
            .collect(),
    }
}

/// Makes the first database, the system database and what is said of the environment: all of it, or nothing. Works
/// only while there is no database; nothing has to be started again.
#[utoipa::path(
    post, operation_id = "set_up", path = "/setup", tag = "server", request_body = SetupWish,
    responses((status = 201, body = DatabaseView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn set_up(
    State(state): State,
    headers: axum::http::HeaderMap,
    ApiJson(body): ApiJson<SetupWish>,
) -> ApiResult<Response> {
    let shared = state.clone();
    let way = way(&headers);
    let view = long_call(&state, move || {
        let demo = body.database.source == Source::Demo;
        let name = body.database.name.clone();
        let wish = First {
            database: FirstDatabase {
                kind: match body.database.source {
                    Source::Open => Kind::Open,
                    Source::New | Source::Demo => Kind::New,
                },
                name: body.database.name,
                path: body.database.path,
                settings: Settings {
                    read_only: body.database.read_only,
                    cache_bytes: body.database.cache_bytes.map(|bytes| bytes.max(LEAST_CACHE)),
                    durability: body.database.durability,
                },
            },
            environment: body.environment.map(|one| (one.colour, one.mode)),
            system: body.system.path,
        };
        let entry = shared.registry().set_up(&wish, &mut |step, registry| {
            if demo && step == Step::Database {
                demo::fill(&registry.writable(&name)?)?;
            }
            Ok(())
        })?;
        let view = DatabaseView::of(&entry, &shared);
        // Written down here and only when it is done: a refusal must not make the system database.
        shared.audit().record(AuditEntry {
            who: shared.who().name.to_string(),
            way: way.to_owned(),
            what: "POST /setup".to_owned(),
            database: Some(view.name.clone()),
            outcome: "done".to_owned(),
            detail: json!({"path": view.path, "system": shown(&shared.registry().system_entry().path)}),
            ..AuditEntry::default()
        });
        Ok(view)
    })
    .await?;
    Ok((
        StatusCode::CREATED,
        Extension(Changed::default()),
        Json(view),
    )
        .into_response())
}

/// The smallest node cache that can be asked for.
const LEAST_CACHE: u64 = 1 << 20;
