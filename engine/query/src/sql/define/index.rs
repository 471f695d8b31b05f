//! `CREATE INDEX` and `DROP INDEX`.

use sop::{IndexDefinition, IndexField, IndexPath, IndexState, Order, StoreDefinition};

use super::run::Place;
use super::words::{Words, invalid, unsupported};
use super::{Definition, Name, StoreName};
use crate::sql::Result;
use crate::sql::columns::{Source, TableColumns};
use crate::sql::error::{Code, QueryError};
use crate::sql::running::Running;

/// An index to be made.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct CreateIndex {
    pub name: StoreName,
    pub unique: bool,
    pub if_not_exists: bool,
    pub store: Name,
    pub fields: Vec<Field>,
}

/// A field of it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sql) struct Field {
    /// With dots between the steps of a path.
    pub name: Name,
    pub descending: bool,
}

/// Reads what stands behind `CREATE [UNIQUE] INDEX`.
pub(super) fn create(words: &mut Words<'_>, unique: bool) -> Result<Definition> {
    let if_not_exists = words.take(&["IF", "NOT", "EXISTS"]);
    let name = words.store_name()?;
    words.word("ON")?;
    let store = words.name("the name of a store")?;
    if words.is_sign(".") {
        return unsupported(
            store.at,
            "an index is in the database of its store; name the database before the name of the index",
        );
    }
    let fields = words.list(field)?;
    if words.is("WHERE") {
        return unsupported(
            words.at(),
            "an index has all items of its store; leave WHERE out",
        );
    }
    words.finish("\")\"")?;
    Ok(Definition::CreateIndex(Box::new(CreateIndex {
        name,
        unique,
        if_not_exists,
        store,
        fields,
    })))
}

fn field(words: &mut Words<'_>) -> Result<Field> {
    let mut name = words.name("a field")?;
    if words.is_sign("(") {
        return unsupported(name.at, "an index is by fields, not by expressions");
    }
    while words.take_sign(".") {
        name.text.push('.');
        name.text += &words.name("a field")?.text;
    }
    if words.is("COLLATE") {
        return unsupported(
            words.at(),
            "texts are ordered by their bytes; leave COLLATE out",
        );
    }
    let descending = words.take(&["DESC"]);
    if !descending {
        words.take(&["ASC"]);
    }
    if !(words.is_sign(",") || words.is_sign(")")) {
        return words
            .expected("ASC, DESC, \",\" or \")\"; an index is by fields, not by expressions");
    }
    Ok(Field { name, descending })
}

/// Makes an index in the transaction of its statement.
pub(super) fn run_create(running: &Running, create: &CreateIndex) -> Result<()> {
    let place = Place::find(running, &create.name)?;
    if let Some(there) = place.there()? {
        let is_index = place.definition(&there)?.index_of.is_some();
        if create.if_not_exists && is_index {
            return Ok(());
        }
        let message = match is_index {
            true => format!("the index {there:?} exists already"),
            false => format!("{there:?} is a store; an index needs a name of its own"),
        };
        return invalid_name(&create.name, message);
    }
    let of = StoreName {
        database: create.name.database.clone(),
        store: create.store.clone(),
    };
    let of = Place::find(running, &of)?;
    let store = of.existing()?;
    of.check_seen(&store)?;
    let source = of.definition(&store)?;
    let columns = running.columns(of.database, &store)?;
    let mut fields = Vec::new();
    for wanted in &create.fields {
        let is_empty = || {
            let transaction = running.transaction(of.database)?;
            Ok::<_, QueryError>(transaction.documents(&store)?.is_empty()?)
        };
        let path = path(&source, &columns, &wanted.name, is_empty)?;
        fields.push(IndexField {
            path,
            order: match wanted.descending {
                true => Order::Desc,
                false => Order::Asc,
            },
        });
    }
    let index = IndexDefinition {
        name: create.name.store.text.clone(),
        store: store.clone(),
        fields,
        unique: create.unique,
    };
    place.define(&index.name, None, |tx| tx.create_index(&index))?;
    running.redefine(of.database, &store);
    let building = place.definition(&index.name)?.index_of;
    if building.is_some_and(|of| of.state == IndexState::Building) {
        running.note_building(of.database, &index.name);
    }
    Ok(())
}

fn invalid_name<T>(name: &StoreName, message: String) -> Result<T> {
    Err(QueryError::new(Code::Constraint, message).at(Some(name.store.at)))
}

/// Where a field is that a statement names.
fn path(
    source: &StoreDefinition,
    columns: &TableColumns,
    name: &Name,
    is_empty: impl FnOnce() -> Result<bool>,
) -> Result<IndexPath> {
    match columns.named(&name.text).map(|column| &column.source) {
        Some(Source::Field(field)) => Ok(IndexPath::Value(vec![field.clone()])),
        Some(Source::Path(path)) => Ok(IndexPath::Value(path.clone())),
        Some(Source::Key(at)) => {
            let field = source.key.fields().get(*at);
            Ok(IndexPath::Key(
                field.map_or_else(String::new, |f| f.name.clone()),
            ))
        }
        Some(Source::RideOn(_)) => {
            let message = "a field that rides on the key cannot be indexed; keep it in the value";
            unsupported(name.at, message)
        }
        Some(_) => invalid(
            name.at,
            format!(
                "{:?} is no field; name fields of the key or of the value",
                name.text
            ),
        ),
        // No item shows which fields there will be.
        None if is_empty()? => Ok(IndexPath::Value(
            name.text.split('.').map(str::to_owned).collect(),
        )),
        None => {
            let names = columns.iter().filter(|column| {
                matches!(
                    column.source,
                    Source::Field(_) | Source::Path(_) | Source::Key(_)
                )
            });
            let names = names.map(|column| column.name.as_str());
            let message = format!("no item of {:?} has a field {:?}", source.name, name.text);
            Err(QueryError::new(Code::FieldNotFound, message)
                .suggest(sop::nearest(&name.text, names))
                .at(Some(name.at)))
        }
    }
}

/// Drops an index in the transaction of its statement.
pub(super) fn run_drop(running: &Running, name: &StoreName, if_exists: bool) -> Result<()> {
    let place = Place::find(running, name)?;
    let Some(there) = place.there()? else {
        if if_exists {
            return Ok(());
        }
        let names = running.store_names(place.database)?;
        let message = format!("there is no index {:?}", name.store.text);
        return Err(QueryError::new(Code::StoreNotFound, message)
            .suggest(sop::nearest(&name.store.text, names))
            .at(Some(name.store.at)));
    };
    let before = place.definition(&there)?;
    let Some(of) = &before.index_of else {
        let message =
            format!("{there:?} is a store and no index; DROP STORE drops it with all items");
        return invalid(name.store.at, message);
    };
    place.define(&there, Some(&before), |tx| tx.drop_index(&there))?;
    running.redefine(place.database, &of.store);
    Ok(())
}
