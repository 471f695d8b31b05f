//! Who changed what, by which way: entries by pages, and how many there are of each kind.
//!
//! Always true: entries come in the order of their numbers or back, and a page ends where the next begins. One
//! request looks at a bounded number of entries, whatever it filters by.

use std::collections::BTreeMap;

use axum::Json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sop_systemdb::system::{AuditEntry, System};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiQuery, State};

/// Most entries of an answer.
const MOST: usize = 1_000;
/// Entries of an answer when nothing is said.
const USUAL: usize = 100;

/// Entries that one request looks at, at most.
const MOST_LOOKED: usize = 100_000;
/// Entries that are read together.
const TOGETHER: usize = 1_000;

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Entries after the one of this number, in their order. Without it the newest, the newest first.
    after: Option<u64>,
    /// Entries before the one of this number, the newest first.
    before: Option<u64>,
    /// Most entries: 100 when missing, at most 1,000.
    limit: Option<usize>,
    /// Only what this person or token did.
    who: Option<String>,
    /// Only what came by this way: `page`, `api`, `command`, `script`, `copilot`, `mcp`, `import`.
    way: Option<String>,
    /// Only changes of this database.
    database: Option<String>,
    /// Only changes of this store.
    store: Option<String>,
    /// Only those that came out like this: `done`, `refused` or `failed`.
    outcome: Option<String>,
    /// Only those in which this text is somewhere, in any case: a name, a key, a value.
    text: Option<String>,
    /// Only from this time on, such as `2026-01-31T00:00:00Z`; to the second.
    from: Option<String>,
    /// Only before this time.
    to: Option<String>,
}

/// What entries have to be.
#[derive(Default)]
struct Filter {
    who: Option<String>,
    way: Option<String>,
    database: Option<String>,
    store: Option<String>,
    outcome: Option<String>,
    /// In lower case.
    text: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl Filter {
    fn lets_through(&self, entry: &AuditEntry) -> bool {
        let fits = |wanted: &Option<String>, text: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| text == Some(wanted))
        };
        fits(&self.who, Some(&entry.who))
            && fits(&self.way, Some(&entry.way))
            && fits(&self.database, entry.database.as_deref())
            && fits(&self.store, entry.store.as_deref())
            && fits(&self.outcome, Some(&entry.outcome))
            && !self.is_before(entry)
            && self
                .to
                .as_deref()
                .is_none_or(|to| second(&entry.at) < second(to))
            && self.text.as_deref().is_none_or(|text| says(entry, text))
    }

    /// Whether it is older than everything that is wanted.
    fn is_before(&self, entry: &AuditEntry) -> bool {
        let from = self.from.as_deref();
        from.is_some_and(|from| second(&entry.at) < second(from))
    }
}

/// Whether a text, in lower case, is somewhere in an entry.
fn says(entry: &AuditEntry, text: &str) -> bool {
    let names = [&entry.who, &entry.what, &entry.way];
    let places = [&entry.database, &entry.store].into_iter().flatten();
    let mut all = names.into_iter().chain(places);
    all.any(|name| name.to_lowercase().contains(text))
        || entry.detail.to_string().to_lowercase().contains(text)
}

/// A time to the second: texts of this length are in the order of time.
fn second(at: &str) -> &str {
    at.get(..19).unwrap_or(at)
}

/// A time of an address.
fn checked(name: &str, at: Option<String>) -> ApiResult<Option<String>> {
    let is_time = |at: &str| {
        let shape = "0000-00-00T00:00:00";
        at.len() >= shape.len()
            && at.ends_with('Z')
            && shape
                .bytes()
                .zip(at.bytes())
                .all(|(shape, byte)| match shape {
                    b'0' => byte.is_ascii_digit(),
                    other => other == byte,
                })
    };
    match at {
        Some(at) if !is_time(&at) => {
            let detail = format!("'{name}' is a time in UTC such as 2026-01-31T00:00:00Z.");
            Err(ApiError::new(Code::InvalidParameter, detail.clone()).parameter(name, detail))
        }
        other => Ok(other),
    }
}

