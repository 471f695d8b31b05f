//! What a script's names mean: tools, arguments, variables, other scripts.
//!
//! Everything that is wrong is told, each with its place. A script that passes can still fail when it runs (a store that is
//! gone, a value that does not fit), but not for its own words.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::fault::Fault;
use super::model::{Parameter, ParameterKind, Script, TransactionMode};
use super::path::Path;
use super::program::{Compiled, FETCH_TOOL, Operand, Program, Tools, Work};
use super::schema::SchemaCheck;
use super::template::{Template, ValueTemplate};
use crate::tool::{ToolClass, ToolFault};

/// How deep scripts may call each other.
pub const MAX_CALL_DEPTH: usize = 16;
/// The variable that says who runs the script, where and when: `user`, `database`, `today`, `now`, `dry_run`.
pub const RUN_VARIABLE: &str = "run";
/// The variable with what went wrong last in a step that may fail: `code`, `message`, `step`.
pub const ERROR_VARIABLE: &str = "error";

/// Where the scripts are that others call.
pub trait ScriptSource: Sync {
    /// The newest version of `Category.Name`, compiled.
    ///
    /// # Errors
    /// `script_not_found` with suggestions, or it cannot be read.
    fn program(&self, reference: &str) -> Result<Arc<Program>, ToolFault>;
}

/// No other scripts.
#[derive(Clone, Copy, Debug)]
pub struct NoScripts;

impl ScriptSource for NoScripts {
    fn program(&self, reference: &str) -> Result<Arc<Program>, ToolFault> {
        let message = format!("there is no script {reference:?}");
        Err(ToolFault::new("script_not_found", message))
    }
}

/// Everything that is wrong with a script, warnings included.
pub fn check(script: &Script, tools: &Tools, scripts: &dyn ScriptSource) -> Vec<Fault> {
    let program = match Program::compile(script, tools) {
        Ok(program) => program,
        Err(faults) => return faults,
    };
    check_program(&program, tools, scripts)
}

/// As [`check`], of a script that was compiled.
pub fn check_program(program: &Program, tools: &Tools, scripts: &dyn ScriptSource) -> Vec<Fault> {
    let script = &program.script;
    let mut check = Check {
        tools,
        scripts,
        parameters: &script.parameters,
        changed: BTreeSet::new(),
        known: BTreeSet::from([RUN_VARIABLE.to_owned(), ERROR_VARIABLE.to_owned()]),
        single: script.transaction == TransactionMode::Single,
        faults: Vec::new(),
    };
    for parameter in &script.parameters {
        check.known.insert(parameter.name.clone());
    }
    super::program::each(&program.steps, &mut |step| {
        check.changed.extend(step.output.iter().cloned());
        if let Work::Set { variable: name, .. } | Work::Loop { item: name, .. } = &step.work {
            check.changed.insert(name.clone());
        }
    });
    check.template("/database", program.database.as_ref());
    check.steps(&program.steps, None);
    check.call_chain(program);
    check.faults
}

