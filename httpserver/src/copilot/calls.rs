//! Running the calls of a turn: reads at once, writes after a person said yes to exactly what they do.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use sop_systemdb::tool::{Table, ToolClass, ToolFault, ToolOutput, ToolSpec};
use tokio::time::Instant;

use super::approval::{Approval, Decision, Outcome};
use super::corrections;
use super::events::{ChatEvent, ToolShown};
use super::seams::{ToolContext, fingerprint, hash};
use super::sharing;
use super::turn::Turn;
use crate::error::nearest;
use crate::llm::ToolCall;
use crate::state::AppState;

/// Rows of a result that the page gets in the stream.
const SHOWN_ROWS: usize = 200;
/// Bytes of a result's rows that the page gets in the stream.
const SHOWN_BYTES: usize = 128 << 10;
/// Time to do what was approved, whatever is left.
const TIME_TO_APPLY: Duration = Duration::from_secs(15);
/// How often a call that fails in the same way is run.
const SAME_FAILURES: u32 = 2;
/// The code of a change that a person did not want.
const DENIED: &str = "denied";

/// What a call turned out to be.
enum Looked {
    /// It only read.
    Read(ToolOutput),
    /// It would change something.
    Changes(ToolClass),
}

/// What a call came to, for the model.
pub(super) struct CallResult {
    /// In words, not fenced.
    pub text: String,
    /// Whether it failed.
    pub is_error: bool,
    /// Whether this call failed so often that the answer should end.
    pub hopeless: bool,
}

impl Turn {
    /// Runs a call and tells the page of it.
    pub async fn run_call(&mut self, call: &ToolCall) -> CallResult {
        let args = self.mask.show_json(call.args.clone());
        self.emit(ChatEvent::ToolStart {
            call: call.id.clone(),
            tool: call.name.clone(),
            args: args.clone(),
        });
        let key = hash(&[call.name.as_bytes(), args.to_string().as_bytes()]);
        let before = self.failures.get(&key).copied().unwrap_or(0);
        let result = if before >= SAME_FAILURES {
            Err(ToolFault::new(
                "repeated_failure",
                "Exactly this call has failed before and was not run again. Do something else, or say what is in the way.",
            ))
        } else {
            self.execute(call, &args).await
        };
        match result {
            Ok(output) => self.worked(call, &args, &output).await,
            Err(fault) => {
                let failures = self.failures.entry(key).or_default();
                // Nobody is asked twice about the same change in one answer.
                let denied = fault.code == DENIED;
                *failures = if denied {
                    SAME_FAILURES.max(*failures + 1)
                } else {
                    *failures + 1
                };
                self.did_not_work(call, &args, fault, before > SAME_FAILURES)
            }
        }
    }

    async fn execute(&mut self, call: &ToolCall, args: &Value) -> Result<ToolOutput, ToolFault> {
        if let Some(words) = &call.malformed {
            let words =
                format!("The call cannot be read: {words}. Write it again with a JSON object.");
            return Err(ToolFault::new("malformed_arguments", words));
        }
        let Some(spec) = self
            .tools
            .iter()
            .find(|spec| spec.name == call.name)
            .cloned()
        else {
            let names = self.tools.iter().map(|spec| &spec.name);
            let words = format!("There is no tool '{}'.", call.name);
            return Err(ToolFault::new("tool_not_found", words).suggest(nearest(&call.name, names)));
        };
        let host = Arc::clone(&self.host);
        let (name, wanted) = (spec.name.clone(), args.clone());
        let looked = self.blocking(move || match host.class(&name, &wanted)? {
            ToolClass::Read => host.read(&name, wanted).map(Looked::Read),
            class => Ok(Looked::Changes(class)),
        });
        match looked.await?? {
            Looked::Read(output) => Ok(output),
            Looked::Changes(class) => {
                let spec = ToolSpec { class, ..spec };
                self.ask_person(call, &spec, args).await
            }
        }
    }

