//! Tools that change items. Proposed, each gives a change set that has the versions of the items it was
//! made from: applied later it does just that, or nothing.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sop::Mode as EngineMode;
use sop_query::changes::ChangeSet;
use sop_query::keys::key_from_json;
use sop_query::sql::{Access, Catalog, Limits, Params, Request, RowChange, Summary};
use sop_systemdb::tool::{ToolClass, ToolFault, ToolOutput};

use super::context::Context;
use super::data::compile;
use super::fault::{at, fault};
use super::result::{Rows, counted, stats};
use super::tool::{Mode, Tool};
use crate::api::{outcome_as_json, seen_changes, sql_params};

/// Most changes of a proposal that can be applied as they were shown.
const MOST_SHOWN: usize = 10_000;
/// First words of statements that define stores.
const DEFINING: [&str; 3] = ["create", "drop", "alter"];

/// The tools of this module.
pub fn tools() -> Vec<Tool> {
    vec![
        Tool::changing(
            "insert",
            "Inserts items into a store: one as key and value, several as items, or rows by the names of \
             their columns. A key that is there already is an error.",
            ToolClass::Write,
            &["store", "key", "value"],
            insert,
        ),
        Tool::changing(
            "update",
            "Sets fields of the items of a store that a filter finds, or of the one with a key.",
            ToolClass::Write,
            &["store", "key", "set"],
            update,
        ),
        Tool::changing(
            "delete",
            "Deletes the items of a store that a filter finds, or the one with a key.",
            ToolClass::Write,
            &["store", "key"],
            delete,
        ),
        Tool::changing(
            "change",
            "Applies a change set, several inserts, upserts, updates, patches and deletes with \
             preconditions, whole or not at all.",
            ToolClass::Write,
            &["changes"],
            change,
        ),
        Tool::changing(
            "execute",
            "Runs SQL that changes items or stores, several statements between BEGIN and COMMIT too.",
            ToolClass::Write,
            &["sql"],
            execute,
        ),
    ]
}

/// Arguments of `insert`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Insert {
    /// The store.
    store: String,
    /// The key of one item, as JSON.
    key: Option<Value>,
    /// Its value; null when missing.
    value: Option<Value>,
    /// Several items, `[{"key": …, "value": …}]`.
    items: Option<Vec<Value>>,
    /// Several items by their columns, fields of key and value side by side: `[{"id": 7, "name": "Zed"}]`.
    rows: Option<Vec<Map<String, Value>>>,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn insert(context: &Context, args: Insert, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let database = args.database.as_deref();
    let items = match (args.key, args.items, args.rows) {
        (Some(key), None, None) => {
            vec![json!({"key": key, "value": args.value.unwrap_or_default()})]
        }
        (None, Some(items), None) => items,
        (None, None, Some(rows)) => {
            return insert_rows(context, database, &args.store, &rows, mode);
        }
        (None, None, None) => {
            let message = "Say what to insert: 'key' and 'value', 'items' or 'rows'.";
            return Err(ToolFault::new("missing_field", message).at("/key"));
        }
        _ => {
            let message = "Only one of 'key', 'items' and 'rows' can be given.";
            return Err(ToolFault::new("invalid_value", message).at("/key"));
        }
    };
    let document = json!({"insert": args.store, "items": items});
    run_document(context, database, &document, mode)
}

