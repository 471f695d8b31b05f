//! What a chat tells the page while it answers.

use serde_json::{Map, Value, json};
use sop_systemdb::tool::{Table, ToolClass, ToolFault};

use crate::config::Share;
use crate::llm::Usage;

/// Something that happened in a turn.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// A turn began.
    Session {
        /// Id of the session.
        session: String,
        /// Number of the turn, from 1.
        turn: u64,
        /// What may be shared with a model.
        share: Share,
        /// `gemini`, …, `offline` or `command`.
        provider: String,
        /// The model, when one is asked.
        model: Option<String>,
        /// Knowledge that the model is given, as `category/name`.
        knowledge: Vec<String>,
        /// What was lost since the last turn, when the server was started anew.
        gone: Vec<String>,
    },
    /// More text of the answer.
    Text(String),
    /// A tool is called.
    ToolStart {
        /// The call.
        call: String,
        /// The tool.
        tool: String,
        /// Its arguments.
        args: Value,
    },
    /// A tool answered.
    ToolOutput(Box<ToolShown>),
    /// A change waits for a person.
    ApprovalRequested {
        /// The call.
        call: String,
        /// The tool.
        tool: String,
        /// What would change.
        changeset: Option<Value>,
        /// The script that would run.
        script: Option<Value>,
        /// The statement.
        statement: Option<String>,
        /// What the tool may do.
        class: ToolClass,
        /// How many items.
        affected: Option<u64>,
        /// Stands for these arguments and this change.
        hash: String,
        /// Time until it lapses, in milliseconds.
        expires_ms: u64,
    },
    /// A change was decided on.
    ApprovalResolved {
        /// The call.
        call: String,
        /// Whether a person said yes.
        approved: bool,
        /// Whether it was done.
        applied: bool,
        /// Why not.
        reason: Option<String>,
    },
    /// The page should show something: `{database, store, filter}`.
    Navigate(Value),
    /// Something was learned and waits for approval.
    KnowledgeProposed {
        /// Its category.
        category: String,
        /// Its name.
        name: String,
        /// What was learned.
        text: String,
        /// From what.
        why: String,
    },
    /// Other things that may have been meant.
    Alternatives(Vec<String>),
    /// What a request to the model cost.
    Usage {
        /// Tokens.
        tokens: Usage,
        /// Dollars, where the price is known.
        cost: Option<f64>,
        /// The model.
        model: String,
        /// Number of the prompt, for "what was sent".
        sent: u64,
    },
    /// Something failed; the session goes on.
    Error {
        /// Stable name.
        code: String,
        /// What happened and what to do.
        detail: String,
    },
    /// The turn is over.
    Finish(String),
}

/// What people see of a tool's answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolShown {
    /// The call.
    pub call: String,
    /// One line.
    pub summary: String,
    /// Rows, up to a limit.
    pub table: Option<Table>,
    /// Whatever else there is.
    pub data: Value,
    /// What was changed.
    pub changes: Option<Value>,
    /// The statement.
    pub statement: Option<String>,
    /// What it cost.
    pub stats: Value,
    /// A chart to draw.
    pub chart: Option<Value>,
    /// Why it failed.
    pub error: Option<ToolFault>,
}

impl ChatEvent {
    /// Its name in the stream.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Session { .. } => "session",
            Self::Text(_) => "text-delta",
            Self::ToolStart { .. } => "tool-start",
            Self::ToolOutput(_) => "tool-output",
            Self::ApprovalRequested { .. } => "approval-requested",
            Self::ApprovalResolved { .. } => "approval-resolved",
            Self::Navigate(_) => "navigate",
            Self::KnowledgeProposed { .. } => "knowledge-proposed",
            Self::Alternatives(_) => "alternatives",
            Self::Usage { .. } => "usage",
            Self::Error { .. } => "error",
            Self::Finish(_) => "finish",
        }
    }

    /// Its data in the stream.
    pub fn data(&self) -> Value {
        match self {
            Self::Session {
                session,
                turn,
                share,
                provider,
                model,
                knowledge,
                gone,
            } => json!({
                "session": session, "turn": turn, "share": share, "provider": provider, "model": model,
                "knowledge": knowledge, "gone": gone,
            }),
            Self::Text(text) => json!({"text": text}),
            Self::ToolStart { call, tool, args } => {
                json!({"call": call, "tool": tool, "args": args})
            }
            Self::ToolOutput(shown) => shown.data(),
            Self::ApprovalRequested {
                call,
                tool,
                changeset,
                script,
                statement,
                class,
                affected,
                hash,
                expires_ms,
            } => json!({
                "call": call, "tool": tool, "changeset": changeset, "script": script, "statement": statement,
                "class": class, "affected": affected, "hash": hash, "expires_ms": expires_ms,
            }),
            Self::ApprovalResolved {
                call,
                approved,
                applied,
                reason,
            } => json!({"call": call, "approved": approved, "applied": applied, "reason": reason}),
            Self::Navigate(place) => place.clone(),
            Self::KnowledgeProposed {
                category,
                name,
                text,
                why,
            } => json!({"category": category, "name": name, "text": text, "why": why}),
            Self::Alternatives(questions) => json!({"questions": questions}),
            Self::Usage {
                tokens,
                cost,
                model,
                sent,
            } => json!({
                "in": tokens.input, "out": tokens.output, "cached": tokens.cached, "cost": cost,
                "model": model, "sent": sent,
            }),
            Self::Error { code, detail } => json!({"code": code, "detail": detail}),
            Self::Finish(reason) => json!({"reason": reason}),
        }
    }
}

impl ToolShown {
    /// Fields that are not there are left out.
    pub fn data(&self) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                out.insert(name.to_owned(), value);
            }
        };
        put("call", json!(self.call));
        put("summary", json!(self.summary));
        if let Some(table) = &self.table {
            put("columns", json!(table.columns));
            put("rows", json!(table.rows));
            put("truncated", json!(table.truncated));
        }
        put("data", self.data.clone());
        put("changes", json!(self.changes));
        put("statement", json!(self.statement));
        put("stats", self.stats.clone());
        put("chart", json!(self.chart));
        put("error", json!(self.error));
        Value::Object(out)
    }
}
