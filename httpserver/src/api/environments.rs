//! Environments: list, make, change, remove, and choose one for a session.

use std::path::PathBuf;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::environments::FIRST;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, ApiQuery, State};
use crate::registry::{Colour, Durability, EnvironmentSettings, Listed, Mode, Registry, StateFile};
use crate::state::AppState;

/// A database that an environment lists.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedDatabase {
    /// Its name.
    name: String,
    /// Its folder, relative to the data folder of the environment where it lies in it.
    #[schema(value_type = String)]
    path: PathBuf,
    /// Whether it is opened for reading only.
    #[serde(default)]
    read_only: bool,
    /// Bytes of its node cache, where it has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cache_bytes: Option<u64>,
    /// When its commits are durable; before each is answered when missing.
    #[serde(default, skip_serializing_if = "Durability::is_usual")]
    durability: Durability,
}

/// An environment. The same object can be sent to make it elsewhere.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EnvironmentView {
    #[schema(example = "staging")]
    name: String,
    description: String,
    colour: Colour,
    mode: Mode,
    databases: Vec<ListedDatabase>,
    /// Whether it is the one of the data folder, which is always there.
    first: bool,
    /// Whether this session works in it.
    current: bool,
}

/// The environments.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EnvironmentList {
    environments: Vec<EnvironmentView>,
    /// The one of this session.
    current: String,
}

/// A new environment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEnvironment {
    /// 1 to 64 letters, digits, `_` or `-`.
    name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    colour: Option<Colour>,
    #[serde(default)]
    mode: Option<Mode>,
    /// The environment of which it becomes a copy: the same databases, not copies of them.
    #[serde(default)]
    from: Option<String>,
    /// Its databases; none when missing. Relative paths lie under the data folder of the server.
    #[serde(default)]
    databases: Option<Vec<ListedDatabase>>,
    /// Of an object that was exported; of no meaning here.
    #[serde(default)]
    #[expect(dead_code, reason = "what was exported can be sent back as it is")]
    first: Option<bool>,
    /// Of an object that was exported; of no meaning here.
    #[serde(default)]
    #[expect(dead_code, reason = "what was exported can be sent back as it is")]
    current: Option<bool>,
}

/// What may change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnvironmentChange {
    description: Option<String>,
    colour: Option<Colour>,
    mode: Option<Mode>,
}

/// The environment of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct EnvironmentPath {
    /// Name of the environment.
    env: String,
}

/// How to remove an environment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RemoveQuery {
    /// `keep` (default) or `delete`: also the files of databases in the environment's own folder.
    #[serde(default)]
    data: Option<String>,
    /// The name of the environment once more, needed to delete files.
    confirm: Option<String>,
}

/// The environment to work in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChosenEnvironment {
    name: String,
}

