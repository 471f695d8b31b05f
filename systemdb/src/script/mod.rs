//! Scripts: named lists of steps over tools, with parameters, variables and one transaction.
//!
//! A script is JSON ([`Script::from_json`]), is checked against the tools and the other scripts ([`check`]), compiled once
//! ([`Program`]) and run by [`run::run`]. Values that come from data or people are only ever values: templates and
//! expressions see variables, and nothing that a variable holds is read as a template, an expression or a statement.

mod arguments;
mod cel_value;
mod check;
mod diff;
mod expression;
mod fault;
mod model;
mod parse;
mod path;
mod program;
pub mod run;
mod schedule;
mod schema;
mod template;
mod variables;

pub use arguments::{Arguments, bind};
pub use check::{
    ERROR_VARIABLE, MAX_CALL_DEPTH, NoScripts, RUN_VARIABLE, ScriptSource, check, check_program,
};
pub use diff::{Difference, difference};
pub(crate) use expression::RESERVED;
pub use fault::{Fault, refused};
pub use model::{
    Action, DEFAULT_CATEGORY, MAX_NESTING, MAX_STEPS, Parameter, ParameterKind, Script,
    ScriptLimits, Step, TransactionMode, split_reference,
};
pub(crate) use parse::{is_variable, name_fault};
pub use program::{Program, Programs, Tools, content_hash};
pub use schedule::{Schedule, When};
pub use schema::check_arguments;
