//! The server's state as a request sees it: in the environment of its session.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::environments::FIRST;
use crate::error::{ApiError, ApiResult, Code};
use crate::registry::Guard;
use crate::security::Identity;
use crate::state::AppState;

/// The header by which a request without a session names its environment.
pub const ENVIRONMENT: &str = "sop-environment";
/// The header that names once more what is written to.
pub const CONFIRM: &str = "sop-confirm";

/// The state of one request. Handlers take this and never the server's own, so none gets past what
/// an environment allows.
pub struct State(pub AppState);

/// The state that the gate made for a request, so that it is made once.
#[derive(Clone)]
pub struct Inside(pub AppState);

impl FromRequestParts<AppState> for State {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(Inside(state)) = parts.extensions.remove() {
            return Ok(Self(state));
        }
        // The gate says who it is. Without that nobody gets in, however the routes are put together.
        let identity = parts.extensions.get::<Identity>().cloned();
        let identity =
            identity.ok_or_else(|| ApiError::internal("a request that passed no gate"))?;
        in_environment(state, &parts.headers, identity).map(Self)
    }
}

/// The state for a request of somebody with these headers.
///
/// # Errors
/// The header or cookie names an environment that is not there.
pub fn in_environment(
    state: &AppState,
    headers: &HeaderMap,
    identity: Identity,
) -> ApiResult<AppState> {
    let wished = match header_text(headers, ENVIRONMENT)? {
        Some(name) => Some(name),
        None => chosen(state, headers),
    };
    let name = wished.as_deref().unwrap_or(FIRST);
    let registry = state.environments().get(name)?;
    let guard = Guard {
        environment: name.into(),
        mode: registry.environment().mode,
        confirmed: header_text(headers, CONFIRM)?.map(Into::into),
        who: Arc::new(identity),
    };
    Ok(state.with_registry(registry.guarded(guard)))
}

/// The environment that the session's cookie names.
fn chosen(state: &AppState, headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let name = state.access().environment_cookie();
    let found = pairs.find(|(cookie, _)| *cookie == name);
    found.map(|(_, value)| value.to_owned())
}

/// A header as text; percent-encoded where it is not plain.
fn header_text(headers: &HeaderMap, name: &str) -> ApiResult<Option<String>> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let invalid = || {
        let detail = format!("The header '{name}' is not text. Percent-encode what is not ASCII.");
        ApiError::new(Code::InvalidHeader, detail)
    };
    let text = value.to_str().map_err(|_| invalid())?;
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    Ok(Some(decoded.map_err(|_| invalid())?.into_owned()))
}
