//! Sessions: one's own, or all for who manages the server.

use axum::Json;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sop_systemdb::accounts::SessionInfo;
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiResult, Problem};
use crate::extract::{ApiPath, State};
use crate::state::AppState;

/// A session of a browser.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountSession {
    /// By this it is ended.
    id: String,
    /// Whose it is.
    user: String,
    /// When it began, in milliseconds since 1970.
    created_ms: u64,
    /// When it was used last.
    seen_ms: u64,
    /// From where it was begun.
    address: String,
    /// What the browser calls itself.
    agent: String,
    /// Whether it is the one that asks.
    current: bool,
}

/// Sessions of browsers.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountSessions {
    /// The one used last first.
    sessions: Vec<AccountSession>,
}

/// Whose sessions and tokens somebody has to do with: their own, or everybody's.
pub(super) fn whose(state: &AppState) -> Option<String> {
    let who = state.who();
    (!who.is_admin()).then(|| who.name.to_string())
}

/// The sessions that live: one's own; all for an administrator.
#[utoipa::path(
    get, operation_id = "list_sessions", path = "/sessions", tag = "accounts",
    responses((status = 200, body = AccountSessions), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn list_sessions(State(state): State) -> Json<AccountSessions> {
    let own = state.who().session.clone();
    let sessions = state.accounts().sessions(whose(&state).as_deref());
    let view = |session: SessionInfo| AccountSession {
        current: own.as_deref() == Some(&session.id),
        id: session.id,
        user: session.user,
        created_ms: session.created_ms,
        seen_ms: session.seen_ms,
        address: session.address,
        agent: session.agent,
    };
    Json(AccountSessions {
        sessions: sessions.into_iter().map(view).collect(),
    })
}

/// The session of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SessionIdPath {
    /// Id of the session.
    id: String,
}

/// Ends a session; it counts at once.
#[utoipa::path(
    delete, operation_id = "end_session", path = "/sessions/{id}", tag = "accounts", params(SessionIdPath),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn end_session(
    State(state): State,
    ApiPath(path): ApiPath<SessionIdPath>,
) -> ApiResult<StatusCode> {
    let shared = state.clone();
    let work = move || {
        let whose = whose(&shared);
        shared.accounts().end_session(&path.id, whose.as_deref())?;
        Ok(StatusCode::NO_CONTENT)
    };
    state.call(work).await
}
