//! The indexes of a store, as its table knows them.

use sop::{DocumentStore, FieldKind, IndexPath, IndexState, StoreDefinition, Transaction};

use super::Result;
use super::columns::Source;

/// An index that a table can be read by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableIndex {
    /// The name of its store.
    pub store: String,
    /// What the fields of its key are in its source, those that it is ordered by first. The id behind them, in an
    /// index of a store with duplicates, is nothing there.
    pub sources: Vec<Source>,
    /// How many of them it is ordered by.
    pub fields: usize,
    /// Whether no two items have the same values in all of these.
    pub unique: bool,
    /// Whether its order is that of the values: not where long texts were cut.
    pub sorted: bool,
}

/// The indexes of a store that are ready, as a transaction sees them.
pub(super) fn of(transaction: &Transaction, store: &DocumentStore<'_>) -> Result<Vec<TableIndex>> {
    let mut indexes = Vec::new();
    for info in store.indexes()? {
        if info.state != IndexState::Ready {
            continue;
        }
        let index = transaction.documents(&info.name)?;
        // Values of entries are bools exactly where something was cut.
        let values = index.schema()?.values;
        let cut = values.iter().any(|count| count.kind == FieldKind::Bool);
        let definition = store.definition();
        let mut sources = Vec::new();
        for field in &info.fields {
            sources.extend(source(definition, &field.path));
        }
        if sources.len() < info.fields.len() {
            continue;
        }
        sources.extend((0..definition.key.fields().len()).map(Source::Key));
        indexes.push(TableIndex {
            store: info.name,
            sources,
            fields: info.fields.len(),
            unique: info.unique,
            sorted: !cut,
        });
    }
    Ok(indexes)
}

/// Where the column of an indexed field has its values from.
fn source(definition: &StoreDefinition, path: &IndexPath) -> Option<Source> {
    match path {
        IndexPath::Key(name) => {
            let mut fields = definition.key.fields().iter();
            fields
                .position(|field| field.name == *name)
                .map(Source::Key)
        }
        IndexPath::Value(path) => match path.as_slice() {
            [name] => Some(Source::Field(name.clone())),
            path => Some(Source::Path(path.to_vec())),
        },
    }
}
