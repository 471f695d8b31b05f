//! Steps, one after the other.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::event::{Event, Failure, Place};
use super::host::{Begin, Prompt, PromptPart, ScriptHost};
use super::{Shared, Sink, milliseconds};
use crate::script::arguments::{Arguments, bind};
use crate::script::check::{ERROR_VARIABLE, MAX_CALL_DEPTH, RUN_VARIABLE};
use crate::script::model::TransactionMode;
use crate::script::program::{Compiled, Operand, Program, Work};
use crate::script::template::{Template, ValueTemplate};
use crate::script::variables::Variables;
use crate::tool::{Table, ToolFault, ToolOutput};

/// Why the steps do not go on.
pub(super) enum Stop {
    Failed(Box<Failure>),
    Cancelled,
    /// The step after which the run was to end.
    Reached,
}

/// A script that runs.
pub(super) struct Frame {
    program: Arc<Program>,
    reference: Arc<str>,
    pub variables: Variables,
    pub database: Option<String>,
    /// Scripts that called each other to get here.
    depth: usize,
    pub table: Option<Arc<Table>>,
    pub value: Value,
    /// Which round of how many of the innermost loop.
    round: Option<(u64, u64)>,
}

impl Frame {
    pub fn new(
        program: Arc<Program>,
        reference: Arc<str>,
        variables: Variables,
        depth: usize,
    ) -> Self {
        Self {
            program,
            reference,
            variables,
            database: None,
            depth,
            table: None,
            value: Value::Null,
            round: None,
        }
    }

    /// The same for another thread, without results.
    pub fn beside(&self) -> Self {
        Self {
            program: Arc::clone(&self.program),
            reference: Arc::clone(&self.reference),
            variables: self.variables.clone(),
            database: self.database.clone(),
            depth: self.depth,
            table: None,
            value: Value::Null,
            round: self.round,
        }
    }
}

pub(super) struct Runner<'r, 's> {
    pub shared: &'r Shared<'r>,
    pub host: &'r dyn ScriptHost,
    pub sink: Sink<'s>,
    pub frame: Frame,
    /// Whether a transaction of the script has begun.
    pub transaction: bool,
    pub sequence: Option<u64>,
}

/// What a step gave.
#[derive(Default)]
pub(super) struct Given {
    pub rows: u64,
    /// For the variable of the step.
    pub value: Option<Value>,
}

