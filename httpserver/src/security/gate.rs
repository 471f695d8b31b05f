//! Signing in, and what each request may do.
//!
//! Where there are no users, whoever has the token of this run may do everything: as a bearer token, or by a session that
//! `GET /?token=…` opens. Where there are, only they: by their sessions, or by tokens that they made.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::identity::Identity;
use super::rights::{Capability, needed, part};
use crate::error::{ApiError, ApiResult, Code};
use crate::extract::{Inside, in_environment};
use crate::page;
use crate::state::AppState;

/// Lets a request pass that may do what its route needs; signs in by `?token=`.
pub async fn gate(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let is_page = request.method() == Method::GET && !request.uri().path().starts_with("/api/v1/");
    let users = state.accounts().is_on();
    if is_page && let Some(token) = token_of(request.uri()) {
        return match users {
            // The token of the run opens nothing where people sign in.
            true => Redirect::to(&without_token(request.uri())).into_response(),
            false => sign_in(&state, &token, request.uri()),
        };
    }
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map(|path| path.as_str().to_owned());
    let needs = needed(request.method(), route.as_deref());
    let identity = match identify(&state, request.headers()) {
        Some(identity) => identity,
        None if needs == Capability::Public => Identity::nobody(),
        None if is_page && users => return to_sign_in(request.uri()),
        None if is_page => return page::sign_in(),
        None => return unauthorized(users).into_response(),
    };
    if needs != Capability::Public {
        let inside = match in_environment(&state, request.headers(), identity.clone()) {
            Ok(inside) => {
                request.extensions_mut().insert(Inside(inside.clone()));
                inside
            }
            Err(_) if is_page => return out_of_environment(&state, request.uri()),
            // The handler says which environment is not there, or lets another one be chosen.
            Err(_) => state.clone(),
        };
        let allowed = check(&inside, &identity, needs, route.as_deref(), request.uri()).await;
        if let Err(error) = allowed {
            if is_page {
                return page::error_page(error);
            }
            let mut response = error.into_response();
            response.extensions_mut().insert(identity);
            return response;
        }
    }
    request.extensions_mut().insert(identity.clone());
    let mut response = next.run(request).await;
    // The audit asks who was refused.
    response.extensions_mut().insert(identity);
    response
}

/// Fails when somebody may not do what the route needs, in the database and with the store of the address.
async fn check(
    inside: &AppState,
    identity: &Identity,
    needs: Capability,
    route: Option<&str>,
    uri: &Uri,
) -> ApiResult<()> {
    if !identity.is_user {
        return Ok(());
    }
    let place = |name: &str| part(route?, uri.path(), name);
    let Some(database) = place("db") else {
        return identity.check(needs, None);
    };
    // A database that does not exist for them is missing like any other.
    let entry = inside.registry().get(&database)?;
    identity.check(needs, Some(&entry.name))?;
    let Some(store) = place("store").filter(|_| !identity.sees_all_of(&database)) else {
        return Ok(());
    };
    let registry = inside.registry().clone();
    let seen = identity.seen(&database);
    let work = move || {
        let tx = registry.database(&database)?.begin(sop::Mode::Read)?;
        match tx.documents(&store) {
            Ok(store) => seen.check(store.definition()),
            // The handler says what is to be said of a store that is not there.
            Err(_) => Ok(()),
        }
    };
    inside.call(work).await
}

fn unauthorized(users: bool) -> ApiError {
    let detail = match users {
        true => {
            "Sign in, or send 'Authorization: Bearer <token>' with a token that you made in the settings."
        }
        false => {
            "Send 'Authorization: Bearer <token>' with the token that the server printed, \
             or open the printed address in the browser."
        }
    };
    ApiError::new(Code::Unauthorized, detail)
}

/// Whether a request is by somebody.
pub fn is_signed_in(state: &AppState, headers: &HeaderMap) -> bool {
    identify(state, headers).is_some()
}

/// Who sent a request; none when it is nobody.
fn identify(state: &AppState, headers: &HeaderMap) -> Option<Identity> {
    let accounts = state.accounts();
    let users = accounts.is_on();
    if !users && state.access().is_open() {
        return Some(Identity::default());
    }
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        // A wrong token is refused even beside a good session: the caller meant the token.
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        let token = token.trim();
        return match (scheme.eq_ignore_ascii_case("bearer"), users) {
            (false, _) => None,
            (true, true) => accounts.by_token(token).map(Identity::from),
            (true, false) => state.access().is_token(token).then(Identity::default),
        };
    }
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut cookies = cookies.filter_map(|value| value.to_str().ok());
    match users {
        true => cookies
            .flat_map(|cookies| state.access().secrets(cookies))
            .find_map(|secret| accounts.by_session(secret))
            .map(Identity::from),
        false => cookies
            .any(|cookies| state.access().has_session(cookies))
            .then(Identity::default),
    }
}

/// Forgets an environment that is gone and opens the page anew, in the first one.
fn out_of_environment(state: &AppState, uri: &Uri) -> Response {
    let gone = state.access().choose_environment(None);
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

/// To the page that asks for name and password, and from there back.
fn to_sign_in(uri: &Uri) -> Response {
    let next = without_token(uri);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("next", &next)
        .finish();
    match next.as_str() {
        "/" => Redirect::to("/login").into_response(),
        _ => Redirect::to(&format!("/login?{query}")).into_response(),
    }
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
}
