//! Carrying a definition out in the transaction of its statement.

use std::ops::Range;

use sop::{StoreDefinition, Transaction};

use super::alter::Altered;
use super::create::{self, Selected};
use super::{Create, Definition, StoreName, index};
use crate::sql::Result;
use crate::sql::error::{Code, QueryError};
use crate::sql::output::DefinedStore;
use crate::sql::running::Running;
use crate::sql::tokens::quote_name;
use crate::sql::visible_relations;

/// How a new store is filled.
pub(in crate::sql) struct Filling {
    /// `INSERT INTO store (columns)`, to which the select is to be added.
    pub insert: String,
}

impl Definition {
    /// The select that it has.
    pub fn select(&self) -> Option<Range<usize>> {
        match self {
            Self::Create(create) => create.select.clone(),
            _ => None,
        }
    }
}

/// A store that a statement defines.
pub(super) struct Place<'a> {
    running: &'a Running,
    name: &'a StoreName,
    pub database: usize,
}

impl<'a> Place<'a> {
    pub fn find(running: &'a Running, name: &'a StoreName) -> Result<Self> {
        let database = match &name.database {
            Some(database) => running.database(&database.text).ok_or_else(|| {
                let names = running.catalog.iter().map(|(name, _)| name.to_owned());
                let message = format!("there is no open database {:?}", database.text);
                QueryError::new(Code::StoreNotFound, message)
                    .suggest(sop::nearest(&database.text, names))
                    .at(Some(database.at))
            })?,
            None => 0,
        };
        Ok(Self {
            running,
            name,
            database,
        })
    }

    /// The store's own name, if it is there.
    pub fn there(&self) -> Result<Option<String>> {
        self.running
            .find_store(self.database, &self.name.store.text)
    }

    pub fn existing(&self) -> Result<String> {
        let wanted = &self.name.store;
        if let Some(name) = self.there()? {
            return Ok(name);
        }
        let names = self.running.store_names(self.database)?;
        let message = format!("there is no store {:?}", wanted.text);
        Err(QueryError::new(Code::StoreNotFound, message)
            .suggest(sop::nearest(&wanted.text, names))
            .at(Some(wanted.at)))
    }

    fn failed(&self, error: sop::Error) -> QueryError {
        QueryError::from(error).at(Some(self.name.store.at))
    }

    /// Runs `work` on the transaction and notes what it did to a store.
    pub fn define(
        &self,
        store: &str,
        before: Option<&StoreDefinition>,
        work: impl FnOnce(&Transaction) -> sop::Result<()>,
    ) -> Result<()> {
        self.running.change(self.database)?;
        let transaction = self.running.transaction(self.database)?;
        work(&transaction).map_err(|error| self.failed(error))?;
        self.running.redefine(self.database, store);
        let after = transaction.documents(store).ok();
        let text = |definition: &StoreDefinition| self.shown(definition);
        self.running.definitions.borrow_mut().push(DefinedStore {
            database: self.running.catalog.name(self.database).to_owned(),
            store: store.to_owned(),
            before: before.and_then(text),
            after: after.and_then(|store| text(store.definition())),
        });
        Ok(())
    }

    /// A definition as JSON text, without relations to what the caller does not see.
    fn shown(&self, definition: &StoreDefinition) -> Option<String> {
        let mut definition = definition.clone();
        let database = self.running.catalog.name(self.database);
        definition.relations = visible_relations(&self.running.visibility, database, &definition);
        serde_json::to_string(&definition).ok()
    }

    /// Refuses to change what is only seen in part.
    pub fn check_seen(&self, store: &str) -> Result<()> {
        if self.running.rules(self.database, store).is_none() {
            return Ok(());
        }
        let message = format!(
            "store {store:?} has fields that are not shown here, so its definition cannot be changed"
        );
        Err(QueryError::new(Code::Forbidden, message).at(Some(self.name.store.at)))
    }

