//! Tries an expression that is to order a store, without making or changing anything.
//!
//! The engine itself answers: a store of that key is made in a transaction that is rolled back, and keys are put into
//! it. What holds here holds for the store that is made of it.

use axum::Json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sop::key::CelExpression;
use sop::{Direction, Error};
use sop::{Document, DocumentStore, Key, KeyRange, KeySpec, Mode, StoreDefinition, Transaction};
use utoipa::ToSchema;

use super::DatabasePath;
use crate::error::{ApiError, ApiResult, Code, Problem, nearest};
use crate::extract::{ApiJson, ApiPath, State};

/// Keys of a store that are tried.
const SAMPLE: u64 = 100;
/// Keys of the sample that are shown in the new order.
const SHOWN: usize = 12;
/// Pairs that may be compared.
const MOST_PAIRS: usize = 50;

/// An expression to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Trial {
    /// The composite key that it is to order; an expression in it is of no account.
    key: Value,
    /// `{"compare": "…"}` or `{"sort_key": "…"}`.
    cel: Value,
    /// A store with the same key fields, whose keys are tried.
    store: Option<String>,
    /// Pairs of keys to compare.
    #[serde(default)]
    pairs: Vec<(Value, Value)>,
}

/// What came of it.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Verdict {
    /// Whether it compiles and fits the key.
    valid: bool,
    /// Why not.
    error: Option<Refusal>,
    /// How it orders keys of the store.
    sample: Option<Sample>,
    /// How it orders the pairs.
    comparisons: Vec<Comparison>,
}

/// Why an expression is of no use.
#[derive(Debug, Serialize, ToSchema)]
struct Refusal {
    detail: String,
    /// Where in the text, both counted from 1.
    line: Option<u64>,
    column: Option<u64>,
    /// Names that were perhaps meant.
    suggestions: Vec<String>,
}

/// Keys of a store in the order of the expression.
#[derive(Debug, Serialize, ToSchema)]
struct Sample {
    /// Keys that were tried, evenly over the store.
    tried: u64,
    /// Whether they stand as they do in the store.
    same_order: bool,
    /// The first of them.
    keys: Vec<Value>,
    /// The first key that the expression has no place for, and why.
    error: Option<String>,
}

/// Two keys.
#[derive(Debug, Serialize, ToSchema)]
struct Comparison {
    /// `before`, `after`, `same` (the same key), or `none`, with the error.
    result: &'static str,
    error: Option<String>,
}

