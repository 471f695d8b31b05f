//! What a model proposes for a draft: shown as a difference, and applied or forgotten by a person.

use serde_json::{Value, json};

use super::desk::{Answer, Desk, Helper, fault, no_draft, reply, told};
use super::text;
use crate::script::{Script, difference};
use crate::tool::ToolFault;

impl Desk<'_> {
    pub(super) fn refine(
        &self,
        action: Option<&str>,
        helper: &dyn Helper,
    ) -> Result<Answer, ToolFault> {
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
}

fn no_proposal() -> ToolFault {
    fault(
        "no_proposal",
        "there is no proposal; /refine asks the model for one",
    )
}
