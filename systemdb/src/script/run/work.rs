//! What each kind of step does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::{Map, Value, json};

use super::event::Event;
use super::host::{Prompt, PromptPart};
use super::pause::Round;
use super::steps::{Frame, Given, Runner, Stop};
use crate::script::arguments::{Arguments, bind};
use crate::script::check::{MAX_CALL_DEPTH, RUN_VARIABLE};
use crate::script::program::{Compiled, Operand, Work};
use crate::script::template::{Template, ValueTemplate};
use crate::script::variables::Variables;
use crate::tool::{Table, ToolOutput};

impl Runner<'_, '_> {
    pub(super) fn work(&mut self, step: &Compiled) -> Result<Given, Stop> {
        match &step.work {
            Work::Tool {
                tool,
                args,
                takes_database,
                ..
            } => {
                let mut args = self.value(step, args)?;
                if *takes_database
                    && let Some(database) = self.database(step)?
                    && let Value::Object(fields) = &mut args
                {
                    fields.insert("database".to_owned(), Value::String(database));
                }
                let output = self.host.call(tool, args);
                let output = output.map_err(|fault| self.failed(Some(step), fault))?;
                self.took(step, output)
            }
            Work::Ask(prompt) => {
                let prompt = self.prompt(step, prompt)?;
                let answer = self.shared.options.asker.ask(&prompt);
                let answer = answer.map_err(|fault| self.failed(Some(step), fault))?;
                let text = answer
                    .as_str()
                    .map_or_else(|| answer.to_string(), str::to_owned);
                let place = self.place(step);
                self.tell(Event::Said { place, text })?;
                Ok(self.gave(step, 0, answer))
            }
            Work::Set { variable, value } => {
                let value = self.operand(step, value)?;
                self.frame.variables.set(variable, value);
                Ok(Given::default())
            }
            Work::If {
                condition,
                then,
                otherwise,
            } => {
                let steps = match self.holds(step, condition)? {
                    true => then,
                    false => otherwise,
                };
                self.list(steps, false)?;
                Ok(self.result(step))
            }
            Work::Loop { list, item, steps } => self.repeat(step, list, item, steps),
            Work::Say(message) => {
                let text = self.text(step, message)?;
                let place = self.place(step);
                self.tell(Event::Said {
                    place,
                    text: text.clone(),
                })?;
                let value = step.output.is_some().then_some(Value::String(text));
                Ok(Given { rows: 0, value })
            }
            Work::Call { script, args } => self.call(step, script, args),
            Work::Block(steps) => {
                self.list(steps, false)?;
                Ok(self.result(step))
            }
            Work::Assert {
                condition,
                text,
                message,
            } => {
                if self.holds(step, condition)? {
                    return Ok(Given::default());
                }
                let message = match message {
                    Some(message) => self.text(step, message)?,
                    None => format!("it does not hold that {text}"),
                };
                Err(self.fault(step, "assertion_failed", message))
            }
        }
    }

    /// The last result, for a step that is made of others.
    fn result(&self, step: &Compiled) -> Given {
        let value = step.output.is_some().then(|| match &self.frame.table {
            Some(table) if self.frame.value.is_null() => objects(table),
            _ => self.frame.value.clone(),
        });
        Given { rows: 0, value }
    }

    fn gave(&mut self, step: &Compiled, rows: u64, value: Value) -> Given {
        let kept = step.output.is_some().then(|| value.clone());
        self.frame.value = value;
        Given { rows, value: kept }
    }

    /// Tells what a tool answered, and keeps it.
    fn took(&mut self, step: &Compiled, output: ToolOutput) -> Result<Given, Stop> {
        let ToolOutput {
            summary,
            table,
            data,
            changes,
            statement,
            stats,
            effect,
        } = output;
        let count = |json: &Value, name: &str| json.get(name).and_then(Value::as_u64);
        let changed = changes
            .as_ref()
            .and_then(|changes| count(changes, "count"))
            .or_else(|| count(&stats, "changed"))
            .unwrap_or(0);
        self.shared.changed.fetch_add(changed, Ordering::Relaxed);
        let nodes_read = count(&stats, "nodes_read").unwrap_or(0);
        let shared = self.shared;
        shared.nodes_read.fetch_add(nodes_read, Ordering::Relaxed);
        self.open += changed;
        let mut given = Given::default();
        if let Some(mut table) = table {
            let most = usize::try_from(self.shared.limits.rows).unwrap_or(usize::MAX);
            if table.rows.len() > most {
                table.rows.truncate(most);
                table.truncated = true;
            }
            given.rows = table.rows.len() as u64;
            let table = Arc::new(table);
            given.value = step.output.is_some().then(|| objects(&table));
            self.frame.table = Some(Arc::clone(&table));
            self.frame.value = Value::Null;
            let place = self.place(step);
            self.tell(Event::Table { place, table })?;
        } else {
            let value = match &data {
                Value::Null => json!({"summary": summary, "changed": changed}),
                data => data.clone(),
            };
            given = self.gave(step, 0, value);
        }
        let place = self.place(step);
        self.tell(Event::Output {
            place,
            summary,
            data,
            changes,
            statement,
            stats,
            effect,
        })?;
        Ok(given)
    }

