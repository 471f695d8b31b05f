//! What stands in for the parts that a server runs without.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;
use sop_systemdb::tool::{ToolFault, ToolHost, ToolOutput, ToolSpec};

use super::saved::{Feedback, SavedSession, SessionSummary};
use super::seams::{
    Emit, Host, KnowledgeEntry, KnowledgeSource, Planned, Planner, PlannerQuestion, SessionStore,
    SlashRunner, ToolAccess, ToolContext,
};
use crate::error::{ApiError, ApiResult, Code};

/// Most sessions that memory keeps.
const MAX_SESSIONS: usize = 200;
/// Most entries that memory keeps.
const MAX_ENTRIES: usize = 1_000;

/// No tools.
#[derive(Debug, Default)]
pub struct NoTools;

impl ToolAccess for NoTools {
    fn host(&self, _: &ToolContext) -> Host {
        Arc::new(Self)
    }
}

impl ToolHost for NoTools {
    fn specs(&self) -> Vec<ToolSpec> {
        Vec::new()
    }

    fn call(&self, name: &str, _: Value) -> Result<ToolOutput, ToolFault> {
        let words = format!("There is no tool '{name}'.");
        Err(ToolFault::new("tool_not_found", words))
    }

    fn propose(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        self.call(name, args)
    }
}

/// No commands.
#[derive(Debug, Default)]
pub struct NoCommands;

impl SlashRunner for NoCommands {
    fn run(&self, _: &ToolContext, line: &str, _: &Emit<'_>) -> Result<(), ToolFault> {
        let command = line.split_whitespace().next().unwrap_or("/");
        let words = format!("There is no command '{command}' here.");
        Err(ToolFault::new("command_not_found", words))
    }
}

/// Says that nobody is there to answer.
#[derive(Debug, Default)]
pub struct NoPlanner;

impl Planner for NoPlanner {
    fn plan(&self, _: &PlannerQuestion<'_>) -> Planned {
        Planned {
            said: "No model is configured, so I cannot answer questions. Set SOP_LLM_PROVIDER and \
                   SOP_LLM_API_KEY, or type a command such as /help."
                .to_owned(),
            ..Planned::default()
        }
    }
}

/// Knowledge of this run alone.
#[derive(Debug, Default)]
pub struct MemoryKnowledge {
    proposed: Mutex<Vec<KnowledgeEntry>>,
    approved: Mutex<BTreeMap<(String, String), KnowledgeEntry>>,
}

impl MemoryKnowledge {
    /// What waits for approval.
    pub fn proposed(&self) -> Vec<KnowledgeEntry> {
        self.proposed.lock().clone()
    }

    /// Keeps an entry as approved.
    pub fn approve(&self, entry: KnowledgeEntry) {
        let name = (entry.category.clone(), entry.name.clone());
        self.approved.lock().insert(name, entry);
    }
}

impl KnowledgeSource for MemoryKnowledge {
    fn approved(&self, context: &ToolContext, _: &str, words: &[String]) -> Vec<KnowledgeEntry> {
        let fits = |entry: &&KnowledgeEntry| {
            let about = entry.database.is_empty() || entry.database == context.database;
            let said = |part: &str| words.iter().any(|word| word.eq_ignore_ascii_case(part));
            about && entry.name.split('-').all(said)
        };
        self.approved
            .lock()
            .values()
            .filter(fits)
            .cloned()
            .collect()
    }

    fn propose(&self, _: &ToolContext, entry: &KnowledgeEntry) -> ApiResult<()> {
        let mut proposed = self.proposed.lock();
        if proposed.len() >= MAX_ENTRIES {
            return Err(ApiError::new(
                Code::TooManyRequests,
                "Too many entries wait for approval.",
            ));
        }
        if !proposed.contains(entry) {
            proposed.push(entry.clone());
        }
        Ok(())
    }
}

/// Sessions of this run alone.
#[derive(Debug, Default)]
pub struct MemorySessions {
    sessions: Mutex<HashMap<String, SavedSession>>,
}

impl SessionStore for MemorySessions {
    fn save(&self, session: &SavedSession) -> ApiResult<()> {
        let mut sessions = self.sessions.lock();
        if sessions.len() >= MAX_SESSIONS && !sessions.contains_key(&session.id) {
            let oldest = sessions.values().min_by_key(|session| session.updated_ms);
            let oldest = oldest.map(|session| session.id.clone());
            oldest.and_then(|id| sessions.remove(&id));
        }
        sessions.insert(session.id.clone(), session.clone());
        Ok(())
    }

    fn load(&self, id: &str) -> ApiResult<Option<SavedSession>> {
        Ok(self.sessions.lock().get(id).cloned())
    }

    fn forget(&self, id: &str) -> ApiResult<()> {
        self.sessions.lock().remove(id);
        Ok(())
    }

    fn list(&self, limit: usize) -> ApiResult<Vec<SessionSummary>> {
        let sessions = self.sessions.lock();
        let mut sessions: Vec<_> = sessions.values().map(SavedSession::summary).collect();
        sessions.sort_by_key(|session| std::cmp::Reverse(session.updated_ms));
        sessions.truncate(limit);
        Ok(sessions)
    }

    fn feedback(&self, session: &str, turn: u64, feedback: &Feedback) -> ApiResult<()> {
        let mut sessions = self.sessions.lock();
        let saved = sessions.get_mut(session);
        let turns = saved.into_iter().flat_map(|saved| saved.turns.iter_mut());
        for saved in turns.filter(|saved| saved.turn == turn) {
            saved.feedback = Some(feedback.clone());
        }
        Ok(())
    }
}
