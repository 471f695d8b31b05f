//! What the commands do.

use serde_json::{Value, json};

use super::state::{Draft, Drafts, MAX_DRAFTS};
use super::text;
use crate::script::{
    Arguments, DEFAULT_CATEGORY, Fault, Programs, Script, Tools, name_fault, split_reference,
};
use crate::slash::{Call, Grammar};
use crate::system::{System, SystemError};
use crate::tool::ToolFault;

/// What a command answers.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Reply {
    /// For people.
    pub text: String,
    /// For programs.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub data: Value,
}

/// What a command comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It is done.
    Reply(Reply),
    /// A script is to be run, with these arguments.
    Run {
        /// The script: the draft of that name if there is one, else the newest version.
        script: Box<Script>,
        /// Whether it is the draft.
        draft: bool,
        /// As they were written.
        arguments: Arguments,
    },
}

/// What a model can do for drafts.
pub trait Helper {
    /// A step that does what a text says, as JSON; none when it cannot be told.
    fn step(&self, text: &str) -> Option<Value>;

    /// The script with better names, parameters and descriptions, as JSON.
    ///
    /// # Errors
    /// There is no model, or what the provider says.
    fn refine(&self, script: &Script) -> Result<Value, ToolFault>;
}

/// There is no model.
#[derive(Clone, Copy, Debug)]
pub struct NoHelp;

impl Helper for NoHelp {
    fn step(&self, _text: &str) -> Option<Value> {
        None
    }

    fn refine(&self, _script: &Script) -> Result<Value, ToolFault> {
        let message = "no model is configured; /parameterize and the script studio do without";
        Err(ToolFault::new("no_model", message))
    }
}

/// The drafts of one chat, and what the commands need.
pub struct Desk<'a> {
    /// Where scripts and chats are.
    pub system: &'a System,
    /// Compiled scripts.
    pub programs: &'a Programs,
    /// The tools.
    pub tools: &'a Tools,
    /// The commands.
    pub grammar: &'a Grammar,
    /// Which chat.
    pub session: &'a str,
    /// Whose.
    pub owner: &'a str,
    /// Who is noted as the author of what is saved.
    pub author: &'a str,
}

pub(super) fn fault(code: &str, message: impl Into<String>) -> ToolFault {
    ToolFault::new(code, message)
}

pub(super) fn reply(text: impl Into<String>, data: Value) -> Answer {
    Answer::Reply(Reply {
        text: text.into(),
        data,
    })
}

pub(super) fn told(faults: Vec<Fault>) -> ToolFault {
    ToolFault::from(SystemError::Invalid(faults))
}

pub(super) fn argument<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
    call.args.get(name).and_then(Value::as_str)
}

