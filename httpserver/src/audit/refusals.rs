//! Writing down what was refused: who wanted what, and why not.
//!
//! What always holds: of each kind (who, and the code of the refusal) only the first few of a minute are entries, the rest is
//! one entry with a number, whoever wrote them down; who is nobody makes no system database. Each answer that refuses is an
//! entry, unless its handler says that it has written it down itself, as tools do ([`ApiError::noted`]).
//!
//! [`ApiError::noted`]: crate::error::ApiError::noted

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::Mutex;
use serde_json::json;
use sop_systemdb::system::AuditEntry;

use super::{places, way};
use crate::security::{Identity, Peer};
use crate::state::AppState;

/// The outcome of an entry of something that was refused.
pub const REFUSED: &str = "refused";
/// How long kinds are counted together.
const SPAN: Duration = Duration::from_mins(1);
/// Entries of a kind in that time.
const EACH: u64 = 10;
/// The same of those that nobody signed.
const EACH_OF_NOBODY: u64 = 3;
/// Kinds that are told apart; there are no more names than users, so this is for a great many of them.
const MOST_KINDS: usize = 1_000;
/// Who it was when nobody said so.
const NOBODY: &str = "nobody";
/// Characters of the reason that are kept.
const MOST_KEPT: usize = 500;

/// Why a request was refused, as an extension of its answer.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The code of the problem.
    pub code: &'static str,
    /// Its words.
    pub detail: String,
    /// Whether the handler has written it down.
    pub is_noted: bool,
}

/// Counts the refusals of a minute.
#[derive(Default)]
pub struct Refusals(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    began: Option<Instant>,
    kinds: HashMap<(String, String), Kind>,
}

/// The refusals of one kind.
#[derive(Default)]
struct Kind {
    count: u64,
    /// By which way the last of them came.
    way: String,
}

/// How many entries of a kind are written in a minute.
fn written_of(who: &str) -> u64 {
    if who == NOBODY { EACH_OF_NOBODY } else { EACH }
}

impl Refusals {
    /// Counts an entry, and gives those that are to be written: itself if it is among the first, and what a minute that
    /// is over left.
    pub fn take(&self, now: Instant, entry: AuditEntry) -> Vec<AuditEntry> {
        let mut counts = self.0.lock();
        let mut written = counts.over(now, false);
        counts.began.get_or_insert(now);
        let most = written_of(&entry.who);
        let code = entry.detail["code"].as_str().unwrap_or_default();
        let mut kind = (entry.who.clone(), code.to_owned());
        if counts.kinds.len() >= MOST_KINDS && !counts.kinds.contains_key(&kind) {
            kind.0 = "others".to_owned();
        }
        let kind = counts.kinds.entry(kind).or_default();
        kind.count += 1;
        kind.way.clone_from(&entry.way);
        if kind.count <= most {
            written.push(entry);
        }
        written
    }

    /// What is left to write of a minute that is over; of each one with `all`.
    pub fn over(&self, now: Instant, all: bool) -> Vec<AuditEntry> {
        self.0.lock().over(now, all)
    }
}

impl Counts {
    fn over(&mut self, now: Instant, all: bool) -> Vec<AuditEntry> {
        let is_over = self
            .began
            .is_some_and(|began| all || now.saturating_duration_since(began) >= SPAN);
        if !is_over {
            return Vec::new();
        }
        self.began = None;
        let kinds = std::mem::take(&mut self.kinds).into_iter();
        let rest = kinds.filter_map(|((who, code), kind)| {
            let more = kind
                .count
                .checked_sub(written_of(&who))
                .filter(|more| *more > 0)?;
            Some(AuditEntry {
                who,
                way: kind.way,
                what: "more refused requests".to_owned(),
                outcome: REFUSED.to_owned(),
                detail: json!({"code": code, "more": more, "within_s": SPAN.as_secs()}),
                ..AuditEntry::default()
            })
        });
        rest.collect()
    }
}

/// Writes down each request to the interface that is refused.
pub async fn refusals(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/v1/") {
        return next.run(request).await;
    }
    // What is cheap to keep: nearly no request is refused.
    let uri = request.uri().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let peer = request.extensions().get::<Peer>().copied();
    let method = request.method().clone();
    let way = way(request.headers());
    let response = next.run(request).await;
    let status = response.status();
    if !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return response;
    }
    let extensions = response.extensions();
    let Some(refusal) = extensions.get::<Refusal>() else {
        return response;
    };
    let identity = extensions.get::<Identity>();
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    // Who is nobody must not be what makes the system database.
    if refusal.is_noted || (identity.is_none() && !state.registry().has_system()) {
        return response;
    }
    let who: Arc<str> = identity.map_or(NOBODY.into(), |identity| Arc::clone(&identity.name));
    let (database, store) = places(uri.path());
    let message: String = refusal.detail.chars().take(MOST_KEPT).collect();
    let mut detail = json!({"code": refusal.code, "message": message, "status": status.as_u16()});
    if let (Some(Peer(address)), None) = (peer, identity) {
        detail["address"] = address.to_string().into();
    }
    let entry = AuditEntry {
        who: who.to_string(),
        way: way.to_owned(),
        what: format!("{method} {}", route.trim_start_matches("/api/v1")),
        database,
        store,
        outcome: REFUSED.to_owned(),
        detail,
        ..AuditEntry::default()
    };
    state.audit().record(entry);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(who: &str, code: &str) -> AuditEntry {
        AuditEntry {
            who: who.to_owned(),
            way: "mcp".to_owned(),
            detail: json!({"code": code}),
            ..AuditEntry::default()
        }
    }

    #[test]
    fn the_first_of_a_minute_are_entries_and_the_rest_a_number() {
        let refusals = Refusals::default();
        let now = Instant::now();
        let mut written = 0;
        for _ in 0..1_000 {
            written += refusals.take(now, entry("ada", "not_allowed")).len();
        }
        assert_eq!(written as u64, EACH);
        // Another kind, and somebody else, are counted for themselves.
        assert_eq!(refusals.take(now, entry("ada", "read_only")).len(), 1);
        assert_eq!(refusals.take(now, entry("bob", "not_allowed")).len(), 1);
        assert!(refusals.over(now, false).is_empty(), "the minute goes on");
        let after = refusals.take(now + SPAN, entry("ada", "not_allowed"));
        assert_eq!(after.len(), 2);
        assert_eq!(after[0].detail["more"], 1_000 - EACH);
        assert_eq!(
            (after[0].who.as_str(), after[0].way.as_str()),
            ("ada", "mcp")
        );
        assert!(refusals.over(now + SPAN, false).is_empty());
    }

    #[test]
    fn names_without_number_are_counted_together() {
        let refusals = Refusals::default();
        let now = Instant::now();
        let mut written = 0;
        for n in 0..MOST_KINDS + 100 {
            written += refusals
                .take(now, entry(&n.to_string(), "not_allowed"))
                .len();
        }
        assert_eq!(written as u64, MOST_KINDS as u64 + EACH);
        let rest = refusals.over(now, true);
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].detail["more"], 100 - EACH);
    }
}