    pub fn definition(&self, store: &str) -> Result<StoreDefinition> {
        if !self.running.shows(self.database, store) {
            let message = format!("there is no store {store:?}");
            return Err(QueryError::new(Code::StoreNotFound, message));
        }
        let transaction = self.running.transaction(self.database)?;
        let store = transaction
            .documents(store)
            .map_err(|error| self.failed(error))?;
        Ok(store.definition().clone())
    }

    /// Names of the indexes of a store.
    fn indexes(&self, store: &str) -> Result<Vec<String>> {
        let transaction = self.running.transaction(self.database)?;
        let indexes = transaction.documents(store)?.indexes()?;
        Ok(indexes.into_iter().map(|index| index.name).collect())
    }

    fn create(&self, create: &Create, selected: Option<&[Selected]>) -> Result<Option<Filling>> {
        if let Some(there) = self.there()? {
            if create.if_not_exists {
                return Ok(None);
            }
            let message = format!("store {there:?} exists already");
            return Err(QueryError::new(Code::Constraint, message).at(Some(self.name.store.at)));
        }
        let wanted = &self.name.store.text;
        if !self.running.shows(self.database, wanted) {
            let message = format!("a store {wanted:?} cannot be made here; choose another name");
            return Err(QueryError::new(Code::Forbidden, message).at(Some(self.name.store.at)));
        }
        let (mut definition, columns) = create::definition(create, selected)?;
        for relation in &create.relations {
            let itself = (definition.name.clone(), definition.key.clone());
            let relation = create::relation(relation, |name| {
                if name == itself.0 {
                    return Some(itself.1);
                }
                self.definition(name).ok().map(|store| store.key)
            })?;
            definition.relations.push(relation);
        }
        let name = definition.name.clone();
        self.define(&name, None, |tx| tx.create_store(definition))?;
        let database = self.name.database.as_ref();
        let schema = database.map_or_else(String::new, |name| quote_name(&name.text) + ".");
        let columns: Vec<String> = columns.iter().map(|name| quote_name(name)).collect();
        Ok(Some(Filling {
            insert: format!(
                "INSERT INTO {schema}{} ({}) ",
                quote_name(&name),
                columns.join(", ")
            ),
        }))
    }
}

/// Carries a definition out. What is to be filled from a select has been described by `selected`.
pub(in crate::sql) fn run(
    running: &Running,
    definition: &Definition,
    selected: Option<&[Selected]>,
) -> Result<Option<Filling>> {
    match definition {
        Definition::Create(create) => {
            let filling = Place::find(running, &create.store)?.create(create, selected)?;
            Ok(filling.filter(|_| create.select.is_some()))
        }
        Definition::Drop { store, if_exists } => {
            let place = Place::find(running, store)?;
            if *if_exists && place.there()?.is_none() {
                return Ok(None);
            }
            let name = place.existing()?;
            place.check_seen(&name)?;
            let before = place.definition(&name)?;
            if before.index_of.is_some() {
                let message = format!("{name:?} is an index; DROP INDEX drops it");
                return Err(QueryError::new(Code::InvalidValue, message).at(Some(store.store.at)));
            }
            let indexes = place.indexes(&name)?;
            place.define(&name, Some(&before), |tx| tx.drop_store(&name))?;
            for index in indexes {
                running.redefine(place.database, &index);
            }
            Ok(None)
        }
        Definition::Alter { store, actions } => {
            let place = Place::find(running, store)?;
            let name = place.existing()?;
            place.check_seen(&name)?;
            let before = place.definition(&name)?;
            let columns = running.columns(place.database, &name)?;
            let altered = Altered {
                running,
                database: place.database,
                definition: &before,
                columns: &columns,
            };
            let change = altered.change(actions)?;
            place.define(&name, Some(&before), |tx| tx.alter_store(&name, change))?;
            Ok(None)
        }
        Definition::CreateIndex(create) => index::run_create(running, create).map(|()| None),
        Definition::DropIndex { index, if_exists } => {
            index::run_drop(running, index, *if_exists).map(|()| None)
        }
    }
}
