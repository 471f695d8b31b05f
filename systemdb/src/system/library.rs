//! Scripts of the system database, compiled.

use std::sync::Arc;

use super::{Result, System, SystemError};
use crate::script::{DEFAULT_CATEGORY, Program, Programs, ScriptSource, Tools, split_reference};
use crate::tool::ToolFault;

/// The scripts of a system database, with what is needed to compile them.
pub struct Library<'a> {
    /// Where they are.
    pub system: &'a System,
    /// Those that were compiled before.
    pub programs: &'a Programs,
    /// The tools that they may call.
    pub tools: &'a Tools,
}

impl Library<'_> {
    /// The newest version of a script, compiled; nothing is parsed when it was before.
    ///
    /// # Errors
    /// Not found, or it cannot be compiled any more.
    pub fn newest(&self, category: &str, name: &str) -> Result<Arc<Program>> {
        let hash = self.system.script_hash(category, name)?;
        if let Some(program) = self.programs.get(&hash) {
            return Ok(program);
        }
        let stored = self.system.script(category, name, None)?;
        let program = self.programs.of(&stored.script, self.tools);
        program.map_err(SystemError::Invalid)
    }
}

impl ScriptSource for Library<'_> {
    fn program(&self, reference: &str) -> Result<Arc<Program>, ToolFault> {
        let (category, name) = split_reference(reference, DEFAULT_CATEGORY);
        Ok(self.newest(&category, &name)?)
    }
}