/// Tries an expression that is to order a store: whether it compiles, how it orders keys of a store, and pairs of
/// keys. Nothing is changed.
#[utoipa::path(
    post, operation_id = "check_cel", path = "/databases/{db}/cel/check", tag = "stores", params(DatabasePath), request_body = Trial,
    responses((status = 200, body = Verdict), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn check(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    ApiJson(trial): ApiJson<Trial>,
) -> ApiResult<Json<Verdict>> {
    let registry = state.registry().clone();
    state
        .call(move || {
            if trial.pairs.len() > MOST_PAIRS {
                let detail = format!("At most {MOST_PAIRS} pairs can be compared at once.");
                return Err(ApiError::new(Code::InvalidValue, detail.clone()).at("/pairs", detail));
            }
            let key = match ordered(&trial) {
                Ok(key) => key,
                Err(refusal) => {
                    return Ok(Json(Verdict {
                        error: Some(refusal),
                        ..Verdict::default()
                    }));
                }
            };
            // Nothing is written: what guards writes need not be asked.
            let db = registry.database(&path.db)?;
            let tx = db.begin(Mode::Write)?;
            let sample = match &trial.store {
                Some(store) => try_sample(&tx, store, &key)?,
                None => None,
            };
            let comparisons = trial.pairs.iter().map(|pair| compare(&tx, &key, pair));
            let verdict = Verdict {
                valid: true,
                error: None,
                sample,
                comparisons: comparisons.collect::<ApiResult<_>>()?,
            };
            tx.rollback();
            Ok(Json(verdict))
        })
        .await
}

/// The key with the expression.
fn ordered(trial: &Trial) -> Result<KeySpec, Refusal> {
    let mut form = trial.key.clone();
    if let Value::Object(fields) = &mut form {
        fields.remove("cel");
    }
    let key: KeySpec =
        serde_json::from_value(form).map_err(|error| refusal(&error.to_string(), None))?;
    let expression: CelExpression = serde_json::from_value(trial.cel.clone())
        .map_err(|error| refusal(&error.to_string(), None))?;
    let fields = key.clone();
    key.ordered_by(expression)
        .map_err(|error| refusal(&error.to_string(), Some(&fields)))
}

/// The words of the engine, with the place that they name.
fn refusal(words: &str, key: Option<&KeySpec>) -> Refusal {
    let number = |name: &str| {
        let (_, rest) = words.split_once(name)?;
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let (line, column) = (number("line "), number("column "));
    let unknown = words
        .split_once("no field \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(name, _)| name);
    let suggestions = match (key, unknown) {
        (Some(key), Some(name)) => {
            nearest(name, key.fields().iter().map(|field| field.name.as_str()))
        }
        _ => Vec::new(),
    };
    Refusal {
        detail: words.to_owned(),
        line: line.filter(|_| column.is_some()),
        column,
        suggestions,
    }
}

/// Makes an empty store of the key in the transaction and works with it.
fn with_store<T>(
    tx: &Transaction,
    key: &KeySpec,
    work: impl FnOnce(&DocumentStore<'_>) -> ApiResult<T>,
) -> ApiResult<T> {
    let taken: Vec<String> = tx
        .stores()?
        .iter()
        .map(|one| one.definition.name.clone())
        .collect();
    let name = (0..=u32::MAX)
        .map(|n| format!("_trial_{n}"))
        .find(|name| !taken.contains(name))
        .unwrap_or_default();
    tx.create_store(StoreDefinition::new(&name, key.clone()))?;
    let done = work(&tx.documents(&name)?);
    tx.drop_store(&name)?;
    done
}

fn put(store: &DocumentStore<'_>, key: &Key) -> Result<(), Error> {
    store.upsert(key, &Document::from_json(b"null")?).map(drop)
}

/// Keys of a store in the new order; none when its keys have other fields.
fn try_sample(tx: &Transaction, store: &str, key: &KeySpec) -> ApiResult<Option<Sample>> {
    let (old, shown) = {
        let source = tx.documents(store)?;
        let spec = source.definition().key.clone();
        let count = source.len()?;
        let mut shown = Vec::new();
        for n in 0..SAMPLE.min(count) {
            let rank = n * count / SAMPLE.min(count);
            if let Some(item) = source.nth(rank)? {
                shown.push(spec.key_to_json(&item.key));
            }
        }
        (spec, shown)
    };
    let keys: Result<Vec<Key>, _> = shown.iter().map(|one| key.key_from_json(one)).collect();
    let Ok(keys) = keys else {
        return Ok(None);
    };
    if old.is_composite() != key.is_composite() {
        return Ok(None);
    }
    with_store(tx, key, |trial| {
        let refused = keys.iter().find_map(|key| put(trial, key).err());
        let ordered = trial
            .range(&KeyRange::all(), Direction::Forward)?
            .map(|item| item.map(|item| key.key_to_json(&item.key)))
            .collect::<Result<Vec<Value>, _>>()?;
        Ok(Some(Sample {
            tried: keys.len() as u64,
            same_order: refused.is_none() && ordered == shown,
            keys: ordered.into_iter().take(SHOWN).collect(),
            error: refused.map(|error| ApiError::from(error).detail().to_owned()),
        }))
    })
}

fn compare(tx: &Transaction, key: &KeySpec, (x, y): &(Value, Value)) -> ApiResult<Comparison> {
    let none = |error: String| Comparison {
        result: "none",
        error: Some(error),
    };
    let (x, y) = match (key.key_from_json(x), key.key_from_json(y)) {
        (Ok(x), Ok(y)) => (x, y),
        (Err(error), _) | (_, Err(error)) => {
            return Ok(none(ApiError::from(error).detail().to_owned()));
        }
    };
    with_store(tx, key, |trial| {
        if let Err(error) = put(trial, &x).and_then(|()| put(trial, &y)) {
            return Ok(none(ApiError::from(error).detail().to_owned()));
        }
        let result = match (trial.len()?, trial.rank(&x)?) {
            (1, _) => "same",
            (_, 0) => "before",
            _ => "after",
        };
        Ok(Comparison {
            result,
            error: None,
        })
    })
}
