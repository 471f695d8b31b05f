//! JSON bodies: media type, size, syntax and shape are checked, each with its own problem.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, header, request::Parts};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, Code, explain_json};
use crate::extract::read_body;
use crate::state::AppState;

/// Parses JSON into `T`; nothing may follow it.
///
/// # Errors
/// A problem with the place: syntax, unknown or missing field, wrong value.
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    // serde would also take an array of the values in the order in which the fields are declared.
    if let Some(first) = bytes.trim_ascii_start().first()
        && matches!(first, b'[' | b'"' | b'0'..=b'9' | b'-' | b't' | b'f' | b'n')
        && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
    {
        let detail = "The body must be a JSON object.";
        return Err(ApiError::new(Code::InvalidValue, detail).at("", detail));
    }
    let mut source = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut source).map_err(|e| explain_json(&e))?;
    source.end().map_err(|error| {
        ApiError::new(
            Code::MalformedJson,
            format!("The body is not valid JSON: {error}."),
        )
    })?;
    Ok(value)
}

/// A JSON body up to the general size limit.
pub struct ApiJson<T>(pub T);

/// A JSON body that may carry one large value.
pub struct LargeJson<T>(pub T);

impl<T: DeserializeOwned> FromRequest<AppState> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let bytes = read_json(request, state, state.limits().json_body_bytes).await?;
        from_json(&bytes).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<AppState> for LargeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let bytes = read_json(request, state, state.limits().value_body_bytes()).await?;
        from_json(&bytes).map(Self)
    }
}

/// Reads a JSON body as text, without looking into it.
///
/// # Errors
/// Its media type or size is refused, or it breaks off.
pub async fn read_json(request: Request, state: &AppState, limit: u64) -> Result<Bytes, ApiError> {
    if !is_json(request.headers()) {
        let detail = "Send the body with 'Content-Type: application/json'.";
        return Err(ApiError::new(Code::UnsupportedMediaType, detail));
    }
    read_body(request.into_body(), limit, state.limits().idle_timeout()).await
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
    else {
        return false;
    };
    let essence = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// How numbers beyond ±2^53 are written in the answer, and whether lines are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonNumbers {
    /// `Accept: application/json;bigint=string`: such integers become strings.
    pub as_strings: bool,
    /// `Accept: application/x-ndjson`: a line for each step.
    pub lines: bool,
}

impl JsonNumbers {
    /// What the headers ask for.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut wish = Self {
            as_strings: false,
            lines: false,
        };
        for value in headers.get_all(header::ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                let mut parts = range.split(';').map(str::trim);
                wish.lines |= parts
                    .next()
                    .is_some_and(|t| t.eq_ignore_ascii_case("application/x-ndjson"));
                wish.as_strings |=
                    parts.any(|p| p.replace(' ', "").eq_ignore_ascii_case("bigint=string"));
            }
        }
        wish
    }
}

impl<S: Send + Sync> FromRequestParts<S> for JsonNumbers {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &str) -> JsonNumbers {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, value.parse().unwrap());
        JsonNumbers::of(&headers)
    }

    #[test]
    fn the_accept_header_chooses_numbers_and_lines() {
        assert!(accept("application/json;bigint=string").as_strings);
        assert!(accept("text/html, application/json; bigint=string;q=0.5").as_strings);
        assert!(!accept("application/json").as_strings);
        assert!(accept("application/x-ndjson").lines);
    }

    #[test]
    fn raw_values_survive_the_path_tracking() {
        #[derive(serde::Deserialize)]
        struct Body {
            value: Box<serde_json::value::RawValue>,
        }
        let body: Body = from_json(br#"{"value":{"z":1e400,"a":9007199254740993}}"#).unwrap();
        assert_eq!(body.value.get(), r#"{"z":1e400,"a":9007199254740993}"#);
    }
}