impl Desk<'_> {
    /// Does what a command says.
    ///
    /// # Errors
    /// What is wrong and what to do.
    pub fn run(&self, call: &Call, helper: &dyn Helper) -> Result<Answer, ToolFault> {
        let name = argument(call, "name").unwrap_or_default();
        match call.command.as_str() {
            "create" => self.create(name, argument(call, "description")),
            "edit" => self.edit(name),
            "step" => self.step(argument(call, "text"), helper),
            "steps" => self.steps(),
            "undo" => self.undo(),
            "insert_step" | "update_step" => self.put_step(call, helper),
            "delete_step" => self.delete_step(call),
            "reorder_steps" => self.reorder(call),
            "parameterize" => self.parameterize(call, name),
            "refine" => self.refine(argument(call, "action"), helper),
            "save" => self.save(None),
            "save_as" => self.save(Some(name)),
            "discard" => self.discard(),
            "list" => self.list(argument(call, "category")),
            "show" => self.show(name),
            "run" => self.to_run(call, name),
            "delete" => self.delete(name, call.args.get("versions") == Some(&Value::Bool(true))),
            "history" => self.history(name),
            "help" => {
                let help = self.grammar.help(argument(call, "command"));
                let help = help
                    .map_err(|found| fault(found.code, found.message).suggest(found.suggestions))?;
                Ok(reply(
                    help,
                    serde_json::to_value(self.grammar.commands()).unwrap_or_default(),
                ))
            }
            other => Err(fault(
                "unknown_command",
                format!("/{other} is not a command for scripts"),
            )),
        }
    }

    /// Remembers the last tool call of the chat, for `/step`.
    ///
    /// # Errors
    /// What the system database answers.
    pub fn note_call(
        &self,
        tool: &str,
        args: &serde_json::Map<String, Value>,
    ) -> Result<(), ToolFault> {
        self.change(|drafts| {
            drafts.last_call = Some((tool.to_owned(), args.clone()));
            Ok(())
        })
    }

    /// The drafts as they are.
    ///
    /// # Errors
    /// What the system database answers.
    pub fn drafts(&self) -> Result<Drafts, ToolFault> {
        match self.system.session(self.session, self.owner) {
            Ok(session) => Ok(Drafts::from_value(&session.drafts)),
            Err(SystemError::NotFound { .. }) => Ok(Drafts::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the drafts, whole or not at all.
    pub(super) fn change<T>(
        &self,
        mut work: impl FnMut(&mut Drafts) -> Result<T, ToolFault>,
    ) -> Result<T, ToolFault> {
        self.system
            .update_session(self.session, self.owner, |session| {
                let mut drafts = Drafts::from_value(&session.drafts);
                let result = work(&mut drafts);
                if result.is_ok() {
                    session.drafts = drafts.to_value();
                }
                result
            })?
    }

    /// Changes the current draft.
    pub(super) fn change_draft<T>(
        &self,
        mut work: impl FnMut(&mut Draft) -> Result<T, ToolFault>,
    ) -> Result<T, ToolFault> {
        self.change(|drafts| {
            let current = drafts.current.clone();
            let draft = current.and_then(|name| drafts.drafts.get_mut(&name));
            work(draft.ok_or_else(no_draft)?)
        })
    }

    pub(super) fn current(&self) -> Result<Draft, ToolFault> {
        let mut drafts = self.drafts()?;
        let current = drafts.current.take();
        current
            .and_then(|name| drafts.drafts.remove(&name))
            .ok_or_else(no_draft)
    }

    /// The newest version of a script; 0 when there is none.
    pub(super) fn version(&self, category: &str, name: &str) -> Result<u64, ToolFault> {
        match self.system.script(category, name, None) {
            Ok(stored) => Ok(stored.info.version),
            Err(SystemError::NotFound { .. }) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn begin(&self, script: &Script, base: u64) -> Result<bool, ToolFault> {
        let reference = script.reference();
        let json = script.to_json();
        self.change(|drafts| {
            if drafts.drafts.len() >= MAX_DRAFTS && !drafts.drafts.contains_key(&reference) {
                let message =
                    format!("there are {MAX_DRAFTS} drafts; /save or /discard some first");
                return Err(fault("too_many", message));
            }
            drafts.current = Some(reference.clone());
            let there = drafts.drafts.get_mut(&reference);
            let replaced = there.is_some();
            match there {
                // It begins anew, and /undo brings back what was there.
                Some(draft) => {
                    draft.change(json.clone());
                    draft.base = base;
                    draft.proposal = None;
                }
                None => {
                    let draft = Draft {
                        script: json.clone(),
                        base,
                        ..Draft::default()
                    };
                    drafts.drafts.insert(reference.clone(), draft);
                }
            }
            Ok(replaced)
        })
    }

    pub(super) fn create(
        &self,
        name: &str,
        description: Option<&str>,
    ) -> Result<Answer, ToolFault> {
        let (category, name) = split_reference(name, DEFAULT_CATEGORY);
        for part in [&category, &name] {
            if let Some(wrong) = name_fault(part) {
                return Err(fault("invalid_name", format!("{part:?}: {wrong}")).at("/name"));
            }
        }
        let mut script = Script::new(category, name);
        script.description = description.unwrap_or_default().to_owned();
        let base = self.version(&script.category, &script.name)?;
        let replaced = self.begin(&script, base)?;
        let reference = script.reference();
        let mut out = format!("Draft of {reference}. Add steps with /step, then /save.");
        if base > 0 {
            out = format!(
                "Warning: there is a script {reference}; saving will replace it (its version {base} is kept). /edit {} opens what is there instead.\n{out}",
                quoted(&reference)
            );
        }
        if replaced {
            out.push_str(
                "\nThe draft of that name that was there is put away; /undo brings it back.",
            );
        }
        let warning = (base > 0).then_some("replaces");
        Ok(reply(
            out,
            json!({"draft": reference, "replaces": base, "warning": warning}),
        ))
    }

    pub(super) fn edit(&self, name: &str) -> Result<Answer, ToolFault> {
        let (category, name) = self.system.resolve_script(name, None)?;
        let stored = self.system.script(&category, &name, None)?;
        self.begin(&stored.script, stored.info.version)?;
        let json = stored.script.to_json();
        Ok(reply(
            text::script(&json),
            json!({"draft": stored.script.reference(), "script": json}),
        ))
    }

    /// Makes the draft of a name the current one; a saved script is opened as one.
    pub(super) fn open(&self, name: &str) -> Result<(), ToolFault> {
        if let Some(reference) = self.draft_named(name)?.map(|(reference, _)| reference) {
            return self.change(|drafts| {
                drafts.current = Some(reference.clone());
                Ok(())
            });
        }
        self.edit(name).map(|_| ())
    }

    pub(super) fn draft_named(&self, name: &str) -> Result<Option<(String, Draft)>, ToolFault> {
        let mut drafts = self.drafts()?;
        let (category, own) = split_reference(name, DEFAULT_CATEGORY);
        let exact = format!("{category}.{own}");
        let found = match drafts.drafts.contains_key(&exact) {
            true => Some(exact),
            false if name.contains('.') => None,
            false => drafts
                .drafts
                .keys()
                .find(|there| there.split_once('.').is_some_and(|(_, n)| n == own))
                .cloned(),
        };
        Ok(found.and_then(|name| drafts.drafts.remove_entry(&name)))
    }
}

pub(super) fn no_draft() -> ToolFault {
    fault(
        "no_draft",
        "there is no draft; /create name begins one, /edit name opens a saved script",
    )
}

fn quoted(name: &str) -> String {
    match name.contains(' ') {
        true => format!("\"{name}\""),
        false => name.to_owned(),
    }
}
