//! Signing in: a bearer token, or a session cookie that `GET /?token=…` gives.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::error::{ApiError, Code};
use crate::extract::in_environment;
use crate::page;
use crate::state::AppState;

/// Whether an address is served to everybody: the sign of life, and the program's own files,
/// which are the same for all and hold no data.
pub fn is_public(method: &Method, path: &str) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
        && (path == "/api/v1/health" || path == "/favicon.ico" || path.starts_with("/assets/"))
}

/// Lets a request pass that is signed in or asks for something public; signs in by `?token=`.
pub async fn gate(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let is_page = request.method() == Method::GET && !request.uri().path().starts_with("/api/v1/");
    if is_page && let Some(token) = token_of(request.uri()) {
        return sign_in(&state, &token, request.uri());
    }
    if state.access().is_open()
        || is_public(request.method(), request.uri().path())
        || is_signed_in(&state, request.headers())
    {
        if is_page && in_environment(&state, request.headers()).is_err() {
            return out_of_environment(&state, request.uri());
        }
        return next.run(request).await;
    }
    if is_page {
        return page::sign_in();
    }
    ApiError::new(
        Code::Unauthorized,
        "Send 'Authorization: Bearer <token>' with the token that the server printed, \
         or open the printed address in the browser.",
    )
    .into_response()
}

fn is_signed_in(state: &AppState, headers: &HeaderMap) -> bool {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        // A wrong token is refused even beside a good session: the caller meant the token.
        return value
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .is_some_and(|(scheme, token)| {
                scheme.eq_ignore_ascii_case("bearer") && state.access().is_token(token.trim())
            });
    }
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|cookies| state.access().has_session(cookies))
}

/// Forgets an environment that is gone and opens the page anew, in the first one.
fn out_of_environment(state: &AppState, uri: &Uri) -> Response {
    let cookie = state.access().environment_cookie();
    let gone = format!("{cookie}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    match HeaderValue::try_from(gone) {
        Ok(gone) => {
            let to = Redirect::to(&without_token(uri));
            ([(header::SET_COOKIE, gone)], to).into_response()
        }
        Err(error) => ApiError::internal(error).into_response(),
    }
}

fn token_of(uri: &Uri) -> Option<String> {
    form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(name, _)| name == "token")
        .map(|(_, token)| token.into_owned())
}

/// Opens a session and goes on to the same address without the token.
fn sign_in(state: &AppState, token: &str, uri: &Uri) -> Response {
    let clean = without_token(uri);
    if state.access().is_open() {
        return Redirect::to(&clean).into_response();
    }
    match state.access().open_session(token) {
        Ok(Some(cookie)) => match HeaderValue::try_from(cookie) {
            Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to(&clean)).into_response(),
            Err(error) => ApiError::internal(error).into_response(),
        },
        Ok(None) => page::sign_in(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}

fn without_token(uri: &Uri) -> String {
    let rest: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .filter(|(name, _)| name != "token"),
        )
        .finish();
    // One slash at the front only: "//host" would lead elsewhere.
    let path = format!("/{}", uri.path().trim_start_matches('/'));
    if rest.is_empty() {
        path
    } else {
        format!("{path}?{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clean_address_keeps_the_rest_and_stays_here() {
        let clean = |text: &str| without_token(&text.parse().unwrap());
        assert_eq!(clean("/?token=abc"), "/");
        assert_eq!(clean("/?db=a%26b&token=abc&x=1"), "/?db=a%26b&x=1");
        assert_eq!(clean("//evil.example/?token=abc"), "/evil.example/");
    }

    #[test]
    fn little_is_public() {
        assert!(is_public(&Method::GET, "/api/v1/health"));
        assert!(!is_public(&Method::POST, "/api/v1/health"));
        assert!(!is_public(&Method::GET, "/api/v1/databases"));
        assert!(!is_public(&Method::GET, "/"));
    }
}
