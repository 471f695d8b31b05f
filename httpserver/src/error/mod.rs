//! The one error of the HTTP edge: every refusal and failure becomes an [`ApiError`], and every
//! `ApiError` an RFC 9457 `application/problem+json` answer.
//!
//! What always holds: `code` and `status` belong together (see [`Code`]); a fault of the program
//! says nothing about its inside in the answer, only in the log; secrets are never part of a text.

mod account;
mod code;
mod engine;
mod explain;
mod query;
mod system;

use std::borrow::Cow;

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::Refusal;

pub use code::Code;
pub use explain::{explain_json, explain_query};
pub use sop::nearest;

/// The result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

/// A problem as RFC 9457 describes it, with a stable code.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Where the code is explained, relative to the server.
    #[serde(rename = "type")]
    #[schema(example = "/api/docs#store_not_found")]
    pub kind: String,
    /// A short line, the same for every case of this code.
    pub title: &'static str,
    /// The HTTP status, repeated.
    #[schema(example = 404)]
    pub status: u16,
    /// What happened this time, where, and what to do.
    pub detail: String,
    /// The stable code.
    #[schema(example = "store_not_found")]
    pub code: &'static str,
    /// The places at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// Further members that some codes have.
    #[serde(flatten)]
    #[schema(ignore)]
    pub extensions: serde_json::Map<String, serde_json::Value>,
}

/// One place at fault: in the body by JSON pointer, or in the address by parameter name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// JSON pointer (RFC 6901) into the body, or into the parameter where one is named; the empty text is the whole of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Name of the parameter in the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// Byte at which the place begins, counted from 0, in the text (UTF-8) that the pointer leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<usize>,
    /// What is wrong at this place.
    pub detail: String,
    /// The nearest known names, best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
}

/// An error on its way to the client. It is boxed inside, so that results stay small.
#[derive(Debug)]
pub struct ApiError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<Fault>,
    extensions: serde_json::Map<String, serde_json::Value>,
    headers: HeaderMap,
    /// Whether the audit has it already.
    is_noted: bool,
}

impl ApiError {
    /// An error with its detail: what happened, where, what to do.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut headers = HeaderMap::new();
        match code {
            Code::Unauthorized => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Code::DatabaseLocked | Code::TooManyRequests | Code::TimeLimit | Code::ShuttingDown => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            }
            _ => {}
        }
        Self(Box::new(Inner {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            extensions: serde_json::Map::new(),
            headers,
            is_noted: false,
        }))
    }

    /// A fault of the program: the cause goes to the log, the client hears only that it happened.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(
            Code::Internal,
            "The request failed by a fault of the server. Its log says more.",
        )
    }

    /// Says that who refused this has written it down: otherwise the audit writes down each refusal that it meets.
    #[must_use]
    pub fn noted(mut self) -> Self {
        self.0.is_noted = true;
        self
    }

    /// Adds a place in the body.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.0.errors.push(Fault {
            pointer: Some(pointer.into()),
            detail: detail.into(),
            ..Fault::default()
        });
        self
    }

    /// Adds a parameter of the address.
    #[must_use]
    pub fn parameter(mut self, name: &str, detail: impl Into<String>) -> Self {
        self.0.errors.push(Fault {
            parameter: Some(name.to_owned()),
            detail: detail.into(),
            ..Fault::default()
        });
        self
    }

    /// The same with only one place at fault, this parameter of the address.
    #[must_use]
    pub fn only_parameter(mut self, name: &str) -> Self {
        let detail = self.0.detail.clone().into_owned();
        self.0.errors.clear();
        self.parameter(name, detail)
    }

    /// Adds the nearest known names to the last place, or as a place of their own.
    #[must_use]
    pub fn suggest(mut self, names: Vec<String>) -> Self {
        if names.is_empty() {
            return self;
        }
        if self.0.errors.is_empty() {
            let detail = self.0.detail.clone().into_owned();
            self.0.errors.push(Fault {
                detail,
                ..Fault::default()
            });
        }
        if let Some(last) = self.0.errors.last_mut() {
            last.suggestions = names;
        }
        self
    }

    /// Adds a place as it is.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.0.errors.push(fault);
        self
    }

    /// The same with other words.
    #[must_use]
    fn detailed(mut self, detail: String) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// Adds a further member to the problem.
    #[must_use]
    pub fn extend(mut self, name: &str, value: serde_json::Value) -> Self {
        self.0.extensions.insert(name.to_owned(), value);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened this time.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The body of the answer.
    pub fn into_problem(self) -> Problem {
        let Inner {
            code,
            detail,
            errors,
            extensions,
            ..
        } = *self.0;
        Problem {
            kind: format!("/api/docs#{}", code.as_str()),
            title: code.title(),
            status: code.status().as_u16(),
            detail: detail.into_owned(),
            code: code.as_str(),
            errors,
            extensions,
        }
    }
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.detail)
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.0.code.status();
        let refusal =
            matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN).then(|| Refusal {
                code: self.0.code.as_str(),
                detail: self.0.detail.clone().into_owned(),
                is_noted: self.0.is_noted,
            });
        let mut headers = self.0.headers.clone();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        let body = serde_json::to_vec(&self.into_problem()).unwrap_or_default();
        let mut response = (status, headers, body).into_response();
        if let Some(refusal) = refusal {
            response.extensions_mut().insert(refusal);
        }
        response
    }
}

/// Words of an error as a sentence.
pub(crate) fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first: String = chars
        .next()
        .map(|first| first.to_uppercase().collect())
        .unwrap_or_default();
    let end = if words.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", chars.as_str())
}
