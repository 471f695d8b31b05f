//! The stores that a document may name, as a transaction sees them.

use super::error::{Fault, Pointer, SelectError};
use super::shape::StoreShape;
use crate::sql::{StoreRules, Visibility, visible_relations};
use serde_json::Value as Json;
use sop::{Relation, StoreDefinition, StoreSchema, Transaction};
use std::collections::{BTreeMap, BTreeSet};

/// The names that exist: stores with their fields and relations.
///
/// Of stores that were not asked for only names and relations are known.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// The first one is the default.
    databases: Vec<DatabaseNames>,
}

#[derive(Clone, Debug)]
struct DatabaseNames {
    name: String,
    stores: BTreeMap<String, Store>,
}

#[derive(Clone, Debug)]
pub(super) struct Store {
    pub relations: Vec<Relation>,
    shape: Option<StoreShape>,
}

/// A store that a document names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named<'a> {
    /// The database to write before the store's name: none for the default one.
    pub database: Option<&'a str>,
    pub name: &'a str,
    pub relations: &'a [Relation],
    pub shape: &'a StoreShape,
}

impl Schema {
    /// The names that a select or write document needs, from databases by name, of which the first is the default.
    ///
    /// # Errors
    /// Those of the engine. A store that is not there is no error yet.
    pub fn for_document(databases: &[(&str, &Transaction)], document: &Json) -> sop::Result<Self> {
        Self::for_stores(databases, &mentioned(document))
    }

    /// As [`Schema::for_document`] for the stores of these names (`store` or `db.store`).
    ///
    /// # Errors
    /// Those of the engine. A store that is not there is no error yet.
    pub fn for_stores<N: AsRef<str>>(
        databases: &[(&str, &Transaction)],
        names: &[N],
    ) -> sop::Result<Self> {
        Self::seen_by(&Visibility::default(), databases, names)
    }

    /// As [`Schema::for_stores`] with what a caller may see. That a masked field is not used is for the statement to say.
    ///
    /// # Errors
    /// Those of the engine. A store that is not there is no error yet.
    pub fn seen_by<N: AsRef<str>>(
        visibility: &Visibility,
        databases: &[(&str, &Transaction)],
        names: &[N],
    ) -> sop::Result<Self> {
        let mut schema = Self::default();
        for (database, tx) in databases {
            // Also one without stores has its number.
            schema.databases.push(DatabaseNames {
                name: (*database).to_owned(),
                stores: BTreeMap::new(),
            });
            for store in tx.stores()? {
                if visibility.shows(database, &store.definition) {
                    let relations = visible_relations(visibility, database, &store.definition);
                    schema.add_seen(database, &store.definition, relations, None, None);
                }
            }
        }
        let wanted: BTreeSet<(usize, String)> = names
            .iter()
            .filter_map(|name| schema.find(name.as_ref()))
            .map(|(at, name)| (at, name.to_owned()))
            .collect();
        let wanted = schema.with_links(wanted);
        for (at, name) in wanted {
            let Some((database, tx)) = databases.get(at) else {
                continue;
            };
            let store = tx.documents(&name)?;
            let shape = store.schema()?;
            let relations = visible_relations(visibility, database, store.definition());
            let rules = visibility.store(database, &name);
            let rules = rules.as_deref();
            schema.add_seen(database, store.definition(), relations, Some(&shape), rules);
        }
        Ok(schema)
    }

    /// These stores, and those that may link two of them.
    fn with_links(&self, mut wanted: BTreeSet<(usize, String)>) -> BTreeSet<(usize, String)> {
        let mut links = Vec::new();
        for (at, database) in self.databases.iter().enumerate() {
            let of_database = || wanted.iter().filter(|(there, _)| *there == at);
            if of_database().count() < 2 {
                continue;
            }
            for (name, store) in &database.stores {
                let relates = |(_, other): &&(usize, String)| {
                    let to = |store: &Store, target: &str| {
                        let mut relations = store.relations.iter();
                        relations.any(|relation| relation.target_store == target)
                    };
                    let back = database.stores.get(other);
                    to(store, other) || back.is_some_and(|back| to(back, name))
                };
                if of_database().filter(relates).count() > 1 {
                    links.push((at, name.clone()));
                }
            }
        }
        wanted.extend(links);
        wanted
    }

