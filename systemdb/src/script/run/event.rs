//! What a run tells while it goes on.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::pause::{PauseReason, Resume, Round};
use crate::tool::Table;

/// Which step of which script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// `Category.Name`.
    #[serde(serialize_with = "text")]
    pub script: Arc<str>,
    /// A JSON pointer into it.
    #[serde(serialize_with = "text")]
    pub step: Arc<str>,
}

/// Why a step or a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The step; none when the run failed as a whole.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Stable, like `store_not_found`.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// Names that may have been meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// It came to its end.
    Done,
    /// A step failed, or it took more than it may.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// Something that happened in a run, in the order in which it did.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The arguments fit and it begins.
    Started {
        /// `Category.Name`.
        #[serde(serialize_with = "text")]
        script: Arc<str>,
        /// All parameters with their values.
        args: Value,
        /// Whether nothing is kept of it.
        dry_run: bool,
    },
    /// A step begins.
    StepStarted {
        /// The step.
        #[serde(flatten)]
        place: Place,
        /// Its kind.
        kind: &'static str,
        /// Its name for people.
        #[serde(
            skip_serializing_if = "Option::is_none",
            serialize_with = "optional_text"
        )]
        name: Option<Arc<str>>,
        /// In a loop: which round of how many, counted from 1.
        #[serde(skip_serializing_if = "Option::is_none")]
        round: Option<(u64, u64)>,
    },
    /// A step gave rows.
    Table {
        /// The step.
        #[serde(flatten)]
        place: Place,
        /// They.
        #[serde(flatten, serialize_with = "shared")]
        table: Arc<Table>,
    },
    /// What a tool answered, apart from rows.
    Output {
        /// The step.
        #[serde(flatten)]
        place: Place,
        /// One line for people.
        summary: String,
        /// Whatever else there is.
        #[serde(skip_serializing_if = "Value::is_null")]
        data: Value,
        /// What was changed, or would be.
        #[serde(skip_serializing_if = "Option::is_none")]
        changes: Option<Value>,
        /// The statement that was run.
        #[serde(skip_serializing_if = "Option::is_none")]
        statement: Option<String>,
        /// What it cost.
        #[serde(skip_serializing_if = "Value::is_null")]
        stats: Value,
        /// What the page should do.
        #[serde(skip_serializing_if = "Option::is_none")]
        effect: Option<Value>,
    },
    /// A step says something to the person, or the model answered.
    Said {
        /// The step.
        #[serde(flatten)]
        place: Place,
        /// The text.
        text: String,
    },
    /// A step came to its end.
    StepFinished {
        /// The step.
        #[serde(flatten)]
        place: Place,
        /// Rows that it gave.
        rows: u64,
        /// Milliseconds that it took.
        elapsed_ms: f64,
        /// All variables after it, shortened, if somebody wants to know.
        #[serde(skip_serializing_if = "Option::is_none")]
        variables: Option<Value>,
    },
    /// The run waits for a word, before a step or a round of a loop.
    Paused {
        /// The step.
        #[serde(flatten)]
        place: Place,
        /// Its kind.
        kind: &'static str,
        /// Its name for people.
        #[serde(
            skip_serializing_if = "Option::is_none",
            serialize_with = "optional_text"
        )]
        name: Option<Arc<str>>,
        /// Why.
        reason: PauseReason,
        /// What is wrong with the condition of the breakpoint.
        #[serde(skip_serializing_if = "Option::is_none")]
        condition_error: Option<String>,
        /// The loops that it is in, the outermost first; one whose round is next is the last.
        rounds: Vec<Round>,
        /// The steps "call" that led here, the outermost first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        calls: Vec<Place>,
        /// All variables, shortened.
        variables: Value,
        /// Steps that were run.
        steps: u64,
        /// Rows that they gave.
        rows: u64,
        /// Items that were changed, or would have been.
        changed: u64,
        /// Nodes of the stores' trees that were read.
        nodes_read: u64,
        /// Milliseconds that it ran; pauses do not count.
        elapsed_ms: f64,
    },
    /// It goes on.
    Resumed {
        /// The step.
        #[serde(flatten)]
        place: Place,
        /// How.
        how: Resume,
    },
    /// A step failed.
    StepFailed {
        /// Where and why.
        #[serde(flatten)]
        failure: Failure,
        /// Whether the script goes on.
        continues: bool,
    },
    /// The end; always the last event.
    Finished {
        /// How.
        outcome: RunOutcome,
        /// Why, unless it is done.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<Failure>,
        /// Steps that were run.
        steps: u64,
        /// Rows that they gave.
        rows: u64,
        /// Items that were changed and stay so.
        changed: u64,
        /// Nodes of the stores' trees that were read.
        nodes_read: u64,
        /// Milliseconds that all of it took; pauses do not count.
        elapsed_ms: f64,
        /// Sequence of the commit.
        #[serde(skip_serializing_if = "Option::is_none")]
        sequence: Option<u64>,
    },
}

fn text<S: Serializer>(text: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text)
}

#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
fn optional_text<S: Serializer>(text: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(serializer)
}

fn shared<S: Serializer>(table: &Arc<Table>, serializer: S) -> Result<S::Ok, S::Error> {
    table.as_ref().serialize(serializer)
}
