//! What a tool is, for everybody who lists, checks or calls tools.
//!
//! The tools themselves are in the server. Script steps, slash commands, a model's calls, REST and the
//! Model Context Protocol all see them through [`ToolHost`], so they can do the same and are checked
//! the same.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a tool may do to data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolClass {
    /// It only looks.
    Read,
    /// It changes items, scripts or knowledge.
    Write,
    /// It changes stores or databases, or what others may do.
    Admin,
}

/// A tool as others see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Its name, in snake case.
    pub name: String,
    /// What it does and when to use it, in a sentence or two.
    pub description: String,
    /// What it may do.
    pub class: ToolClass,
    /// JSON Schema of its arguments: an object.
    pub parameters: Value,
    /// The arguments that a slash command takes without their names, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positional: Vec<String>,
}

/// A column of a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type of its values: `integer`, `string`, `json`, `any` and so on.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Rows of a result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// A name and a type for each value of a row.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Vec<Value>>,
    /// Whether there were more rows than were allowed.
    #[serde(default)]
    pub truncated: bool,
}

/// What a tool answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolOutput {
    /// One line for people: `5 rows`, `1 item inserted into users`.
    pub summary: String,
    /// Rows, of tools that give rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
    /// Whatever else there is; null if nothing.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
    /// What was changed, or would be: `{count, rows: [{op, database, store, key, before, after}]}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Value>,
    /// The statement that was run, to show to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// What it cost: `{elapsed_ms, rows, scanned, nodes_read}`.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub stats: Value,
    /// What the page should do: `{"navigate": {…}}` or `{"chart": {…}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Value>,
}

/// Why a tool did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct ToolFault {
    /// Stable, like `store_not_found`.
    pub code: String,
    /// What happened, where, what to do.
    pub message: String,
    /// Names that may have been meant, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// Where in the arguments, as a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl ToolFault {
    /// A fault without a place.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            suggestions: Vec::new(),
            at: None,
        }
    }

    /// The same with names that may have been meant.
    #[must_use]
    pub fn suggest(mut self, suggestions: Vec<String>) -> Self {
        self.suggestions = suggestions;
        self
    }

    /// The same with its place in the arguments.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.at = Some(pointer.into());
        self
    }
}

/// What runs tools: the server's registry for one caller, or a stand-in in tests.
pub trait ToolHost {
    /// The tools that this caller may use.
    fn specs(&self) -> Vec<ToolSpec>;

    /// What a call may do: that of the tool, or what it comes to with these arguments.
    ///
    /// # Errors
    /// No such tool, or arguments that nothing can be told of.
    fn class(&self, name: &str, _args: &Value) -> Result<ToolClass, ToolFault> {
        let found = self.specs().into_iter().find(|spec| spec.name == name);
        found
            .map(|spec| spec.class)
            .ok_or_else(|| ToolFault::new("tool_not_found", format!("There is no tool '{name}'.")))
    }

    /// Runs a tool; one that writes writes.
    ///
    /// # Errors
    /// No such tool, wrong arguments, no right to use it, or what the tool answers.
    fn call(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault>;

    /// Runs a tool that must not change anything, whatever its class was when somebody looked.
    ///
    /// # Errors
    /// As [`ToolHost::call`]; it would change something.
    fn read(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        self.call(name, args)
    }

    /// Says what a tool that writes would do: `changes` and `statement` are set and nothing is changed.
    ///
    /// # Errors
    /// As [`ToolHost::call`].
    fn propose(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault>;
}
