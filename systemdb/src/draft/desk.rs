//! What the commands do.

use serde_json::{Value, json};

use super::state::{Draft, Drafts, MAX_DRAFTS};
use super::{parameterize, text};
use crate::script::{
    Arguments, DEFAULT_CATEGORY, Fault, Programs, Script, Step, Tools, difference, name_fault,
    split_reference,
};
use crate::slash::{Call, Grammar, Target};
use crate::system::{Library, Save, System, SystemError};
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
}

fn fault(code: &str, message: impl Into<String>) -> ToolFault {
    ToolFault::new(code, message)
}

fn reply(text: impl Into<String>, data: Value) -> Answer {
    Answer::Reply(Reply {
        text: text.into(),
        data,
    })
}

fn told(faults: Vec<Fault>) -> ToolFault {
    ToolFault::from(SystemError::Invalid(faults))
}

fn argument<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
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
    fn change<T>(
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
    fn change_draft<T>(
        &self,
        mut work: impl FnMut(&mut Draft) -> Result<T, ToolFault>,
    ) -> Result<T, ToolFault> {
        self.change(|drafts| {
            let current = drafts.current.clone();
            let draft = current.and_then(|name| drafts.drafts.get_mut(&name));
            work(draft.ok_or_else(no_draft)?)
        })
    }

    fn current(&self) -> Result<Draft, ToolFault> {
        let mut drafts = self.drafts()?;
        let current = drafts.current.take();
        current
            .and_then(|name| drafts.drafts.remove(&name))
            .ok_or_else(no_draft)
    }

    /// The newest version of a script; 0 when there is none.
    fn version(&self, category: &str, name: &str) -> Result<u64, ToolFault> {
        match self.system.script(category, name, None) {
            Ok(stored) => Ok(stored.info.version),
            Err(SystemError::NotFound { .. }) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    fn begin(&self, script: &Script, base: u64) -> Result<bool, ToolFault> {
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

    fn create(&self, name: &str, description: Option<&str>) -> Result<Answer, ToolFault> {
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

    fn edit(&self, name: &str) -> Result<Answer, ToolFault> {
        let (category, name) = self.system.resolve_script(name, None)?;
        let stored = self.system.script(&category, &name, None)?;
        self.begin(&stored.script, stored.info.version)?;
        let json = stored.script.to_json();
        Ok(reply(
            text::script(&json),
            json!({"draft": stored.script.reference(), "script": json}),
        ))
    }

    /// The step that a text means: a command as it is, else what a model makes of it, else a question to the model.
    fn step_of(
        &self,
        words: &str,
        helper: &dyn Helper,
    ) -> Result<(Value, &'static str), ToolFault> {
        if words.starts_with('/') {
            let call = self.grammar.parse(words).map_err(|found| {
                let usage = found
                    .usage
                    .map(|usage| format!("\n{usage}"))
                    .unwrap_or_default();
                fault(found.code, format!("{}{usage}", found.message)).suggest(found.suggestions)
            })?;
            return match call.target {
                Target::Tool(tool) => Ok((
                    json!({"type": "tool", "tool": tool, "args": call.args}),
                    "tool",
                )),
                Target::Script if call.command == "run" => {
                    let reference = argument(&call, "name").unwrap_or_default().to_owned();
                    let mut args = call.args;
                    args.shift_remove("name");
                    Ok((
                        json!({"type": "call", "script": reference, "args": args}),
                        "call",
                    ))
                }
                Target::Script => Err(fault(
                    "invalid_value",
                    "a step is a tool or /run, not a command that drafts",
                )),
            };
        }
        if let Some(step) = helper.step(words)
            && Step::from_json(&step).is_ok()
        {
            return Ok((step, "tool"));
        }
        Ok((json!({"type": "ask", "prompt": words}), "ask"))
    }

    fn step(&self, words: Option<&str>, helper: &dyn Helper) -> Result<Answer, ToolFault> {
        let drafts = self.drafts()?;
        if drafts.current.is_none() {
            return Err(no_draft());
        }
        let (step, kind) = match words.map(str::trim).filter(|words| !words.is_empty()) {
            Some(words) => self.step_of(words, helper)?,
            None => {
                let Some((tool, args)) = drafts.last_call else {
                    let message = "no tool was called yet in this chat; run one like /select users, or write /step and what it does";
                    return Err(fault("no_last_call", message));
                };
                (json!({"type": "tool", "tool": tool, "args": args}), "tool")
            }
        };
        let number = self.change_draft(|draft| {
            let mut steps = draft.steps().to_vec();
            steps.push(step.clone());
            let number = steps.len();
            draft.change(draft.with_steps(steps));
            Ok(number)
        })?;
        let mut out = format!("{number}. {}", text::step_line(&step));
        if kind == "ask" {
            out.push_str(
                "\nIt is kept as a question to the model; /update_step makes it a command.",
            );
        }
        Ok(reply(out, json!({"number": number, "step": step})))
    }

    fn steps(&self) -> Result<Answer, ToolFault> {
        let draft = self.current()?;
        Ok(reply(
            text::script(&draft.script),
            json!({"script": draft.script}),
        ))
    }

    fn undo(&self) -> Result<Answer, ToolFault> {
        let script = self.change_draft(|draft| match draft.undo.pop() {
            Some(before) => {
                draft.script = before.clone();
                draft.proposal = None;
                Ok(before)
            }
            None => Err(fault(
                "nothing_to_undo",
                "there is no change of the draft to take back",
            )),
        })?;
        Ok(reply(text::script(&script), json!({"script": script})))
    }

    fn put_step(&self, call: &Call, helper: &dyn Helper) -> Result<Answer, ToolFault> {
        let words = argument(call, "text").unwrap_or_default();
        let (step, _) = self.step_of(words.trim(), helper)?;
        let insert = call.command == "insert_step";
        self.change_steps(|steps| {
            let room = if insert { steps.len() + 1 } else { steps.len() };
            let at = position(call, "position", room)?;
            match (insert, steps.get_mut(at)) {
                (false, Some(there)) => *there = step.clone(),
                _ => steps.insert(at, step.clone()),
            }
            Ok(())
        })
    }

    fn delete_step(&self, call: &Call) -> Result<Answer, ToolFault> {
        self.change_steps(|steps| {
            let at = position(call, "position", steps.len())?;
            steps.remove(at);
            Ok(())
        })
    }

    fn reorder(&self, call: &Call) -> Result<Answer, ToolFault> {
        self.change_steps(|steps| {
            let from = position(call, "from", steps.len())?;
            let to = position(call, "to", steps.len())?;
            let step = steps.remove(from);
            steps.insert(to, step);
            Ok(())
        })
    }

    fn change_steps(
        &self,
        mut work: impl FnMut(&mut Vec<Value>) -> Result<(), ToolFault>,
    ) -> Result<Answer, ToolFault> {
        let script = self.change_draft(|draft| {
            let mut steps = draft.steps().to_vec();
            work(&mut steps)?;
            draft.change(draft.with_steps(steps));
            Ok(draft.script.clone())
        })?;
        Ok(reply(text::script(&script), json!({"script": script})))
    }

    fn parameterize(&self, call: &Call, name: &str) -> Result<Answer, ToolFault> {
        let parameter = argument(call, "parameter").unwrap_or_default();
        if !parameterize::is_name(parameter) {
            let message = format!(
                "{parameter:?} cannot be a parameter: a letter or '_', then letters, digits and '_'"
            );
            return Err(fault("invalid_name", message).at("/parameter"));
        }
        let value = call.args.get("value").cloned().unwrap_or_default();
        self.open(name)?;
        let (before, after) = self.change_draft(|draft| {
            let before = draft.script.clone();
            let after = parameterize::parameterize(&before, parameter, &value);
            if before.get("steps") == after.get("steps")
                && before.get("database") == after.get("database")
            {
                let shown = text::short(&value.to_string(), 60);
                let message =
                    format!("the value {shown} is nowhere in the steps; nothing was changed");
                return Err(fault("value_not_found", message).at("/value"));
            }
            draft.change(after.clone());
            Ok((before, after))
        })?;
        let changes = difference(&before, &after);
        let out = format!(
            "{}\n\nChanged:\n{}",
            text::script(&after),
            text::differences(&changes)
        );
        Ok(reply(out, json!({"script": after, "changes": changes})))
    }

    /// Makes the draft of a name the current one; a saved script is opened as one.
    fn open(&self, name: &str) -> Result<(), ToolFault> {
        if let Some(reference) = self.draft_named(name)?.map(|(reference, _)| reference) {
            return self.change(|drafts| {
                drafts.current = Some(reference.clone());
                Ok(())
            });
        }
        self.edit(name).map(|_| ())
    }

    fn draft_named(&self, name: &str) -> Result<Option<(String, Draft)>, ToolFault> {
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

    fn refine(&self, action: Option<&str>, helper: &dyn Helper) -> Result<Answer, ToolFault> {
        match action {
            None => {
                let draft = self.current()?;
                let script = Script::from_json(&draft.script).map_err(told)?;
                let proposal = helper.refine(&script)?;
                let wanted = Script::from_json(&proposal).map_err(|faults| {
                    let message = format!(
                        "what the model proposed is no script: {}",
                        text::faults(&faults)
                    );
                    fault("invalid_proposal", message)
                })?;
                let changes = difference(&draft.script, &wanted.to_json());
                if changes.is_empty() {
                    return Ok(reply(
                        "The model would change nothing.",
                        json!({"changes": []}),
                    ));
                }
                self.change_draft(|draft| {
                    draft.proposal = Some(wanted.to_json());
                    Ok(())
                })?;
                let out = format!(
                    "{}\n/refine apply takes it over, /refine cancel forgets it.",
                    text::differences(&changes)
                );
                Ok(reply(out, json!({"proposal": wanted, "changes": changes})))
            }
            Some("apply") => {
                let (old, new) = self.change(|drafts| {
                    let current = drafts.current.clone().ok_or_else(no_draft)?;
                    let draft = drafts.drafts.get_mut(&current).ok_or_else(no_draft)?;
                    let proposal = draft.proposal.take().ok_or_else(no_proposal)?;
                    draft.change(proposal);
                    let script = Script::from_json(&draft.script).map_err(told)?;
                    // The model may have found a better name.
                    let renamed = script.reference();
                    if renamed != current
                        && let Some(mut draft) = drafts.drafts.remove(&current)
                    {
                        draft.base = 0;
                        drafts.drafts.insert(renamed.clone(), draft);
                        drafts.current = Some(renamed.clone());
                    }
                    Ok((current, script))
                })?;
                if new.reference() != old {
                    let base = self.version(&new.category, &new.name)?;
                    self.change_draft(|draft| {
                        draft.base = base;
                        Ok(())
                    })?;
                }
                let json = new.to_json();
                Ok(reply(text::script(&json), json!({"script": json})))
            }
            Some("cancel") => {
                self.change_draft(|draft| {
                    draft.proposal.take().map(|_| ()).ok_or_else(no_proposal)
                })?;
                Ok(reply("The proposal is forgotten.", Value::Null))
            }
            Some(other) => Err(fault(
                "invalid_value",
                format!("/refine takes apply or cancel, not {other:?}"),
            )
            .at("/action")),
        }
    }

    fn save(&self, name: Option<&str>) -> Result<Answer, ToolFault> {
        let draft = self.current()?;
        let mut script = Script::from_json(&draft.script).map_err(told)?;
        let mut expected = Some(draft.base);
        if let Some(name) = name {
            let (category, name) = split_reference(name, &script.category);
            (script.category, script.name) = (category, name);
            expected = None;
        }
        if script.steps.is_empty() {
            return Err(fault(
                "no_steps",
                "the draft has no steps yet; add one with /step",
            ));
        }
        let library = Library {
            system: self.system,
            programs: self.programs,
            tools: self.tools,
        };
        let save = Save {
            author: self.owner.to_owned(),
            note: String::new(),
            expected,
        };
        let (saved, faults) = library.save(&script, &save).map_err(not_saved)?;
        self.change(|drafts| {
            if let Some(current) = drafts.current.take() {
                drafts.drafts.remove(&current);
            }
            Ok(())
        })?;
        let reference = script.reference();
        let mut out = match saved.changed {
            true => format!("Saved {reference} as version {}.", saved.version),
            false => format!(
                "{reference} is the same as its version {}; nothing new was saved.",
                saved.version
            ),
        };
        if !faults.is_empty() {
            out = format!("{out}\n{}", text::faults(&faults));
        }
        Ok(reply(
            out,
            json!({"script": reference, "version": saved.version, "changed": saved.changed, "warnings": faults}),
        ))
    }

    fn discard(&self) -> Result<Answer, ToolFault> {
        let name = self.change(|drafts| {
            let name = drafts.current.take().ok_or_else(no_draft)?;
            drafts.drafts.remove(&name);
            Ok(name)
        })?;
        Ok(reply(
            format!("The draft of {name} is gone."),
            json!({"draft": name}),
        ))
    }

    fn list(&self, category: Option<&str>) -> Result<Answer, ToolFault> {
        let scripts = self.system.scripts(category)?;
        let drafts = self.drafts()?;
        let mut lines = Vec::new();
        for name in drafts.drafts.keys() {
            let here = if drafts.current.as_ref() == Some(name) {
                ", steps go here"
            } else {
                ""
            };
            lines.push(format!("{name} (draft{here})"));
        }
        for script in &scripts {
            let about = match script.description.as_str() {
                "" => String::new(),
                about => format!(" — {about}"),
            };
            lines.push(format!(
                "{}.{} (version {}){about}",
                script.category, script.name, script.version
            ));
        }
        let out = match lines.is_empty() {
            true => "There are no scripts yet; /create name begins one.".to_owned(),
            false => lines.join("\n"),
        };
        let names: Vec<&String> = drafts.drafts.keys().collect();
        Ok(reply(out, json!({"scripts": scripts, "drafts": names})))
    }

    fn show(&self, name: &str) -> Result<Answer, ToolFault> {
        if let Some((reference, draft)) = self.draft_named(name)? {
            let out = format!("{}\n(a draft, not saved)", text::script(&draft.script));
            return Ok(reply(
                out,
                json!({"draft": reference, "script": draft.script}),
            ));
        }
        let (category, name) = self.system.resolve_script(name, None)?;
        let stored = self.system.script(&category, &name, None)?;
        let json = stored.script.to_json();
        let out = format!(
            "{}\n(version {} by {})",
            text::script(&json),
            stored.info.version,
            stored.info.author
        );
        Ok(reply(
            out,
            json!({"script": json, "version": stored.info.version}),
        ))
    }

    fn to_run(&self, call: &Call, name: &str) -> Result<Answer, ToolFault> {
        let mut named = call.args.clone();
        named.shift_remove("name");
        let arguments = Arguments {
            named,
            positional: call.rest.clone(),
        };
        if let Some((_, draft)) = self.draft_named(name)? {
            let script = Script::from_json(&draft.script).map_err(told)?;
            return Ok(Answer::Run {
                script: Box::new(script),
                draft: true,
                arguments,
            });
        }
        let (category, name) = self.system.resolve_script(name, None)?;
        let stored = self.system.script(&category, &name, None)?;
        Ok(Answer::Run {
            script: Box::new(stored.script),
            draft: false,
            arguments,
        })
    }

    fn delete(&self, name: &str, versions: bool) -> Result<Answer, ToolFault> {
        let (category, name) = self.system.resolve_script(name, None)?;
        self.system
            .delete_script(&category, &name, !versions, self.owner)?;
        let kept = if versions {
            "with its versions"
        } else {
            "its versions are kept"
        };
        Ok(reply(
            format!("Deleted {category}.{name}; {kept}."),
            json!({"script": format!("{category}.{name}")}),
        ))
    }

    fn history(&self, name: &str) -> Result<Answer, ToolFault> {
        let (category, name) = match self.system.resolve_script(name, None) {
            Ok(found) => found,
            // The versions of a deleted script can be looked at too.
            Err(error) => {
                let (category, own) = split_reference(name, DEFAULT_CATEGORY);
                match self.system.script_versions(&category, &own) {
                    Ok(_) => (category, own),
                    Err(_) => return Err(error.into()),
                }
            }
        };
        let versions = self.system.script_versions(&category, &name)?;
        let lines = versions.iter().map(|version| {
            let note = match version.note.as_str() {
                "" => String::new(),
                note => format!(": {note}"),
            };
            format!(
                "version {} by {} at {}{note}",
                version.version, version.author, version.saved
            )
        });
        let out = lines.collect::<Vec<_>>().join("\n");
        Ok(reply(
            out,
            json!({"script": format!("{category}.{name}"), "versions": versions}),
        ))
    }
}

/// Why a script was not saved, each fault in a line.
fn not_saved(error: SystemError) -> ToolFault {
    let lines = match &error {
        SystemError::Refused(faults) => Some(format!("it was not saved:\n{}", text::faults(faults))),
        _ => None,
    };
    let mut refusal = ToolFault::from(error);
    refusal.message = lines.unwrap_or(refusal.message);
    refusal
}

fn no_draft() -> ToolFault {
    fault(
        "no_draft",
        "there is no draft; /create name begins one, /edit name opens a saved script",
    )
}

fn no_proposal() -> ToolFault {
    fault(
        "no_proposal",
        "there is no proposal; /refine asks the model for one",
    )
}

/// The place in a list of a number counted from 1.
fn position(call: &Call, name: &str, room: usize) -> Result<usize, ToolFault> {
    let number = call.args.get(name).and_then(Value::as_u64);
    let at = number.and_then(|number| usize::try_from(number.checked_sub(1)?).ok());
    at.filter(|at| *at < room).ok_or_else(|| {
        let message = match room {
            0 => "the draft has no steps yet".to_owned(),
            room => format!("{name:?} is a number from 1 to {room}"),
        };
        fault("invalid_value", message).at(format!("/{name}"))
    })
}

fn quoted(name: &str) -> String {
    match name.contains(' ') {
        true => format!("\"{name}\""),
        false => name.to_owned(),
    }
}
