//! What is known of the values of conditions before a statement runs.

use rusqlite::types::{Value, ValueRef};
use rusqlite::vtab::IndexInfo;

use crate::sql::table::seek::{Arguments, Seek};

/// Values that are known while planning.
pub(super) struct Known<'a> {
    pub info: &'a IndexInfo,
    /// The constraints that arguments are.
    pub arguments: &'a [usize],
}

impl Arguments for Known<'_> {
    fn value(&self, argument: usize) -> Option<ValueRef<'_>> {
        let at = *self.arguments.get(argument)?;
        self.info.rhs_value(at).ok().flatten()
    }

    fn list(&self, _: usize) -> Option<Vec<Value>> {
        None
    }
}

impl Known<'_> {
    /// Whether all that a seek needs is known.
    pub fn knows(&self, seek: &Seek) -> bool {
        let lists = seek.equal.iter().flatten().any(|given| given.is_list);
        let equal = seek.equal.iter().flatten().map(|given| given.argument);
        let mut used = equal
            .chain(seek.lower.map(|(argument, _)| argument))
            .chain(seek.upper.map(|(argument, _)| argument))
            .chain(seek.prefix.map(|(argument, _)| argument))
            .chain(seek.after)
            .chain(seek.before);
        !lists && used.all(|argument| self.is_known(argument))
    }

    pub fn is_known(&self, argument: usize) -> bool {
        self.value(argument).is_some()
    }
}
