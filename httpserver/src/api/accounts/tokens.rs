//! Tokens of programs: one's own, or all for who manages the server.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sop_systemdb::accounts::{NewToken, TokenInfo};
use utoipa::{IntoParams, ToSchema};

use super::Role;
use super::sessions::whose;
use crate::audit::Changed;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, State};

/// Most days of a token.
const MAX_DAYS: u64 = 3_650;

/// A token of a program.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenView {
    /// By this it is removed.
    id: String,
    /// Whose it is.
    user: String,
    /// What it is for.
    name: String,
    /// The most that it may do; never more than its user.
    role: Role,
    /// When it was made, in milliseconds since 1970.
    created_ms: u64,
    /// When it ends; null: never.
    expires_ms: Option<u64>,
    /// When it was used last.
    used_ms: Option<u64>,
}

impl From<TokenInfo> for TokenView {
    fn from(token: TokenInfo) -> Self {
        Self {
            id: token.id,
            user: token.user,
            name: token.name,
            role: token.role.into(),
            created_ms: token.created_ms,
            expires_ms: token.expires_ms,
            used_ms: token.used_ms,
        }
    }
}

/// Tokens of programs.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    /// The newest first.
    tokens: Vec<TokenView>,
}

/// The tokens: one's own; all for an administrator. The tokens themselves are not kept.
#[utoipa::path(
    get, operation_id = "list_tokens", path = "/tokens", tag = "accounts",
    responses((status = 200, body = TokenList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn list_tokens(State(state): State) -> Json<TokenList> {
    let tokens = state.accounts().tokens(whose(&state).as_deref());
    Json(TokenList {
        tokens: tokens.into_iter().map(TokenView::from).collect(),
    })
}

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenBody {
    /// What it is for.
    name: String,
    /// The most that it may do; what its user may when missing.
    role: Option<Role>,
    /// Days until it ends; never when missing.
    days: Option<u64>,
}

/// A new token.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeToken {
    /// The token, for `Authorization: Bearer`. It is told this once.
    secret: String,
    #[serde(flatten)]
    token: TokenView,
}

/// Makes a token for oneself. The answer is the only place where it is told.
#[utoipa::path(
    post, operation_id = "make_token", path = "/tokens", tag = "accounts", request_body = TokenBody,
    responses((status = 201, body = MadeToken), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn make_token(
    State(state): State,
    ApiJson(body): ApiJson<TokenBody>,
) -> ApiResult<Response> {
    let who = std::sync::Arc::clone(state.who());
    if !who.is_user {
        let detail =
            "A token belongs to a user, and there are none. Make the first user, then sign in.";
        return Err(ApiError::new(Code::InvalidAccount, detail));
    }
    if who.session.is_none() {
        // One that leaked must not outlive its removal by others that it made.
        let detail = "A token is made in a session, not with another token.";
        return Err(ApiError::new(Code::NotAllowed, detail));
    }
    if body
        .days
        .is_some_and(|days| !(1..=MAX_DAYS).contains(&days))
    {
        let detail = "'days' is from 1 to 3650.";
        return Err(ApiError::new(Code::InvalidAccount, detail).at("/days", detail));
    }
    let new = NewToken {
        user: who.name.to_string(),
        name: body.name,
        role: body.role.map(Into::into),
        life_ms: body.days.map(|days| days * 24 * 60 * 60 * 1_000),
    };
    let shared = state.clone();
    let made = state.call(move || Ok(shared.accounts().make_token(&new)?));
    let (token, secret) = made.await?;
    let changed = Changed {
        count: 1,
        detail: json!({"token": token.id, "name": token.name, "role": token.role}),
    };
    let made = MadeToken {
        secret,
        token: token.into(),
    };
    let mut answer = (StatusCode::CREATED, Json(made)).into_response();
    answer.extensions_mut().insert(changed);
    Ok(answer)
}

/// The token of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TokenIdPath {
    /// Id of the token.
    id: String,
}

/// Removes a token; it counts at once.
#[utoipa::path(
    delete, operation_id = "remove_token", path = "/tokens/{id}", tag = "accounts", params(TokenIdPath),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(crate) async fn remove_token(
    State(state): State,
    ApiPath(path): ApiPath<TokenIdPath>,
) -> ApiResult<Response> {
    let shared = state.clone();
    let work = move || {
        let whose = whose(&shared);
        Ok(shared.accounts().remove_token(&path.id, whose.as_deref())?)
    };
    let token = state.call(work).await?;
    let mut answer = StatusCode::NO_CONTENT.into_response();
    answer.extensions_mut().insert(Changed {
        count: 1,
        detail: json!({"token": token.id, "name": token.name, "user": token.user}),
    });
    Ok(answer)
}