/// Inserts rows by their columns.
fn insert_rows(
    context: &Context,
    database: Option<&str>,
    store: &str,
    rows: &[Map<String, Value>],
    mode: Mode,
) -> Result<ToolOutput, ToolFault> {
    let Some(first) = rows.first().filter(|row| !row.is_empty()) else {
        let message = "There are no rows to insert.";
        return Err(ToolFault::new("invalid_value", message).at("/rows"));
    };
    let mut columns: Vec<&String> = first.keys().collect();
    for name in rows.iter().flat_map(Map::keys) {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    let names: Vec<_> = columns.iter().map(|name| quoted(name)).collect();
    let mut params = Vec::new();
    let mut values = Vec::new();
    for row in rows {
        values.push(format!("({})", vec!["?"; columns.len()].join(", ")));
        for name in &columns {
            params.push(row.get(*name).cloned().unwrap_or_default());
        }
    }
    let store = store.split('.').map(quoted).collect::<Vec<_>>().join(".");
    let sql = format!(
        "INSERT INTO {store} ({}) VALUES {}",
        names.join(", "),
        values.join(", ")
    );
    let params = sql_params(Some(Value::Array(params))).map_err(fault)?;
    run(context, database, sql, params, mode)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Arguments of `update`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Update {
    /// The store.
    store: String,
    /// The key of the one item, as JSON.
    key: Option<Value>,
    /// A filter document; `{}` means all items.
    filter: Option<Value>,
    /// New values by field: `{"status": "paid", "address.city": "Oslo"}`.
    set: Map<String, Value>,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn update(context: &Context, args: Update, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let filter = which(args.key, args.filter)?;
    let document = json!({"update": args.store, "filter": filter, "set": args.set});
    run_document(context, args.database.as_deref(), &document, mode)
}

/// Arguments of `delete`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Delete {
    /// The store.
    store: String,
    /// The key of the one item, as JSON.
    key: Option<Value>,
    /// A filter document; `{}` means all items.
    filter: Option<Value>,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn delete(context: &Context, args: Delete, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let filter = which(args.key, args.filter)?;
    let document = json!({"delete": args.store, "filter": filter});
    run_document(context, args.database.as_deref(), &document, mode)
}

/// The filter for a key, or as it is. That neither means everything has to be said.
fn which(key: Option<Value>, filter: Option<Value>) -> Result<Value, ToolFault> {
    match (key, filter) {
        (Some(key), None) => Ok(json!({ "key": key })),
        (None, Some(filter)) => Ok(filter),
        (None, None) => {
            let message = "Say which items: 'key' for one, 'filter' for some, 'filter' {} for all.";
            Err(ToolFault::new("missing_field", message).at("/filter"))
        }
        (Some(_), Some(_)) => {
            let message = "Only one of 'key' and 'filter' can be given.";
            Err(ToolFault::new("invalid_value", message).at("/filter"))
        }
    }
}

/// Arguments of `change`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    /// `[{"op": "insert|upsert|update|patch|delete", "store", "key", "value", "patch", "if_version"}]`.
    changes: Vec<Value>,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn change(context: &Context, args: Change, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let json = json!({"changes": args.changes});
    let set = ChangeSet::from_value(&json).map_err(|error| fault(error.into()))?;
    let dry_run = mode == Mode::Propose;
    let named = args.database.as_deref();
    let database = context.writable(named, mode)?;
    let seen = context.seen(named);
    let set = seen_changes(&database, &seen, set).map_err(fault)?;
    let outcome = context.with_statements(|statements| {
        let outcome = statements.change(&database, &set, dry_run);
        outcome.map_err(fault)
    })?;
    if let Some(conflict) = outcome.conflicts.first() {
        let count = outcome.conflicts.len();
        let message = format!(
            "Nothing was changed: {} cannot be done. The first: {}.",
            counted(count as u64, "change"),
            conflict.detail
        );
        let place = format!("/changes/{}", conflict.index);
        let fault = ToolFault::new("conflict", message).at(place);
        return Err(fault.suggest(conflict.suggestions.clone()));
    }
    Ok(outcome_as_output(
        context.database_name(named),
        &json,
        &outcome_as_json(&outcome, &seen),
        mode,
    ))
}

fn outcome_as_output(database: &str, set: &Value, outcome: &Value, mode: Mode) -> ToolOutput {
    let preview = outcome["preview"].as_array().into_iter().flatten();
    let rows = preview.map(|row| {
        let mut json = row.clone();
        json["database"] = database.into();
        json
    });
    let rows: Vec<_> = rows.collect();
    let count = rows.len() as u64;
    let done = match mode {
        Mode::Call => "done",
        Mode::Propose => "proposed",
    };
    ToolOutput {
        summary: format!("{} {done}", counted(count, "change")),
        changes: Some(json!({
            "count": count, "rows": rows, "sequence": outcome["sequence"], "database": database,
            "set": set["changes"],
        })),
        stats: json!({"changed": count, "sequence": outcome["sequence"]}),
        ..ToolOutput::default()
    }
}

/// Arguments of `execute`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Execute {
    /// One or more statements with semicolons between them.
    sql: String,
    /// A list for `?`, an object for `:name`.
    params: Option<Value>,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn execute(context: &Context, args: Execute, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let words = args.sql.to_ascii_lowercase();
    let mut words = words.split(|char: char| !char.is_alphanumeric());
    // A word too many asks for more rights than needed, never for fewer.
    if words.any(|word| DEFINING.contains(&word)) {
        context.allow_class(ToolClass::Admin, "execute with CREATE, DROP or ALTER")?;
    }
    let params = sql_params(args.params).map_err(|error| at(error, "/params"))?;
    run(context, args.database.as_deref(), args.sql, params, mode)
}

fn run_document(
    context: &Context,
    database: Option<&str>,
    document: &Value,
    mode: Mode,
) -> Result<ToolOutput, ToolFault> {
    let catalog = context.catalog(database, &document.to_string())?;
    let (sql, params, notes) = compile(&context.visibility(), &catalog, document)?;
    let mut output =
        run_in(context, database, &catalog, sql, params, mode).map_err(|mut fault| {
            // The statement is not what was given.
            fault.at = fault.at.filter(|at| at != "/sql");
            fault
        })?;
    if !notes.is_empty() {
        output.data = json!({ "notes": notes });
    }
    Ok(output)
}

fn run(
    context: &Context,
    database: Option<&str>,
    sql: String,
    params: Params,
    mode: Mode,
) -> Result<ToolOutput, ToolFault> {
    let catalog = context.catalog(database, &sql)?;
    run_in(context, database, &catalog, sql, params, mode)
}

fn run_in(
    context: &Context,
    database: Option<&str>,
    catalog: &Catalog,
    sql: String,
    params: Params,
    mode: Mode,
) -> Result<ToolOutput, ToolFault> {
    // Says early and in plain words when nothing can be written.
    context.writable(database, mode)?;
    let request = Request {
        sql,
        params,
        limits: Limits {
            rows: Some(context.rows),
            time: Some(context.time),
        },
        access: Access::ReadWrite,
        dry_run: mode == Mode::Propose,
        cancel: context.cancel.clone(),
        visibility: context.visibility(),
    };
    let mut rows = Rows::new(context.bytes);
    let summary = context.with_statements(|statements| {
        let run = statements.run(catalog, &request, &mut rows);
        run.map_err(fault)
    })?;
    let mut table = rows.table;
    table.truncated |= summary.truncated;
    let defined = summary.definitions.len() as u64;
    let (items, stores) = (counted(summary.changed, "item"), counted(defined, "store"));
    let verb = match mode {
        Mode::Call => "changed",
        Mode::Propose => "would change",
    };
    let words = match (summary.changed, defined) {
        (_, 0) => format!("{items} {verb}"),
        (0, _) => format!("{stores} {verb}"),
        _ => format!("{items} and {stores} {verb}"),
    };
    let changes = match mode {
        Mode::Propose => Some(shown(catalog, &summary)?),
        Mode::Call => None,
    };
    Ok(ToolOutput {
        summary: words,
        table: Some(table).filter(|table| !table.columns.is_empty()),
        changes,
        statement: Some(request.sql),
        stats: stats(&summary),
        ..ToolOutput::default()
    })
}

/// What a dry run would change, for people, and as a change set where it can be one.
fn shown(catalog: &Catalog, summary: &Summary) -> Result<Value, ToolFault> {
    let rows = summary.changes.iter().take(MOST_SHOWN).map(|row| {
        json!({
            "op": operation(row), "database": row.database, "store": row.store,
            "key": parsed(Some(&row.key)), "before": parsed(row.before.as_ref()),
            "after": parsed(row.after.as_ref()),
        })
    });
    let definitions = summary.definitions.iter().map(|store| {
        json!({
            "database": store.database, "store": store.store,
            "before": parsed(store.before.as_ref()), "after": parsed(store.after.as_ref()),
        })
    });
    let mut shown = json!({
        "count": summary.changes.len(),
        "rows": rows.collect::<Vec<_>>(),
        "definitions": definitions.collect::<Vec<_>>(),
        "sequence": summary.sequence,
    });
    if let Some((database, set)) = change_set(catalog, summary)? {
        shown["database"] = database.into();
        shown["set"] = Value::Array(set);
    }
    Ok(shown)
}

fn operation(row: &RowChange) -> &'static str {
    match (&row.before, &row.after) {
        (None, _) => "insert",
        (_, None) => "delete",
        _ => "update",
    }
}

fn parsed(text: Option<&String>) -> Value {
    let parsed = text.map(|text| serde_json::from_str(text));
    parsed.and_then(Result::ok).unwrap_or_default()
}

/// The change set that does the same as a dry run if nothing changes meanwhile, and the name of its
/// database. None where a change set cannot say it: stores that are defined, several databases, keys
/// that are there more than once, too many changes, or items that changed since.
fn change_set(
    catalog: &Catalog,
    summary: &Summary,
) -> Result<Option<(String, Vec<Value>)>, ToolFault> {
    let changes = &summary.changes;
    let (Some(first), Some(sequence)) = (changes.first(), summary.sequence) else {
        return Ok(None);
    };
    let one = changes
        .iter()
        .all(|change| change.database == first.database);
    if !one || changes.len() > MOST_SHOWN || !summary.definitions.is_empty() {
        return Ok(None);
    }
    let found = catalog.iter().find(|(name, _)| *name == first.database);
    let Some((name, database)) = found else {
        return Ok(None);
    };
    let engine = |error: sop::Error| fault(error.into());
    let tx = database.begin(EngineMode::Read).map_err(engine)?;
    let mut stores = HashMap::new();
    let mut set = Vec::new();
    for row in changes {
        if !stores.contains_key(&row.store) {
            let store = tx.documents(&row.store).map_err(engine)?;
            stores.insert(row.store.clone(), store);
        }
        let Some(store) = stores.get(&row.store) else {
            return Ok(None);
        };
        let definition = store.definition();
        let json = parsed(Some(&row.key));
        let Ok(key) = key_from_json(&definition.key, &json) else {
            return Ok(None);
        };
        let mut change = json!({"op": operation(row), "store": row.store, "key": json});
        match (&row.before, store.get(&key).map_err(engine)?) {
            _ if !definition.unique => return Ok(None),
            (None, _) => {}
            (Some(_), Some(item)) if item.version <= sequence => {
                change["if_version"] = item.version.into();
            }
            (Some(_), _) => return Ok(None),
        }
        if row.after.is_some() {
            change["value"] = parsed(row.after.as_ref());
        }
        set.push(change);
    }
    Ok(Some((name.to_owned(), set)))
}
