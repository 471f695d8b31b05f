//! Tables that are computed: the sources that a call reads, each run once in a statement with the same arguments.

use std::rc::Rc;
use std::sync::Arc;

use super::Running;
use crate::sql::Result;
use crate::sql::error::{Code, QueryError};
use crate::sql::sources::{RowSource, SourceCall, SourceRows};
use crate::sql::value::Value;

impl Running {
    /// The schema of sources that has this name, as it is written.
    pub fn source_schema(&self, schema: &str) -> Option<String> {
        Some(self.catalog.sources(schema)?.0.to_owned())
    }

    pub fn source_names(&self, schema: &str) -> Vec<String> {
        let sources = self.catalog.sources(schema);
        sources.map_or_else(Vec::new, |(_, sources)| sources.names())
    }

    pub fn source(&self, schema: &str, name: &str) -> Result<Option<Arc<dyn RowSource>>> {
        match self.catalog.sources(schema) {
            Some((_, sources)) => sources.source(name),
            None => Ok(None),
        }
    }

    fn existing_source(&self, schema: &str, name: &str) -> Result<Arc<dyn RowSource>> {
        self.source(schema, name)?.ok_or_else(|| {
            let message = format!("there is no {schema}.{name}");
            QueryError::new(Code::StoreNotFound, message)
        })
    }

    pub fn source_columns(&self, schema: &str, name: &str) -> Result<Vec<String>> {
        self.existing_source(schema, name)?.columns()
    }

    /// The names of what a source takes.
    pub fn source_parameters(&self, schema: &str, name: &str) -> Result<Vec<String>> {
        Ok(self.existing_source(schema, name)?.parameters())
    }

    /// The rows of a source, which runs once in a statement with the same arguments.
    pub fn source_rows(
        &self,
        schema: &str,
        name: &str,
        arguments: &[Option<Value>],
    ) -> Result<Rc<SourceRows>> {
        /// Runs that are kept: one for each row of another table must not fill the memory.
        const MOST_KEPT: usize = 8;
        let text = match arguments.iter().any(Option::is_some) {
            true => format!("{arguments:?}"),
            false => String::new(),
        };
        let id = (schema.to_owned(), name.to_owned(), text);
        if let Some(there) = self.sources.borrow().get(&id) {
            return Ok(Rc::clone(there));
        }
        let source = self.existing_source(schema, name)?;
        let call = SourceCall {
            cancel: self.until.borrow().0.clone(),
            visibility: self.visibility.clone(),
            arguments: arguments.to_vec(),
        };
        let rows = SourceRows::start(&format!("{schema}.{name}"), source, call)?;
        let mut sources = self.sources.borrow_mut();
        if sources.len() >= MOST_KEPT {
            sources.retain(|(_, _, arguments), _| arguments.is_empty());
        }
        sources.insert(id, Rc::clone(&rows));
        Ok(rows)
    }
}