    /// Shows what a tool would do, waits for a person, and does it when the person says yes.
    async fn ask_person(
        &mut self,
        call: &ToolCall,
        spec: &ToolSpec,
        args: &Value,
    ) -> Result<ToolOutput, ToolFault> {
        let host = Arc::clone(&self.host);
        let (name, wanted) = (spec.name.clone(), args.clone());
        let proposal = self.blocking(move || host.propose(&name, wanted)).await??;
        let bound = hash(&[
            spec.name.as_bytes(),
            args.to_string().as_bytes(),
            fingerprint(&proposal).as_bytes(),
        ]);
        let life = self.limits.approval();
        let named = proposal
            .changes
            .as_ref()
            .and_then(|set| set["database"].as_str());
        let database = named.unwrap_or(&self.context.database).to_owned();
        let (approval, decision) = Approval::new(bound.clone(), database, life);
        self.session
            .state()
            .approvals
            .insert(call.id.clone(), approval);
        self.emit(ChatEvent::ApprovalRequested {
            call: call.id.clone(),
            tool: spec.name.clone(),
            changeset: proposal.changes.as_ref().map(changes_shown),
            script: proposal.data.get("script").cloned(),
            statement: proposal.statement.clone(),
            class: spec.class,
            affected: affected(&proposal),
            hash: bound,
            expires_ms: life.as_millis() as u64,
        });
        let since = Instant::now();
        let decided = tokio::time::timeout(life, decision).await;
        self.waited(since, TIME_TO_APPLY);
        let Ok(Ok(decision)) = decided else {
            self.resolved(call, false, false, Some("Nobody decided in time."));
            let words = "Nobody decided on this change in time, so nothing was done.";
            return Err(ToolFault::new(DENIED, words));
        };
        self.decided(call, spec, args, proposal, decision).await
    }

    async fn decided(
        &mut self,
        call: &ToolCall,
        spec: &ToolSpec,
        args: &Value,
        proposal: ToolOutput,
        decision: Decision,
    ) -> Result<ToolOutput, ToolFault> {
        // Who decided may be gone; the outcome is in the events, too.
        if !decision.approve {
            let reason = decision.reason.unwrap_or_default();
            self.resolved(call, false, false, Some(&reason));
            let _ = decision.reply.send(Outcome::Denied);
            let words = if reason.trim().is_empty() {
                "The person denied this change, so nothing was done.".to_owned()
            } else {
                format!(
                    "The person denied this change, so nothing was done. Their reason: {}",
                    reason.trim()
                )
            };
            return Err(ToolFault::new(DENIED, words));
        }
        let tools = Arc::clone(&self.inner.parts.tools);
        let host = match self.deciding(&decision.state) {
            Ok(context) => tools.host(&context),
            Err(fault) => {
                self.resolved(call, true, false, Some(&fault.message));
                let outcome = Outcome::Failed(fault.code.clone(), fault.message.clone());
                let _ = decision.reply.send(outcome);
                return Err(fault);
            }
        };
        let (name, args) = (spec.name.clone(), args.clone());
        let applied = self
            .blocking(move || tools.apply(&host, &name, args, &proposal))
            .await;
        match applied.and_then(|applied| applied) {
            Ok(output) => {
                self.resolved(call, true, true, None);
                let _ = decision
                    .reply
                    .send(Outcome::Applied(output.summary.clone()));
                Ok(output)
            }
            Err(fault) => {
                self.resolved(call, true, false, Some(&fault.message));
                let outcome = Outcome::Failed(fault.code.clone(), fault.message.clone());
                let _ = decision.reply.send(outcome);
                Err(fault)
            }
        }
    }

    /// The context in which a change is made: that of the person who decides, who has to see the same databases.
    fn deciding(&self, state: &AppState) -> Result<ToolContext, ToolFault> {
        let of = |state: &AppState| Arc::clone(&state.registry().guard().environment);
        let (asked, decides) = (of(&self.context.state), of(state));
        if asked != decides {
            let message = format!(
                "This change was proposed in the environment '{asked}' and approved in '{decides}', so nothing was \
                 done. Go back to '{asked}' to decide on it."
            );
            return Err(ToolFault::new("conflict", message));
        }
        Ok(ToolContext {
            state: state.clone(),
            ..self.context.clone()
        })
    }

    fn resolved(&self, call: &ToolCall, approved: bool, applied: bool, reason: Option<&str>) {
        self.emit(ChatEvent::ApprovalResolved {
            call: call.id.clone(),
            approved,
            applied,
            reason: reason
                .filter(|reason| !reason.is_empty())
                .map(str::to_owned),
        });
    }

