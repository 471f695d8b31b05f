//! The commands that change the steps of a draft.

use serde_json::{Value, json};

use super::desk::{Answer, Desk, Helper, argument, fault, no_draft, reply};
use super::{parameterize, text};
use crate::script::{Step, difference};
use crate::slash::{Call, Target};
use crate::tool::ToolFault;

impl Desk<'_> {
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

    pub(super) fn step(
        &self,
        words: Option<&str>,
        helper: &dyn Helper,
    ) -> Result<Answer, ToolFault> {
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

    pub(super) fn steps(&self) -> Result<Answer, ToolFault> {
        let draft = self.current()?;
        Ok(reply(
            text::script(&draft.script),
            json!({"script": draft.script}),
        ))
    }

    pub(super) fn undo(&self) -> Result<Answer, ToolFault> {
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

    pub(super) fn put_step(&self, call: &Call, helper: &dyn Helper) -> Result<Answer, ToolFault> {
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

    pub(super) fn delete_step(&self, call: &Call) -> Result<Answer, ToolFault> {
        self.change_steps(|steps| {
            let at = position(call, "position", steps.len())?;
            steps.remove(at);
            Ok(())
        })
    }

    pub(super) fn reorder(&self, call: &Call) -> Result<Answer, ToolFault> {
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

    pub(super) fn parameterize(&self, call: &Call, name: &str) -> Result<Answer, ToolFault> {
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