/// A change that somebody made, or was refused.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct AuditView {
    /// Its number; entries are only ever added.
    number: u64,
    at: String,
    who: String,
    /// `page`, `api`, `command`, `script`, `copilot`, `mcp`, `import`.
    way: String,
    /// The tool or the address.
    what: String,
    database: Option<String>,
    store: Option<String>,
    changed: u64,
    /// `done`, `refused` or `failed`.
    outcome: String,
    detail: Option<Value>,
}

/// An entry with its number.
#[derive(Serialize)]
struct Numbered {
    number: u64,
    #[serde(flatten)]
    entry: AuditEntry,
}

/// Entries of the audit.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditList {
    #[schema(value_type = Vec<AuditView>)]
    entries: Vec<Numbered>,
    /// Number for `after` to go on with.
    next: Option<u64>,
    /// Number for `before` to go on with, when there are more.
    before: Option<u64>,
    /// Whether there are more.
    has_more: bool,
}

/// What was changed, by whom and by which way; refused attempts too.
#[utoipa::path(
    get, operation_id = "list_audit", path = "/audit", tag = "server", params(AuditQuery),
    responses((status = 200, body = AuditList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(
    State(state): State,
    ApiQuery(query): ApiQuery<AuditQuery>,
) -> ApiResult<Json<AuditList>> {
    let limit = query.limit.unwrap_or(USUAL).clamp(1, MOST);
    let filter = Filter {
        from: checked("from", query.from)?,
        to: checked("to", query.to)?,
        who: query.who,
        way: query.way,
        database: query.database,
        store: query.store,
        outcome: query.outcome,
        text: query.text.map(|text| text.to_lowercase()),
    };
    let shared = state.clone();
    let listed = state.call(move || {
        shared.audit().flush();
        let system = shared.system()?;
        let looked = match query.after {
            Some(after) => newer(&system, &filter, after, limit)?,
            None => older(&system, query.before, limit, |entry| {
                if filter.is_before(entry) {
                    return Wish::Stop;
                }
                Wish::keep(filter.lets_through(entry))
            })?,
        };
        let numbers = looked.found.iter().map(|(number, _)| *number);
        Ok(AuditList {
            next: numbers.max(),
            before: looked.last.filter(|_| looked.has_more),
            has_more: looked.has_more,
            entries: looked
                .found
                .into_iter()
                .map(|(number, entry)| Numbered { number, entry })
                .collect(),
        })
    });
    Ok(Json(listed.await?))
}

/// What to do with an entry.
enum Wish {
    Take,
    Pass,
    Stop,
}

impl Wish {
    fn keep(keep: bool) -> Self {
        if keep { Self::Take } else { Self::Pass }
    }
}

/// What a walk over the audit gave.
struct Looked {
    found: Vec<(u64, AuditEntry)>,
    /// The last one that was looked at.
    last: Option<u64>,
    has_more: bool,
}

/// Walks back through the audit until so many are taken. One that looks at very many gives up with what it has;
/// `last` goes on from there.
fn older(
    system: &System,
    before: Option<u64>,
    limit: usize,
    mut wish: impl FnMut(&AuditEntry) -> Wish,
) -> ApiResult<Looked> {
    let mut looked = Looked {
        found: Vec::new(),
        last: before,
        has_more: true,
    };
    let mut count = 0;
    while count < MOST_LOOKED {
        let entries = system.audited(looked.last, TOGETHER)?;
        if entries.is_empty() {
            looked.has_more = false;
            break;
        }
        for (number, entry) in entries {
            match wish(&entry) {
                Wish::Stop => {
                    looked.has_more = false;
                    return Ok(looked);
                }
                Wish::Take if looked.found.len() == limit => return Ok(looked),
                Wish::Take => looked.found.push((number, entry)),
                Wish::Pass => {}
            }
            looked.last = Some(number);
            count += 1;
        }
    }
    Ok(looked)
}

/// Walks on through the audit, in the order of numbers.
fn newer(system: &System, filter: &Filter, after: u64, limit: usize) -> ApiResult<Looked> {
    let mut looked = Looked {
        found: Vec::new(),
        last: Some(after),
        has_more: true,
    };
    let mut count = 0;
    while count < MOST_LOOKED {
        let entries = system.audited_after(looked.last.unwrap_or(after), TOGETHER)?;
        if entries.is_empty() {
            looked.has_more = false;
            break;
        }
        for (number, entry) in entries {
            if filter.lets_through(&entry) {
                if looked.found.len() == limit {
                    looked.last = None;
                    return Ok(looked);
                }
                looked.found.push((number, entry));
            }
            looked.last = Some(number);
            count += 1;
        }
    }
    looked.last = None;
    Ok(looked)
}

/// Of which time the audit is counted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CountsQuery {
    /// From this time on, such as `2026-01-31T00:00:00Z`; to the second.
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
    /// Times, with commas between: from each on, entries are counted too, whatever `from` and `to` say.
    since: Option<String>,
}

/// How many entries there are, by what filters can ask for.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct AuditCounts {
    /// All of the time asked for.
    entries: u64,
    who: BTreeMap<String, u64>,
    way: BTreeMap<String, u64>,
    database: BTreeMap<String, u64>,
    store: BTreeMap<String, u64>,
    outcome: BTreeMap<String, u64>,
    /// For each time of `since`, in their order.
    since: Vec<u64>,
    /// False when there were too many to look at all: then the newest are counted.
    complete: bool,
}