    async fn worked(&mut self, call: &ToolCall, args: &Value, output: &ToolOutput) -> CallResult {
        let effect = |name: &str| {
            output
                .effect
                .as_ref()
                .and_then(|effect| effect.get(name))
                .cloned()
        };
        self.emit(ChatEvent::ToolOutput(Box::new(ToolShown {
            call: call.id.clone(),
            summary: output.summary.clone(),
            table: output.table.as_ref().map(shown),
            data: fitting(&output.data),
            changes: output.changes.as_ref().map(changes_shown),
            statement: output.statement.clone(),
            stats: output.stats.clone(),
            chart: effect("chart"),
            error: None,
        })));
        if let Some(place) = effect("navigate") {
            self.go_to(&place);
            self.emit(ChatEvent::Navigate(place));
        }
        if let Some((before, fault)) = self.failed.remove(&call.name) {
            let source = format!("{}/{}", self.session.id, self.number);
            let database = &self.context.database;
            let learned =
                corrections::got_over(&call.name, (&before, &fault), args, database, &source);
            if let Some(entry) = learned {
                self.propose_knowledge(entry).await;
            }
        }
        CallResult {
            text: sharing::output(&call.name, output, self.question.share, &self.limits),
            is_error: false,
            hopeless: false,
        }
    }

    fn did_not_work(
        &mut self,
        call: &ToolCall,
        args: &Value,
        fault: ToolFault,
        hopeless: bool,
    ) -> CallResult {
        self.emit(ChatEvent::ToolOutput(Box::new(ToolShown {
            call: call.id.clone(),
            summary: fault.message.clone(),
            error: Some(fault.clone()),
            ..ToolShown::default()
        })));
        let text = sharing::fault(&fault, self.question.share, &self.limits);
        self.failed.insert(call.name.clone(), (args.clone(), fault));
        CallResult {
            text,
            is_error: true,
            hopeless,
        }
    }

    /// The tools work on the database that was switched to.
    fn go_to(&mut self, place: &Value) {
        let text = |name: &str| place.get(name).and_then(Value::as_str).map(str::to_owned);
        if let Some(database) = text("database").filter(|name| *name != self.context.database) {
            self.context.database = database;
            self.context.store = None;
            self.host = self.inner.parts.tools.host(&self.context);
        }
        self.context.store = text("store").or(self.context.store.take());
    }
}

/// How many items a proposal is about.
fn affected(proposal: &ToolOutput) -> Option<u64> {
    let changes = proposal.changes.as_ref()?;
    let count = changes.get("count").and_then(Value::as_u64);
    let listed = changes
        .get("rows")
        .or(Some(changes))
        .and_then(Value::as_array);
    count.or(listed.map(|listed| listed.len() as u64))
}

/// Other data as it goes along in the stream.
fn fitting(data: &Value) -> Value {
    if data.to_string().len() <= SHOWN_BYTES {
        return data.clone();
    }
    serde_json::json!({"left_out": "It is too large for the chat. Call the tool itself to have it."})
}

/// The changes that go along in the stream: as many as fit, and how many do not. The count is always that of all.
fn changes_shown(changes: &Value) -> Value {
    if changes.to_string().len() <= 2 * SHOWN_BYTES {
        return changes.clone();
    }
    let mut shown = changes.clone();
    if let Some(fields) = shown.as_object_mut() {
        fields.shift_remove("set");
        let mut room = SHOWN_BYTES;
        for (name, value) in fields.iter_mut() {
            let Some(rows) = value.as_array_mut() else {
                continue;
            };
            let fits = rows.iter().take_while(|row| {
                let length = row.to_string().len();
                let fits = length <= room;
                room = room.saturating_sub(length);
                fits
            });
            let fits = fits.count();
            if fits < rows.len() {
                tracing::debug!(
                    name,
                    left_out = rows.len() - fits,
                    "changes are not all shown"
                );
                rows.truncate(fits);
            }
        }
        fields.insert("cut".to_owned(), true.into());
    }
    shown
}

/// The rows that go along in the stream; the rest is to be had by running the statement again.
fn shown(table: &Table) -> Table {
    let mut room = SHOWN_BYTES;
    let rows = table.rows.iter().take(SHOWN_ROWS).take_while(|row| {
        let length: usize = row.iter().map(|value| value.to_string().len() + 1).sum();
        let fits = length <= room;
        room = room.saturating_sub(length);
        fits
    });
    let rows: Vec<_> = rows.cloned().collect();
    Table {
        columns: table.columns.clone(),
        truncated: table.truncated || rows.len() < table.rows.len(),
        rows,
    }
}
