//! What a server keeps about itself, and what it lets people automate.
//!
//! [`tool`] says what a tool is. [`script`] is the model of scripts, their check and their run over whatever runs tools.
//! [`accounts`] are the people who use a server. [`system`] keeps scripts, knowledge, the audit and the rest in an ordinary database of the engine. [`slash`] reads
//! commands that begin with `/`, and [`draft`] makes scripts step by step with them. Nothing here knows of HTTP, of models
//! or of SQL.

pub mod accounts;
pub mod draft;
pub mod script;
pub mod slash;
pub mod system;
pub mod tool;
