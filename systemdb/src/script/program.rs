//! A script ready to run: its templates and expressions taken apart, its places known.
//!
//! Always: a run parses nothing. A program is made once for each content ([`Programs`]) and shared by all runs.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::expression::Expression;
use super::fault::Fault;
use super::model::{Action, Script, Step, split_reference};
use super::template::{Template, ValueTemplate};
use crate::tool::{ToolClass, ToolSpec};

/// The tool that a step "fetch" calls.
pub(crate) const FETCH_TOOL: &str = "select";

/// The tools of a server by their names.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    specs: HashMap<String, ToolSpec>,
}

impl Tools {
    /// By their names.
    pub fn new(specs: impl IntoIterator<Item = ToolSpec>) -> Self {
        let specs = specs.into_iter();
        Self {
            specs: specs.map(|spec| (spec.name.clone(), spec)).collect(),
        }
    }

    /// A tool.
    pub fn get(&self, name: &str) -> Option<&ToolSpec> {
        self.specs.get(name)
    }

    /// The names, in their order.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.specs.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}

/// A compiled script.
#[derive(Debug)]
pub struct Program {
    /// What it was made of.
    pub script: Script,
    /// The hash of its content.
    pub hash: String,
    pub(crate) database: Option<Template>,
    pub(crate) steps: Vec<Compiled>,
    /// Whether a step of its own may change something, or calls another script.
    pub(crate) may_write: bool,
}

/// A compiled step.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Where it is in the script.
    pub at: Arc<str>,
    pub kind: &'static str,
    pub name: Option<Arc<str>>,
    pub database: Option<Template>,
    pub is_async: bool,
    pub continue_on_error: bool,
    pub output: Option<String>,
    pub work: Work,
}

#[derive(Debug)]
pub(crate) enum Work {
    Tool {
        tool: String,
        args: ValueTemplate,
        /// Whether the tool has an argument "database", and the step gives none.
        takes_database: bool,
        class: Option<ToolClass>,
    },
    Ask(Template),
    Set {
        variable: String,
        value: Operand,
    },
    If {
        condition: Expression,
        then: Vec<Compiled>,
        otherwise: Vec<Compiled>,
    },
    Loop {
        list: Operand,
        item: String,
        steps: Vec<Compiled>,
    },
    Say(Template),
    Call {
        /// `Category.Name`.
        script: String,
        args: ValueTemplate,
    },
    Block(Vec<Compiled>),
    Assert {
        condition: Expression,
        text: String,
        message: Option<Template>,
    },
}

/// A value of a step: an expression, or JSON with templates.
#[derive(Debug)]
pub(crate) enum Operand {
    Expression(Expression),
    Value(ValueTemplate),
}

impl Program {
    /// Compiles a script. What its names mean is looked at by [`check`](super::check); unknown tools are errors of
    /// the run then.
    ///
    /// # Errors
    /// Every template and expression that cannot be read.
    pub fn compile(script: &Script, tools: &Tools) -> Result<Self, Vec<Fault>> {
        let mut compiler = Compiler {
            tools,
            category: &script.category,
            faults: Vec::new(),
            may_write: false,
        };
        let database = compiler.template("/database", script.database.as_deref());
        let steps = compiler.steps("/steps", &script.steps);
        if !compiler.faults.is_empty() {
            return Err(compiler.faults);
        }
        Ok(Self {
            hash: content_hash(script),
            script: script.clone(),
            database,
            steps,
            may_write: compiler.may_write,
        })
    }

    /// The highest class of the tools of its own steps; of one that is not known, the highest there is.
    pub fn own_class(&self) -> ToolClass {
        let mut highest = ToolClass::Read;
        each(&self.steps, &mut |step| {
            if let Work::Tool { class, .. } = &step.work {
                highest = highest.max(class.unwrap_or(ToolClass::Admin));
            }
        });
        highest
    }

