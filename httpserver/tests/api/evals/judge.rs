//! Whether an answer is right.
//!
//! An answer to a question is right if it has as many rows as one of the expected ones, and columns with exactly the
//! expected values in them; it may have more columns, as people are shown more than they asked for. Rows have to be in the
//! expected order if the expected statement has one. A change is right if it changes the same items to the same values.

use sop_httpserver::planner::{Circumstances, Understanding, database::DatabaseLookup, plan};
use sop_query::select;
use sop_query::sql::{Params, Request, RowChange, Table, Value};

use super::Eval;
use super::data::Subject;

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Right,
    WrongAndUnsure,
    Wrong,
    Refused,
}

pub fn judge(subject: &Subject, eval: &Eval) -> (Verdict, String) {
    let mut memory = None;
    let mut answer = None;
    for question in &eval.ask {
        let lookup = DatabaseLookup::new(&subject.engine, &subject.catalog, &subject.schema);
        let circumstances = Circumstances {
            schema: &subject.schema,
            lookup: &lookup,
            today: subject.today,
            memory: memory.as_ref(),
        };
        let understood = plan(circumstances, question);
        if let Ok(understanding) = &understood {
            memory.clone_from(&understanding.memory);
        }
        answer = Some(understood);
    }
    let expected = eval.sql.statements();
    match answer.unwrap() {
        Err(refusal) => {
            let verdict = if expected.is_empty() {
                Verdict::Right
            } else {
                Verdict::Refused
            };
            (verdict, format!("    {}", refusal.reason))
        }
        Ok(understanding) => {
            let why = describe(&understanding);
            let fault = match expected.as_slice() {
                [] => Some("it can't be answered".to_owned()),
                all => {
                    let mut faults = all.iter().map(|sql| compare(subject, &understanding, sql));
                    let first = faults.next().flatten();
                    if first.is_none() || faults.any(|fault| fault.is_none()) {
                        None
                    } else {
                        first
                    }
                }
            };
            match fault {
                None => (Verdict::Right, why),
                Some(fault) if understanding.is_sure() => {
                    (Verdict::Wrong, format!("{why}\n    {fault}"))
                }
                Some(fault) => (Verdict::WrongAndUnsure, format!("{why}\n    {fault}")),
            }
        }
    }
}

fn describe(understanding: &Understanding) -> String {
    format!(
        "    {} [{:.2}, {} other]\n    {} {}",
        understanding.said,
        understanding.confidence,
        understanding.alternatives.len(),
        understanding.statement,
        understanding
            .call
            .args
            .get("params")
            .or(understanding.call.args.get("filter"))
            .unwrap_or_default()
    )
}

/// What is wrong with an answer.
fn compare(subject: &Subject, understanding: &Understanding, sql: &str) -> Option<String> {
    if understanding.call.name == "query" {
        return match rows(subject, understanding) {
            Ok(found) => differs_from(subject, &found, sql),
            Err(error) => Some(error),
        };
    }
    let call = &understanding.call;
    changes_otherwise(subject, &call.name, &call.args, sql)
}

/// What is wrong with rows where those of a statement are right.
pub fn differs_from(subject: &Subject, found: &Table, sql: &str) -> Option<String> {
    let expected = subject.engine.table(&subject.catalog, sql, Params::None);
    let expected = expected.unwrap_or_else(|error| panic!("{sql}: {}", error.message));
    differs(found, &expected, sql.contains("ORDER BY"))
}

/// What is wrong with a call of a tool that writes where the changes of a statement are right.
pub fn changes_otherwise(
    subject: &Subject,
    tool: &str,
    args: &serde_json::Value,
    sql: &str,
) -> Option<String> {
    let expected = changes(subject, sql, Params::None);
    let expected = expected.unwrap_or_else(|error| panic!("{sql}: {error}"));
    match written(subject, tool, args) {
        Ok(found) if found == expected => None,
        Ok(found) => Some(format!(
            "{} changes, not {}: {:?} {:?}",
            found.len(),
            expected.len(),
            found.first(),
            expected.first()
        )),
        Err(error) => Some(error),
    }
}

fn rows(subject: &Subject, understanding: &Understanding) -> Result<Table, String> {
    let args = &understanding.call.args;
    let params = args["params"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::from_json)
        .collect();
    let sql = args["sql"].as_str().unwrap();
    let table = subject
        .engine
        .table(&subject.catalog, sql, Params::Positional(params));
    table.map_err(|error| format!("the statement fails: {}", error.message))
}

/// The parameters of a call with SQL.
fn params(args: &serde_json::Value) -> Params {
    let list = args["params"].as_array().map(|params| {
        let values = params.iter().map(Value::from_json);
        Params::Positional(values.collect())
    });
    let named = args["params"].as_object().map(|params| {
        let values = params.iter();
        let values = values.map(|(name, value)| (name.clone(), Value::from_json(value)));
        Params::Named(values.collect())
    });
    list.or(named).unwrap_or_default()
}

