//! Making scripts step by step, by commands.
//!
//! The drafts of a chat are kept with it in the system database ([`Session::drafts`](crate::system::Session)), so that they
//! survive a reload and nobody else sees them. Always: a draft becomes a script only by `/save`, which checks it; each
//! change of a draft can be undone; what a model proposes is shown as a difference and applied by a person.

mod commands;
mod desk;
mod editing;
mod parameterize;
mod refining;
mod saved;
mod state;
mod text;

pub(crate) use commands::{COMMANDS, CommandRow};
pub use desk::{Answer, Desk, Helper, NoHelp, Reply};
pub use state::{Draft, Drafts};
