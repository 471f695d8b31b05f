//! Scripts of a data folder, without a server: list, show, run.
//!
//! Rows go to standard output in the form that was asked for; what a script says stands among its tables, or on standard
//! error when the form is one for programs.

use std::ops::ControlFlow;
use std::process::ExitCode;

use serde_json::{Map, Value as Json};
use sop_query::sql::{Cancel, Column, Output as _, Table, Value};
use sop_query::transfer::Format;
use sop_systemdb::script::run::{Event, RunReport};
use sop_systemdb::script::{Arguments, ScriptSource as _};
use sop_systemdb::system::System;
use sop_systemdb::tool::{self, ToolClass, ToolFault};

use super::args::{ScriptArgs, ScriptCommand, ScriptPlace};
use super::query::{Out, drawn, flag_name, json_of_flag};
use super::{note, say};
use crate::AppState;
use crate::api::FileRows;
use crate::config::{Config, read_file};
use crate::environments::Environments;
use crate::extract::JsonNumbers;
use crate::formats::text_format_of;
use crate::scripts::{Chain, Run, done, library, run_script};
use crate::tools::{Caller, Way};

/// Does what is asked and closes the databases.
pub(super) fn run(args: &ScriptArgs) -> anyhow::Result<ExitCode> {
    // Steps that ask a model need one.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let _entered = runtime.enter();
    match &args.command {
        ScriptCommand::List { place } => opened(place, |_, system| list(system)),
        ScriptCommand::Show { name, place } => opened(place, |_, system| show(system, name)),
        ScriptCommand::Run {
            name,
            arguments,
            database,
            dry_run,
            format,
            place,
        } => {
            let form = match format.as_str() {
                "table" => None,
                name => Some(text_format_of(name).map_err(|_| {
                    anyhow::anyhow!(
                        "'{name}' is no format of a result. Use table, csv, json or ndjson."
                    )
                })?),
            };
            let wanted = Wanted {
                name,
                arguments,
                database: database.as_deref(),
                dry_run: *dry_run,
                form,
            };
            opened(place, |state, system| execute(state, system, &wanted))
        }
    }
}

/// Opens the databases of a folder for `work`.
fn opened(
    place: &ScriptPlace,
    work: impl FnOnce(&AppState, &System) -> anyhow::Result<()>,
) -> anyhow::Result<ExitCode> {
    let mut config = match &place.config {
        Some(path) => Config::default().with_file(read_file(path)?),
        None => Config::default(),
    };
    if let Some(data) = &place.data {
        config.data.clone_from(data);
    }
    let shown = config.data.display().to_string();
    anyhow::ensure!(
        config.data.is_dir(),
        "There is no data folder {shown}. Name the one that the server uses with --data."
    );
    config.llm.read_key().map_err(anyhow::Error::msg)?;
    config.check().map_err(anyhow::Error::msg)?;
    let environments = Environments::open(&config)?;
    let state = AppState::new(&config, 0, environments);
    anyhow::ensure!(
        state.registry().has_system(),
        "There are no scripts in {shown}: no server has kept any there yet."
    );
    let system = state
        .system()
        .map_err(|error| anyhow::anyhow!("{}", error.detail()))?;
    let done = work(&state, &system);
    // What became of a run is written before the databases are closed.
    state.audit().close();
    state.environments().close_all();
    done?;
    Ok(ExitCode::SUCCESS)
}

fn list(system: &System) -> anyhow::Result<()> {
    let scripts = system.scripts(None)?;
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: "string".to_owned(),
    };
    let rows = scripts.into_iter().map(|script| {
        let parameters = script.parameters.into_iter().map(|one| one.name);
        vec![
            Value::Text(format!("{}.{}", script.category, script.name)),
            Value::Integer(i64::try_from(script.version).unwrap_or(i64::MAX)),
            Value::Text(parameters.collect::<Vec<_>>().join(" ")),
            Value::Text(script.description),
        ]
    });
    let names = ["script", "version", "parameters", "description"];
    say(&drawn(&Table {
        columns: names.map(column).to_vec(),
        rows: rows.collect(),
        ..Table::default()
    }))
}

fn show(system: &System, name: &str) -> anyhow::Result<()> {
    let (category, name) = system.resolve_script(name, None)?;
    let stored = system.script(&category, &name, None)?;
    say(&format!(
        "{}\n",
        serde_json::to_string_pretty(&stored.script)?
    ))
}

/// What is to be run, and how.
struct Wanted<'a> {
    name: &'a str,
    arguments: &'a [String],
    database: Option<&'a str>,
    dry_run: bool,
    form: Option<Format>,
}

