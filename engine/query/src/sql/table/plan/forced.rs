//! Taking one way of reading wherever it is possible, for tests that compare what the ways give.

use super::ways::Way;
use super::{Choice, Path, Planned};
use crate::sql::Result;
use crate::sql::forced::ForcedPath;
use crate::sql::table::seek::Seek;

impl Choice<'_> {
    /// The plan of a path; where that is not possible, a scan.
    pub(super) fn forced(&mut self, path: ForcedPath, indexes: &[Way<'_>]) -> Result<Planned> {
        if path == ForcedPath::Groups {
            return self.best(indexes);
        }
        let planned = self.plan()?;
        // Writing goes to the item that was read, and to no other.
        if matches!(planned.plan.path, Path::At { .. }) {
            return Ok(planned);
        }
        self.arguments.clear();
        self.lists.clear();
        match path {
            ForcedPath::Scan | ForcedPath::Groups => Ok(self.scan()),
            ForcedPath::Seek => {
                let seek = self.seek(self.own);
                if seek.is_empty() {
                    return Ok(self.scan());
                }
                self.seek_plan(seek)
            }
            ForcedPath::Hash => Ok(match self.hashable() {
                Some((at, column)) => self.hash_plan(at, column, Seek::default()),
                None => self.scan(),
            }),
            ForcedPath::Index => self.forced_index(indexes),
        }
    }

    /// An equality on a field, of one value.
    fn hashable(&self) -> Option<(usize, usize)> {
        let mut conditions = self.conditions.iter();
        let found = conditions.find(|condition| self.equals_field(condition))?;
        Some((found.at, found.column))
    }

    /// The first index that says something of the conditions or the order.
    fn forced_index(&mut self, indexes: &[Way<'_>]) -> Result<Planned> {
        for way in indexes {
            if let Some(planned) = self.by_index(way)? {
                return Ok(planned);
            }
            self.arguments.clear();
            self.lists.clear();
        }
        Ok(self.scan())
    }
}
