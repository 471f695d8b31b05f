//! A session as it is kept: the turns for people, and what the model hears of them again.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::events::ChatEvent;
use crate::llm::{Message, Usage};

/// Longest answer that is kept, in bytes.
const ANSWER_BYTES: usize = 256 << 10;
/// Most calls of a turn that are kept.
const MAX_CALLS: usize = 200;
/// Most turns of a session; older ones are forgotten.
const MAX_TURNS: usize = 500;

/// A session.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SavedSession {
    /// Its id.
    pub id: String,
    /// The user who began it; empty where nobody signs in.
    #[serde(default)]
    pub owner: String,
    /// The beginning of its first message.
    pub title: String,
    /// The database of its last turn.
    pub database: String,
    /// Unix time in milliseconds of its last turn.
    pub updated_ms: u64,
    /// Its turns, the oldest first.
    pub turns: Vec<SavedTurn>,
    /// What the model heard and said, by turn.
    pub memory: Vec<TurnMemory>,
    /// The names that were replaced by tokens, and what the tokens begin with.
    pub masked: MaskedNames,
    /// What it cost so far, in dollars.
    pub cost: f64,
    /// Number of prompts that were sent.
    pub sent: u64,
    /// What the planner wants to be given with the next question.
    pub planner: Option<Value>,
}

/// A session in short.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionSummary {
    /// Its id.
    pub id: String,
    /// The user who began it; empty where nobody signs in.
    pub owner: String,
    /// The beginning of its first message.
    pub title: String,
    /// The database of its last turn.
    pub database: String,
    /// Unix time in milliseconds of its last turn.
    pub updated_ms: u64,
    /// Number of its turns.
    pub turns: usize,
    /// Dollars so far, where the price is known.
    pub cost: f64,
}

/// Names that a model knows by tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskedNames {
    /// What all tokens begin with.
    pub tag: String,
    /// The names; a token has the place of its name.
    pub names: Vec<String>,
}

/// What a model heard and said in a turn.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnMemory {
    /// The turn.
    pub turn: u64,
    /// The messages; each call has its result.
    pub messages: Vec<Message>,
}

/// A turn as people see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SavedTurn {
    /// Its number, from 1.
    pub turn: u64,
    /// What the person said.
    pub message: String,
    /// The database that was open.
    pub database: String,
    /// The store that was open.
    pub store: Option<String>,
    /// Who answered: a provider, `offline` or `command`.
    pub provider: String,
    /// The model.
    pub model: Option<String>,
    /// Unix time in milliseconds.
    pub began_ms: u64,
    /// Why it ended; missing while it runs, `interrupted` when the server ended before it did.
    pub ended: Option<String>,
    /// The text of the answer.
    pub answer: String,
    /// The calls of tools.
    pub calls: Vec<SavedCall>,
    /// What failed.
    pub errors: Vec<String>,
    /// Tokens.
    #[schema(value_type = Value)]
    pub tokens: Usage,
    /// Dollars, where the price is known.
    pub cost: Option<f64>,
    /// Knowledge that was used.
    pub knowledge: Vec<String>,
    /// What a person thinks of it.
    pub feedback: Option<Feedback>,
}

/// A call of a tool as people see it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SavedCall {
    /// Its id.
    pub call: String,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub args: Value,
    /// One line of what it answered.
    pub summary: Option<String>,
    /// The statement that ran.
    pub statement: Option<String>,
    /// The code of its failure.
    pub error: Option<String>,
    /// `waiting`, `approved`, `denied`, …; missing when nobody was asked.
    pub approval: Option<String>,
}

/// Whether an answer was good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Feedback {
    /// `up` or `down`.
    pub rating: Rating,
    /// In words.
    pub comment: Option<String>,
}

/// A thumb.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rating {
    /// Good.
    Up,
    /// Bad.
    Down,
}

/// Unix time in milliseconds.
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}

