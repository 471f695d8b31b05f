//! The drafts of a chat.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Changes of a draft that can be undone.
const MAX_UNDO: usize = 50;
/// Drafts of a chat.
pub(super) const MAX_DRAFTS: usize = 100;

/// A script that is being made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// As it is now.
    pub script: Value,
    /// The saved version that it takes the place of; 0 when there is none.
    #[serde(default)]
    pub base: u64,
    /// As it was before each change, the last one at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<Value>,
    /// What a model proposed instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Value>,
}

/// All drafts of a chat.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drafts {
    /// The one that steps go to: `Category.Name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// By `Category.Name`.
    #[serde(default)]
    pub drafts: BTreeMap<String, Draft>,
    /// The last tool that was called in the chat, and its arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call: Option<(String, Map<String, Value>)>,
}

impl Drafts {
    /// From what a session keeps; what cannot be read is no draft.
    pub fn from_value(value: &Value) -> Self {
        serde_json::from_value(value.clone()).unwrap_or_default()
    }

    /// For the session to keep.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Draft {
    /// Changes it, so that it can be undone.
    pub fn change(&mut self, script: Value) {
        if script == self.script {
            return;
        }
        if self.undo.len() == MAX_UNDO {
            self.undo.remove(0);
        }
        self.undo.push(std::mem::replace(&mut self.script, script));
    }

    /// Its steps.
    pub fn steps(&self) -> &[Value] {
        match self.script.get("steps") {
            Some(Value::Array(steps)) => steps,
            _ => &[],
        }
    }

    /// The same with other steps.
    pub fn with_steps(&self, steps: Vec<Value>) -> Value {
        let mut script = self.script.clone();
        if let Value::Object(fields) = &mut script {
            fields.insert("steps".to_owned(), Value::Array(steps));
        }
        script
    }
}
