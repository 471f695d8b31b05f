//! Who did what, and what people thought of answers. Rows are only ever added.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AUDIT, FEEDBACK, Result, System};

/// A change that somebody made, or was refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When; set here when empty.
    #[serde(default)]
    pub at: String,
    /// Who.
    pub who: String,
    /// By which way: `page`, `api`, `command`, `script`, `copilot`, `mcp`.
    pub way: String,
    /// What: the name of a tool, or of an operation.
    pub what: String,
    /// In which database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// In which store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// How many items were changed.
    #[serde(default)]
    pub changed: u64,
    /// `done`, `refused`, `failed`.
    pub outcome: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
}

/// What somebody thought of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// When; set here when empty.
    #[serde(default)]
    pub at: String,
    /// Who.
    pub who: String,
    /// In which session.
    pub session: String,
    /// Which turn of it.
    pub turn: u64,
    /// Whether it was good.
    pub good: bool,
    /// In their own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl System {
    /// Writes down what was done, in one transaction; the number of the first.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn audit(&self, entries: &[AuditEntry]) -> Result<u64> {
        let now = self.now();
        let dated = entries.iter().map(|entry| AuditEntry {
            at: dated(&entry.at, &now),
            ..entry.clone()
        });
        self.append(AUDIT, &dated.collect::<Vec<_>>())
    }

    /// What was done, the newest first, before a number if one is given.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn audited(&self, before: Option<u64>, limit: usize) -> Result<Vec<(u64, AuditEntry)>> {
        self.newest(AUDIT, before, limit)
    }

    /// What was done after a number, the oldest first.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn audited_after(&self, after: u64, limit: usize) -> Result<Vec<(u64, AuditEntry)>> {
        self.read(|tx| {
            let store = tx.store::<u64, AuditEntry>(AUDIT)?;
            let range = store.range(after.saturating_add(1)..)?;
            Ok(range.take(limit).collect::<sop::Result<Vec<_>>>()?)
        })
    }

    /// Keeps what somebody thought of an answer.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn add_feedback(&self, feedback: &Feedback) -> Result<u64> {
        let feedback = Feedback {
            at: dated(&feedback.at, &self.now()),
            ..feedback.clone()
        };
        self.append(FEEDBACK, &[feedback])
    }

    /// What people thought, the newest first.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn feedback(&self, before: Option<u64>, limit: usize) -> Result<Vec<(u64, Feedback)>> {
        self.newest(FEEDBACK, before, limit)
    }
}

fn dated(at: &str, now: &str) -> String {
    match at {
        "" => now.to_owned(),
        at => at.to_owned(),
    }
}
