//! Columns that need no value: of the key, of the entry of an index, and those that every store has.

use rusqlite::vtab::Context;
use sop::key::{Key, KeyValue};

use super::super::open::OpenStore;
use super::super::seek::ITEM_ID_BYTES;
use super::super::values::{NULL, key_value};
use super::super::walk::{IndexWalk, has_offsets};
use super::StoreCursor;
use crate::sql::Result;
use crate::sql::columns::Source;

impl StoreCursor<'_> {
    fn key_field(
        &self,
        order: &[u8],
        definition: &sop::StoreDefinition,
        field: usize,
    ) -> Result<KeyValue> {
        let value = definition.key.decode_field(order, field);
        value.map_err(|source| {
            let store = self.table.store.clone();
            sop::Error::InvalidKey { store, source }.into()
        })
    }

    /// Gives a column that the entry of an index has.
    pub(super) fn entry_column(
        &self,
        context: &mut Context,
        walk: &IndexWalk,
        source: &Source,
    ) -> rusqlite::Result<()> {
        match source {
            Source::Count => context.set_result(self.count as i64),
            Source::Counted => context.set_result(1),
            Source::Position => {
                let Some(store) = &self.store else {
                    return Ok(());
                };
                let position = walk.position(store).map_err(|error| self.failed(error))?;
                context.set_result(position)
            }
            source => {
                let value = walk.field(source).map_err(|error| self.failed(error))?;
                context.set_result(key_value(&value))
            }
        }
    }

    /// Gives a column that needs no value.
    pub(super) fn key_column(
        &self,
        context: &mut Context,
        cursor: &sop::Cursor<'_>,
        store: &OpenStore,
        source: &Source,
    ) -> rusqlite::Result<()> {
        let position = cursor.position().unwrap_or_default();
        let definition = store.store().definition();
        match source {
            Source::Key(at) => {
                let id = if definition.unique { 0 } else { ITEM_ID_BYTES };
                let order = position.get(..position.len().saturating_sub(id));
                let order = order.unwrap_or_default();
                if let (Some(value), 0) = (definition.key.decode_i64(order), at) {
                    return context.set_result(value);
                }
                if has_offsets(definition) {
                    let item = cursor.item().map_err(|error| self.failed(error))?;
                    let key = item.map_or_else(|| Ok(Key::default()), |item| item.key());
                    let key = key.map_err(|error| self.failed(error))?;
                    return context.set_result(key.values.get(*at).map_or(NULL, key_value));
                }
                let value = self.key_field(order, definition, *at);
                let value = value.map_err(|error| self.failed(error))?;
                context.set_result(key_value(&value))
            }
            Source::WholeKey => {
                let item = cursor.item().map_err(|error| self.failed(error))?;
                let Some(item) = item else {
                    return Ok(());
                };
                let key = item.key().map_err(|error| self.failed(error))?;
                let json = match &self.table.rules {
                    Some(rules) => rules.key(&definition.key, &key),
                    None => definition.key.key_to_json(&key).to_string(),
                };
                context.set_result(json)
            }
            Source::Count => context.set_result(self.count as i64),
            Source::Counted => context.set_result(1),
            Source::Version => context.set_result(cursor.version().unwrap_or_default() as i64),
            _ => context.set_result(position),
        }
    }
}