impl AuditCounts {
    fn add(&mut self, entry: AuditEntry) {
        self.entries += 1;
        let add = |counts: &mut BTreeMap<String, u64>, name: Option<String>| {
            if let Some(name) = name {
                *counts.entry(name).or_default() += 1;
            }
        };
        add(&mut self.who, Some(entry.who));
        add(&mut self.way, Some(entry.way));
        add(&mut self.database, entry.database);
        add(&mut self.store, entry.store);
        add(&mut self.outcome, Some(entry.outcome));
    }
}

/// How many changes there were, by who, way, place and outcome.
#[utoipa::path(
    get, operation_id = "count_audit", path = "/audit/counts", tag = "server", params(CountsQuery),
    responses((status = 200, body = AuditCounts), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn counts(
    State(state): State,
    ApiQuery(query): ApiQuery<CountsQuery>,
) -> ApiResult<Json<AuditCounts>> {
    let filter = Filter {
        from: checked("from", query.from)?,
        to: checked("to", query.to)?,
        ..Filter::default()
    };
    let since = query.since.into_iter();
    let since: Vec<String> = since
        .flat_map(|times| times.split(',').map(str::to_owned).collect::<Vec<_>>())
        .map(|time| Ok(checked("since", Some(time))?.unwrap_or_default()))
        .collect::<ApiResult<_>>()?;
    if since.len() > MOST_SINCE {
        let detail = format!("'since' has at most {MOST_SINCE} times.");
        return Err(
            ApiError::new(Code::InvalidParameter, detail.clone()).parameter("since", detail)
        );
    }
    let shared = state.clone();
    let counted = state.call(move || {
        shared.audit().flush();
        let mut counts = AuditCounts {
            since: vec![0; since.len()],
            ..AuditCounts::default()
        };
        let looked = older(&shared.system()?, None, 0, |entry| {
            let mut wanted = !filter.is_before(entry);
            for (count, since) in counts.since.iter_mut().zip(&since) {
                if second(&entry.at) >= second(since) {
                    *count += 1;
                    wanted = true;
                }
            }
            if filter.lets_through(entry) {
                counts.add(entry.clone());
            }
            if wanted { Wish::Pass } else { Wish::Stop }
        })?;
        counts.complete = !looked.has_more;
        Ok(counts)
    });
    Ok(Json(counted.await?))
}

/// Times that can be counted from.
const MOST_SINCE: usize = 8;
