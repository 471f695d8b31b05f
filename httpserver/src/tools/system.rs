//! What the tools of scripts and knowledge share: the system database, and what they would change in it.

use serde_json::{Value, json};
use sop_systemdb::system::System;
use sop_systemdb::tool::{ToolFault, ToolOutput};

use super::context::Context;
use super::fault::fault;
use super::tool::Mode;

/// The system database, to read.
pub fn system(context: &Context) -> Result<System, ToolFault> {
    context.state.system().map_err(fault)
}

/// The system database, to change it: the environment must let this call write.
pub fn writable(context: &Context, mode: Mode) -> Result<System, ToolFault> {
    let system = context
        .state
        .registry()
        .writable_system(mode == Mode::Propose);
    system.map_err(fault)
}

/// An entry of the system database that a tool changes.
pub struct SystemChange<'a> {
    /// The store.
    pub store: &'static str,
    /// Its key, as people write it.
    pub key: Value,
    /// What is there; null when nothing is.
    pub before: Value,
    /// What will be there; null when nothing will.
    pub after: Value,
    /// What is said of it, without the word for whether it is done.
    pub what: &'a str,
}

impl SystemChange<'_> {
    /// The answer of a tool that did it, or would do it.
    pub fn output(self, context: &Context, mode: Mode) -> ToolOutput {
        let op = match (&self.before, &self.after) {
            (Value::Null, _) => "insert",
            (_, Value::Null) => "delete",
            _ => "update",
        };
        let count = u64::from(self.before != self.after);
        let row = json!({
            "op": op, "database": context.system_name(), "store": self.store, "key": self.key,
            "before": self.before, "after": self.after,
        });
        let done = match (count, mode) {
            (0, _) => "unchanged",
            (_, Mode::Call) => "done",
            (_, Mode::Propose) => "proposed",
        };
        let rows = if count == 0 { vec![] } else { vec![row] };
        ToolOutput {
            summary: format!("{}: {done}", self.what),
            changes: Some(json!({"count": count, "rows": rows, "database": context.system_name()})),
            stats: json!({"changed": count}),
            ..ToolOutput::default()
        }
    }
}
