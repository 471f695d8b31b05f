//! Tools that look at data: select documents, SQL, plans, neighbours of a key.

use std::ops::Bound;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sop::{Direction, Mode as Access};
use sop_query::keys::key_from_json;
use sop_query::sql::{Access as SqlAccess, Catalog, Limits, Output, Params, Request, Visibility};
use sop_systemdb::tool::{Table, ToolFault, ToolOutput};

use super::arguments::Names;
use super::context::Context;
use super::fault::{at, fault};
use super::result::{Rows, column, counted, stats};
use super::tool::Tool;
use crate::api::{compile_document, sql_params};

/// The tools of this module.
pub fn tools() -> Vec<Tool> {
    vec![
        Tool::reading(
            "select",
            "Reads items of a store by a filter document, with fields, joins, grouping, order and limit. \
             A join without 'on' uses the relation between the stores.",
            &["store"],
            select,
        ),
        Tool::reading(
            "query",
            "Runs one SQL statement that reads (SQLite's dialect). Stores are tables, fields are columns, \
             stores of other databases are database.store.",
            &["sql"],
            query,
        ),
        Tool::reading(
            "explain",
            "Shows how a SQL statement will be run: access paths, estimates and advice.",
            &["sql"],
            explain,
        ),
        Tool::reading(
            "find_nearest",
            "Finds the items around a key in the order of the store: the item itself when it is there, \
             and its neighbours on both sides.",
            &["store", "key"],
            find_nearest,
        ),
    ]
}

/// Arguments of `select`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Select {
    /// The store, or `database.store`.
    store: String,
    /// The database; the open one when missing.
    database: Option<String>,
    /// A filter document such as `{"total": {"$gte": 10}, "status": "paid"}`.
    filter: Option<Value>,
    /// Fields to show, `name` or `name AS other`; all when missing.
    fields: Option<Names>,
    /// `[{"store", "on": {"left field": "right field"}, "type": "inner|left|right|full", "alias"}]`.
    join: Option<Vec<Value>>,
    /// Fields to group by.
    group_by: Option<Names>,
    /// `count(*) AS n`, `sum(total) AS total` and so on.
    aggregates: Option<Names>,
    /// A filter document over the groups.
    having: Option<Value>,
    /// `total desc`, `name`.
    order_by: Option<Names>,
    /// Most rows.
    limit: Option<u64>,
    /// Rows to leave out first.
    offset: Option<u64>,
    /// Whether equal rows are shown once.
    distinct: Option<bool>,
}

impl Select {
    fn document(&self) -> Value {
        let mut document = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                document.insert(name.to_owned(), value);
            }
        };
        let names = |names: &Option<Names>| names.as_ref().map(|names| json!(names.list()));
        put("store", Some(json!(self.store)));
        put("filter", self.filter.clone());
        put("fields", names(&self.fields));
        put("join", self.join.as_ref().map(|join| json!(join)));
        put("group_by", names(&self.group_by));
        put("aggregates", names(&self.aggregates));
        put("having", self.having.clone());
        put("order_by", names(&self.order_by));
        put("limit", self.limit.map(|limit| json!(limit)));
        put("offset", self.offset.map(|offset| json!(offset)));
        put("distinct", self.distinct.map(|distinct| json!(distinct)));
        Value::Object(document)
    }
}

fn select(context: &Context, args: Select) -> Result<ToolOutput, ToolFault> {
    let document = args.document();
    let catalog = context.catalog(args.database.as_deref(), &document.to_string())?;
    let (sql, params, notes) = compile(&context.visibility(), &catalog, &document)?;
    let mut output = read(context, &catalog, sql, params, context.rows)?;
    if !notes.is_empty() {
        output.data = json!({"notes": notes});
    }
    Ok(output)
}

/// A document as a statement; places are those of the arguments.
pub(super) fn compile(
    visibility: &Visibility,
    catalog: &Catalog,
    document: &Value,
) -> Result<(String, Params, Vec<String>), ToolFault> {
    compile_document(visibility, catalog, document).map_err(|error| {
        let mut found = fault(error);
        let place = found.at.take();
        found.at = place.map(|at| at.strip_prefix("/select").unwrap_or(&at).to_owned());
        found
    })
}

/// Arguments of `query`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// The statement.
    sql: String,
    /// The database; the open one when missing.
    database: Option<String>,
    /// A list for `?`, an object for `:name`.
    params: Option<Value>,
    /// Most rows.
    limit: Option<u64>,
}

fn query(context: &Context, args: Query) -> Result<ToolOutput, ToolFault> {
    let catalog = context.catalog(args.database.as_deref(), &args.sql)?;
    let params = sql_params(args.params).map_err(|error| at(error, "/params"))?;
    let rows = args
        .limit
        .map_or(context.rows, |limit| limit.min(context.rows));
    read(context, &catalog, args.sql, params, rows)
}

