//! The registry of tools: what people by slash commands, scripts, models, REST and the Model Context
//! Protocol can do here, each with typed arguments, a class and a result that all of them understand.
//!
//! What always holds: there is one list and one way to call ([`Tools`]), so everybody can do the same
//! and is checked the same, in [`Context::allow`]; arguments are read strictly and named by JSON
//! pointer when wrong; a result is bounded in rows and bytes and says when it was cut; a tool that
//! writes can be asked what it would do without doing it.
//!
//! A tool blocks its thread.

#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "all tools have one signature: each gets its own arguments"
)]

mod arguments;
mod context;
mod data;
mod fault;
mod knowledge;
mod page;
mod result;
mod scripts;
mod statements;
mod stores;
mod system;
mod tool;
mod transfer;
mod write;

pub use context::{Caller, Context, Tap, Way};
pub use fault::fault;
pub(crate) use result::json_of;
pub use scripts::RUN_SCRIPT;
pub use statements::{Direct, Statements};
pub use tool::{Mode, Tool};

use std::sync::LazyLock;

use serde_json::Value;
use sop_systemdb::tool::{ToolClass, ToolFault, ToolHost, ToolOutput, ToolSpec};

static ALL: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    let mut all = Vec::new();
    all.extend(stores::tools());
    all.extend(data::tools());
    all.extend(write::tools());
    all.extend(transfer::tools());
    all.extend(page::tools());
    all.extend(scripts::tools());
    all.extend(knowledge::tools());
    all
});

/// All tools, in the order in which they are listed.
pub fn all() -> &'static [Tool] {
    &ALL
}

/// The tool of this name.
///
/// # Errors
/// `tool_not_found` with the nearest names.
pub fn get(name: &str) -> Result<&'static Tool, ToolFault> {
    all()
        .iter()
        .find(|tool| tool.spec().name == name)
        .ok_or_else(|| {
            let names = all().iter().map(|tool| tool.spec().name.as_str());
            fault::unknown("tool_not_found", "tool", name, names)
        })
}

/// The tools as one caller may use them.
pub struct Tools<'a>(pub &'a Context);

impl ToolHost for Tools<'_> {
    fn specs(&self) -> Vec<ToolSpec> {
        let allowed = all().iter().filter(|tool| self.0.offers(tool));
        allowed.map(|tool| tool.spec().clone()).collect()
    }

    fn class(&self, name: &str, args: &Value) -> Result<ToolClass, ToolFault> {
        get(name)?.class(self.0, args)
    }

    fn call(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        let tool = get(name)?;
        let class = self.0.may_call(tool, &args);
        if matches!(class, Ok(ToolClass::Read)) {
            return tool.run(self.0, args, Mode::Call);
        }
        let place = match tool.system_store() {
            Some(store) => (Some(self.0.system_name()), Some(store.to_owned())),
            None => (text(&args, "database"), text(&args, "store")),
        };
        let done = class.and_then(|_| tool.run(self.0, args, Mode::Call));
        self.0.audit(name, place, &done);
        done
    }

    fn propose(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        let tool = get(name)?;
        self.0.may_call(tool, &args)?;
        tool.run(self.0, args, Mode::Propose)
    }
}

fn text(args: &Value, name: &str) -> Option<String> {
    args.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_everything_is_described() {
        let mut names: Vec<_> = all().iter().map(|tool| &tool.spec().name).collect();
        names.sort();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for tool in all() {
            let spec = tool.spec();
            assert!(spec.description.ends_with('.'), "{}", spec.name);
            assert_eq!(spec.parameters["type"], "object", "{}", spec.name);
            let properties = spec.parameters["properties"].as_object();
            let properties = properties.cloned().unwrap_or_default();
            for name in &spec.positional {
                assert!(properties.contains_key(name), "{} has no {name}", spec.name);
            }
            for (name, schema) in &properties {
                let described = schema.get("description").is_some();
                assert!(described, "{}.{name} is not described", spec.name);
            }
        }
    }

    #[test]
    fn a_wrong_name_suggests_the_nearest() {
        let fault = get("list_store").map(Tool::spec).unwrap_err();
        assert_eq!(fault.code, "tool_not_found");
        assert_eq!(fault.suggestions[0], "list_stores");
    }
}
