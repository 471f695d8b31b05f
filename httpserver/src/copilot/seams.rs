//! What the copilot needs of the rest of the server, as traits, each with what there is without it.

use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use sop_query::sql::Cancel;
use sop_systemdb::tool::{ToolFault, ToolHost, ToolOutput, ToolSpec};

use super::events::ChatEvent;
use super::saved::{Feedback, SavedSession, SavedTurn, SessionSummary};
use super::sketch::StoreSketch;
use crate::error::ApiResult;
use crate::state::AppState;

/// What runs tools for one turn.
pub type Host = Arc<dyn ToolHost + Send + Sync>;

/// Who calls a tool, and on what.
#[derive(Clone)]
pub struct ToolContext {
    /// The server as the person's request may use it: the databases of its environment, with its rights.
    pub state: AppState,
    /// The session.
    pub session: String,
    /// The turn.
    pub turn: u64,
    /// The database that is open.
    pub database: String,
    /// The store that is open.
    pub store: Option<String>,
    /// Set when the person stops the turn or its time is over: whatever runs should end.
    pub cancel: Cancel,
}

/// Gives out what runs tools.
pub trait ToolAccess: Send + Sync {
    /// What runs tools in this context; role, mode and limits are checked by it.
    fn host(&self, context: &ToolContext) -> Host;

    /// Does what was proposed and approved, when it still would do the same to the same data.
    ///
    /// # Errors
    /// `conflict` when the data changed since; what the tool answers.
    fn apply(
        &self,
        host: &Host,
        name: &str,
        args: Value,
        proposal: &ToolOutput,
    ) -> Result<ToolOutput, ToolFault> {
        let now = host.propose(name, args.clone())?;
        if !is_same_change(proposal, &now) {
            return Err(ToolFault::new(
                "conflict",
                "The data changed since this was proposed, so nothing was done. Look at it again and propose it anew.",
            ));
        }
        // Exactly what was shown, with the versions of the items that it was shown of.
        match change_set(&now) {
            Some(set) if name != CHANGE => {
                let done = host.call(CHANGE, set)?;
                Ok(ToolOutput {
                    statement: proposal.statement.clone(),
                    ..done
                })
            }
            _ => host.call(name, args),
        }
    }
}

/// The tool that applies change sets.
const CHANGE: &str = "change";

/// The arguments of the tool that applies change sets to do what a proposal shows, where that can say it.
fn change_set(proposal: &ToolOutput) -> Option<Value> {
    let changes = proposal.changes.as_ref()?;
    let set = changes.get("set").filter(|set| set.is_array())?;
    let database = changes
        .get("database")
        .filter(|database| database.is_string())?;
    Some(serde_json::json!({"changes": set, "database": database}))
}

/// Whether two proposals would do the same to the same data. Where not all changed items are listed, the
/// sequence of the data has to be the same.
fn is_same_change(before: &ToolOutput, now: &ToolOutput) -> bool {
    if fingerprint(before) != fingerprint(now) {
        return false;
    }
    let sequence = |output: &ToolOutput| output.stats.get("sequence").and_then(Value::as_u64);
    match (sequence(before), sequence(now)) {
        (Some(before), Some(now)) if before == now => true,
        (Some(_), Some(_)) => lists_all(before),
        _ => true,
    }
}

fn lists_all(output: &ToolOutput) -> bool {
    let Some(changes) = &output.changes else {
        return false;
    };
    let listed = changes.get("rows").and_then(Value::as_array).map(Vec::len);
    let count = changes.get("count").and_then(Value::as_u64);
    listed.is_some_and(|listed| count == Some(listed as u64))
}

/// Stands for what a proposal would change, whenever it is made.
pub fn fingerprint(proposal: &ToolOutput) -> String {
    let mut changes = proposal.changes.clone().unwrap_or_default();
    if let Some(fields) = changes.as_object_mut() {
        fields.shift_remove("sequence");
        fields.shift_remove("set");
    }
    let parts = serde_json::json!([changes, proposal.statement, proposal.summary]);
    hash(&[parts.to_string().as_bytes()])
}

/// A hash of parts as text.
pub fn hash(parts: &[&[u8]]) -> String {
    use std::fmt::Write as _;
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize()
        .iter()
        .take(16)
        .fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}

/// What there is to know of the stores of databases.
pub trait SchemaSource: Send + Sync {
    /// The stores of the context's database, with sample values when asked for; none when it is not there.
    fn stores(&self, context: &ToolContext, samples: bool) -> Vec<StoreSketch>;
}

/// Something that was learned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnowledgeEntry {
    /// `term`, `correction`, …
    pub category: String,
    /// Its name.
    pub name: String,
    /// What was learned.
    pub text: String,
    /// From what.
    pub why: String,
    /// The database that it is about.
    pub database: String,
    /// The turn that it comes from: `session/turn`.
    pub source: String,
}

