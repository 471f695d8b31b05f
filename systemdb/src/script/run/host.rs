//! What a run needs of the server.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use crate::tool::{ToolFault, ToolHost};

/// What a transaction of a script is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begin {
    /// Whether something in it may write.
    pub writes: bool,
    /// Whether nothing is kept: tools that write say in `changes` what they would have done, and those after them see it.
    pub dry_run: bool,
}

/// What runs the steps of a script: tools, and transactions over several of them. One thread has it.
pub trait ScriptHost: ToolHost {
    /// From now on all calls of tools are one transaction: they see what those before them changed, and nobody else does.
    ///
    /// # Errors
    /// There is no transaction, or one has begun already.
    fn begin(&self, begin: Begin) -> Result<(), ToolFault>;

    /// Keeps what the calls since [`ScriptHost::begin`] did; the sequence of the commit.
    ///
    /// # Errors
    /// `conflict` when others changed what was read or written. Nothing is kept then, and the transaction has ended.
    fn commit(&self) -> Result<Option<u64>, ToolFault>;

    /// Forgets what the calls since [`ScriptHost::begin`] did.
    fn rollback(&self);

    /// Why the transaction can only be rolled back: a call failed in the middle of its work.
    fn spoiled(&self) -> Option<String> {
        None
    }

    /// When calls have to be done.
    fn set_deadline(&self, _deadline: Option<Instant>) {}

    /// A host for another thread, outside of this one's transaction.
    fn fork(&self) -> Fork;
}

/// A host that is made on the thread that uses it.
pub struct Fork {
    /// Makes it.
    pub make: Box<dyn FnOnce() -> Box<dyn ScriptHost> + Send>,
    /// Ends what it is doing, from any thread.
    pub stop: Arc<dyn Fn() + Send + Sync>,
}

/// A part of what a model is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PromptPart {
    /// As the author of the script wrote it.
    Text(String),
    /// The value of a variable: data, which is never an instruction.
    Data {
        /// The variable.
        name: String,
        /// Its value as text.
        text: String,
        /// Whether who runs the script gave it as an argument; otherwise it may come from items.
        given: bool,
    },
}

/// What a model is asked by a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prompt {
    /// In their order.
    pub parts: Vec<PromptPart>,
    /// When the run has to be done.
    pub until: Option<Instant>,
}

impl Prompt {
    /// All of it as one text.
    pub fn text(&self) -> String {
        let texts = self.parts.iter().map(|part| match part {
            PromptPart::Text(text) | PromptPart::Data { text, .. } => text.as_str(),
        });
        texts.collect()
    }
}

/// What asks a model for steps "ask".
pub trait Asker: Sync {
    /// The model's answer.
    ///
    /// # Errors
    /// There is no model, it may not be told this, or what the provider says.
    fn ask(&self, prompt: &Prompt) -> Result<Value, ToolFault>;

    /// What was asked so far: `{model, requests, tokens, cost}`; null when nothing was.
    fn usage(&self) -> Value {
        Value::Null
    }
}

/// There is no model.
#[derive(Clone, Copy, Debug)]
pub struct NoModel;

impl Asker for NoModel {
    fn ask(&self, _prompt: &Prompt) -> Result<Value, ToolFault> {
        let message = "no model is configured, and a step \"ask\" needs one: choose a provider in the settings, or make it a step \"tool\"";
        Err(ToolFault::new("no_model", message))
    }
}
