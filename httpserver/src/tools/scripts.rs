//! Tools about scripts: list, show, save, run, delete.
//!
//! Always: a script is checked before it is saved; a run may do no more than its caller, and what it may do is known
//! before it begins, so that one that only reads needs no more than the right to read.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sop_systemdb::script::run::{Event, RunReport};
use sop_systemdb::script::{Arguments, Program, Script};
use sop_systemdb::system::{Save, StoredScript, System, SystemError};
use sop_systemdb::tool::{Table, ToolClass, ToolFault, ToolOutput};

use super::context::{Caller, Context, Way};
use super::knowledge::there;
use super::result::{column, counted};
use super::system::{SystemChange, system, writable};
use super::tool::{Mode, Tool};
use crate::scripts::{Run, done, library, run_script};

/// The store that these tools change.
const STORE: &str = "scripts";
/// The tool that runs a script.
pub const RUN_SCRIPT: &str = "run_script";
/// Bytes of what a script says that are kept.
const SAID_BYTES: usize = 64 << 10;
/// Changed items of a run that are listed.
const LISTED: usize = 1_000;

/// The tools of this module.
pub fn tools() -> Vec<Tool> {
    vec![
        Tool::reading(
            "list_scripts",
            "Lists the saved scripts with their parameters and what they are for.",
            &["category"],
            list,
        ),
        Tool::reading(
            "show_script",
            "Shows a saved script: parameters and steps, as JSON.",
            &["name"],
            show,
        ),
        Tool::changing(
            "save_script",
            "Checks a script and saves it as a new version. It is {\"name\", \"category\", \"description\", \
             \"parameters\": [{\"name\", \"type\", \"default\"}], \"steps\": [{\"type\": \"tool\", \"tool\", \"args\"}]}.",
            ToolClass::Write,
            &["script"],
            save,
        )
        .of_system(STORE),
        Tool::changing(
            RUN_SCRIPT,
            "Runs a saved script. It needs the rights that its steps need; what it says and its last rows are the answer.",
            ToolClass::Write,
            &["name", "args"],
            run,
        )
        .with_class(class_of_run),
        Tool::changing(
            "delete_script",
            "Deletes a saved script; its versions are kept, so that it can be brought back.",
            ToolClass::Write,
            &["name"],
            delete,
        )
        .of_system(STORE),
    ]
}

/// Arguments of `list_scripts`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct List {
    /// Only scripts of this category.
    category: Option<String>,
}

fn list(context: &Context, args: List) -> Result<ToolOutput, ToolFault> {
    let scripts = system(context)?.scripts(args.category.as_deref())?;
    let rows = scripts.iter().map(|script| {
        let parameters = script.parameters.iter().map(|parameter| &parameter.name);
        vec![
            json!(script.category),
            json!(script.name),
            json!(script.description),
            json!(parameters.collect::<Vec<_>>()),
            json!(script.steps),
            json!(script.version),
            json!(script.author),
            json!(script.saved),
        ]
    });
    let columns = [
        ("category", "string"),
        ("name", "string"),
        ("description", "string"),
        ("parameters", "json"),
        ("steps", "integer"),
        ("version", "integer"),
        ("author", "string"),
        ("saved", "string"),
    ];
    let table = Table {
        columns: columns.map(|(name, kind)| column(name, kind)).to_vec(),
        rows: rows.collect(),
        truncated: false,
    };
    Ok(ToolOutput {
        summary: counted(table.rows.len() as u64, "script"),
        table: Some(table),
        ..ToolOutput::default()
    })
}

/// Arguments of `show_script`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Show {
    /// `Category.Name`, or a name that only one category has.
    name: String,
    /// The version; the newest when missing.
    version: Option<u64>,
}

fn show(context: &Context, args: Show) -> Result<ToolOutput, ToolFault> {
    let system = system(context)?;
    let (category, name) = resolved(&system, &args.name)?;
    let stored = system.script(&category, &name, args.version)?;
    Ok(ToolOutput {
        summary: format!(
            "{category}.{name}, version {}, {}",
            stored.info.version,
            counted(stored.info.steps as u64, "step")
        ),
        data: json!({
            "script": stored.script, "version": stored.info.version, "author": stored.info.author,
            "saved": stored.info.saved,
        }),
        ..ToolOutput::default()
    })
}

