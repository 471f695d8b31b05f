//! The databases that a statement may name.

use std::collections::BTreeMap;
use std::sync::Arc;

use sop::Database;

use super::sources::RowSources;

/// Open databases by name. A store without a database's name is one of the first.
#[derive(Clone, Default)]
pub struct Catalog {
    databases: Arc<[(String, Database)]>,
    identity: Identity,
    /// Why databases are not changed here, by their numbers.
    guarded: Arc<BTreeMap<usize, String>>,
    sources: Vec<(String, Arc<dyn RowSources>)>,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sources: Vec<&str> = self.sources.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Catalog")
            .field("databases", &self.databases)
            .field("sources", &sources)
            .finish_non_exhaustive()
    }
}

/// Names and ids of databases: connections are for one such list.
pub(super) type Identity = Arc<[(String, String)]>;

impl Catalog {
    /// Names and databases; the first is the default.
    pub fn new(databases: Vec<(String, Database)>) -> Self {
        let identity = databases
            .iter()
            .map(|(name, db)| (name.clone(), db.id()))
            .collect();
        Self {
            databases: databases.into(),
            identity,
            guarded: Arc::default(),
            sources: Vec::new(),
        }
    }

    /// The same, with a database that statements only read, and why.
    #[must_use]
    pub fn guarded(mut self, name: &str, reason: impl Into<String>) -> Self {
        if let Some(at) = self.find(name) {
            Arc::make_mut(&mut self.guarded).insert(at, reason.into());
        }
        self
    }

    /// Why a database is not changed: by this catalog, or as the engine says.
    pub(super) fn read_only(&self, at: usize) -> Option<String> {
        let guarded = self.guarded.get(&at).cloned();
        guarded.or_else(|| self.get(at)?.read_only())
    }

    /// With tables under the name of a schema, like `script`, whose rows do not lie in stores.
    #[must_use]
    pub fn with_sources(mut self, schema: &str, sources: Arc<dyn RowSources>) -> Self {
        self.sources.retain(|(there, _)| there != schema);
        self.sources.push((schema.to_owned(), sources));
        self
    }

    pub(super) fn sources(&self, schema: &str) -> Option<(&str, &Arc<dyn RowSources>)> {
        let mut all = self.sources.iter();
        let found = all.find(|(there, _)| there.eq_ignore_ascii_case(schema))?;
        Some((&found.0, &found.1))
    }

    /// Names and databases, the default first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Database)> {
        self.databases.iter().map(|(name, db)| (name.as_str(), db))
    }

    pub(super) fn len(&self) -> usize {
        self.databases.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<&Database> {
        self.databases.get(at).map(|(_, db)| db)
    }

    pub(super) fn name(&self, at: usize) -> &str {
        self.databases.get(at).map_or("", |(name, _)| name)
    }

    /// Which database has a name; letters of either case, as everywhere in SQL.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let exact = self.databases.iter().position(|(there, _)| there == name);
        exact.or_else(|| {
            self.databases
                .iter()
                .position(|(there, _)| there.eq_ignore_ascii_case(name))
        })
    }

    /// What tells this catalog's connections from others'.
    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }
}
