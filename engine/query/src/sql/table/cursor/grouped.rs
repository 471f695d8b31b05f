//! Items that are gathered by groups before the first is given to SQLite.

use rusqlite::vtab::Context;

use super::super::groups::{Grouping, Groups, Walk};
use super::StoreCursor;
use crate::sql::Result;

impl StoreCursor<'_> {
    /// Begins with the items of the ranges by groups; with those that were gathered before, where they are the same.
    pub(super) fn by_groups(
        &mut self,
        grouping: &Grouping,
        gathered: Option<Groups>,
    ) -> Result<()> {
        let ranges = self.ranges.drain(..).collect();
        let residuals = std::mem::take(&mut self.residuals);
        let mut groups = Groups::new(grouping, ranges, residuals);
        // What is written meanwhile may be among them.
        if let Some(mut there) = gathered.filter(|_| self.running.only_reads())
            && there.are_as(&groups)
            && there.rewind()
        {
            groups = there;
        }
        self.arrive_at_groups(groups)
    }

    /// Goes to the next row.
    pub(super) fn next_of_groups(&mut self) -> Result<()> {
        if let Some(groups) = &mut self.groups {
            groups.leave();
            if groups.is_at_row() {
                return Ok(());
            }
        }
        match self.groups.take() {
            Some(groups) => self.arrive_at_groups(groups),
            None => Ok(()),
        }
    }

    /// Gives SQLite the place of the item.
    pub(super) fn place_in_groups(
        &self,
        context: &mut Context,
        groups: &Groups,
    ) -> rusqlite::Result<()> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let position = groups.position(store.store());
        context.set_result(position.map_err(|error| self.failed(error))?)
    }

    fn arrive_at_groups(&mut self, mut groups: Groups) -> Result<()> {
        if !groups.is_at_row() {
            let store = self.store()?;
            groups.arrive(&Walk {
                table: &self.table,
                store: store.store(),
                running: &self.running,
            })?;
        }
        self.end = !groups.is_at_row();
        self.groups = Some(groups);
        Ok(())
    }
}
