//! The commands about scripts as a whole: saved, listed, shown, run, deleted.

use serde_json::json;

use super::desk::{Answer, Desk, fault, no_draft, reply, told};
use super::text;
use crate::script::{Arguments, DEFAULT_CATEGORY, Script, split_reference};
use crate::slash::Call;
use crate::system::{Library, Save, SystemError};
use crate::tool::ToolFault;

impl Desk<'_> {
    pub(super) fn save(&self, name: Option<&str>) -> Result<Answer, ToolFault> {
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
            author: self.author.to_owned(),
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

    pub(super) fn discard(&self) -> Result<Answer, ToolFault> {
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

    pub(super) fn list(&self, category: Option<&str>) -> Result<Answer, ToolFault> {
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

    pub(super) fn show(&self, name: &str) -> Result<Answer, ToolFault> {
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

    pub(super) fn to_run(&self, call: &Call, name: &str) -> Result<Answer, ToolFault> {
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

    pub(super) fn delete(&self, name: &str, versions: bool) -> Result<Answer, ToolFault> {
        let (category, name) = self.system.resolve_script(name, None)?;
        self.system
            .delete_script(&category, &name, !versions, self.author)?;
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

    pub(super) fn history(&self, name: &str) -> Result<Answer, ToolFault> {
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
        SystemError::Refused(faults) => {
            Some(format!("it was not saved:\n{}", text::faults(faults)))
        }
        _ => None,
    };
    let mut refusal = ToolFault::from(error);
    refusal.message = lines.unwrap_or(refusal.message);
    refusal
}