fn read(
    context: &Context,
    catalog: &Catalog,
    sql: String,
    params: Params,
    rows: u64,
) -> Result<ToolOutput, ToolFault> {
    let request = Request {
        sql,
        params,
        limits: Limits {
            rows: Some(rows),
            time: Some(context.time),
        },
        access: SqlAccess::ReadOnly,
        dry_run: false,
        cancel: context.cancel.clone(),
        visibility: context.visibility(),
    };
    let run = |rows: &mut dyn Output| {
        let ran = context.with_statements(|statements| {
            let run = statements.run(catalog, &request, rows);
            run.map_err(fault)
        });
        ran.map_err(writes_elsewhere)
    };
    if let Some(mut tap) = context.tap.take() {
        let summary = run(&mut *tap)?;
        return Ok(ToolOutput {
            summary: counted(summary.rows, "row"),
            statement: Some(request.sql),
            stats: stats(&summary),
            ..ToolOutput::default()
        });
    }
    let mut rows = Rows::new(context.bytes);
    let summary = run(&mut rows)?;
    let mut table = rows.table;
    table.truncated |= summary.truncated;
    let count = table.rows.len() as u64;
    let more = if table.truncated { ", and more" } else { "" };
    Ok(ToolOutput {
        summary: format!("{}{more}", counted(count, "row")),
        table: Some(table),
        statement: Some(request.sql),
        stats: stats(&summary),
        ..ToolOutput::default()
    })
}

/// A statement that writes belongs to another tool.
fn writes_elsewhere(mut fault: ToolFault) -> ToolFault {
    if fault.code == "read_only" {
        "This tool only reads. Change items with insert, update, delete or change, or run a \
         statement that writes with execute."
            .clone_into(&mut fault.message);
        fault.suggestions = vec!["execute".to_owned()];
    }
    fault
}

/// Arguments of `explain`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Explain {
    /// The statement.
    sql: String,
    /// The database; the open one when missing.
    database: Option<String>,
    /// A list for `?`, an object for `:name`.
    params: Option<Value>,
    /// Runs it too and adds what it took.
    analyze: Option<bool>,
}

fn explain(context: &Context, args: Explain) -> Result<ToolOutput, ToolFault> {
    let catalog = context.catalog(args.database.as_deref(), &args.sql)?;
    let request = Request {
        sql: args.sql,
        params: sql_params(args.params).map_err(|error| at(error, "/params"))?,
        limits: Limits {
            rows: None,
            time: Some(context.time),
        },
        cancel: context.cancel.clone(),
        visibility: context.visibility(),
        ..Request::default()
    };
    let analyze = args.analyze.unwrap_or(false);
    let plan = context.with_statements(|statements| {
        let plan = statements.explain(&catalog, &request, analyze);
        plan.map_err(fault)
    })?;
    let plan = serde_json::to_value(&plan).unwrap_or_default();
    let nodes = plan["nodes"].as_array().map_or(0, Vec::len) as u64;
    Ok(ToolOutput {
        summary: counted(nodes, "step"),
        data: json!({ "plan": plan }),
        statement: Some(request.sql),
        ..ToolOutput::default()
    })
}

/// Arguments of `find_nearest`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FindNearest {
    /// The store.
    store: String,
    /// The key, as JSON: `5`, `"abc"`, `{"country": "FR", "id": 7}`. It need not be there.
    key: Value,
    /// The database; the open one when missing.
    database: Option<String>,
    /// Most neighbours on each side; 3 when missing.
    limit: Option<u32>,
}

/// Most neighbours on a side.
const MOST_NEIGHBOURS: u32 = 100;

fn find_nearest(context: &Context, args: FindNearest) -> Result<ToolOutput, ToolFault> {
    let database = context.database(args.database.as_deref())?;
    let engine = |error: sop::Error| fault(error.into());
    let tx = database.begin(Access::Read).map_err(engine)?;
    let store = tx
        .documents(&args.store)
        .map_err(|error| at(error, "/store"))?;
    let seen = context.seen(args.database.as_deref());
    seen.check(store.definition()).map_err(fault)?;
    let spec = &store.definition().key;
    let key = key_from_json(spec, &args.key).map_err(|error| at(error, "/key"))?;
    let limit = args.limit.unwrap_or(3).clamp(1, MOST_NEIGHBOURS) as usize;
    let before = store
        .key_range(Bound::Unbounded, Bound::Excluded(&key))
        .map_err(engine)?;
    let rest = store
        .key_range(Bound::Included(&key), Bound::Unbounded)
        .map_err(engine)?;
    let mut items = Vec::new();
    for item in store
        .range(&before, Direction::Backward)
        .map_err(engine)?
        .take(limit)
    {
        items.push(item.map_err(engine)?);
    }
    items.reverse();
    let rank = store.rank(&key).map_err(engine)?;
    let first = rank - items.len() as u64;
    let found = store.contains(&key).map_err(engine)?;
    let after = store.range(&rest, Direction::Forward).map_err(engine)?;
    for item in after.take(limit + usize::from(found)) {
        items.push(item.map_err(engine)?);
    }
    let rows = items.iter().zip(first..).map(|(item, rank)| {
        let key = spec.key_to_json(&item.key);
        vec![
            json!(rank),
            key,
            seen.json(&args.store, item.value.to_value()),
        ]
    });
    let table = Table {
        columns: vec![
            column("rank", "integer"),
            column("key", "any"),
            column("value", "json"),
        ],
        rows: rows.collect(),
        truncated: false,
    };
    let words = if found { "is there" } else { "is not there" };
    Ok(ToolOutput {
        summary: format!("the key {words}, at rank {rank}"),
        data: json!({"found": found, "rank": rank}),
        table: Some(table),
        ..ToolOutput::default()
    })
}
