//! Sessions and knowledge in the system database.
//!
//! A chat and the drafts of scripts in it are one session there, so both come back together.

use std::sync::Arc;

use serde_json::{Value, json};
use sop_systemdb::system::{Entry, Feedback as KeptFeedback, System, SystemError};

use super::saved::{Feedback, Rating, SavedSession, SessionSummary};
use super::seams::{KnowledgeEntry, KnowledgeSource, SessionStore, ToolContext};
use crate::error::{ApiError, ApiResult};

/// Whose sessions these are, as long as there is one token for everybody.
pub const OWNER: &str = "token";
/// Most approved entries that a question is given.
const MAX_ENTRIES: usize = 20;

/// Gives the system database.
pub type Opener = Arc<dyn Fn() -> ApiResult<System> + Send + Sync>;

/// Keeps sessions in the system database.
pub struct KeptSessions(pub Opener);

impl KeptSessions {
    fn system(&self) -> ApiResult<System> {
        (self.0)()
    }
}

impl SessionStore for KeptSessions {
    fn save(&self, session: &SavedSession) -> ApiResult<()> {
        let mut rest = serde_json::to_value(session).map_err(ApiError::internal)?;
        let turns = rest.get_mut("turns").map(Value::take);
        let turns = turns
            .and_then(|turns| turns.as_array().cloned())
            .unwrap_or_default();
        rest["turn_count"] = turns.len().into();
        self.system()?.update_session(&session.id, OWNER, |kept| {
            kept.title.clone_from(&session.title);
            kept.turns.clone_from(&turns);
            kept.memory.clone_from(&rest);
        })?;
        Ok(())
    }

    fn load(&self, id: &str) -> ApiResult<Option<SavedSession>> {
        let kept = match self.system()?.session(id, OWNER) {
            Ok(kept) => kept,
            Err(SystemError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // One that only has drafts was never talked in.
        let Value::Object(mut whole) = kept.memory else {
            return Ok(None);
        };
        whole.insert("turns".to_owned(), Value::Array(kept.turns));
        let session = serde_json::from_value(Value::Object(whole));
        session.map(Some).map_err(ApiError::internal)
    }

    fn list(&self, limit: usize) -> ApiResult<Vec<SessionSummary>> {
        let sessions = self.system()?.sessions(OWNER)?;
        let told = sessions.into_iter().filter_map(|(id, kept)| {
            let text = |name: &str| kept.memory.get(name)?.as_str().map(str::to_owned);
            Some(SessionSummary {
                id,
                owner: text("owner").unwrap_or_default(),
                title: kept.title.clone(),
                database: text("database")?,
                updated_ms: kept.memory["updated_ms"].as_u64()?,
                turns: usize::try_from(kept.memory["turn_count"].as_u64().unwrap_or(0)).ok()?,
                cost: kept.memory["cost"].as_f64().unwrap_or(0.0),
            })
        });
        Ok(told.take(limit).collect())
    }

    fn forget(&self, id: &str) -> ApiResult<()> {
        match self.system()?.forget_session(id, OWNER) {
            Ok(()) | Err(SystemError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn feedback(&self, session: &str, turn: u64, feedback: &Feedback) -> ApiResult<()> {
        let system = self.system()?;
        let json = serde_json::to_value(feedback).unwrap_or_default();
        let mut who = OWNER.to_owned();
        let noted = system.update_session(session, OWNER, |kept| {
            if let Some(owner) = kept.memory["owner"]
                .as_str()
                .filter(|owner| !owner.is_empty())
            {
                owner.clone_into(&mut who);
            }
            for kept in kept.turns.iter_mut().filter(|kept| kept["turn"] == turn) {
                kept["feedback"].clone_from(&json);
            }
        });
        noted?;
        let entry = KeptFeedback {
            who,
            session: session.to_owned(),
            turn,
            good: feedback.rating == Rating::Up,
            text: feedback.comment.clone().unwrap_or_default(),
            ..KeptFeedback::default()
        };
        system.add_feedback(&entry)?;
        Ok(())
    }
}

/// Looks knowledge up in the system database and proposes it there.
pub struct KeptKnowledge;

impl KnowledgeSource for KeptKnowledge {
    fn approved(&self, context: &ToolContext, question: &str, _: &[String]) -> Vec<KnowledgeEntry> {
        let found = context.state.system().ok().and_then(|system| {
            // The open store is a part of the question that nobody writes.
            let about = context.store.as_deref().unwrap_or_default();
            system
                .knowledge_for(&format!("{question} {about}"), MAX_ENTRIES)
                .ok()
        });
        let found = found.unwrap_or_default().into_iter();
        let found = found.filter(|known| {
            let database = known.entry.source["database"].as_str().unwrap_or_default();
            database.is_empty() || database == context.database
        });
        found
            .map(|known| KnowledgeEntry {
                category: known.category,
                name: known.name,
                text: known.entry.text,
                ..KnowledgeEntry::default()
            })
            .collect()
    }

    fn propose(&self, context: &ToolContext, entry: &KnowledgeEntry) -> ApiResult<()> {
        let system = context.state.system()?;
        let proposed = Entry {
            text: entry.text.clone(),
            author: "copilot".to_owned(),
            source: json!({"why": entry.why, "turn": entry.source, "database": entry.database}),
            ..Entry::default()
        };
        // What a person approved stays until a person changes it.
        system.propose_knowledge(&entry.category, &entry.name, &proposed)?;
        Ok(())
    }
}
