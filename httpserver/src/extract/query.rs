//! Parameters of an address, each at most once; unknown ones are refused.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, explain_query};

/// Typed parameters of the address.
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let text = parts.uri.query().unwrap_or_default();
        let source = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize(source)
            .map(Self)
            .map_err(|error| explain_query(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Page {
        limit: Option<u16>,
        #[serde(default)]
        reverse: bool,
    }

    async fn parse(query: &str) -> Result<Page, super::super::super::error::Problem> {
        let request = axum::http::Request::builder()
            .uri(format!("/x?{query}"))
            .body(())
            .unwrap();
        let (mut parts, ()) = request.into_parts();
        ApiQuery::from_request_parts(&mut parts, &())
            .await
            .map(|ApiQuery(page)| page)
            .map_err(ApiError::into_problem)
    }

    #[tokio::test]
    async fn faults_name_the_parameter() {
        let page = parse("limit=5&reverse=true").await.unwrap();
        assert_eq!((page.limit, page.reverse), (Some(5), true));
        for (query, code, name) in [
            ("limit=x", "invalid_parameter", "limit"),
            ("limit=70000", "invalid_parameter", "limit"),
            ("reverse=maybe", "invalid_parameter", "reverse"),
            ("limit=1&limit=2", "invalid_parameter", "limit"),
            ("limitt=1", "unknown_parameter", "limitt"),
        ] {
            let problem = parse(query).await.unwrap_err();
            assert_eq!(
                (problem.code, problem.errors[0].parameter.as_deref()),
                (code, Some(name)),
                "{query}"
            );
        }
        assert_eq!(
            parse("limitt=1").await.unwrap_err().errors[0].suggestions,
            ["limit"]
        );
    }
}
