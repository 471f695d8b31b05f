//! Statements that do more with masked fields than to show them.

use super::{STATEMENTS, StoreConnection};
use crate::sql::Result;
use crate::sql::masking;
use crate::sql::running::Running;

impl StoreConnection {
    /// Refuses a statement that does more with masked fields than to show them.
    pub(super) fn check_masked(&mut self, running: &Running, sql: &str) -> Result<()> {
        if !self.watch.protects() || self.checked.contains(sql) {
            return Ok(());
        }
        // One that is kept ready is not asked what it reads.
        self.watch.take_read();
        let prepared = self.connection.prepare(sql);
        let prepared = prepared.map_err(|error| self.explain(running, sql, &error))?;
        let read = self.watch.take_read();
        for (number, at) in masking::by_number(sql) {
            let mut columns = prepared.columns_with_metadata();
            let Some(column) = number.checked_sub(1).and_then(|at| columns.nth(at)) else {
                continue;
            };
            let names = column.database_name().zip(column.table_name());
            let origin = names.zip(column.origin_name());
            let origin =
                origin.and_then(|((schema, table), name)| self.origin(schema, table, name));
            if let Some(column) = origin.filter(|column| column.is_masked()) {
                let store = names.map_or("", |(_, store)| store);
                return Err(masking::refused(store, &column.name).at(Some(at)));
            }
        }
        drop(prepared);
        for (table, name) in &read {
            self.check_read(running, sql, table, name)?;
        }
        if self.checked.len() >= STATEMENTS {
            self.checked.clear();
        }
        self.checked.insert(sql.to_owned());
        Ok(())
    }

    /// Refuses it when a column that it reads is masked, or has masked parts, and used.
    pub(super) fn check_read(
        &self,
        running: &Running,
        sql: &str,
        table: &str,
        name: &str,
    ) -> Result<()> {
        let of_table = self
            .declared
            .iter()
            .filter(|((_, there), _)| there == table);
        for (_, declared) in of_table {
            let Some(column) = declared.columns.named(name) else {
                continue;
            };
            let found = if column.is_masked() {
                masking::misused(sql, std::slice::from_ref(&column.name))
            } else {
                let rules = running.rules(declared.database, &declared.store);
                let paths = rules.iter().flat_map(|rules| rules.masked_paths());
                masking::path_to(sql, paths).map(|(path, at)| (path.to_owned(), at))
            };
            if let Some((field, at)) = found {
                return Err(masking::refused(&declared.store, &field).at(Some(at)));
            }
        }
        if let Some(view) = self.views.get(table) {
            let named = view
                .masked
                .iter()
                .filter(|there| there.eq_ignore_ascii_case(name));
            let named: Vec<String> = named.cloned().collect();
            if let Some((field, at)) = masking::misused(sql, &named) {
                return Err(masking::refused(table, &field).at(Some(at)));
            }
        }
        Ok(())
    }
}
