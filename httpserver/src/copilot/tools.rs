//! The tools of the server, as the copilot calls them.

use std::sync::Arc;

use serde_json::Value;
use sop_systemdb::tool::{ToolClass, ToolFault, ToolHost, ToolOutput, ToolSpec};

use super::seams::{Host, ToolAccess, ToolContext};
use crate::state::{AppState, WeakState};
use crate::tools::{Caller, Context, Tools, Way};

/// Gives out the registry of the server.
pub struct RegistryTools(pub WeakState);

/// The registry for one turn. A context stays on its thread, so each call makes its own.
struct TurnTools {
    state: WeakState,
    context: ToolContext,
}

impl ToolAccess for RegistryTools {
    fn host(&self, context: &ToolContext) -> Host {
        Arc::new(TurnTools {
            state: self.0.clone(),
            context: context.clone(),
        })
    }
}

impl TurnTools {
    fn context(&self) -> Result<Context, ToolFault> {
        let state: Option<AppState> = self.state.get();
        let state =
            state.ok_or_else(|| ToolFault::new("shutting_down", "The server is stopping."))?;
        let caller = Caller {
            name: format!("chat/{}/{}", self.context.session, self.context.turn),
            way: Way::Copilot,
            may: ToolClass::Admin,
        };
        let mut context = Context::new(state, self.context.database.clone(), caller);
        context.store.clone_from(&self.context.store);
        context.cancel = self.context.cancel.clone();
        Ok(context)
    }
}

impl ToolHost for TurnTools {
    fn specs(&self) -> Vec<ToolSpec> {
        let context = self.context();
        context
            .map(|context| Tools(&context).specs())
            .unwrap_or_default()
    }

    fn call(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        Tools(&self.context()?).call(name, args)
    }

    fn propose(&self, name: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        Tools(&self.context()?).propose(name, args)
    }
}
