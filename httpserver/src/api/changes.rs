//! Change sets: several changes, shown before they happen, done as one.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sop::{Database, Document, Mode};
use sop_query::changes::{ChangeSet, Conflict, Operation, Outcome, apply as apply_set, preview};
use sop_query::keys::key_from_json;
use utoipa::ToSchema;

use super::DatabasePath;
use crate::audit::Changed;
use crate::error::{ApiError, ApiResult, Code, Fault, Problem};
use crate::extract::{ApiPath, JsonNumbers, State, read_json};
use crate::security::Seen;

/// Changes that happen whole or not at all.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the query crate reads")]
pub(super) struct ChangeSetView {
    /// In the order in which they happen.
    changes: Vec<ChangeView>,
    /// Only shows what would happen.
    dry_run: Option<bool>,
}

/// One change.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the query crate reads")]
pub(super) struct ChangeView {
    /// `insert`, `upsert`, `update`, `patch` or `delete`.
    op: String,
    store: String,
    key: Value,
    /// The new value of an insert, upsert or update.
    value: Option<Value>,
    /// The JSON merge patch (RFC 7396) of a patch.
    patch: Option<Value>,
    /// The version that the item must have; 0 with upsert: it must not be there.
    if_version: Option<u64>,
    /// Which of the items with this key, in a store with duplicates.
    id: Option<u64>,
}

/// What a change set did or would do.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the query crate writes")]
pub(super) struct OutcomeView {
    /// Whether the changes happened.
    applied: bool,
    /// What each change does: `{index, op, store, key, id?, before, after, version}`.
    preview: Vec<Value>,
    /// Changes that cannot be done: `{index, code, store, key, detail, current, suggestions?}`.
    conflicts: Vec<Value>,
    /// Sequence of the commit, the new version of every item that was written.
    sequence: u64,
}

/// Shows (`dry_run`) or applies a change set in one transaction. When one of its changes cannot be
/// done none is: the answer is then 409 with every one in `conflicts`.
#[utoipa::path(
    post, operation_id = "apply_changes", path = "/databases/{db}/changes", tag = "items", params(DatabasePath), request_body = ChangeSetView,
    responses(
        (status = 200, body = OutcomeView),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "With the members of the outcome"),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn apply(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    numbers: JsonNumbers,
    request: Request,
) -> ApiResult<Response> {
    let body = read_json(request, &state, state.limits().json_body_bytes).await?;
    let registry = state.registry().clone();
    state
        .call(move || {
            let (set, dry_run) = ChangeSet::from_request(&body)?;
            let seen = registry.seen(&path.db);
            let database = match dry_run {
                true => registry.database(&path.db)?,
                false => registry.writable(&path.db)?,
            };
            let set = seen_changes(&database, &seen, set)?;
            let outcome = match dry_run {
                true => preview(&database, &set)?,
                false => apply_set(&database, &set)?,
            };
            if !dry_run && !outcome.conflicts.is_empty() {
                return Err(refusal(&outcome, &seen, numbers));
            }
            let mut answer = Json(as_json(&outcome, &seen, numbers)).into_response();
            if outcome.applied {
                answer.extensions_mut().insert(changed(&outcome));
            }
            Ok(answer)
        })
        .await
}

fn refusal(outcome: &Outcome, seen: &Seen, numbers: JsonNumbers) -> ApiError {
    let count = outcome.conflicts.len();
    let first = outcome
        .conflicts
        .first()
        .map(|conflict| conflict.detail.as_str())
        .unwrap_or_default();
    let detail =
        format!("Nothing was changed: {count} of the changes cannot be done. The first: {first}.");
    let mut error = ApiError::new(Code::Conflict, detail);
    for conflict in outcome.conflicts.iter().take(MAX_FAULTS) {
        error = error.fault(fault(conflict));
    }
    let Value::Object(members) = as_json(outcome, seen, numbers) else {
        return error;
    };
    members
        .into_iter()
        .fold(error, |error, (name, value)| error.extend(&name, value))
}

/// Changes of which the audit keeps before and after.
const KEPT: usize = 100;

/// What the audit is told.
fn changed(outcome: &Outcome) -> Changed {
    let kept = outcome.preview.iter().take(KEPT).map(serde_json::to_value);
    let kept: Vec<_> = kept.filter_map(Result::ok).collect();
    Changed {
        count: outcome.preview.len() as u64,
        detail: serde_json::json!({"changes": kept, "sequence": outcome.sequence}),
    }
}

/// Most conflicts that are listed among the errors; `conflicts` has all.
const MAX_FAULTS: usize = 100;