impl Runner<'_, '_> {
    pub fn tell(&mut self, event: Event) -> Result<(), Stop> {
        match (self.sink)(event) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => {
                self.shared.stop.store(true, Ordering::Relaxed);
                Err(Stop::Cancelled)
            }
        }
    }

    fn place(&self, step: &Compiled) -> Place {
        Place {
            script: Arc::clone(&self.frame.reference),
            step: Arc::clone(&step.at),
        }
    }

    pub fn failed(&self, step: Option<&Compiled>, fault: ToolFault) -> Stop {
        Stop::Failed(Box::new(Failure {
            place: step.map(|step| self.place(step)),
            code: fault.code,
            message: fault.message,
            suggestions: fault.suggestions,
        }))
    }

    fn fault(&self, step: &Compiled, code: &str, message: impl Into<String>) -> Stop {
        self.failed(Some(step), ToolFault::new(code, message))
    }

    /// The database of the script: its own, or else that of who runs it.
    pub fn own_database(&self, outer: Option<String>) -> Result<Option<String>, Stop> {
        match &self.frame.program.database {
            None => Ok(outer),
            Some(template) => match template.text(&self.frame.variables) {
                Ok(name) => Ok(Some(name)),
                Err(message) => Err(self.failed(None, ToolFault::new("invalid_template", message))),
            },
        }
    }

    /// Runs the script of the frame, in the transactions that it wants.
    pub fn program(&mut self) -> Result<(), Stop> {
        let program = Arc::clone(&self.frame.program);
        let dry_run = self.shared.options.dry_run;
        // A script that is called has part in the transaction of the one that calls.
        if self.transaction {
            return self.list(&program.steps, false);
        }
        match program.script.transaction {
            TransactionMode::Single => {
                self.whole(|me| me.list(&program.steps, false), program.may_write)
            }
            // What is only shown is one transaction, so that later steps see what those before would have done.
            _ if dry_run => self.whole(|me| me.list(&program.steps, false), program.may_write),
            TransactionMode::PerStep => self.list(&program.steps, true),
            TransactionMode::None => self.list(&program.steps, false),
        }
    }

    /// Runs `work` in one transaction.
    pub fn whole<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Stop>,
        writes: bool,
    ) -> Result<T, Stop> {
        let begin = Begin {
            writes,
            dry_run: self.shared.options.dry_run,
        };
        let begun = self.host.begin(begin);
        begun.map_err(|fault| self.failed(None, fault))?;
        self.transaction = true;
        let result = work(self);
        self.transaction = false;
        match result {
            Ok(_) | Err(Stop::Reached) if begin.dry_run => {
                self.host.rollback();
                result
            }
            Ok(_) | Err(Stop::Reached) => match self.host.commit() {
                Ok(sequence) => {
                    self.sequence = sequence.or(self.sequence);
                    result
                }
                Err(fault) => Err(self.failed(None, fault)),
            },
            Err(_) => {
                self.host.rollback();
                result
            }
        }
    }

    /// Runs steps; each in a transaction of its own where `apart` says so.
    pub fn list(&mut self, steps: &[Compiled], apart: bool) -> Result<(), Stop> {
        let mut rest = steps;
        while let Some((step, after)) = rest.split_first() {
            let beside = rest.iter().take_while(|step| step.is_async).count();
            // What is only shown has to see what came before: one after the other.
            if beside > 1 && !self.shared.options.dry_run {
                let (group, after) = rest.split_at(beside);
                self.beside(group, apart)?;
                rest = after;
                continue;
            }
            self.step(step, apart)?;
            rest = after;
        }
        Ok(())
    }

    pub fn step(&mut self, step: &Compiled, apart: bool) -> Result<(), Stop> {
        self.may_go_on(step)?;
        let began = Instant::now();
        let started = Event::StepStarted {
            place: self.place(step),
            kind: step.kind,
            name: step.name.clone(),
            round: self.frame.round,
        };
        self.tell(started)?;
        let result = match apart {
            true => self.whole(|me| me.work(step), true),
            false => self.work(step),
        };
        match result {
            Ok(given) => {
                if let Some(name) = &step.output {
                    self.frame
                        .variables
                        .set(name, given.value.unwrap_or_default());
                }
                self.shared.rows.fetch_add(given.rows, Ordering::Relaxed);
                let variables = self.shared.options.variables.then(|| self.told_variables());
                self.tell(Event::StepFinished {
                    place: self.place(step),
                    rows: given.rows,
                    elapsed_ms: milliseconds(began.elapsed()),
                    variables,
                })?;
                let until = self.shared.options.until.as_deref();
                if self.frame.depth == 0 && until == Some(&*step.at) {
                    return Err(Stop::Reached);
                }
                Ok(())
            }
            Err(Stop::Failed(failure)) => self.failing(step, *failure),
            Err(stop) => Err(stop),
        }
    }

    /// A step failed: goes on where it may.
    fn failing(&mut self, step: &Compiled, mut failure: Failure) -> Result<(), Stop> {
        let own = Some(self.place(step));
        failure.place = failure.place.or_else(|| own.clone());
        let spoiled = match self.transaction {
            true => self.host.spoiled(),
            false => None,
        };
        let continues = step.continue_on_error && spoiled.is_none();
        if failure.place == own || continues {
            self.tell(Event::StepFailed {
                failure: failure.clone(),
                continues,
            })?;
        }
        if let Some(reason) = spoiled.filter(|_| step.continue_on_error) {
            failure.message = format!("{}; the script cannot go on: {reason}", failure.message);
        }
        if !continues {
            return Err(Stop::Failed(Box::new(failure)));
        }
        let error = json!({
            "code": failure.code,
            "message": failure.message,
            "step": failure.place.as_ref().map(|place| &*place.step),
        });
        self.frame.variables.set(ERROR_VARIABLE, error);
        if let Some(name) = &step.output {
            self.frame.variables.set(name, Value::Null);
        }
        Ok(())
    }

    /// Fails when the run was stopped or took more than it may.
    fn may_go_on(&self, step: &Compiled) -> Result<(), Stop> {
        let shared = self.shared;
        if shared.stop.load(Ordering::Relaxed) || (shared.options.cancelled)() {
            return Err(Stop::Cancelled);
        }
        let steps = shared.steps.fetch_add(1, Ordering::Relaxed) + 1;
        if steps > shared.limits.steps {
            let most = shared.limits.steps;
            let message = format!(
                "the script may run {most} steps, rounds of loops counted; raise its limit or do more in one step"
            );
            return Err(self.fault(step, "step_limit", message));
        }
        if shared
            .deadline
            .is_some_and(|deadline| Instant::now() > deadline)
        {
            let message = format!(
                "the script took longer than {} ms",
                shared.limits.time.as_millis()
            );
            return Err(self.fault(step, "timeout", message));
        }
        Ok(())
    }

    fn text(&self, step: &Compiled, template: &Template) -> Result<String, Stop> {
        let text = template.text(&self.frame.variables);
        text.map_err(|message| self.fault(step, "invalid_template", message))
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
        let until = self.shared.deadline;
        Ok(Prompt { parts, until })
    }

    fn value(&self, step: &Compiled, template: &ValueTemplate) -> Result<Value, Stop> {
        let value = template.value(&self.frame.variables);
        value.map_err(|message| self.fault(step, "invalid_template", message))
    }

    fn operand(&self, step: &Compiled, operand: &Operand) -> Result<Value, Stop> {
        match operand {
            Operand::Value(template) => self.value(step, template),
            Operand::Expression(expression) => {
                let value = expression.value(&self.frame.variables);
                value.map_err(|message| self.fault(step, "invalid_expression", message))
            }
        }
    }

    fn holds(
        &self,
        step: &Compiled,
        condition: &crate::script::expression::Expression,
    ) -> Result<bool, Stop> {
        let holds = condition.holds(&self.frame.variables);
        holds.map_err(|message| self.fault(step, "invalid_expression", message))
    }

    /// The database of a step.
    fn database(&self, step: &Compiled) -> Result<Option<String>, Stop> {
        match &step.database {
            Some(template) => self.text(step, template).map(Some),
            None => Ok(self.frame.database.clone()),
        }
    }

    fn work(&mut self, step: &Compiled) -> Result<Given, Stop> {
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
        let before = self.frame.round;
        let rounds = list.len() as u64;
        let mut done = Ok(());
        for (number, value) in (1..).zip(list) {
            self.frame.round = Some((number, rounds));
            self.frame.variables.set(item, value);
            done = self.list(steps, false);
            if done.is_err() {
                break;
            }
        }
        self.frame.round = before;
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
        let frame = Frame::new(program, reference.into(), variables, depth);
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

    /// All variables, long ones shortened.
    fn told_variables(&self) -> Value {
        let all = self.frame.variables.iter();
        let told = all
            .filter(|(name, _)| *name != RUN_VARIABLE)
            .map(|(name, value)| (name.to_owned(), shortened(value, 0)));
        Value::Object(told.collect())
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

/// A value with its first elements and characters only.
fn shortened(value: &Value, depth: usize) -> Value {
    const ELEMENTS: usize = 20;
    const CHARACTERS: usize = 300;
    match value {
        Value::String(text) if text.chars().count() > CHARACTERS => {
            let mut text: String = text.chars().take(CHARACTERS).collect();
            text.push('…');
            Value::String(text)
        }
        Value::Array(list) => {
            let mut out: Vec<Value> = list
                .iter()
                .take(ELEMENTS)
                .map(|value| shortened(value, depth + 1))
                .collect();
            if list.len() > ELEMENTS {
                out.push(Value::String(format!("… {} more", list.len() - ELEMENTS)));
            }
            Value::Array(out)
        }
        Value::Object(_) if depth > 6 => Value::String("{…}".to_owned()),
        Value::Object(fields) => {
            let fields = fields.iter().take(ELEMENTS * 5);
            Value::Object(
                fields
                    .map(|(name, value)| (name.clone(), shortened(value, depth + 1)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}