/// All environments, the one of the data folder first.
#[utoipa::path(
    get, operation_id = "list_environments", path = "/environments", tag = "environments",
    responses((status = 200, body = EnvironmentList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(State(state): State) -> Json<EnvironmentList> {
    let all = state.environments().list();
    let views = all
        .iter()
        .map(|(name, registry)| view(&state, name, registry));
    Json(EnvironmentList {
        environments: views.collect(),
        current: state.registry().guard().environment.to_string(),
    })
}

/// Makes an environment: empty, with databases that are there, or as a copy of another.
#[utoipa::path(
    post, operation_id = "create_environment", path = "/environments", tag = "environments", request_body = NewEnvironment,
    responses((status = 201, body = EnvironmentView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn create(
    State(state): State,
    ApiJson(wish): ApiJson<NewEnvironment>,
) -> ApiResult<Response> {
    let shared = state.clone();
    let made = state.call(move || {
        let mut list = StateFile::default();
        if let Some(from) = &wish.from {
            let original = shared.environments().get(from)?;
            list = original.state();
            list.environment = original.environment();
        }
        if let Some(databases) = wish.databases {
            list.databases = databases.into_iter().map(Listed::from).collect();
        }
        let settings = &mut list.environment;
        settings.description = wish
            .description
            .unwrap_or_else(|| settings.description.clone());
        settings.colour = wish.colour.unwrap_or(settings.colour);
        settings.mode = wish.mode.unwrap_or(settings.mode);
        let registry = shared.environments().create(&wish.name, list)?;
        Ok(view(&shared, &wish.name, &registry))
    });
    Ok((StatusCode::CREATED, Json(made.await?)).into_response())
}

/// One environment, in the form in which it can be made elsewhere.
#[utoipa::path(
    get, operation_id = "get_environment", path = "/environments/{env}", tag = "environments", params(EnvironmentPath),
    responses((status = 200, body = EnvironmentView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn show(
    State(state): State,
    ApiPath(path): ApiPath<EnvironmentPath>,
) -> ApiResult<Json<EnvironmentView>> {
    let registry = state.environments().get(&path.env)?;
    Ok(Json(view(&state, &path.env, &registry)))
}

/// Changes what is said of an environment, and how careful writing is in it.
#[utoipa::path(
    patch, operation_id = "change_environment", path = "/environments/{env}", tag = "environments", params(EnvironmentPath), request_body = EnvironmentChange,
    responses((status = 200, body = EnvironmentView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn change(
    State(state): State,
    ApiPath(path): ApiPath<EnvironmentPath>,
    ApiJson(wish): ApiJson<EnvironmentChange>,
) -> ApiResult<Json<EnvironmentView>> {
    let shared = state.clone();
    let changed = state.call(move || {
        let registry = shared.environments().get(&path.env)?;
        let old = registry.environment();
        registry.set_environment(EnvironmentSettings {
            description: wish.description.unwrap_or(old.description),
            colour: wish.colour.unwrap_or(old.colour),
            mode: wish.mode.unwrap_or(old.mode),
        })?;
        Ok(view(&shared, &path.env, &registry))
    });
    Ok(Json(changed.await?))
}

/// Removes an environment; its databases keep their files unless `data=delete`.
#[utoipa::path(
    delete, operation_id = "remove_environment", path = "/environments/{env}", tag = "environments", params(EnvironmentPath, RemoveQuery),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn remove(
    State(state): State,
    ApiPath(path): ApiPath<EnvironmentPath>,
    ApiQuery(query): ApiQuery<RemoveQuery>,
) -> ApiResult<StatusCode> {
    let delete = match query.data.as_deref() {
        None | Some("keep") => false,
        Some("delete") => true,
        Some(_) => {
            let detail = "'data' is 'keep' or 'delete'.";
            return Err(ApiError::new(Code::InvalidParameter, detail).parameter("data", detail));
        }
    };
    if delete && query.confirm.as_deref() != Some(path.env.as_str()) {
        let detail = format!(
            "Deleting the files of '{0}' needs its name once more: confirm={0}.",
            path.env
        );
        return Err(ApiError::new(Code::ConfirmationNeeded, detail));
    }
    let shared = state.clone();
    let removed = state.call(move || shared.environments().remove(&path.env, delete));
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Chooses the environment in which this browser works, by a cookie; others are not touched. Programs
/// say it with each request, in the header `Sop-Environment`.
#[utoipa::path(
    post, operation_id = "choose_environment", path = "/session/environment", tag = "environments", request_body = ChosenEnvironment,
    responses((status = 200, body = EnvironmentView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn choose(
    // Not the request's state: the choice before this one may be gone.
    axum::extract::State(state): axum::extract::State<AppState>,
    ApiJson(wish): ApiJson<ChosenEnvironment>,
) -> ApiResult<Response> {
    let registry = state.environments().get(&wish.name)?;
    let mut headers = HeaderMap::new();
    let cookie = state.access().choose_environment(Some(&wish.name));
    let value = HeaderValue::try_from(cookie).map_err(ApiError::internal)?;
    headers.insert(header::SET_COOKIE, value);
    let mut chosen = view(&state, &wish.name, &registry);
    chosen.current = true;
    Ok((headers, Json(chosen)).into_response())
}

fn view(state: &AppState, name: &str, registry: &Registry) -> EnvironmentView {
    let settings = registry.environment();
    let list = registry.portable();
    EnvironmentView {
        name: name.to_owned(),
        description: settings.description,
        colour: settings.colour,
        mode: settings.mode,
        databases: list
            .databases
            .into_iter()
            .filter(|listed| state.who().sees(&listed.name))
            .map(ListedDatabase::from)
            .collect(),
        first: name == FIRST,
        current: *state.registry().guard().environment == *name,
    }
}

impl From<Listed> for ListedDatabase {
    fn from(listed: Listed) -> Self {
        Self {
            name: listed.name,
            path: listed.path,
            read_only: listed.read_only,
            cache_bytes: listed.cache_bytes,
            durability: listed.durability,
        }
    }
}

impl From<ListedDatabase> for Listed {
    fn from(listed: ListedDatabase) -> Self {
        Self {
            name: listed.name,
            path: listed.path,
            read_only: listed.read_only,
            cache_bytes: listed.cache_bytes,
            durability: listed.durability,
        }
    }
}
