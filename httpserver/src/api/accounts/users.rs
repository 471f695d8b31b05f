//! Users: made, changed and removed by who manages the server.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sop::Mode;
use sop_systemdb::accounts::{self, NewUser, UserChange, UserInfo};
use utoipa::{IntoParams, ToSchema};

use super::{GrantMap, MaskedField, Role, grant_map, grants};
use crate::audit::Changed;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, State};
use crate::state::AppState;

/// Somebody who uses the server.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserView {
    /// Their name.
    name: String,
    /// What they may do at most.
    role: Role,
    /// Whether they may not come in at the moment.
    disabled: bool,
    /// In which databases; in each when empty.
    grants: GrantMap,
    /// Fields that come as null.
    masked: Vec<MaskedField>,
    /// When they were made, in milliseconds since 1970.
    created_ms: u64,
    /// When they signed in last.
    seen_ms: Option<u64>,
    /// Sessions of theirs that live.
    sessions: usize,
}

fn view(state: &AppState, user: UserInfo) -> UserView {
    UserView {
        sessions: state.accounts().sessions(Some(&user.name)).len(),
        name: user.name,
        role: user.role.into(),
        disabled: user.disabled,
        grants: grant_map(user.grants),
        masked: user.masked.into_iter().map(MaskedField::from).collect(),
        created_ms: user.created_ms,
        seen_ms: user.seen_ms,
    }
}

/// Those who use the server.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserList {
    /// By name.
    users: Vec<UserView>,
}