    fn repeat(
        &mut self,
        step: &Compiled,
        list: &Operand,
        item: &str,
        steps: &[Compiled],
    ) -> Result<Given, Stop> {
        let list = match self.operand(step, list)? {
            Value::Array(list) => list,
            Value::Null => Vec::new(),
            other => {
                let shown: String = other.to_string().chars().take(60).collect();
                let message = format!("a loop needs a list, and this is {shown}");
                return Err(self.fault(step, "invalid_value", message));
            }
        };
        let outer = self.frame.variables.get(item).cloned();
        let of = list.len() as u64;
        let loops = self.frame.rounds.len();
        let mut done = Ok(());
        self.frame.rounds.push(Round {
            place: self.place(step),
            item: item.to_owned(),
            round: 0,
            of,
        });
        for value in list {
            if let Some(round) = self.frame.rounds.last_mut() {
                round.round += 1;
            }
            self.frame.variables.set(item, value);
            done = self.pause_before(step, true);
            if done.is_ok() {
                done = self.list(steps, false);
            }
            if done.is_err() {
                break;
            }
        }
        self.frame.rounds.truncate(loops);
        match outer {
            Some(value) => self.frame.variables.set(item, value),
            None => self.frame.variables.remove(item),
        }
        done?;
        Ok(self.result(step))
    }

    fn call(
        &mut self,
        step: &Compiled,
        reference: &str,
        args: &ValueTemplate,
    ) -> Result<Given, Stop> {
        let depth = self.frame.depth + 1;
        if depth >= MAX_CALL_DEPTH {
            let message = format!("scripts call each other deeper than {MAX_CALL_DEPTH} levels");
            return Err(self.fault(step, "too_deep", message));
        }
        let named = match self.value(step, args)? {
            Value::Object(named) => named,
            _ => Map::new(),
        };
        let program = self.shared.options.scripts.program(reference);
        let program = program.map_err(|fault| self.failed(Some(step), fault))?;
        let bound =
            bind(&program.script.parameters, &Arguments::from(named)).map_err(|faults| {
                let told: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
                let message = format!("{reference}: {}", told.join("; "));
                self.fault(step, "invalid_arguments", message)
            })?;
        let mut variables = Variables::default();
        for (name, value) in bound {
            variables.set(&name, value);
        }
        let about = self.frame.variables.get(RUN_VARIABLE).cloned();
        variables.set(RUN_VARIABLE, about.unwrap_or_default());
        let outer = self.database(step)?;
        let mut frame = Frame::new(program, reference.into(), variables, depth);
        frame.outer_rounds = self.frame.rounds.len();
        frame.rounds.clone_from(&self.frame.rounds);
        frame.calls.clone_from(&self.frame.calls);
        frame.calls.push(self.place(step));
        let caller = std::mem::replace(&mut self.frame, frame);
        let result = self.own_database(outer).and_then(|database| {
            self.frame.database = database;
            self.program()
        });
        let callee = std::mem::replace(&mut self.frame, caller);
        match result {
            Ok(()) | Err(Stop::Reached) => {}
            Err(stop) => return Err(stop),
        }
        if callee.table.is_some() {
            self.frame.table = callee.table;
        }
        self.frame.value = callee.value;
        Ok(self.result(step))
    }

    /// What a model is asked, data apart from what the script's author wrote.
    fn prompt(&self, step: &Compiled, template: &Template) -> Result<Prompt, Stop> {
        let script = &self.frame.program.script;
        // Of a script that was called even the arguments may be data; so may a variable that a step changed.
        let is_given = |name: &str| {
            let is_parameter = script.parameters.iter().any(|there| there.name == name);
            self.frame.depth == 0 && is_parameter && !self.frame.program.changes(name)
        };
        let mut parts = Vec::new();
        let read = template.parts(&self.frame.variables, &mut |path, text| {
            parts.push(match path {
                None => PromptPart::Text(text),
                Some(path) => PromptPart::Data {
                    given: is_given(&path.variable),
                    name: path.variable.clone(),
                    text,
                },
            });
        });
        read.map_err(|message| self.fault(step, "invalid_template", message))?;
        let until = self.shared.deadline();
        Ok(Prompt { parts, until })
    }
}

/// Rows as documents; a second column of a name has a number behind it.
fn objects(table: &Table) -> Value {
    let mut names: Vec<String> = Vec::with_capacity(table.columns.len());
    for column in &table.columns {
        let mut name = column.name.clone();
        let mut number = 2;
        while names.contains(&name) {
            name = format!("{}_{number}", column.name);
            number += 1;
        }
        names.push(name);
    }
    let rows = table.rows.iter().map(|row| {
        let fields = names.iter().cloned().zip(row.iter().cloned());
        Value::Object(fields.collect())
    });
    Value::Array(rows.collect())
}