fn resolved(system: &System, name: &str) -> Result<(String, String), ToolFault> {
    let found = system.resolve_script(name, None);
    found.map_err(|error| ToolFault::from(error).at("/name"))
}

/// Arguments of `save_script`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SaveScript {
    /// The script.
    script: Map<String, Value>,
    /// What is new in it.
    note: Option<String>,
    /// The version that it was made from; 0 when it has to be new. Fails when there is another one.
    version: Option<u64>,
}

fn save(context: &Context, args: SaveScript, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let system = writable(context, mode)?;
    let script = Script::from_json(&Value::Object(args.script))
        .map_err(|faults| refused(SystemError::Refused(faults)))?;
    let before = there(system.script(&script.category, &script.name, None))?;
    let library = library(&context.state, &system);
    let warnings = match mode {
        Mode::Call => {
            let save = Save {
                author: context.state.who().author().to_owned(),
                note: args.note.unwrap_or_default(),
                expected: args.version,
            };
            library.save(&script, &save).map_err(refused)?.1
        }
        Mode::Propose => library.check(&script).map_err(refused)?,
    };
    let what = format!("script {}", script.reference());
    let mut output = changed(before.as_ref(), Some(&script), &what).output(context, mode);
    if !warnings.is_empty() {
        output.data = json!({"warnings": warnings});
    }
    Ok(output)
}

/// Why a script was not saved; places are those of the arguments.
fn refused(error: SystemError) -> ToolFault {
    let mut fault = ToolFault::from(error);
    fault.at = fault.at.map(|at| format!("/script{at}"));
    fault
}

fn changed<'a>(
    before: Option<&StoredScript>,
    after: Option<&Script>,
    what: &'a str,
) -> SystemChange<'a> {
    let script = before.map(|stored| &stored.script).or(after);
    SystemChange {
        store: STORE,
        key: script
            .map(|script| json!([script.category, script.name]))
            .unwrap_or_default(),
        before: before
            .map(|stored| stored.script.to_json())
            .unwrap_or_default(),
        after: after.map(Script::to_json).unwrap_or_default(),
        what,
    }
}

/// Arguments of `delete_script`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Delete {
    /// `Category.Name`, or a name that only one category has.
    name: String,
    /// Whether its old versions go too.
    versions: Option<bool>,
}

fn delete(context: &Context, args: Delete, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let system = writable(context, mode)?;
    let (category, name) = resolved(&system, &args.name)?;
    let before = system.script(&category, &name, None)?;
    let keep = !args.versions.unwrap_or(false);
    if mode == Mode::Call {
        system.delete_script(&category, &name, keep, context.state.who().author())?;
    }
    let kept = if keep {
        "its versions stay"
    } else {
        "with its versions"
    };
    let what = format!("script {category}.{name} deleted, {kept}");
    Ok(changed(Some(&before), None, &what).output(context, mode))
}

/// Arguments of `run_script`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunScript {
    /// `Category.Name`, or a name that only one category has.
    name: String,
    /// Values of its parameters by name.
    args: Option<Map<String, Value>>,
    /// Values of the parameters that have none by name, in their order.
    positional: Option<Vec<Value>>,
    /// The database, where the script names none; the open one when missing.
    database: Option<String>,
    /// Shows what would be changed and keeps nothing.
    dry_run: Option<bool>,
}

fn program(context: &Context, system: &System, name: &str) -> Result<Arc<Program>, ToolFault> {
    let (category, name) = resolved(system, name)?;
    Ok(library(&context.state, system).newest(&category, &name)?)
}

/// What a run may do is what its steps may do.
fn class_of_run(context: &Context, args: &Value) -> Result<ToolClass, ToolFault> {
    let Some(name) = args.get("name").and_then(Value::as_str) else {
        // The arguments are wrong, which is told when they are read.
        return Ok(ToolClass::Read);
    };
    let system = system(context)?;
    let program = program(context, &system, name)?;
    Ok(library(&context.state, &system).class(&program))
}