fn execute(state: &AppState, system: &System, wanted: &Wanted<'_>) -> anyhow::Result<()> {
    let (category, name) = system.resolve_script(wanted.name, None)?;
    let program = library(state, system)
        .program(&format!("{category}.{name}"))
        .map_err(told)?;
    let first = || state.registry().first_name();
    let database = wanted.database.map(str::to_owned).or_else(first);
    let cancel = Cancel::default();
    let asker = state.copilot().asker(state, database.as_deref(), &cancel);
    let run = Run {
        program,
        arguments: arguments(wanted.arguments),
        database,
        dry_run: wanted.dry_run,
        until: None,
        variables: false,
        pauses: None,
        caller: Caller {
            name: "cli".to_owned(),
            way: Way::Script,
            may: ToolClass::Admin,
        },
        way: "cli",
        cancel: cancel.clone(),
        asker: &asker,
        chain: Chain::default(),
    };
    let as_table = wanted.form.is_none();
    let mut broken = None;
    let report = run_script(
        state,
        system,
        &run,
        &mut |event| match heard(&event, as_table) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                broken = Some(error);
                cancel.cancel();
                ControlFlow::Break(())
            }
        },
    );
    if let Some(error) = broken {
        return Err(error);
    }
    let report = done(report).map_err(told)?;
    if let (Some(form), Some(table)) = (wanted.form, &report.table) {
        print(table, form)?;
    }
    note(&figures(&report, wanted.dry_run));
    Ok(())
}

fn told(fault: ToolFault) -> anyhow::Error {
    match fault.suggestions.as_slice() {
        [] => anyhow::anyhow!("{}", fault.message),
        near => anyhow::anyhow!("{} ({})", fault.message, near.join(", ")),
    }
}

/// Shows what happens.
fn heard(event: &Event, as_table: bool) -> anyhow::Result<()> {
    match event {
        Event::Said { text, .. } if as_table => say(&format!("{text}\n")),
        Event::Said { text, .. } => {
            note(&format!("{text}\n"));
            Ok(())
        }
        Event::Table { table, .. } if as_table => say(&drawn(&sql_table(table))),
        Event::Output {
            changes: Some(changes),
            summary,
            ..
        } if as_table => {
            let count = changes["count"].as_u64().unwrap_or(0);
            say(&format!("{summary} ({count} changed)\n"))
        }
        _ => Ok(()),
    }
}

fn figures(report: &RunReport, dry_run: bool) -> String {
    let time = report.elapsed.as_secs_f64() * 1e3;
    let (steps, rows) = (report.steps, report.rows);
    let changed = match (report.changed, dry_run) {
        (0, _) => String::new(),
        (changed, true) => format!(", {changed} would be changed"),
        (changed, false) => format!(", {changed} changed"),
    };
    format!("{steps} steps, {rows} rows{changed}, {time:.1} ms\n")
}

fn sql_table(table: &tool::Table) -> Table {
    let rows = table.rows.iter();
    Table {
        columns: columns(table),
        rows: rows
            .map(|row| row.iter().map(Value::from_json).collect())
            .collect(),
        ..Table::default()
    }
}

fn columns(table: &tool::Table) -> Vec<Column> {
    let columns = table.columns.iter().map(|column| Column {
        name: column.name.clone(),
        kind: column.kind.clone(),
    });
    columns.collect()
}

/// The rows in a form for programs.
fn print(table: &tool::Table, form: Format) -> anyhow::Result<()> {
    let numbers = JsonNumbers {
        as_strings: false,
        lines: false,
    };
    let mut out = Out::default();
    let mut rows = FileRows::new(&mut out, form, numbers);
    if rows.columns(&columns(table)).is_continue() {
        for row in &table.rows {
            let row: Vec<Value> = row.iter().map(Value::from_json).collect();
            let lent: Vec<_> = row.iter().map(Value::as_ref).collect();
            if rows.row(&lent).is_break() {
                break;
            }
        }
    }
    rows.end()?;
    say(&out.into_text())
}

/// `name=value` and values without names, as `/run` takes them.
fn arguments(flags: &[String]) -> Arguments {
    let mut named = Map::new();
    let mut positional: Vec<Json> = Vec::new();
    for flag in flags {
        match flag_name(flag) {
            Some((name, text)) => {
                named.insert(name.to_owned(), json_of_flag(text));
            }
            None => positional.push(json_of_flag(flag)),
        }
    }
    Arguments { named, positional }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn arguments_have_names_or_places() {
        let flags = ["users", "role=admin", "limit=10"].map(str::to_owned);
        let given = arguments(&flags);
        assert_eq!(given.positional, [json!("users")]);
        assert_eq!(
            Json::Object(given.named),
            json!({"role": "admin", "limit": 10})
        );
    }
}
