//! Views and row sources that a connection knows.

use super::faults::classified;
use super::{DeclaredView, StoreConnection};
use crate::sql::Result;
use crate::sql::columns::TableColumn;
use crate::sql::error::QueryError;
use crate::sql::running::Running;
use crate::sql::table::SOURCE_MODULE;
use crate::sql::tokens::{quote_name, quote_text};
use crate::sql::views::{self, View};

impl StoreConnection {
    /// Forgets the views; they are made again when they are named.
    pub(in crate::sql) fn forget_views(&mut self) -> Result<()> {
        self.flush();
        let names: Vec<String> = self.views.drain().map(|(name, _)| name).collect();
        names
            .iter()
            .try_for_each(|name| self.execute(&format!("DROP VIEW temp.{}", quote_name(name))))
    }

    /// Makes a view known, whose select is in SQLite's words, and checks it.
    pub(in crate::sql) fn declare_view(
        &mut self,
        running: &Running,
        view: &View,
        sql: &str,
    ) -> Result<()> {
        let name = views::table(&view.name);
        if self.views.contains_key(&name) {
            return Ok(());
        }
        self.declare_for(running, sql)?;
        let declaration = view.declaration(sql);
        self.execute(&declaration)
            .map_err(|error| QueryError::new(classified(&error.message).0, error.message))?;
        self.watch.declare(&name, std::iter::empty());
        let declared = DeclaredView {
            view: view.clone(),
            declaration,
            masked: Vec::new(),
        };
        self.views.insert(name.clone(), declared);
        let masked = self.masked_columns(running, &name);
        if masked.is_err() {
            self.forget_views()?;
        }
        let masked = masked?;
        self.watch.declare(&name, masked.iter().map(String::as_str));
        if let Some(declared) = self.views.get_mut(&name) {
            declared.masked = masked;
        }
        Ok(())
    }

    /// The columns of a view that are masked ones of stores.
    pub(super) fn masked_columns(&mut self, running: &Running, view: &str) -> Result<Vec<String>> {
        let all = format!("SELECT * FROM temp.{}", quote_name(view));
        self.declare_for(running, &all)?;
        let prepared = self.prepare(running, &all)?;
        let mut masked = Vec::new();
        for column in prepared.columns_with_metadata() {
            let names = column.database_name().zip(column.table_name());
            let origin = names.zip(column.origin_name());
            let origin =
                origin.and_then(|((schema, table), name)| self.origin(schema, table, name));
            if origin.is_some_and(TableColumn::is_masked) {
                masked.push(column.name().to_owned());
            }
        }
        Ok(masked)
    }

    /// Forgets the sources: they may have other columns when another call names them.
    pub(in crate::sql) fn forget_sources(&mut self) -> Result<()> {
        if self.sources.is_empty() {
            return Ok(());
        }
        self.forget_views()?;
        let names = std::mem::take(&mut self.sources);
        names.iter().try_for_each(|(schema, name)| {
            let (schema, name) = (quote_name(schema), quote_name(name));
            self.execute(&format!("DROP TABLE {schema}.{name}"))
        })
    }

    /// Declares a source that SQLite misses as `schema.name`. False when there is none.
    pub(super) fn declare_source(&mut self, running: &Running, message: &str) -> Result<bool> {
        let name = message.strip_prefix("no such table: ");
        let Some((schema, name)) = name.and_then(|name| name.split_once('.')) else {
            return Ok(false);
        };
        let Some(schema) = running.source_schema(schema) else {
            return Ok(false);
        };
        let id = (schema.clone(), name.to_owned());
        if running.source(&schema, name)?.is_none() || self.sources.contains(&id) {
            return Ok(false);
        }
        // It may be attached already.
        let _ = self.execute(&format!("ATTACH ':memory:' AS {}", quote_name(&schema)));
        self.watch.declare(name, std::iter::empty());
        let declared = self.execute(&format!(
            "CREATE VIRTUAL TABLE {}.{} USING {SOURCE_MODULE}({}, {})",
            quote_name(&schema),
            quote_name(name),
            quote_text(&schema),
            quote_text(name),
        ));
        if let Some(error) = running.take_error() {
            return Err(error);
        }
        declared?;
        self.sources.insert(id);
        Ok(true)
    }
}