/// Everybody who uses the server.
#[utoipa::path(
    get, operation_id = "list_users", path = "/users", tag = "accounts",
    responses((status = 200, body = UserList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn list_users(State(state): State) -> Json<UserList> {
    let users = state.accounts().users().into_iter();
    Json(UserList {
        users: users.map(|user| view(&state, user)).collect(),
    })
}

/// Somebody new.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUserBody {
    /// Their name.
    name: String,
    /// Their password, which they should change.
    #[schema(format = Password)]
    password: String,
    /// What they may do at most.
    role: Role,
    /// In which databases; in each when empty.
    #[serde(default)]
    grants: GrantMap,
    /// Fields that come as null.
    #[serde(default)]
    masked: Vec<MaskedField>,
}

/// Makes a user. The first has to be an administrator; from then on everybody signs in, and the token of the server opens
/// nothing any more.
#[utoipa::path(
    post, operation_id = "make_user", path = "/users", tag = "accounts", request_body = NewUserBody,
    responses((status = 201, body = UserView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn make_user(
    State(state): State,
    ApiJson(body): ApiJson<NewUserBody>,
) -> ApiResult<Response> {
    let new = NewUser {
        name: body.name,
        password: body.password,
        role: body.role.into(),
        grants: grants(body.grants),
        masked: body.masked.into_iter().map(Into::into).collect(),
    };
    let shared = state.clone();
    let made = state.logins().hashing(move || {
        check_masked(&shared, &new.masked)?;
        Ok(shared.accounts().add_user(&new)?)
    });
    let user = made.await?;
    let changed = noted(&user, json!({"made": true}));
    let mut answer = (StatusCode::CREATED, Json(view(&state, user))).into_response();
    answer.extensions_mut().insert(changed);
    Ok(answer)
}

/// What the audit hears of a user.
fn noted(user: &UserInfo, what: Value) -> Changed {
    let mut detail = what;
    detail["user"] = user.name.as_str().into();
    detail["role"] = user.role.name().into();
    detail["disabled"] = user.disabled.into();
    detail["grants"] = serde_json::to_value(&user.grants).unwrap_or_default();
    detail["masked"] = serde_json::to_value(&user.masked).unwrap_or_default();
    Changed { count: 1, detail }
}

/// The user of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UserPath {
    /// Name of the user.
    name: String,
}

/// Somebody who uses the server.
#[utoipa::path(
    get, operation_id = "get_user", path = "/users/{name}", tag = "accounts", params(UserPath),
    responses((status = 200, body = UserView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn show_user(
    State(state): State,
    ApiPath(path): ApiPath<UserPath>,
) -> ApiResult<Json<UserView>> {
    let user = state.accounts().user(&path.name)?;
    Ok(Json(view(&state, user)))
}

/// What of a user is changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChangeBody {
    /// What they may do at most.
    role: Option<Role>,
    /// Whether they may not come in.
    disabled: Option<bool>,
    /// In which databases; in each when empty.
    grants: Option<GrantMap>,
    /// Fields that come as null.
    masked: Option<Vec<MaskedField>>,
    /// Another password; it ends their sessions.
    #[schema(format = Password)]
    password: Option<String>,
}

/// Changes a user; it counts from their next request on. The last administrator stays one.
#[utoipa::path(
    patch, operation_id = "change_user", path = "/users/{name}", tag = "accounts", params(UserPath), request_body = UserChangeBody,
    responses((status = 200, body = UserView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn change_user(
    State(state): State,
    ApiPath(path): ApiPath<UserPath>,
    ApiJson(body): ApiJson<UserChangeBody>,
) -> ApiResult<Response> {
    let masked: Option<Vec<accounts::MaskedField>> = body
        .masked
        .map(|masked| masked.into_iter().map(Into::into).collect());
    let own = *state.who().name == *path.name;
    let change = UserChange {
        role: body.role.map(Into::into),
        disabled: body.disabled,
        grants: body.grants.map(grants),
        masked,
        password: body.password,
        keep_session: state
            .who()
            .session
            .as_deref()
            .filter(|_| own)
            .map(str::to_owned),
    };
    let has_password = change.password.is_some();
    let shared = state.clone();
    let changed = state.logins().hashing(move || {
        check_masked(&shared, change.masked.as_deref().unwrap_or_default())?;
        Ok(shared.accounts().change_user(&path.name, &change)?)
    });
    let user = changed.await?;
    let changed = noted(&user, json!({"password_changed": has_password}));
    let mut answer = Json(view(&state, user)).into_response();
    answer.extensions_mut().insert(changed);
    Ok(answer)
}

/// Removes a user, their sessions and tokens. The last administrator stays.
#[utoipa::path(
    delete, operation_id = "remove_user", path = "/users/{name}", tag = "accounts", params(UserPath),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn remove_user(
    State(state): State,
    ApiPath(path): ApiPath<UserPath>,
) -> ApiResult<Response> {
    let shared = state.clone();
    let removed = state.call(move || Ok(shared.accounts().remove_user(&path.name)?));
    let user = removed.await?;
    let mut answer = StatusCode::NO_CONTENT.into_response();
    answer
        .extensions_mut()
        .insert(noted(&user, json!({"removed": true})));
    Ok(answer)
}

/// Fails for fields of keys: items lie in their order, and are named by them everywhere.
fn check_masked(state: &AppState, masked: &[accounts::MaskedField]) -> ApiResult<()> {
    for (at, field) in masked.iter().enumerate() {
        for (_, registry) in state.environments().list() {
            let Ok(database) = registry.database(&field.database) else {
                continue;
            };
            let tx = database.begin(Mode::Read)?;
            let Ok(store) = tx.documents(&field.store) else {
                continue;
            };
            let key = &store.definition().key;
            let names = key.fields().iter().map(|field| &field.name);
            let mut names = names.chain(key.ride_on().iter().map(|field| &field.name));
            let whole = field.field == "key" || field.field.starts_with("key.");
            if whole || names.any(|name| *name == field.field) {
                let detail = format!(
                    "'{}' is a part of the key of '{}', and items are named and ordered by their keys, so it cannot be masked. \
                     Take the whole database away with a grant, or keep what is secret in the value.",
                    field.field, field.store
                );
                let place = format!("/masked/{at}/field");
                return Err(ApiError::new(Code::InvalidAccount, detail.clone()).at(place, detail));
            }
        }
    }
    Ok(())
}
