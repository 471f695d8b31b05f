//! Counting items without giving each to SQLite: one row stands for all.

use std::ops::ControlFlow;
use std::rc::Rc;

use sop::key::KeyRange;
use sop::{Direction, DocumentStore};

use super::super::hash::FieldHash;
use super::super::residual::Verdict;
use super::{CHECKED_ITEMS, StoreCursor};
use crate::sql::Result;
use crate::sql::error::QueryError;

impl StoreCursor<'_> {
    /// One row for all items of the ranges that satisfy the residual conditions, at the first of them. False, and nothing done,
    /// where only SQLite can tell which do.
    pub(super) fn count(&mut self, store: &DocumentStore<'_>, ranges: &[KeyRange]) -> Result<bool> {
        if !self.residuals.is_empty() {
            return self.count_tested(store, ranges);
        }
        let mut count = 0;
        for range in ranges {
            count += store.count(range)?;
        }
        self.ranges.extend(ranges.iter().cloned());
        let scanned = self.running.scanned.get();
        self.next_range()?;
        self.running.scanned.set(scanned);
        self.ranges.clear();
        self.only_row(count);
        Ok(true)
    }

    /// The row that stands for so many items, with nothing behind it.
    fn only_row(&mut self, count: u64) {
        self.count = count;
        self.matches = Some((Rc::new(FieldHash::new()), None));
    }

    fn count_tested(&mut self, store: &DocumentStore<'_>, ranges: &[KeyRange]) -> Result<bool> {
        let (mut count, mut seen, mut sure) = (0, 0_u64, true);
        let mut first = None;
        let (table, residuals, running) = (&self.table, &self.residuals, &self.running);
        for range in ranges {
            store.try_for_each::<QueryError>(range, Direction::Forward, |item| {
                seen += 1;
                if seen.is_multiple_of(CHECKED_ITEMS)
                    && let Some(why) = running.stopped()
                {
                    return Err(why.error());
                }
                match residuals.verdict(table, item)? {
                    Verdict::No => {}
                    Verdict::Yes => {
                        count += 1;
                        if first.is_none() {
                            first = Some(item.position().to_vec());
                        }
                    }
                    Verdict::Maybe => {
                        sure = false;
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            })?;
            if !sure {
                return Ok(false);
            }
        }
        running.scanned.set(running.scanned.get() + seen);
        match first {
            None => self.end = true,
            Some(position) => {
                let scanned = self.running.scanned.get();
                self.go_to(&position)?;
                self.running.scanned.set(scanned);
            }
        }
        self.only_row(count);
        Ok(true)
    }
}
