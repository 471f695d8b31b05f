//! What runs of scripts did.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{RUNS, Result, System};
use crate::script::run::{RunOutcome, RunReport};

/// A run of a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// `Category.Name`.
    pub script: String,
    /// The hash of the content that was run.
    pub hash: String,
    /// When it began; set here when empty.
    #[serde(default)]
    pub at: String,
    /// Who ran it.
    pub who: String,
    /// By which way: `page`, `api`, `command`, `schedule`, `copilot`, `mcp`.
    pub way: String,
    /// The database, where the script names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// All parameters with their values.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub args: Map<String, Value>,
    /// Whether nothing was kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Why, unless it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// Steps that were run.
    pub steps: u64,
    /// Rows that they gave.
    pub rows: u64,
    /// Items that were changed.
    pub changed: u64,
    /// Milliseconds that it took.
    pub elapsed_ms: u64,
    /// What a model was asked: `{model, requests, tokens, cost}`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub usage: Value,
}

impl RunRecord {
    /// What a report says; who ran it, how and where is the caller's to add.
    pub fn new(script: impl Into<String>, hash: impl Into<String>, report: &RunReport) -> Self {
        Self {
            script: script.into(),
            hash: hash.into(),
            at: String::new(),
            who: String::new(),
            way: String::new(),
            database: None,
            args: report.args.clone(),
            dry_run: false,
            outcome: report.outcome,
            error: report
                .failure
                .as_ref()
                .and_then(|failure| serde_json::to_value(failure).ok()),
            steps: report.steps,
            rows: report.rows,
            changed: report.changed,
            elapsed_ms: u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX),
            usage: Value::Null,
        }
    }
}

impl System {
    /// Writes runs down, in one transaction; the number of the first.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn add_runs(&self, records: &[RunRecord]) -> Result<u64> {
        let now = self.now();
        let dated = records.iter().map(|record| {
            let mut record = record.clone();
            if record.at.is_empty() {
                record.at.clone_from(&now);
            }
            record
        });
        self.append(RUNS, &dated.collect::<Vec<_>>())
    }

    /// Runs, the newest first, of one script if it is given.
    ///
    /// # Errors
    /// What the engine answers.
    pub fn runs(
        &self,
        script: Option<&str>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<(u64, RunRecord)>> {
        /// Runs that are looked at for those of one script.
        const MOST: usize = 10_000;
        let Some(script) = script else {
            return self.newest(RUNS, before, limit);
        };
        let mut found = self.newest::<RunRecord>(RUNS, before, MOST)?;
        found.retain(|(_, record)| record.script == script);
        found.truncate(limit);
        Ok(found)
    }
}
