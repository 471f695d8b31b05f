//! Scripts of the system database, compiled.

use std::sync::Arc;

use super::{Result, Save, Saved, System, SystemError};
use crate::script::{
    DEFAULT_CATEGORY, Fault, MAX_CALL_DEPTH, Program, Programs, Script, ScriptSource, Tools, check,
    refused, split_reference,
};
use crate::tool::{ToolClass, ToolFault};

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

    /// Checks a script and saves it when nothing is wrong; with what was saved come the warnings.
    ///
    /// # Errors
    /// [`SystemError::Refused`] with all that is wrong; as [`System::save_script`].
    pub fn save(&self, script: &Script, save: &Save) -> Result<(Saved, Vec<Fault>)> {
        let warnings = self.check(script)?;
        Ok((self.system.save_script(script, save)?, warnings))
    }

    /// The warnings that a script would be saved with.
    ///
    /// # Errors
    /// [`SystemError::Refused`] with all that is wrong.
    pub fn check(&self, script: &Script) -> Result<Vec<Fault>> {
        let faults = check(script, self.tools, self);
        match refused(&faults) {
            true => Err(SystemError::Refused(faults)),
            false => Ok(faults),
        }
    }

    /// The most that a program may do: the highest class of the tools that it and the scripts that it calls have. A tool
    /// or a script that is not there counts as the most there is.
    pub fn class(&self, program: &Program) -> ToolClass {
        self.class_within(program, 0)
    }

    fn class_within(&self, program: &Program, depth: usize) -> ToolClass {
        let own = program.own_class();
        if own == ToolClass::Admin || depth >= MAX_CALL_DEPTH {
            return ToolClass::Admin;
        }
        let called = program.calls().into_iter().map(|(_, reference)| {
            let callee = self.program(&reference);
            callee.map_or(ToolClass::Admin, |callee| {
                self.class_within(&callee, depth + 1)
            })
        });
        called.fold(own, Ord::max)
    }
}

impl ScriptSource for Library<'_> {
    fn program(&self, reference: &str) -> Result<Arc<Program>, ToolFault> {
        let (category, name) = split_reference(reference, DEFAULT_CATEGORY);
        Ok(self.newest(&category, &name)?)
    }
}
