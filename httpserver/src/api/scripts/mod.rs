//! Scripts: list, save, show, compare, bring back, delete.

mod pauses;
mod run;

pub(super) use pauses::*;
pub(super) use run::*;

use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sop_systemdb::script::{Script, check};
use sop_systemdb::system::{Save, Saved};
use utoipa::{IntoParams, ToSchema};

use super::versions::Precondition;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, ApiQuery, State};
use crate::scripts::{all_tools, library, readable_name};
use crate::state::AppState;

/// The script of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ScriptPath {
    /// Its category.
    category: String,
    /// Its name.
    name: String,
}

/// Which scripts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only those of this category.
    category: Option<String>,
}

/// Scripts with their newest versions.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct ScriptList {
    /// `{category, name, description, parameters, steps, version, author, saved, built_in, table?}`; `table` is what a
    /// statement reads its rows by, behind `script.`, of scripts that change nothing.
    scripts: Vec<Value>,
}

/// All scripts by category and name.
#[utoipa::path(
    get, operation_id = "list_scripts", path = "/scripts", tag = "scripts", params(ListQuery),
    responses((status = 200, body = ScriptList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(
    State(state): State,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> ApiResult<Json<Value>> {
    let shared = state.clone();
    let work = move || {
        let system = shared.system()?;
        let scripts = system.scripts(query.category.as_deref())?;
        let scripts = scripts.into_iter().map(|info| {
            let table = readable_name(&shared, &system, &info);
            let mut json = serde_json::to_value(info).unwrap_or_default();
            if let Some(table) = table {
                json["table"] = table.into();
            }
            json
        });
        Ok(Json(json!({ "scripts": scripts.collect::<Vec<_>>() })))
    };
    state.call(work).await
}

/// A script: `{name, category, description, parameters, database, transaction, limits, steps}`.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is read without it")]
pub(super) struct ScriptBody {
    name: String,
    category: Option<String>,
    description: Option<String>,
    /// `{name, type, default?, description?}`.
    parameters: Option<Vec<Value>>,
    database: Option<String>,
    /// `single` (default), `per_step` or `none`.
    transaction: Option<String>,
    /// `{time_ms?, rows?, steps?}`.
    limits: Option<Value>,
    /// `{type, name?, description?, database?, async?, disabled?, continue_on_error?, output?, …}`.
    steps: Vec<Value>,
}

/// What saving came to.
#[derive(Serialize, ToSchema)]
pub(super) struct SavedView {
    category: String,
    name: String,
    /// The version that was saved; of a check the one that is there, or 0.
    version: u64,
    /// Whether it differs from the one before.
    changed: bool,
    /// What is wrong: `{at, code, message, suggestions?, warning?}`. Only warnings, unless it was a check.
    #[schema(value_type = Vec<Value>)]
    faults: Vec<sop_systemdb::script::Fault>,
}

/// Whether to save.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SaveQuery {
    /// Only says what is wrong with the script, and saves nothing.
    #[serde(default)]
    check: bool,
    /// What is new in it.
    #[serde(default)]
    note: String,
}

/// The script of a body. Faults of its form are the answer of a check, else a problem.
fn parse(json: &Value) -> ApiResult<Script> {
    Script::from_json(json).map_err(|faults| {
        let words = "The script is wrong; 'errors' has each fault with its place.".to_owned();
        ApiError::of_faults(Code::InvalidScript, words, faults, "")
    })
}

fn save(
    state: &AppState,
    json: &Value,
    query: &SaveQuery,
    expected: Option<u64>,
) -> ApiResult<SavedView> {
    let system = state.system()?;
    let script = match Script::from_json(json) {
        Ok(script) => script,
        Err(faults) if query.check => {
            let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
            return Ok(SavedView {
                category: text("category"),
                name: text("name"),
                version: 0,
                changed: false,
                faults,
            });
        }
        Err(_) => parse(json)?,
    };
    let library = library(state, &system);
    let (saved, faults) = if query.check {
        let there = system.script(&script.category, &script.name, None);
        let saved = Saved {
            version: there.map_or(0, |there| there.info.version),
            changed: false,
        };
        (saved, check(&script, all_tools(), &library))
    } else {
        let save = Save {
            author: state.who().author().to_owned(),
            note: query.note.clone(),
            expected,
        };
        library.save(&script, &save)?
    };
    Ok(SavedView {
        category: script.category,
        name: script.name,
        version: saved.version,
        changed: saved.changed,
        faults,
    })
}

/// Saves a new script after checking it; with `check=true` only says what is wrong with it.
#[utoipa::path(
    post, operation_id = "create_script", path = "/scripts", tag = "scripts", params(SaveQuery), request_body = ScriptBody,
    responses((status = 201, body = SavedView), (status = 200, body = SavedView, description = "It was checked"), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn create(
    State(state): State,
    ApiQuery(query): ApiQuery<SaveQuery>,
    ApiJson(body): ApiJson<Value>,
) -> ApiResult<Response> {
    let shared = state.clone();
    let status = match query.check {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    let view = state.call(move || {
        let saved = save(&shared, &body, &query, Some(0));
        saved.map_err(|error| match error.code() {
            Code::VersionMismatch => {
                let detail = "There is a script of this category and name already. Save a new version with PUT, or choose another name.";
                ApiError::new(Code::ScriptExists, detail)
            }
            _ => error,
        })
    });
    Ok((status, Json(view.await?)).into_response())
}

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionQuery {
    /// The newest when missing.
    version: Option<u64>,
}

/// A version of a script.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct ScriptView {
    script: Value,
    version: u64,
    author: String,
    saved: String,
    /// Whether the product brought it along and nobody changed it.
    built_in: bool,
    hash: String,
}

/// A script; its version is also the `ETag`.
#[utoipa::path(
    get, operation_id = "get_script", path = "/scripts/{category}/{name}", tag = "scripts", params(ScriptPath, VersionQuery),
    responses((status = 200, body = ScriptView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn show(
    State(state): State,
    ApiPath(path): ApiPath<ScriptPath>,
    ApiQuery(query): ApiQuery<VersionQuery>,
) -> ApiResult<Response> {
    let shared = state.clone();
    let work = move || {
        Ok(shared
            .system()?
            .script(&path.category, &path.name, query.version)?)
    };
    let stored = state.call(work).await?;
    let tag = format!("\"{}\"", stored.info.version);
    let tag = HeaderValue::try_from(tag).map_err(ApiError::internal)?;
    let body = json!({
        "script": stored.script,
        "version": stored.info.version,
        "author": stored.info.author,
        "saved": stored.info.saved,
        "built_in": stored.info.built_in,
        "hash": stored.hash,
    });
    Ok(([(header::ETAG, tag)], Json(body)).into_response())
}

/// Saves a version of a script after checking it, also the first. `If-Match: <version>` makes it fail when somebody
/// saved another meanwhile.
#[utoipa::path(
    put, operation_id = "put_script", path = "/scripts/{category}/{name}", tag = "scripts",
    params(ScriptPath, SaveQuery, ("If-Match" = Option<String>, Header, description = "Version that the script must have")),
    request_body = ScriptBody,
    responses((status = 200, body = SavedView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn put(
    State(state): State,
    ApiPath(path): ApiPath<ScriptPath>,
    ApiQuery(query): ApiQuery<SaveQuery>,
    headers: HeaderMap,
    ApiJson(mut body): ApiJson<Value>,
) -> ApiResult<Json<SavedView>> {
    let expected = match Precondition::of(&headers)? {
        Precondition::None | Precondition::Exists => None,
        Precondition::Version(version) => Some(version),
        Precondition::Missing => Some(0),
    };
    for (field, named) in [("category", &path.category), ("name", &path.name)] {
        let Value::Object(fields) = &mut body else {
            break;
        };
        let there = fields.entry(field).or_insert_with(|| named.as_str().into());
        if *there != named.as_str() {
            let detail = format!("The script has another '{field}' than its address.");
            return Err(
                ApiError::new(Code::InvalidScript, detail.clone()).at(format!("/{field}"), detail)
            );
        }
    }
    let shared = state.clone();
    let saved = state.call(move || save(&shared, &body, &query, expected));
    Ok(Json(saved.await?))
}

/// What becomes of the versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum VersionsWish {
    #[default]
    Keep,
    Delete,
}

/// How to delete a script.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RemoveQuery {
    /// `keep` (default) keeps its versions, so that it can be brought back; `delete` deletes them.
    #[serde(default)]
    #[param(inline)]
    versions: VersionsWish,
}

/// Deletes a script.
#[utoipa::path(
    delete, operation_id = "delete_script", path = "/scripts/{category}/{name}", tag = "scripts", params(ScriptPath, RemoveQuery),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn remove(
    State(state): State,
    ApiPath(path): ApiPath<ScriptPath>,
    ApiQuery(query): ApiQuery<RemoveQuery>,
) -> ApiResult<StatusCode> {
    let shared = state.clone();
    let work = move || {
        let keep = query.versions == VersionsWish::Keep;
        shared
            .system()?
            .delete_script(&path.category, &path.name, keep, shared.who().author())?;
        Ok(StatusCode::NO_CONTENT)
    };
    state.call(work).await
}

/// Which versions to compare.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CompareQuery {
    /// With `to`: what differs from this version.
    from: Option<u64>,
    /// In this one; the newest when missing.
    to: Option<u64>,
}

/// Versions.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct VersionList {
    /// `{version, author, saved, note, deleted}`, the newest first.
    versions: Vec<Value>,
    /// `{at, before?, after?}` when two versions are compared.
    changes: Option<Vec<Value>>,
}

/// The versions of a script, those of a deleted one too; with `from` also what differs between two.
#[utoipa::path(
    get, operation_id = "list_script_versions", path = "/scripts/{category}/{name}/versions", tag = "scripts", params(ScriptPath, CompareQuery),
    responses((status = 200, body = VersionList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn versions(
    State(state): State,
    ApiPath(path): ApiPath<ScriptPath>,
    ApiQuery(query): ApiQuery<CompareQuery>,
) -> ApiResult<Json<Value>> {
    let shared = state.clone();
    let work = move || {
        let system = shared.system()?;
        let versions = system.script_versions(&path.category, &path.name)?;
        let newest = versions.first().map_or(0, |newest| newest.version);
        let mut answer = json!({ "versions": versions });
        if let Some(from) = query.from {
            let to = query.to.unwrap_or(newest);
            let changes = system.script_difference(&path.category, &path.name, from, to)?;
            answer["changes"] = serde_json::to_value(changes).unwrap_or_default();
        }
        Ok(Json(answer))
    };
    state.call(work).await
}

/// Which version is to be the newest.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RestoreBody {
    version: u64,
}

/// Saves an old version of a script as its newest.
#[utoipa::path(
    post, operation_id = "restore_script", path = "/scripts/{category}/{name}/restore", tag = "scripts", params(ScriptPath), request_body = RestoreBody,
    responses((status = 200, body = SavedView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn restore(
    State(state): State,
    ApiPath(path): ApiPath<ScriptPath>,
    ApiJson(body): ApiJson<RestoreBody>,
) -> ApiResult<Json<SavedView>> {
    let shared = state.clone();
    let work = move || {
        let (category, name) = (path.category, path.name);
        let saved =
            shared
                .system()?
                .restore_script(&category, &name, body.version, &shared.who().name)?;
        Ok(Json(SavedView {
            category,
            name,
            version: saved.version,
            changed: saved.changed,
            faults: Vec::new(),
        }))
    };
    state.call(work).await
}