/// What people taught.
pub trait KnowledgeSource: Send + Sync {
    /// Approved entries about the context's database and a question, in a fixed order; `words` are those of the question with
    /// their stems, and the store that is open.
    fn approved(
        &self,
        context: &ToolContext,
        question: &str,
        words: &[String],
    ) -> Vec<KnowledgeEntry>;

    /// Keeps an entry for a person to approve.
    ///
    /// # Errors
    /// It could not be kept; the words say why.
    fn propose(&self, context: &ToolContext, entry: &KnowledgeEntry) -> ApiResult<()>;
}

/// Where sessions are kept.
pub trait SessionStore: Send + Sync {
    /// Keeps a session as it is now.
    ///
    /// # Errors
    /// It could not be kept; the words say why.
    fn save(&self, session: &SavedSession) -> ApiResult<()>;

    /// A session as it was kept last.
    ///
    /// # Errors
    /// It could not be read; the words say why.
    fn load(&self, id: &str) -> ApiResult<Option<SavedSession>>;

    /// The newest sessions in short.
    ///
    /// # Errors
    /// They could not be read; the words say why.
    fn list(&self, limit: usize) -> ApiResult<Vec<SessionSummary>>;

    /// Deletes a session and what people thought of its answers; nothing when it was not kept.
    ///
    /// # Errors
    /// It could not be deleted; the words say why.
    fn forget(&self, id: &str) -> ApiResult<()>;

    /// Keeps what a person thinks of a turn.
    ///
    /// # Errors
    /// It could not be kept; the words say why.
    fn feedback(&self, session: &str, turn: u64, feedback: &Feedback) -> ApiResult<()>;
}

/// Takes events of a turn.
pub type Emit<'a> = dyn Fn(ChatEvent) + Send + Sync + 'a;

/// Runs messages that begin with `/`.
pub trait SlashRunner: Send + Sync {
    /// Runs one; it may block.
    ///
    /// # Errors
    /// It is not understood or fails; suggestions name the nearest command.
    fn run(&self, context: &ToolContext, line: &str, emit: &Emit<'_>) -> Result<(), ToolFault>;
}

/// A question for the planner.
pub struct PlannerQuestion<'a> {
    /// Who asks, on what.
    pub context: &'a ToolContext,
    /// The words.
    pub text: &'a str,
    /// The turns before.
    pub earlier: &'a [SavedTurn],
    /// The tools that may be called.
    pub tools: &'a [ToolSpec],
    /// What the planner wanted to be remembered of the question before.
    pub memory: Option<&'a Value>,
}

/// What the planner makes of a question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Planned {
    /// What it understood, or that it did not.
    pub said: String,
    /// The calls that answer it, in order: tool and arguments. Those that write wait for approval.
    pub calls: Vec<(String, Value)>,
    /// Other readings, as questions.
    pub alternatives: Vec<String>,
    /// What is to be given with the next question.
    pub memory: Option<Value>,
}

/// Answers without a model.
pub trait Planner: Send + Sync {
    /// Makes calls of a question; it may block.
    fn plan(&self, question: &PlannerQuestion<'_>) -> Planned;
}

/// All of them.
#[derive(Clone)]
pub struct Parts {
    /// Runs tools.
    pub tools: Arc<dyn ToolAccess>,
    /// Knows stores.
    pub schema: Arc<dyn SchemaSource>,
    /// Knows what people taught.
    pub knowledge: Arc<dyn KnowledgeSource>,
    /// Keeps sessions.
    pub store: Arc<dyn SessionStore>,
    /// Runs slash commands.
    pub slash: Arc<dyn SlashRunner>,
    /// Answers without a model.
    pub planner: Arc<dyn Planner>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn proposal(count: u64, before: i64, sequence: u64) -> ToolOutput {
        ToolOutput {
            changes: Some(json!({"count": count, "rows": [{"op": "delete", "before": before}]})),
            stats: json!({"sequence": sequence, "elapsed_ms": sequence}),
            ..ToolOutput::default()
        }
    }

    #[test]
    fn the_same_change_is_told_from_another() {
        assert!(is_same_change(&proposal(1, 5, 1), &proposal(1, 5, 1)));
        // Something else in the database changed.
        assert!(is_same_change(&proposal(1, 5, 1), &proposal(1, 5, 2)));
        assert!(!is_same_change(&proposal(1, 5, 1), &proposal(1, 6, 2)));
        // Only some of the items are listed: then nothing at all may have changed.
        assert!(is_same_change(&proposal(9, 5, 1), &proposal(9, 5, 1)));
        assert!(!is_same_change(&proposal(9, 5, 1), &proposal(9, 5, 2)));
    }
}
