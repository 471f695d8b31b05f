//! Signing in and out, and who one is.

use std::net::{IpAddr, Ipv4Addr};

use axum::Extension;
use axum::Json;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sop_systemdb::accounts::UserChange;
use sop_systemdb::system::AuditEntry;
use utoipa::ToSchema;

use super::{GrantMap, MaskedField, Role, grant_map};
use crate::audit::REFUSED;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, State};
use crate::security::Peer;
use crate::state::AppState;

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginBody {
    /// The name.
    name: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
}

/// Who one is.
#[derive(Serialize, ToSchema)]
pub(crate) struct MeView {
    /// The name; `token` where nobody signs in.
    name: String,
    /// What one may do at most.
    role: Role,
    /// In which databases; in each when empty.
    grants: GrantMap,
    /// Fields that come as null.
    masked: Vec<MaskedField>,
    /// Id of this session; null for a token.
    session: Option<String>,
    /// Whether people sign in here; otherwise whoever has the token of the server may do everything.
    users: bool,
}

fn of_user(
    name: String,
    user: sop_systemdb::accounts::UserInfo,
    session: Option<String>,
) -> MeView {
    MeView {
        name,
        role: user.role.into(),
        grants: grant_map(user.grants),
        masked: user.masked.into_iter().map(MaskedField::from).collect(),
        session,
        users: true,
    }
}

/// The address that a request came from; of tests that have no connection, this machine.
pub(super) fn address(peer: Option<Extension<Peer>>) -> IpAddr {
    peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| {
        peer.0.0.to_canonical()
    })
}

/// Writes down what became of signing in or out; never a secret.
pub(super) fn note(state: &AppState, who: &str, what: &str, outcome: &str, detail: Value) {
    state.audit().record(AuditEntry {
        who: who.chars().take(64).collect(),
        way: "page".to_owned(),
        what: what.to_owned(),
        outcome: outcome.to_owned(),
        detail,
        ..AuditEntry::default()
    });
}

/// Signs in: the answer sets the cookie of a new session. After five failures of a name from an address each further
/// attempt has to wait, twice as long each time (429 with `Retry-After`).
#[utoipa::path(
    post, operation_id = "login", path = "/login", tag = "accounts", security(()), request_body = LoginBody,
    responses((status = 200, body = MeView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn login(
    State(state): State,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    ApiJson(body): ApiJson<LoginBody>,
) -> ApiResult<Response> {
    let accounts = state.accounts();
    if !accounts.is_on() {
        let detail =
            "Nobody signs in here: there are no users. Open the address that the server printed.";
        return Err(ApiError::new(Code::Unauthorized, detail));
    }
    let address = address(peer).to_string();
    let recognised = state
        .logins()
        .recognise(accounts, body.name.clone(), body.password, &address)
        .await;
    let user = recognised.map_err(|error| {
        // While a name waits, each further attempt is counted but not written down: it would fill the audit.
        if error.code() != Code::Unauthorized {
            return error;
        }
        let detail = json!({"address": address, "code": error.code().as_str()});
        note(&state, &body.name, "login", REFUSED, detail);
        error.noted()
    })?;
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    let agent = agent.unwrap_or_default().to_owned();
    let shared = state.clone();
    let name = user.name.clone();
    let from = address.clone();
    let opened = state.call(move || Ok(shared.accounts().open_session(&name, &from, &agent)?));
    let opened = opened.await?;
    note(
        &state,
        &user.name,
        "login",
        "done",
        json!({"address": address}),
    );
    let cookie = state.access().session_cookie(Some(&opened.secret));
    let cookie = HeaderValue::try_from(cookie).map_err(ApiError::internal)?;
    let me = of_user(user.name.clone(), user, Some(opened.id));
    Ok(([(header::SET_COOKIE, cookie)], Json(me)).into_response())
}

/// Ends this session. A token goes on.
#[utoipa::path(
    post, operation_id = "logout", path = "/logout", tag = "accounts",
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn logout(State(state): State) -> ApiResult<Response> {
    let who = std::sync::Arc::clone(state.who());
    if let Some(session) = who.session.clone() {
        let shared = state.clone();
        let ended = state.call(move || Ok(shared.accounts().end_session(&session, None)?));
        ended.await?;
        note(&state, &who.name, "logout", "done", Value::Null);
    }
    let cookie = state.access().session_cookie(None);
    let cookie = HeaderValue::try_from(cookie).map_err(ApiError::internal)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Who one is, and what one may do.
#[utoipa::path(
    get, operation_id = "get_me", path = "/me", tag = "accounts",
    responses((status = 200, body = MeView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn me(State(state): State) -> ApiResult<Json<MeView>> {
    let who = state.who();
    if !who.is_user {
        return Ok(Json(MeView {
            name: who.name.to_string(),
            role: Role::Admin,
            grants: GrantMap::new(),
            masked: Vec::new(),
            session: None,
            users: false,
        }));
    }
    let user = state.accounts().user(&who.name)?;
    let session = who.session.as_deref().map(str::to_owned);
    let mut me = of_user(user.name.clone(), user, session);
    // A token may do less than its user.
    me.role = who.role.into();
    Ok(Json(me))
}

/// Another password for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordBody {
    /// The one so far.
    #[schema(format = Password)]
    current: String,
    /// The new one.
    #[schema(format = Password)]
    password: String,
}

/// Changes one's own password. All other sessions of oneself end.
#[utoipa::path(
    post, operation_id = "change_password", path = "/me/password", tag = "accounts", request_body = PasswordBody,
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn change_password(
    State(state): State,
    peer: Option<Extension<Peer>>,
    ApiJson(body): ApiJson<PasswordBody>,
) -> ApiResult<StatusCode> {
    let who = std::sync::Arc::clone(state.who());
    let Some(session) = who.session.as_deref().map(str::to_owned) else {
        let detail = "A password is changed in a session, not with a token.";
        return Err(ApiError::new(Code::NotAllowed, detail));
    };
    let address = address(peer).to_string();
    let (accounts, name) = (state.accounts(), who.name.to_string());
    let logins = state.logins();
    let known = logins.recognise(accounts, name.clone(), body.current, &address);
    known.await.map_err(|error| match error.code() {
        Code::Unauthorized => {
            let detail = "This is not the password so far.";
            ApiError::new(Code::InvalidAccount, detail).at("/current", detail)
        }
        _ => error,
    })?;
    let change = UserChange {
        password: Some(body.password),
        keep_session: Some(session),
        ..UserChange::default()
    };
    let accounts = std::sync::Arc::clone(accounts);
    let changed = logins.hashing(move || Ok(accounts.change_user(&name, &change)?));
    changed.await?;
    Ok(StatusCode::NO_CONTENT)
}