/// All rows of a call of a tool that reads; people are shown the first of them. None where it is another tool, or fails.
pub fn read(subject: &Subject, tool: &str, args: &serde_json::Value) -> Option<Table> {
    let run = |sql: &str, params: Params| subject.engine.table(&subject.catalog, sql, params).ok();
    match tool {
        "query" => run(args["sql"].as_str()?, params(args)),
        "select" => {
            let mut document = args.clone();
            document.as_object_mut()?.remove("database");
            let tx = subject.db.begin(sop::Mode::Read).ok()?;
            let name = subject.schema.database.as_str();
            let schema = select::Schema::for_document(&[(name, &tx)], &document).ok()?;
            let compiled = select::compile(&document, &schema).ok()?;
            run(&compiled.sql, Params::Positional(compiled.params))
        }
        _ => None,
    }
}

/// What a call of a tool that writes would change.
fn written(
    subject: &Subject,
    tool: &str,
    args: &serde_json::Value,
) -> Result<Vec<RowChange>, String> {
    if tool == "execute" {
        let sql = args["sql"].as_str().unwrap_or_default();
        return changes(subject, sql, params(args));
    }
    if !["insert", "update", "delete"].contains(&tool) {
        return Err(format!(
            "the tool {tool} is no change of items that can be compared"
        ));
    }
    let mut document = serde_json::Map::new();
    document.insert(tool.to_owned(), args["store"].clone());
    if let Some(key) = args.get("key").filter(|key| !key.is_null()) {
        document.insert("filter".to_owned(), serde_json::json!({ "key": key }));
    }
    if let ("insert", Some(key)) = (tool, args.get("key")) {
        let item = serde_json::json!({"key": key, "value": args["value"]});
        document.remove("filter");
        document.insert("items".to_owned(), serde_json::json!([item]));
    }
    for part in ["filter", "set", "items"] {
        let value = args.get(part).filter(|value| !value.is_null());
        document.extend(value.map(|value| (part.to_owned(), value.clone())));
    }
    let document = serde_json::Value::Object(document);
    let tx = subject
        .db
        .begin(sop::Mode::Read)
        .map_err(|error| error.to_string())?;
    let schema =
        select::Schema::for_document(&[(subject.schema.database.as_str(), &tx)], &document);
    let compiled = select::compile(&document, &schema.map_err(|error| error.to_string())?);
    let compiled = compiled.map_err(|error| format!("{document}: {error}"))?;
    changes(subject, &compiled.sql, Params::Positional(compiled.params))
}

fn changes(subject: &Subject, sql: &str, params: Params) -> Result<Vec<RowChange>, String> {
    let mut request = Request::new(sql, params).writing();
    request.dry_run = true;
    let table = subject.engine.collect(&subject.catalog, &request);
    let mut changes = table.map_err(|error| error.message)?.summary.changes;
    changes.sort_by(|a, b| (&a.store, &a.key).cmp(&(&b.store, &b.key)));
    Ok(changes)
}

/// A value as it is compared: numbers to nine digits.
fn cell(value: &Value) -> String {
    match value {
        Value::Integer(value) => format!("{:.8e}", *value as f64),
        Value::Real(value) => format!("{value:.8e}"),
        Value::Bool(value) => format!("{:.8e}", f64::from(u8::from(*value))),
        Value::Text(text) | Value::Json(text) => format!("'{text}'"),
        other => format!("{other:?}"),
    }
}

fn differs(found: &Table, expected: &Table, ordered: bool) -> Option<String> {
    if found.rows.len() != expected.rows.len() {
        return Some(format!(
            "{} rows, not {}",
            found.rows.len(),
            expected.rows.len()
        ));
    }
    let column = |table: &Table, at: usize| -> Vec<String> {
        table.rows.iter().map(|row| cell(&row[at])).collect()
    };
    let sorted = |mut values: Vec<String>| {
        values.sort();
        values
    };
    // For each expected column those that have the same values in some order.
    let candidates: Vec<Vec<usize>> = (0..expected.columns.len())
        .map(|at| {
            let wanted = sorted(column(expected, at));
            (0..found.columns.len())
                .filter(|at| sorted(column(found, *at)) == wanted)
                .collect()
        })
        .collect();
    if let Some(at) = candidates.iter().position(Vec::is_empty) {
        return Some(format!(
            "nothing is as column {:?} ({:?})",
            expected.columns[at].name,
            column(expected, at).first()
        ));
    }
    let rows = |table: &Table, columns: &[usize]| {
        let mut rows: Vec<Vec<String>> = table
            .rows
            .iter()
            .map(|row| columns.iter().map(|at| cell(&row[*at])).collect())
            .collect();
        if !ordered {
            rows.sort();
        }
        rows
    };
    let all: Vec<usize> = (0..expected.columns.len()).collect();
    let wanted = rows(expected, &all);
    let mut chosen = Vec::new();
    let fits = assign(&candidates, &mut chosen, &mut |columns| {
        rows(found, columns) == wanted
    });
    (!fits).then(|| "the same values, but not in the same rows or order".to_owned())
}

/// Tries all ways to take one column for each expected one.
fn assign(
    candidates: &[Vec<usize>],
    chosen: &mut Vec<usize>,
    test: &mut dyn FnMut(&[usize]) -> bool,
) -> bool {
    let Some(here) = candidates.get(chosen.len()) else {
        return test(chosen);
    };
    for at in here {
        chosen.push(*at);
        if assign(candidates, chosen, test) {
            return true;
        }
        chosen.pop();
    }
    false
}