impl SavedSession {
    /// It in short.
    pub fn summary(&self) -> SessionSummary {
        SessionSummary {
            owner: self.owner.clone(),
            id: self.id.clone(),
            title: self.title.clone(),
            database: self.database.clone(),
            updated_ms: self.updated_ms,
            turns: self.turns.len(),
            cost: self.cost,
        }
    }

    /// Takes over what happened in its last turn.
    pub fn note(&mut self, event: &ChatEvent) {
        let Some(turn) = self.turns.last_mut() else {
            return;
        };
        match event {
            ChatEvent::Session {
                provider,
                model,
                knowledge,
                ..
            } => {
                turn.provider.clone_from(provider);
                turn.model.clone_from(model);
                turn.knowledge.clone_from(knowledge);
            }
            ChatEvent::Text(text) if turn.answer.len() + text.len() <= ANSWER_BYTES => {
                turn.answer.push_str(text);
            }
            ChatEvent::ToolStart { call, tool, args } if turn.calls.len() < MAX_CALLS => {
                turn.calls.push(SavedCall {
                    call: call.clone(),
                    tool: tool.clone(),
                    args: args.clone(),
                    ..SavedCall::default()
                });
            }
            ChatEvent::ToolOutput(shown) => {
                if let Some(call) = call_of(turn, &shown.call) {
                    call.summary = Some(shown.summary.clone());
                    call.statement.clone_from(&shown.statement);
                    call.error = shown.error.as_ref().map(|fault| fault.code.clone());
                }
            }
            ChatEvent::ApprovalRequested { call, .. } => {
                if let Some(call) = call_of(turn, call) {
                    call.approval = Some("waiting".to_owned());
                }
            }
            ChatEvent::ApprovalResolved { call, approved, .. } => {
                if let Some(call) = call_of(turn, call) {
                    let words = if *approved { "approved" } else { "denied" };
                    call.approval = Some(words.to_owned());
                }
            }
            ChatEvent::Usage { tokens, cost, .. } => {
                turn.tokens = turn.tokens.plus(*tokens);
                if let Some(cost) = cost {
                    turn.cost = Some(turn.cost.unwrap_or(0.0) + cost);
                    self.cost += cost;
                }
            }
            ChatEvent::Error { code, detail } => turn.errors.push(format!("{code}: {detail}")),
            ChatEvent::Finish(reason) => turn.ended = Some(reason.clone()),
            _ => {}
        }
    }

    /// After the server was started anew: says what a turn that ran then has lost.
    pub fn interrupted(&mut self) -> Vec<String> {
        let mut gone = Vec::new();
        for turn in self.turns.iter_mut().filter(|turn| turn.ended.is_none()) {
            turn.ended = Some("interrupted".to_owned());
            gone.push(format!(
                "The server was started anew while turn {} was answered; its answer ends where it was.",
                turn.turn
            ));
            let waiting = turn.calls.iter_mut();
            for call in waiting.filter(|call| call.approval.as_deref() == Some("waiting")) {
                call.approval = Some("lapsed".to_owned());
                gone.push(format!(
                    "The change that '{}' proposed was not decided on and lapsed; nothing was done.",
                    call.tool
                ));
            }
        }
        gone
    }

    /// Begins a turn, in place of those from `replace` on when that is said.
    pub fn begin(&mut self, turn: SavedTurn) {
        if self.turns.is_empty() {
            self.title = turn.message.chars().take(80).collect();
        }
        self.database.clone_from(&turn.database);
        self.updated_ms = turn.began_ms;
        self.turns.push(turn);
        let excess = self.turns.len().saturating_sub(MAX_TURNS);
        self.turns.drain(..excess);
    }

    /// Forgets the turns from `turn` on.
    pub fn forget_from(&mut self, turn: u64) {
        self.turns.retain(|kept| kept.turn < turn);
        self.memory.retain(|kept| kept.turn < turn);
    }
}

fn call_of<'a>(turn: &'a mut SavedTurn, call: &str) -> Option<&'a mut SavedCall> {
    turn.calls.iter_mut().find(|kept| kept.call == call)
}
