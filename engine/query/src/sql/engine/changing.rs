//! Running statements that change items or define stores.

use super::{Call, Rows};
use crate::sql::Result;
use crate::sql::define;
use crate::sql::error::QueryError;
use crate::sql::running::OnConflict;
use crate::sql::tokens::tokens;
use crate::sql::writes::{self, Rewritten};

/// Items that are looked up together for `RETURNING`.
const RETURNED: usize = 100;

/// An index of a store with more items is built in the background.
const BUILT_AT_ONCE: u64 = 100_000;

impl Call<'_> {
    /// Runs a statement that changes items.
    pub(super) fn change(&mut self, sql: &str) -> Result<()> {
        let rewritten = writes::rewrite(sql)?;
        let tokens = tokens(sql);
        if let Some(mut target) = writes::target(sql, &tokens) {
            if let Some(upsert) = rewritten.as_ref().and_then(|all| all.upsert.as_ref()) {
                writes::check_conflict_target(self.running, &target, upsert)?;
                let update = upsert.update.iter();
                target
                    .columns
                    .extend(update.flat_map(|update| update.columns.clone()));
            }
            writes::new_fields(self.running, self.connection, &target)?;
        }
        let Some(rewritten) = rewritten else {
            self.connection.declare_for(self.running, sql)?;
            return self.rows(sql, Rows::Own);
        };
        let result = self.rewritten(&rewritten);
        *self.running.written.borrow_mut() = None;
        result.map_err(|error| match rewritten.moved {
            true => error.moved_back(usize::MAX),
            false => error,
        })
    }

    /// Runs a statement of which parts are done here; see [`writes`].
    fn rewritten(&mut self, statement: &Rewritten) -> Result<()> {
        let unplaced = |error: QueryError| error.moved_back(usize::MAX);
        if let Some(upsert) = &statement.upsert {
            let on_conflict = match &upsert.update {
                Some(update) => {
                    // What is wrong in it is an error without conflicts too.
                    let trial = update.statement(&[], &[]);
                    let tried = self.connection.declare_for(self.running, &trial);
                    tried.map_err(unplaced)?;
                    OnConflict::Collect
                }
                None => OnConflict::Ignore,
            };
            self.running.on_conflict.set(on_conflict);
        }
        if let Some(returning) = &statement.returning {
            if statement.deletes {
                self.part(returning, Rows::Part).map_err(unplaced)?;
            } else {
                *self.running.written.borrow_mut() = Some(Vec::new());
            }
        }
        self.part(&statement.sql, Rows::Part)?;
        let update = statement
            .upsert
            .iter()
            .find_map(|upsert| upsert.update.as_ref());
        let conflicts = self.running.conflicts.take();
        self.running.on_conflict.set(OnConflict::Abort);
        for conflict in conflicts {
            let update =
                update.map(|update| update.statement(&conflict.position, &conflict.values));
            let sql = update.unwrap_or_default();
            self.part(&sql, Rows::Part).map_err(unplaced)?;
        }
        let written = self.running.written.take();
        let (Some(returning), Some(written)) = (&statement.returning, written) else {
            return Ok(());
        };
        let mut rows = Rows::Part;
        let mut chunks = written.chunks(RETURNED);
        let mut chunk = chunks.next().unwrap_or_default();
        loop {
            let sql = format!("{returning}{}", writes::at_positions(chunk));
            self.part(&sql, rows).map_err(unplaced)?;
            rows = Rows::More;
            match chunks.next() {
                Some(next) if !self.summary.truncated => chunk = next,
                _ => return Ok(()),
            }
        }
    }

    fn part(&mut self, sql: &str, rows: Rows) -> Result<()> {
        self.connection.declare_for(self.running, sql)?;
        self.rows(sql, rows)
    }

    /// Forgets the tables that showed what the transaction alone knew.
    pub(super) fn settle(&mut self) -> Result<()> {
        for (database, store) in self.running.take_unsettled() {
            self.connection.forget(database, &store)?;
        }
        Ok(())
    }

    /// Builds the indexes that were made, where that takes no long time; others are built in the background.
    pub(super) fn build_indexes(&mut self) -> Result<()> {
        for (database, index) in self.running.take_building() {
            let Some(db) = self.running.catalog.get(database) else {
                continue;
            };
            let items = {
                let tx = db.begin(sop::Mode::Read)?;
                let of = tx.documents(&index)?.definition().index_of.clone();
                of.map_or(Ok(0), |of| tx.documents(&of.store)?.len())?
            };
            if items <= BUILT_AT_ONCE {
                db.build_index(&index)?;
            } else {
                self.summary.notices.push(format!(
                    "the index {index:?} is being built over {items} items; statements use it when it is ready"
                ));
            }
        }
        Ok(())
    }

    /// Makes, changes or drops a store.
    pub(super) fn define(&mut self, sql: &str) -> Result<()> {
        let definition = define::parse(sql)?;
        self.connection.refresh(self.running)?;
        let select = definition.select();
        let (start, text) = match &select {
            Some(span) => (span.start, sql.get(span.clone())),
            None => (0, None),
        };
        let selected = text.map(|text| self.describe(text));
        let selected = selected.transpose().map_err(|error| error.moved(start))?;
        let filling = define::run(self.running, &definition, selected.as_deref())?;
        for (database, store) in self.running.redefined() {
            self.connection.forget(database, &store)?;
        }
        let (Some(filling), Some(text)) = (filling, text) else {
            return Ok(());
        };
        self.running.on_conflict.set(OnConflict::Abort);
        let insert = format!("{}{text}", filling.insert);
        let filled = self
            .connection
            .declare_for(self.running, &insert)
            .and_then(|()| self.rows(&insert, Rows::Own));
        filled.map_err(|error| error.moved_back(filling.insert.len()).moved(start))
    }

    /// The columns of a select.
    fn describe(&mut self, sql: &str) -> Result<Vec<define::Selected>> {
        self.connection.declare_for(self.running, sql)?;
        let prepared = self.connection.prepare(self.running, sql)?;
        let shape = self.connection.shape(sql, &prepared);
        let columns = shape.columns.iter().zip(&shape.kinds);
        let described = columns.map(|(column, kind)| define::Selected {
            name: column.name.clone(),
            kind: *kind,
        });
        Ok(described.collect())
    }
}
