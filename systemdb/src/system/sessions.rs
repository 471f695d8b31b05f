//! Chats: their turns and the drafts of scripts in them. Each has an owner, and nobody else sees it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FEEDBACK, Feedback, Result, SESSIONS, System, SystemError};

/// Most turns that a session keeps; the oldest go first.
pub const MAX_TURNS: usize = 1_000;

/// A chat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Whose it is.
    pub owner: String,
    /// What it is about.
    #[serde(default)]
    pub title: String,
    /// When it began; set when it is made.
    #[serde(default)]
    pub created: String,
    /// When something was said last; set when it is written.
    #[serde(default)]
    pub updated: String,
    /// What was said, in order.
    #[serde(default)]
    pub turns: Vec<Value>,
    /// Drafts of scripts; see [`draft`](crate::draft).
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub drafts: Value,
    /// What else is remembered: a summary, the last query.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub memory: Value,
}

impl System {
    /// A session of this owner.
    ///
    /// # Errors
    /// Not found, or it is somebody else's, which is the same to them.
    pub fn session(&self, id: &str, owner: &str) -> Result<Session> {
        self.read(|tx| {
            let store = tx.store::<String, Session>(SESSIONS)?;
            let found = store.get(id)?.filter(|session| session.owner == owner);
            found.ok_or_else(|| SystemError::not_found("session", id, [""; 0]))
        })
    }

    /// Changes a session, or makes it.
    ///
    /// # Errors
    /// It is somebody else's.
    pub fn update_session<T>(
        &self,
        id: &str,
        owner: &str,
        mut change: impl FnMut(&mut Session) -> T,
    ) -> Result<T> {
        let now = self.now();
        self.write(|tx| {
            let store = tx.store::<String, Session>(SESSIONS)?;
            let mut session = match store.get(id)? {
                Some(session) if session.owner == owner => session,
                Some(_) => return Err(SystemError::not_found("session", id, [""; 0])),
                None => Session {
                    owner: owner.to_owned(),
                    created: now.clone(),
                    ..Session::default()
                },
            };
            let result = change(&mut session);
            session.updated.clone_from(&now);
            let beyond = session.turns.len().saturating_sub(MAX_TURNS);
            session.turns.drain(..beyond);
            store.upsert(id, &session)?;
            Ok(result)
        })
    }

    /// Ids and sessions of an owner without their turns, the one that was used last first.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn sessions(&self, owner: &str) -> Result<Vec<(String, Session)>> {
        self.read(|tx| {
            let store = tx.store::<String, Session>(SESSIONS)?;
            let mut found = Vec::new();
            for item in &store {
                let (id, mut session) = item?;
                if session.owner == owner {
                    session.turns.clear();
                    found.push((id, session));
                }
            }
            found.sort_by(|(a, x), (b, y)| y.updated.cmp(&x.updated).then(a.cmp(b)));
            Ok(found)
        })
    }

    /// Deletes a session with what people thought of its answers.
    ///
    /// # Errors
    /// As [`System::session`].
    pub fn forget_session(&self, id: &str, owner: &str) -> Result<()> {
        self.session(id, owner)?;
        self.write(|tx| {
            tx.store::<String, Session>(SESSIONS)?.remove(id)?;
            let thoughts = tx.store::<u64, Feedback>(FEEDBACK)?;
            let mut about = Vec::new();
            for item in &thoughts {
                let (number, feedback) = item?;
                if feedback.session == id {
                    about.push(number);
                }
            }
            for number in about {
                thoughts.remove(&number)?;
            }
            Ok(())
        })
    }
}