struct Check<'a> {
    tools: &'a Tools,
    scripts: &'a dyn ScriptSource,
    parameters: &'a [Parameter],
    /// Variables that some step gives a value.
    changed: BTreeSet<String>,
    /// Variables that may have a value here.
    known: BTreeSet<String>,
    single: bool,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn steps(&mut self, steps: &[Compiled], within_async: Option<&str>) {
        let mut ended: Option<&str> = None;
        // What neighbours that run side by side give is there after them.
        let mut pending: Vec<&str> = Vec::new();
        for step in steps {
            if let Some(end) = ended.take() {
                let message =
                    format!("this step is never reached: the assertion at {end} never holds");
                let fault = Fault::new(&*step.at, "unreachable_step", message);
                self.faults.push(fault.as_warning());
            }
            if !step.is_async {
                self.known.extend(pending.drain(..).map(str::to_owned));
            }
            self.step(step, within_async);
            match (&step.output, step.is_async) {
                (Some(name), true) => pending.push(name),
                (Some(name), false) => {
                    self.known.insert(name.clone());
                }
                (None, _) => {}
            }
            if let Work::Assert { condition, .. } = &step.work
                && condition.constant() == Some(Value::Bool(false))
                && !step.continue_on_error
            {
                ended = Some(&step.at);
            }
        }
        self.known.extend(pending.drain(..).map(str::to_owned));
    }

    fn step(&mut self, step: &Compiled, within_async: Option<&str>) {
        let at = &*step.at;
        self.template(&format!("{at}/database"), step.database.as_ref());
        let within_async = match step.is_async {
            true => Some(at),
            false => within_async,
        };
        match &step.work {
            Work::Tool {
                tool, args, class, ..
            } => {
                if self.single && within_async.is_some() && *class != Some(ToolClass::Read) {
                    self.side_by_side(at, &format!("the tool {tool:?} changes something"));
                }
                self.tool(step, tool, args);
            }
            Work::Ask(prompt) => self.template(&format!("{at}/prompt"), Some(prompt)),
            Work::Say(message) => self.template(&format!("{at}/message"), Some(message)),
            Work::Set { variable, value } => {
                self.operand(&format!("{at}/value"), value);
                self.known.insert(variable.clone());
                if step.is_async {
                    let message = "a step \"set\" cannot run beside others; leave \"async\" out";
                    self.faults
                        .push(Fault::new(format!("{at}/async"), "invalid_value", message));
                }
            }
            Work::If {
                condition,
                then,
                otherwise,
            } => {
                let place = format!("{at}/condition");
                self.names(&place, condition.variables.iter());
                if let Some(value) = condition.constant() {
                    self.constant_condition(&place, &value, then, otherwise);
                }
                self.steps(then, within_async);
                self.steps(otherwise, within_async);
            }
            Work::Loop { list, item, steps } => self.repeat(at, list, item, steps, within_async),
            Work::Call { script, args } => {
                if self.single && within_async.is_some() {
                    self.side_by_side(at, "the script that is called may change something");
                }
                self.call(at, script, args);
            }
            Work::Block(steps) => self.steps(steps, within_async),
            Work::Assert {
                condition, message, ..
            } => {
                self.names(&format!("{at}/condition"), condition.variables.iter());
                self.template(&format!("{at}/message"), message.as_ref());
            }
        }
    }

    fn side_by_side(&mut self, at: &str, what: &str) {
        let message = format!(
            "{what}, and a step that runs beside others has no part in the script's transaction: leave \"async\" out, or set \"transaction\" to \"per_step\" or \"none\""
        );
        self.faults.push(Fault::new(at, "async_write", message));
    }

    fn constant_condition(
        &mut self,
        at: &str,
        value: &Value,
        then: &[Compiled],
        otherwise: &[Compiled],
    ) {
        let (unreached, word) = match value {
            Value::Bool(true) => (otherwise, "true"),
            Value::Bool(false) => (then, "false"),
            _ => {
                let message =
                    format!("a condition is true or false, and this one is always {value}");
                self.faults
                    .push(Fault::new(at, "invalid_expression", message));
                return;
            }
        };
        if let Some(step) = unreached.first() {
            let message = format!("this step is never reached: the condition is always {word}");
            let fault = Fault::new(&*step.at, "unreachable_step", message);
            self.faults.push(fault.as_warning());
        }
    }

    fn repeat(
        &mut self,
        at: &str,
        list: &Operand,
        item: &str,
        steps: &[Compiled],
        within_async: Option<&str>,
    ) {
        let place = format!("{at}/list");
        self.operand(&place, list);
        let constant = match list {
            Operand::Expression(expression) => expression.constant(),
            Operand::Value(ValueTemplate::Constant(value)) => Some(value.clone()),
            Operand::Value(_) => None,
        };
        match constant {
            Some(Value::Array(list)) if list.is_empty() => {
                if let Some(step) = steps.first() {
                    let message = "this step is never reached: the list is always empty";
                    let fault = Fault::new(&*step.at, "unreachable_step", message);
                    self.faults.push(fault.as_warning());
                }
            }
            Some(Value::Array(_)) | None => {}
            Some(other) => {
                let message = format!("a loop needs a list, and this is always {other}");
                self.faults
                    .push(Fault::new(place, "invalid_expression", message));
            }
        }
        let outer = self.known.insert(item.to_owned());
        self.steps(steps, within_async);
        if outer {
            self.known.remove(item);
        }
    }

    fn tool(&mut self, step: &Compiled, tool: &str, args: &ValueTemplate) {
        let at = &*step.at;
        let (place, what) = match step.kind {
            "fetch" => (at.to_owned(), "\"fetch\"".to_owned()),
            _ => (format!("{at}/args"), format!("the tool {tool:?}")),
        };
        self.values(&place, args);
        self.statement(&place, args);
        let Some(spec) = self.tools.get(tool) else {
            if tool != FETCH_TOOL || step.kind != "fetch" {
                let message = format!("there is no tool {tool:?}");
                let fault = Fault::new(format!("{at}/tool"), "unknown_tool", message);
                self.faults.push(fault.suggest(tool, self.tools.names()));
            }
            return;
        };
        let kinds = |path: &Path| self.kind(path);
        let mut schema = SchemaCheck::new(&spec.parameters, &kinds);
        schema.arguments(&place, &what, args);
        let mut faults = schema.faults;
        // The step's own database is given as that argument.
        faults.retain(|fault| {
            fault.code != "missing_argument" || !fault.message.contains("\"database\"")
        });
        self.faults.append(&mut faults);
    }

    /// Values come to a statement by its parameters, never as a part of its text.
    fn statement(&mut self, at: &str, args: &ValueTemplate) {
        let ValueTemplate::Object(fields) = args else {
            return;
        };
        let sql = fields.iter().find(|(name, _)| name == "sql");
        if let Some((_, ValueTemplate::Text(_))) = sql {
            let message = "a statement takes values by its parameters: write :name in it, and \"params\": {\"name\": \"{{name}}\"}";
            self.faults
                .push(Fault::new(format!("{at}/sql"), "template_in_sql", message));
        }
    }

    /// The type of a parameter that no step changes.
    fn kind(&self, path: &Path) -> Option<ParameterKind> {
        if !path.is_bare() || self.changed.contains(&path.variable) {
            return None;
        }
        let found = self
            .parameters
            .iter()
            .find(|there| there.name == path.variable)?;
        // One without a value fits nothing that can be told.
        (found.default != Some(Value::Null)).then_some(found.kind)
    }

    fn call(&mut self, at: &str, reference: &str, args: &ValueTemplate) {
        self.values(&format!("{at}/args"), args);
        let callee = match self.scripts.program(reference) {
            Ok(callee) => callee,
            Err(fault) => {
                let mut told = Fault::new(format!("{at}/script"), "unknown_script", fault.message);
                told.suggestions = fault.suggestions;
                self.faults.push(told);
                return;
            }
        };
        let parameters = &callee.script.parameters;
        let given: Vec<(&String, Option<&Value>)> = match args {
            ValueTemplate::Object(fields) => fields
                .iter()
                .map(|(name, value)| match value {
                    ValueTemplate::Constant(value) => (name, Some(value)),
                    _ => (name, None),
                })
                .collect(),
            ValueTemplate::Constant(Value::Object(fields)) => fields
                .iter()
                .map(|(name, value)| (name, Some(value)))
                .collect(),
            _ => Vec::new(),
        };
        for (name, value) in &given {
            let place = format!("{at}/args/{}", super::fault::escaped(name));
            let Some(parameter) = parameters.iter().find(|there| there.name == **name) else {
                let message = format!("the script {reference} has no parameter {name:?}");
                let fault = Fault::new(place, "unknown_argument", message);
                let known = parameters.iter().map(|there| &there.name);
                self.faults.push(fault.suggest(name, known));
                continue;
            };
            if let Some(value) = value
                && let Err(detail) = super::arguments::coerce(parameter.kind, value)
                && !(value.is_null() && parameter.default == Some(Value::Null))
            {
                self.faults
                    .push(Fault::new(place, "invalid_argument", detail));
            }
        }
        for parameter in parameters {
            if parameter.default.is_none()
                && !given.iter().any(|(name, _)| **name == parameter.name)
            {
                let message = format!(
                    "the script {reference} needs the argument {:?}",
                    parameter.name
                );
                self.faults.push(Fault::new(
                    format!("{at}/args"),
                    "missing_argument",
                    message,
                ));
            }
        }
    }

    /// Follows the calls from script to script: none may come back to this one or to itself, nor go too deep.
    fn call_chain(&mut self, program: &Program) {
        let own = program.script.reference();
        for (at, callee) in program.calls() {
            let mut chain = vec![own.clone()];
            if let Some(fault) = self.follow(&at, &callee, &mut chain, &mut 0) {
                self.faults.push(fault);
            }
        }
    }

    fn follow(
        &self,
        at: &str,
        callee: &str,
        chain: &mut Vec<String>,
        visited: &mut usize,
    ) -> Option<Fault> {
        /// Calls that are followed at most: a script that calls many that call many is not walked for ever.
        const MAX_VISITED: usize = 2_000;
        *visited += 1;
        let place = format!("{at}/script");
        if chain.iter().any(|there| there == callee) {
            let mut names = chain.clone();
            names.push(callee.to_owned());
            let message = format!("scripts call each other in a circle: {}", names.join(" → "));
            return Some(Fault::new(place, "call_cycle", message));
        }
        if chain.len() >= MAX_CALL_DEPTH {
            let message = format!(
                "scripts call each other deeper than {MAX_CALL_DEPTH} levels: {}",
                chain.join(" → ")
            );
            return Some(Fault::new(place, "too_deep", message));
        }
        if *visited > MAX_VISITED {
            return None;
        }
        // One that is not there is told where it is called.
        let program = self.scripts.program(callee).ok()?;
        chain.push(callee.to_owned());
        let found = program
            .calls()
            .into_iter()
            .find_map(|(_, next)| self.follow(at, &next, chain, visited));
        chain.pop();
        found
    }

    fn names<'n>(&mut self, at: &str, names: impl Iterator<Item = &'n String>) {
        for name in names {
            self.name(at, name);
        }
    }

    fn name(&mut self, at: &str, name: &str) {
        if self.known.contains(name) {
            return;
        }
        let later = self.changed.contains(name);
        let message = match later {
            true => format!("the variable {name:?} has no value yet here"),
            false => format!("there is no variable {name:?}"),
        };
        let mut fault = Fault::new(at, "unknown_variable", message);
        if !later {
            fault = fault.suggest(name, &self.known);
        }
        self.faults.push(fault);
    }

    fn template(&mut self, at: &str, template: Option<&Template>) {
        let paths = template.into_iter().flat_map(Template::paths);
        for path in paths.collect::<Vec<_>>() {
            self.name(at, &path.variable);
        }
    }

    fn values(&mut self, at: &str, values: &ValueTemplate) {
        let mut found = Vec::new();
        values.each_path(at, &mut |at, path| {
            found.push((at.to_owned(), path.variable.clone()));
        });
        for (at, name) in found {
            self.name(&at, &name);
        }
    }

    fn operand(&mut self, at: &str, operand: &Operand) {
        match operand {
            Operand::Expression(expression) => self.names(at, expression.variables.iter()),
            Operand::Value(value) => self.values(at, value),
        }
    }
}