    /// Whether a step gives a variable another value.
    pub(crate) fn changes(&self, name: &str) -> bool {
        let mut changes = false;
        each(&self.steps, &mut |step| {
            let set = match &step.work {
                Work::Set { variable, .. } => Some(variable),
                Work::Loop { item, .. } => Some(item),
                _ => None,
            };
            changes |= set
                .into_iter()
                .chain(&step.output)
                .any(|there| there == name);
        });
        changes
    }

    /// Where a tool of the last step gives the rows of the whole script: its place. Steps that run beside others, or
    /// that may fail, do not count.
    pub fn last_rows(&self) -> Option<&str> {
        let last = self.steps.last()?;
        let alone = !last.is_async && !last.continue_on_error && last.output.is_none();
        let gives = matches!(&last.work, Work::Tool { .. });
        (alone && gives).then_some(&*last.at)
    }

    /// The scripts that it calls, as `Category.Name`, with the places of the steps.
    pub fn calls(&self) -> Vec<(String, String)> {
        let mut calls = Vec::new();
        each(&self.steps, &mut |step| {
            if let Work::Call { script, .. } = &step.work {
                calls.push((step.at.to_string(), script.clone()));
            }
        });
        calls
    }
}

/// Calls `visit` with each step, nested ones too.
pub(crate) fn each<'p>(steps: &'p [Compiled], visit: &mut dyn FnMut(&'p Compiled)) {
    for step in steps {
        visit(step);
        match &step.work {
            Work::If {
                then, otherwise, ..
            } => {
                each(then, visit);
                each(otherwise, visit);
            }
            Work::Loop { steps, .. } | Work::Block(steps) => each(steps, visit),
            _ => {}
        }
    }
}

/// The hash of a script's content.
pub fn content_hash(script: &Script) -> String {
    let digest = Sha256::digest(script.to_json().to_string().as_bytes());
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

struct Compiler<'a> {
    tools: &'a Tools,
    category: &'a str,
    faults: Vec<Fault>,
    may_write: bool,
}

