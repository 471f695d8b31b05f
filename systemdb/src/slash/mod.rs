//! Slash commands: one grammar for all of them, made of a table.
//!
//! `/name value value name=value`: values without names first come to the arguments in their order, as far as no name was
//! given for them. Always: what a command can mean depends on the table alone ([`Grammar`]), so that help, usage,
//! suggestions and reading never say different things; a line is data, nothing in it is run here.

mod grammar;
mod line;

pub use grammar::{Argument, Command, Grammar, Target};
pub use line::{Word, words};

use serde_json::{Map, Value};

/// A command that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The command's own name, whatever alias was written.
    pub command: String,
    /// What it is for.
    pub target: Target,
    /// By their names.
    pub args: Map<String, Value>,
    /// Values beyond the arguments, of commands that take any (`/run`).
    pub rest: Vec<Value>,
}

/// Why a line was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, serde::Serialize)]
#[error("{message}")]
pub struct SlashFault {
    /// Stable: `unknown_command`, `missing_argument`, `unknown_argument`, `invalid_argument`, `syntax_error`.
    pub code: &'static str,
    /// What is wrong and what to write.
    pub message: String,
    /// How the command is used, if it is known which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// Names that may have been meant, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// The character of the line, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<usize>,
}

impl SlashFault {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            usage: None,
            suggestions: Vec::new(),
            at: None,
        }
    }

    pub(crate) fn at(mut self, at: usize) -> Self {
        self.at = Some(at);
        self
    }
}

/// Whether a message is a command.
pub fn is_command(message: &str) -> bool {
    message.trim_start().starts_with('/')
}

#[cfg(test)]
mod tests;
