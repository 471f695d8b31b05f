//! Steps, one after the other.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use super::event::{Event, Failure, Place};
use super::host::{Begin, ScriptHost};
use super::pause::{Hit, Pauses, Point, Resume, Round, Waited};
use super::{Shared, Sink, milliseconds};
use crate::script::check::{ERROR_VARIABLE, RUN_VARIABLE};
use crate::script::model::TransactionMode;
use crate::script::program::{Compiled, Operand, Program, Work};
use crate::script::template::{Template, ValueTemplate};
use crate::script::variables::Variables;
use crate::tool::{Table, ToolFault};

/// Why the steps do not go on.
pub(super) enum Stop {
    Failed(Box<Failure>),
    Cancelled,
    /// It was stopped, and this is why.
    Ended(Box<Failure>),
    /// The step after which the run was to end.
    Reached,
}

/// A script that runs.
pub(super) struct Frame {
    pub program: Arc<Program>,
    pub reference: Arc<str>,
    pub variables: Variables,
    pub database: Option<String>,
    /// Scripts that called each other to get here.
    pub depth: usize,
    pub table: Option<Arc<Table>>,
    pub value: Value,
    /// The rounds of the loops around the step, those of callers too, the outermost first.
    pub rounds: Vec<Round>,
    /// How many of these are of callers.
    pub outer_rounds: usize,
    /// The steps "call" that led here.
    pub calls: Vec<Place>,
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
            rounds: Vec::new(),
            outer_rounds: 0,
            calls: Vec::new(),
        }
    }

    /// Which round of how many of the innermost loop of the script itself.
    pub fn round(&self) -> Option<(u64, u64)> {
        let own = self.rounds.get(self.outer_rounds..)?.last()?;
        Some((own.round, own.of))
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
            rounds: self.rounds.clone(),
            outer_rounds: self.outer_rounds,
            calls: self.calls.clone(),
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
    /// Items that were changed since the transaction began: none, when it is given up.
    pub open: u64,
    /// How many steps are around the one that runs.
    pub level: usize,
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

    pub fn place(&self, step: &Compiled) -> Place {
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

    pub fn fault(&self, step: &Compiled, code: &str, message: impl Into<String>) -> Stop {
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
        self.open = 0;
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
                Err(fault) => {
                    self.nothing_stays();
                    Err(self.failed(None, fault))
                }
            },
            Err(_) => {
                self.host.rollback();
                self.nothing_stays();
                result
            }
        }
    }

    /// What the transaction changed does not count any more.
    fn nothing_stays(&mut self) {
        let gone = std::mem::take(&mut self.open);
        self.shared.changed.fetch_sub(gone, Ordering::Relaxed);
    }

    /// Runs steps; each in a transaction of its own where `apart` says so.
    pub fn list(&mut self, steps: &[Compiled], apart: bool) -> Result<(), Stop> {
        let mut rest = steps;
        while let Some((step, after)) = rest.split_first() {
            let beside = rest.iter().take_while(|step| step.is_async).count();
            // What is only shown has to see what came before, and what pauses is looked at in one place: one after the other.
            let options = self.shared.options;
            if beside > 1 && !options.dry_run && options.pauses.is_none() {
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
        self.pause_before(step, false)?;
        self.may_go_on(step)?;
        let began = self.shared.clock.elapsed();
        let started = Event::StepStarted {
            place: self.place(step),
            kind: step.kind,
            name: step.name.clone(),
            round: self.frame.round(),
        };
        self.tell(started)?;
        self.level += 1;
        let result = match apart {
            true => self.whole(|me| me.work(step), true),
            false => self.work(step),
        };
        self.level -= 1;
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
                    elapsed_ms: milliseconds(self.shared.clock.elapsed().saturating_sub(began)),
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
        if shared.clock.elapsed() > shared.limits.time {
            let message = format!(
                "the script took longer than {} ms",
                shared.limits.time.as_millis()
            );
            return Err(self.fault(step, "timeout", message));
        }
        Ok(())
    }

    /// Pauses before a step, or before a round of a loop, where somebody wants that.
    pub fn pause_before(&mut self, step: &Compiled, is_round: bool) -> Result<(), Stop> {
        let Some(pauses) = self.shared.options.pauses else {
            return Ok(());
        };
        let point = Point {
            script: &self.frame.reference,
            step: &step.at,
            level: self.level - usize::from(is_round),
            is_loop: matches!(step.work, Work::Loop { .. }),
            is_round,
            variables: &self.frame.variables,
        };
        let Some(hit) = pauses.hit(&point) else {
            return Ok(());
        };
        pauses.begin(&point);
        self.pause(pauses, step, hit)
    }

    fn pause(&mut self, pauses: &Pauses, step: &Compiled, hit: Hit) -> Result<(), Stop> {
        let shared = self.shared;
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let paused = Event::Paused {
            place: self.place(step),
            kind: step.kind,
            name: step.name.clone(),
            reason: hit.reason,
            condition_error: hit.doubt,
            rounds: self.frame.rounds.clone(),
            calls: self.frame.calls.clone(),
            variables: self.told_variables(),
            steps: count(&shared.steps),
            rows: count(&shared.rows),
            changed: count(&shared.changed),
            nodes_read: count(&shared.nodes_read),
            elapsed_ms: milliseconds(shared.clock.elapsed()),
        };
        let stopped = shared.clock.stop();
        let told = self.tell(paused);
        if told.is_err() {
            pauses.give_up();
            return told;
        }
        let waited = pauses.wait(shared.options.cancelled);
        shared.clock.go_on(stopped);
        self.host.set_deadline(shared.deadline());
        let how = match waited {
            Waited::Told(Resume::Stop) | Waited::Cancelled => return Err(Stop::Cancelled),
            Waited::Told(how) => how,
            Waited::Lapsed(longest) => {
                let seconds = longest.as_secs();
                let message = format!(
                    "the run was paused for {seconds} s without a word, and was stopped; nothing of it is kept"
                );
                return Err(self.ended(step, "pause_limit", message));
            }
            Waited::Closed => {
                let message = "the server goes down, and the paused run was stopped";
                return Err(self.ended(step, "shutting_down", message));
            }
        };
        let place = self.place(step);
        self.tell(Event::Resumed { place, how })
    }

    fn ended(&self, step: &Compiled, code: &str, message: impl Into<String>) -> Stop {
        match self.fault(step, code, message) {
            Stop::Failed(failure) => Stop::Ended(failure),
            stop => stop,
        }
    }

    pub fn text(&self, step: &Compiled, template: &Template) -> Result<String, Stop> {
        let text = template.text(&self.frame.variables);
        text.map_err(|message| self.fault(step, "invalid_template", message))
    }

    pub fn value(&self, step: &Compiled, template: &ValueTemplate) -> Result<Value, Stop> {
        let value = template.value(&self.frame.variables);
        value.map_err(|message| self.fault(step, "invalid_template", message))
    }

    pub fn operand(&self, step: &Compiled, operand: &Operand) -> Result<Value, Stop> {
        match operand {
            Operand::Value(template) => self.value(step, template),
            Operand::Expression(expression) => {
                let value = expression.value(&self.frame.variables);
                value.map_err(|message| self.fault(step, "invalid_expression", message))
            }
        }
    }

    pub fn holds(
        &self,
        step: &Compiled,
        condition: &crate::script::expression::Expression,
    ) -> Result<bool, Stop> {
        let holds = condition.holds(&self.frame.variables);
        holds.map_err(|message| self.fault(step, "invalid_expression", message))
    }

    /// The database of a step.
    pub fn database(&self, step: &Compiled) -> Result<Option<String>, Stop> {
        match &step.database {
            Some(template) => self.text(step, template).map(Some),
            None => Ok(self.frame.database.clone()),
        }
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
