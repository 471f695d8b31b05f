//! Tools that move the page: what they ask for is the result's effect, which the page carries out and
//! says so. They change no data.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use sop::Mode as Access;
use sop_systemdb::tool::{ToolFault, ToolOutput};

use super::arguments::Names;
use super::context::Context;
use super::fault::{at, fault};
use super::tool::Tool;

/// The tools of this module.
pub fn tools() -> Vec<Tool> {
    vec![
        Tool::reading(
            "switch_database",
            "Opens another database: what follows is about it.",
            &["database"],
            switch_database,
        ),
        Tool::reading(
            "navigate",
            "Opens a store in the page, with a filter when one is given.",
            &["store"],
            navigate,
        ),
        Tool::reading(
            "chart",
            "Draws a chart of what a SQL statement gives.",
            &["sql"],
            chart,
        ),
    ]
}

/// Arguments of `switch_database`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SwitchDatabase {
    /// The database.
    database: String,
}

fn switch_database(context: &Context, args: SwitchDatabase) -> Result<ToolOutput, ToolFault> {
    context.database(Some(&args.database))?;
    Ok(ToolOutput {
        summary: format!("database '{}' opened", args.database),
        effect: Some(json!({"navigate": {"database": args.database}})),
        ..ToolOutput::default()
    })
}

/// Arguments of `navigate`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Navigate {
    /// The store.
    store: String,
    /// A filter document.
    filter: Option<Value>,
    /// The database; the open one when missing.
    database: Option<String>,
}

fn navigate(context: &Context, args: Navigate) -> Result<ToolOutput, ToolFault> {
    let name = context.database_name(args.database.as_deref());
    let database = context.database(Some(name))?;
    let tx = database
        .begin(Access::Read)
        .map_err(|error| fault(error.into()))?;
    tx.documents(&args.store)
        .map_err(|error| at(error, "/store"))?;
    let target = json!({"database": name, "store": args.store, "filter": args.filter});
    Ok(ToolOutput {
        summary: format!("'{}' opened", args.store),
        effect: Some(json!({ "navigate": target })),
        ..ToolOutput::default()
    })
}

/// Arguments of `chart`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Chart {
    /// A statement whose first column is what the others are drawn over.
    sql: String,
    /// `line`, `bar` or `scatter`; chosen from the columns when missing.
    kind: Option<String>,
    /// The column along the bottom; the first when missing.
    x: Option<String>,
    /// The columns that are drawn; all with numbers when missing.
    y: Option<Names>,
    /// The database; the open one when missing.
    database: Option<String>,
}

const CHARTS: [&str; 3] = ["line", "bar", "scatter"];

fn chart(context: &Context, args: Chart) -> Result<ToolOutput, ToolFault> {
    if let Some(kind) = args.kind.as_deref().filter(|kind| !CHARTS.contains(kind)) {
        let mut found =
            super::fault::unknown("invalid_value", "kind of chart", kind, CHARTS.into_iter());
        found.message = format!("{} There are line, bar and scatter.", found.message);
        return Err(found.at("/kind"));
    }
    let query = json!({"sql": args.sql, "database": args.database});
    let query = super::get("query")?.run(context, query, super::Mode::Call)?;
    let columns = query.table.iter().flat_map(|table| &table.columns);
    let names: Vec<_> = columns.map(|column| column.name.clone()).collect();
    let y = args.y.map(|names| names.list());
    for name in args.x.iter().chain(y.iter().flatten()) {
        if !names.contains(name) {
            let known = names.iter().map(String::as_str);
            return Err(super::fault::unknown("field_not_found", "column", name, known).at("/y"));
        }
    }
    let chart = json!({
        "database": context.database_name(args.database.as_deref()),
        "sql": args.sql, "kind": args.kind, "x": args.x, "y": y,
    });
    Ok(ToolOutput {
        effect: Some(json!({ "chart": chart })),
        ..query
    })
}