    /// Adds a store, or what was not known of it; without `schema` its fields can't be named.
    pub fn add(
        &mut self,
        database: &str,
        definition: &StoreDefinition,
        schema: Option<&StoreSchema>,
    ) {
        let relations = definition.relations.clone();
        self.add_seen(database, definition, relations, schema, None);
    }

    fn add_seen(
        &mut self,
        database: &str,
        definition: &StoreDefinition,
        relations: Vec<Relation>,
        schema: Option<&StoreSchema>,
        rules: Option<&StoreRules>,
    ) {
        let store = Store {
            relations,
            shape: schema.map(|schema| StoreShape::seen(definition, schema, rules)),
        };
        let name = definition.name.clone();
        match self
            .databases
            .iter_mut()
            .find(|known| known.name == database)
        {
            Some(known) => {
                known.stores.insert(name, store);
            }
            None => self.databases.push(DatabaseNames {
                name: database.to_owned(),
                stores: BTreeMap::from([(name, store)]),
            }),
        }
    }

    /// The number of the database, and the name in it. A store of the default database goes before another
    /// database's with the same name.
    fn find(&self, name: &str) -> Option<(usize, &str)> {
        let within = |at: usize, name: &str| {
            let database = self.databases.get(at)?;
            let (name, _) = database.stores.get_key_value(name)?;
            Some((at, name.as_str()))
        };
        within(0, name).or_else(|| {
            self.databases
                .iter()
                .enumerate()
                .find_map(|(at, database)| {
                    let rest = name.strip_prefix(database.name.as_str())?;
                    within(at, rest.strip_prefix('.')?)
                })
        })
    }

    pub(super) fn store(&self, name: &str, at: &Pointer<'_>) -> Result<Named<'_>, SelectError> {
        let found = self.find(name).and_then(|(number, name)| {
            let database = self.databases.get(number)?;
            let (name, store) = database.stores.get_key_value(name)?;
            Some(Named {
                database: Some(database.name.as_str()).filter(|_| number > 0),
                name,
                relations: &store.relations,
                shape: store.shape.as_ref()?,
            })
        });
        found.ok_or_else(|| {
            SelectError::unknown(
                Fault::UnknownStore,
                at,
                ("store", ""),
                name,
                &self.store_names(),
            )
        })
    }

    /// Stores of the same database as `store` that relate to it and to one of `others`, or are related to by them.
    pub(super) fn links(&self, store: &Named<'_>, others: &[Named<'_>]) -> Vec<&str> {
        let database = match store.database {
            None => self.databases.first(),
            Some(name) => self.databases.iter().find(|known| known.name == name),
        };
        let Some(database) = database else {
            return Vec::new();
        };
        let related = |name: &str, link: &Store, other: &Named<'_>| {
            let to = |relations: &[Relation], target: &str| {
                relations.iter().any(|to| to.target_store == target)
            };
            other.database == store.database
                && other.name != name
                && (to(&link.relations, other.name) || to(other.relations, name))
        };
        let stores = database.stores.iter();
        stores
            .filter(|(name, link)| {
                related(name, link, store) && others.iter().any(|other| related(name, link, other))
            })
            .map(|(name, _)| name.as_str())
            .collect()
    }

    fn store_names(&self) -> Vec<String> {
        let databases = self.databases.iter().enumerate();
        let names = databases.flat_map(|(at, database)| {
            database.stores.keys().map(move |store| match at {
                0 => store.clone(),
                _ => format!("{}.{store}", database.name),
            })
        });
        names.collect()
    }
}

/// The names of stores that a select or write document has, also when it is otherwise wrong.
pub fn mentioned(document: &Json) -> Vec<&str> {
    let own = ["store", "insert", "update", "delete"]
        .into_iter()
        .filter_map(|field| document.get(field)?.as_str());
    let joins = document.get("join").and_then(Json::as_array);
    let joined = joins
        .into_iter()
        .flatten()
        .filter_map(|join| join.get("store")?.as_str());
    own.chain(joined).collect()
}
