//! Versions of items in headers, and what an answer says about its cost.

use std::time::Instant;

use axum::http::{HeaderMap, HeaderName, header};
use serde::Serialize;
use sop::{Item, Transaction};
use utoipa::ToSchema;

use super::output::Output;
use crate::error::{ApiError, ApiResult, Code};

/// What an answer cost.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Stats {
    /// Time in the database, in milliseconds.
    pub elapsed_ms: f64,
    /// Rows in the answer.
    pub rows: u64,
    /// Items that were looked at.
    pub scanned: u64,
    /// Tree nodes that were visited.
    pub nodes_read: u64,
}

/// Writes `stats` and `sequence` of an answer with `rows` rows.
pub(super) fn stats(out: &mut Output, started: Instant, rows: u64, tx: &Transaction) {
    let read = tx.stats();
    let elapsed_ms = (started.elapsed().as_secs_f64() * 1e6).round() / 1e3;
    let stats = Stats {
        elapsed_ms,
        rows,
        scanned: read.items_read.max(rows),
        nodes_read: read.nodes_read,
    };
    out.field("stats", &stats);
    out.field("sequence", &tx.sequence());
}

/// What `If-Match` and `If-None-Match` ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precondition {
    /// Nothing.
    None,
    /// The item has this version.
    Version(u64),
    /// The item is there.
    Exists,
    /// The item is not there.
    Missing,
}

impl Precondition {
    /// Reads the headers.
    pub fn of(headers: &HeaderMap) -> ApiResult<Self> {
        let if_match = single(headers, &header::IF_MATCH)?;
        let if_none_match = single(headers, &header::IF_NONE_MATCH)?;
        match (if_match, if_none_match) {
            (None, None) => Ok(Self::None),
            (Some("*"), None) => Ok(Self::Exists),
            (None, Some("*")) => Ok(Self::Missing),
            (Some(tag), None) => {
                let digits = tag
                    .strip_prefix('"')
                    .and_then(|tag| tag.strip_suffix('"'))
                    .unwrap_or(tag);
                digits.parse().map(Self::Version).map_err(|_| {
                    wrong("'If-Match' takes one version, such as 'If-Match: \"42\"', or '*'.")
                })
            }
            _ => Err(wrong(
                "'If-None-Match' takes '*' only, and not together with 'If-Match'.",
            )),
        }
    }

    /// Checks it against what is there.
    pub fn check(self, found: Option<&Item>) -> ApiResult<()> {
        let holds = match (self, found) {
            (Self::None, _) | (Self::Exists, Some(_)) | (Self::Missing, None) => true,
            (Self::Version(version), Some(item)) => item.version == version,
            _ => false,
        };
        if holds {
            return Ok(());
        }
        let now = found.map_or("it is not there".to_owned(), |item| {
            format!("its version is {}", item.version)
        });
        Err(ApiError::new(
            Code::VersionMismatch,
            format!("The item is not as expected: {now}. Read it again."),
        ))
    }
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> ApiResult<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(text) => Ok(Some(text.trim())),
            Err(_) => Err(wrong("A version header is not plain text.")),
        },
        _ => Err(wrong("A version header is given twice.")),
    }
}

fn wrong(detail: &'static str) -> ApiError {
    ApiError::new(Code::InvalidHeader, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_headers_are_read() {
        let read = |pairs: &[(HeaderName, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(name, value.parse().unwrap());
            }
            Precondition::of(&headers).ok()
        };
        assert_eq!(read(&[]), Some(Precondition::None));
        assert_eq!(
            read(&[(header::IF_MATCH, "42")]),
            Some(Precondition::Version(42))
        );
        assert_eq!(
            read(&[(header::IF_MATCH, "\"42\"")]),
            Some(Precondition::Version(42))
        );
        assert_eq!(read(&[(header::IF_MATCH, "*")]), Some(Precondition::Exists));
        assert_eq!(
            read(&[(header::IF_NONE_MATCH, "*")]),
            Some(Precondition::Missing)
        );
        for wrong in ["", "x", "-1", "\"1\", \"2\"", "W/\"1\""] {
            assert_eq!(read(&[(header::IF_MATCH, wrong)]), None, "{wrong}");
        }
        assert_eq!(read(&[(header::IF_NONE_MATCH, "1")]), None);
        assert_eq!(
            read(&[(header::IF_MATCH, "1"), (header::IF_MATCH, "2")]),
            None
        );
    }
}