fn fault(conflict: &Conflict) -> Fault {
    Fault {
        pointer: Some(format!("/changes/{}", conflict.index)),
        detail: conflict.detail.clone(),
        suggestions: conflict.suggestions.clone(),
        ..Fault::default()
    }
}

fn as_json(outcome: &Outcome, seen: &Seen, numbers: JsonNumbers) -> Value {
    let mut json = outcome_as_json(outcome, seen);
    if numbers.as_strings {
        big_integers_as_strings(&mut json);
    }
    json
}

/// What a change set did, as somebody sees it.
pub(crate) fn outcome_as_json(outcome: &Outcome, seen: &Seen) -> Value {
    let mut json = serde_json::to_value(outcome).unwrap_or_default();
    if seen.visibility().is_all() {
        return json;
    }
    for (list, values) in [
        ("preview", &["before", "after"][..]),
        ("conflicts", &["current"]),
    ] {
        for row in json[list].as_array_mut().into_iter().flatten() {
            let store = row["store"].as_str().unwrap_or_default().to_owned();
            for name in values {
                let place = match *name {
                    "current" => row.pointer_mut("/current/value"),
                    name => row.get_mut(name),
                };
                if let Some(place) = place {
                    *place = seen.json(&store, place.take());
                }
            }
        }
    }
    json
}

/// A change set of somebody who does not see all, as one that keeps what they do not see. Items whose values it had to
/// look at must not have changed in between.
///
/// # Errors
/// `not_allowed`: it gives a masked field a value or would take one away.
pub(crate) fn seen_changes(
    database: &Database,
    seen: &Seen,
    mut set: ChangeSet,
) -> ApiResult<ChangeSet> {
    if seen.visibility().is_all() {
        return Ok(set);
    }
    let tx = database.begin(Mode::Read)?;
    for (at, change) in set.changes.iter_mut().enumerate() {
        let Ok(store) = tx.documents(&change.store) else {
            continue;
        };
        seen.check(store.definition())?;
        let Some(rules) = seen.rules(&change.store) else {
            continue;
        };
        let item = match key_from_json(&store.definition().key, &change.key) {
            Ok(key) => match change.id {
                Some(id) => store.get_id(&key, id)?,
                None if change.operation == Operation::Insert => None,
                None => store.get(&key)?,
            },
            // The engine says what is wrong with it.
            Err(_) => continue,
        };
        let before = item.as_ref().map(|item| &item.value);
        let written = match (change.operation, &change.value, &change.patch, before) {
            (Operation::Patch, _, Some(patch), Some(before)) => rules.patched(patch, before),
            (Operation::Insert, Some(value), ..) => rules.written(value.to_value(), None),
            (Operation::Upsert | Operation::Update, Some(value), ..) => {
                rules.written(value.to_value(), before)
            }
            _ => continue,
        };
        let written = written.map_err(|reason| {
            let place = format!("/changes/{at}");
            ApiError::new(Code::NotAllowed, reason.clone()).at(place, reason)
        })?;
        change.value = Some(Document::from_value(&written)?);
        if change.operation == Operation::Patch {
            change.operation = Operation::Update;
            change.patch = None;
        }
        if change.operation != Operation::Insert && change.if_version.is_none() {
            change.if_version = item.map(|item| item.version);
        }
    }
    Ok(set)
}

/// The largest integer that a double holds with all its neighbours.
pub(super) const MAX_SAFE: u64 = 1 << 53;

/// Integers beyond ±2^53 become strings.
pub(super) fn big_integers_as_strings(json: &mut Value) {
    match json {
        Value::Array(values) => values.iter_mut().for_each(big_integers_as_strings),
        Value::Object(fields) => fields.values_mut().for_each(big_integers_as_strings),
        Value::Number(number) => {
            let text = number.as_str();
            let digits = text.strip_prefix('-').unwrap_or(text);
            let whole = digits.bytes().all(|byte| byte.is_ascii_digit());
            if whole && digits.parse::<u64>().map_or(true, |value| value > MAX_SAFE) {
                *json = Value::String(text.to_owned());
            }
        }
        _ => {}
    }
}

/// What the headers say of the body's format.
pub(super) fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_big_integers_become_strings() {
        let text = r#"{"a":9007199254740992,"b":[9007199254740993,-9007199254740993],"c":1.5,"d":123456789012345678901234567890,"e":1e30}"#;
        let mut json: Value = serde_json::from_str(text).unwrap();
        big_integers_as_strings(&mut json);
        assert_eq!(
            json.to_string(),
            r#"{"a":9007199254740992,"b":["9007199254740993","-9007199254740993"],"c":1.5,"d":"123456789012345678901234567890","e":1e+30}"#
        );
    }
}