fn run(context: &Context, args: RunScript, mode: Mode) -> Result<ToolOutput, ToolFault> {
    let system = system(context)?;
    let program = program(context, &system, &args.name)?;
    let class = library(&context.state, &system).class(&program);
    // It may have become another one since the rights were looked at.
    context.allow_class(class, RUN_SCRIPT)?;
    let reference = program.script.reference();
    if let Some(message) = context.chain.refusal(&reference) {
        return Err(ToolFault::new("call_cycle", message));
    }
    let database = context.database_name(args.database.as_deref());
    let asker = context
        .state
        .copilot()
        .asker(&context.state, Some(database), &context.cancel);
    let dry_run = mode == Mode::Propose || args.dry_run.unwrap_or(false);
    let wanted = Run {
        arguments: Arguments {
            named: args.args.unwrap_or_default(),
            positional: args.positional.unwrap_or_default(),
        },
        database: Some(database.to_owned()).filter(|name| !name.is_empty()),
        dry_run,
        until: None,
        variables: false,
        pauses: None,
        caller: Caller {
            way: Way::Script,
            ..context.caller.clone()
        },
        way: context.caller.way.as_str(),
        cancel: context.cancel.clone(),
        asker: &asker,
        chain: context.chain.clone(),
        program,
    };
    let mut heard = Heard::default();
    let report = run_script(&context.state, &system, &wanted, &mut |event| {
        heard.hear(event);
        match context.cancel.is_cancelled() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    let report = done(report)?;
    Ok(heard.output(context, &reference, &report, dry_run))
}

/// What is kept of what a run tells.
#[derive(Default)]
struct Heard {
    said: String,
    changed: u64,
    rows: Vec<Value>,
    statements: Vec<String>,
    effect: Option<Value>,
    sequence: Option<u64>,
}

impl Heard {
    fn hear(&mut self, event: Event) {
        match event {
            Event::Said { text, .. } if self.said.len() < SAID_BYTES => {
                let _ = writeln!(self.said, "{text}");
            }
            Event::Output {
                changes,
                statement,
                stats,
                effect,
                ..
            } => {
                self.effect = effect.or(self.effect.take());
                self.sequence = self.sequence.or(stats["sequence"].as_u64());
                let Some(changes) = changes else { return };
                self.changed += changes["count"].as_u64().unwrap_or(0);
                let rows = changes["rows"].as_array().into_iter().flatten();
                let room = LISTED.saturating_sub(self.rows.len());
                self.rows.extend(rows.take(room).cloned());
                self.statements.extend(statement);
            }
            _ => {}
        }
    }

    fn output(
        self,
        context: &Context,
        reference: &str,
        report: &RunReport,
        dry_run: bool,
    ) -> ToolOutput {
        let table = report.table.as_ref().map(|table| cut(table, context));
        let mut data = Map::new();
        let said = self.said.trim_end();
        if !said.is_empty() {
            data.insert("said".to_owned(), said.into());
        }
        if table.is_none() && !report.value.is_null() {
            data.insert("value".to_owned(), report.value.clone());
        }
        let word = if dry_run {
            "would be changed"
        } else {
            "changed"
        };
        let mut summary = format!("{reference}: {}", counted(report.steps, "step"));
        if let Some(table) = &table {
            let _ = write!(summary, ", {}", counted(table.rows.len() as u64, "row"));
        }
        if self.changed > 0 {
            let _ = write!(summary, ", {} {word}", counted(self.changed, "item"));
        }
        let changes = (self.changed > 0 || dry_run)
            .then(|| json!({"count": self.changed, "rows": self.rows}));
        ToolOutput {
            summary,
            table,
            data: if data.is_empty() {
                Value::Null
            } else {
                Value::Object(data)
            },
            changes,
            statement: (!self.statements.is_empty()).then(|| self.statements.join(";\n")),
            stats: json!({
                "elapsed_ms": report.elapsed.as_secs_f64() * 1e3,
                "steps": report.steps,
                "rows": report.rows,
                "changed": report.changed,
                "sequence": report.sequence.or(self.sequence),
            }),
            effect: self.effect,
        }
    }
}

/// The rows that an answer has room for.
fn cut(table: &Table, context: &Context) -> Table {
    let most = usize::try_from(context.rows).unwrap_or(usize::MAX);
    let mut room = context.bytes;
    let fits = table.rows.iter().take(most).take_while(|row| {
        let bytes: usize = row.iter().map(|value| value.to_string().len() + 1).sum();
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    });
    let rows: Vec<Vec<Value>> = fits.cloned().collect();
    Table {
        columns: table.columns.clone(),
        truncated: table.truncated || rows.len() < table.rows.len(),
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_never_runs_another_by_a_tool() {
        // By a step "call" circles are seen when it is saved.
        assert!(crate::scripts::all_tools().get(RUN_SCRIPT).is_none());
    }
}