impl Compiler<'_> {
    fn steps(&mut self, at: &str, steps: &[Step]) -> Vec<Compiled> {
        let each = steps.iter().enumerate();
        // The places of the others stay what they are.
        let enabled = each.filter(|(_, step)| !step.disabled);
        enabled
            .filter_map(|(index, step)| self.step(&format!("{at}/{index}"), step))
            .collect()
    }

    fn step(&mut self, at: &str, step: &Step) -> Option<Compiled> {
        let database = self.template(&format!("{at}/database"), step.database.as_deref());
        let work = self.work(at, step);
        Some(Compiled {
            at: at.into(),
            kind: step.action.kind(),
            name: step.name.as_deref().map(Arc::from),
            database,
            is_async: step.is_async,
            continue_on_error: step.continue_on_error,
            output: step.output.clone(),
            work: work?,
        })
    }

    fn work(&mut self, at: &str, step: &Step) -> Option<Work> {
        Some(match &step.action {
            Action::Tool { tool, args } => self.tool(at, tool, args, "args"),
            Action::Fetch {
                store,
                filter,
                fields,
                limit,
            } => {
                let mut args = Map::new();
                args.insert("store".to_owned(), Value::String(store.clone()));
                for (name, value) in [("filter", filter), ("fields", fields), ("limit", limit)] {
                    args.extend(value.clone().map(|value| (name.to_owned(), value)));
                }
                self.tool(at, FETCH_TOOL, &args, "")
            }
            Action::Ask { prompt } => {
                Work::Ask(self.template(&format!("{at}/prompt"), Some(prompt))?)
            }
            Action::Set { variable, value } => Work::Set {
                variable: variable.clone(),
                value: self.operand(&format!("{at}/value"), value)?,
            },
            Action::If {
                condition,
                then,
                otherwise,
            } => {
                let condition = self.expression(&format!("{at}/condition"), condition);
                let then = self.steps(&format!("{at}/then"), then);
                let otherwise = self.steps(&format!("{at}/else"), otherwise);
                Work::If {
                    condition: condition?,
                    then,
                    otherwise,
                }
            }
            Action::Loop { list, item, steps } => {
                let list = self.operand(&format!("{at}/list"), list);
                let steps = self.steps(&format!("{at}/steps"), steps);
                Work::Loop {
                    list: list?,
                    item: item.clone(),
                    steps,
                }
            }
            Action::Say { message } => {
                Work::Say(self.template(&format!("{at}/message"), Some(message))?)
            }
            Action::Call { script, args } => {
                self.may_write = true;
                let (category, name) = split_reference(script, self.category);
                Work::Call {
                    script: format!("{category}.{name}"),
                    args: ValueTemplate::object(&format!("{at}/args"), args, &mut self.faults),
                }
            }
            Action::Block { steps } => Work::Block(self.steps(&format!("{at}/steps"), steps)),
            Action::Assert { condition, message } => {
                let compiled = self.expression(&format!("{at}/condition"), condition);
                let message = self.template(&format!("{at}/message"), message.as_deref());
                Work::Assert {
                    condition: compiled?,
                    text: condition.clone(),
                    message,
                }
            }
        })
    }

    fn tool(&mut self, at: &str, tool: &str, args: &Map<String, Value>, field: &str) -> Work {
        let at = match field {
            "" => at.to_owned(),
            field => format!("{at}/{field}"),
        };
        let spec = self.tools.get(tool);
        let class = match field {
            "" => Some(ToolClass::Read),
            _ => spec.map(|spec| spec.class),
        };
        if class != Some(ToolClass::Read) {
            self.may_write = true;
        }
        let takes_database = spec
            .and_then(|spec| spec.parameters.pointer("/properties/database"))
            .is_some_and(|_| !args.contains_key("database"));
        Work::Tool {
            tool: tool.to_owned(),
            args: ValueTemplate::object(&at, args, &mut self.faults),
            takes_database,
            class,
        }
    }

    fn template(&mut self, at: &str, text: Option<&str>) -> Option<Template> {
        match Template::parse(at, text?) {
            Ok(template) => Some(template),
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }

    fn expression(&mut self, at: &str, text: &str) -> Option<Expression> {
        match Expression::compile(text) {
            Ok(expression) => Some(expression),
            Err(message) => {
                self.faults
                    .push(Fault::new(at, "invalid_expression", message));
                None
            }
        }
    }

    fn operand(&mut self, at: &str, value: &Value) -> Option<Operand> {
        match value {
            Value::String(text) => self.expression(at, text).map(Operand::Expression),
            other => Some(Operand::Value(ValueTemplate::parse(
                at,
                other,
                &mut self.faults,
            ))),
        }
    }
}

/// Compiled scripts by their content; the oldest go first when there are too many.
#[derive(Debug)]
pub struct Programs {
    most: usize,
    inner: Mutex<Cached>,
}

#[derive(Debug, Default)]
struct Cached {
    by_hash: HashMap<String, Arc<Program>>,
    order: VecDeque<String>,
}

impl Default for Programs {
    fn default() -> Self {
        Self::new(512)
    }
}

impl Programs {
    /// Room for so many programs.
    pub fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            inner: Mutex::default(),
        }
    }

    /// The program of a content that was compiled before.
    pub fn get(&self, hash: &str) -> Option<Arc<Program>> {
        self.inner.lock().by_hash.get(hash).cloned()
    }

    /// The program of a script, compiled when it is not there.
    ///
    /// # Errors
    /// As [`Program::compile`].
    pub fn of(&self, script: &Script, tools: &Tools) -> Result<Arc<Program>, Vec<Fault>> {
        let hash = content_hash(script);
        if let Some(there) = self.get(&hash) {
            return Ok(there);
        }
        let program = Arc::new(Program::compile(script, tools)?);
        let mut inner = self.inner.lock();
        if inner
            .by_hash
            .insert(hash.clone(), Arc::clone(&program))
            .is_none()
        {
            inner.order.push_back(hash);
        }
        while inner.order.len() > self.most {
            if let Some(oldest) = inner.order.pop_front() {
                inner.by_hash.remove(&oldest);
            }
        }
        Ok(program)
    }
}
