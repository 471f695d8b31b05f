//! The tools of the server, as the copilot calls them.

use std::sync::Arc;

use serde_json::Value;
use sop_systemdb::tool::{ToolClass, ToolFault, ToolHost, ToolOutput, ToolSpec};

use super::seams::{Host, ToolAccess, ToolContext};
use crate::tools::{Caller, Context, Tools, Way};

/// Gives out the registry of the server.
#[derive(Debug, Default)]
pub struct RegistryTools;

/// The registry for one turn. A context stays on its thread, so each call makes its own.
struct TurnTools(ToolContext);

impl ToolAccess for RegistryTools {
    fn host(&self, context: &ToolContext) -> Host {
        Arc::new(TurnTools(context.clone()))
    }
}

impl TurnTools {
    fn context(&self) -> Context {
        let turn = &self.0;
        let caller = Caller {
            name: format!("chat/{}/{}", turn.session, turn.turn),
            way: Way::Copilot,
            may: ToolClass::Admin,
        };
        let mut context = Context::new(turn.state.clone(), turn.database.clone(), caller);
        context.store.clone_from(&turn.store);
        context.cancel = turn.cancel.clone();
        context
    }
}

impl ToolHost for TurnTools {
    fn specs(&self) -> Vec<ToolSpec> {
        Tools(&self.context()).specs()
    }

    fn call(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        Tools(&self.context()).call(name, args)
    }

    fn class(&self, name: &str, args: &Value) -> Result<ToolClass, ToolFault> {
        Tools(&self.context()).class(name, args)
    }

    fn read(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        let mut context = self.context();
        context.caller.may = ToolClass::Read;
        Tools(&context).call(name, args)
    }

    fn propose(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        Tools(&self.context()).propose(name, args)
    }
}
