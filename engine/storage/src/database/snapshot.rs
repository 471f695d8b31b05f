//! One committed state of a database: its stores and their trees at a sequence number.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::shapes::{ShapeWatch, Shapes};
use super::trees::Trees;
use crate::commit::prepared::PreparedState;
use crate::definition::{Placement, StoreDefinition, store_not_found};
use crate::error::{Error, Result};
use crate::index::IndexState;
use crate::transaction::physical::has_ride_on;
use crate::transaction::writes::{CATALOG, CatalogChange, Change, StoreId, Writes};
use crate::tree::{Change as TreeChange, RootRef, Tree, TreeConfig};

/// A store as of a snapshot. Cloning shares the tree.
#[derive(Clone, Debug)]
pub(crate) struct StoreState {
    pub definition: Arc<StoreDefinition>,
    pub tree: Tree,
    pub shapes: Arc<Shapes>,
}

/// Which snapshot it is. A later one has a greater edition, also when it holds the same items in other places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edition {
    pub sequence: u64,
    /// How many snapshots this process has published before it.
    pub turn: u64,
}

/// All stores as of `sequence`. Cloning shares the trees.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub sequence: u64,
    /// Greater in each snapshot that is published, see [`Edition`].
    pub turn: u64,
    pub stores: BTreeMap<StoreId, StoreState>,
    pub names: BTreeMap<String, StoreId>,
    /// The indexes of each store that has some.
    pub indexes: BTreeMap<StoreId, Vec<StoreId>>,
    /// What waits for the second phase of its commit.
    pub prepared: PreparedState,
}

/// The tree settings that a definition asks for.
pub(crate) fn tree_config(definition: &StoreDefinition) -> TreeConfig {
    let make = match definition.placement {
        Placement::Node => TreeConfig::node,
        Placement::Segment => TreeConfig::segment,
    };
    make(definition.slot_length, definition.leaf_load_balancing)
}

impl Snapshot {
    pub fn edition(&self) -> Edition {
        Edition {
            sequence: self.sequence,
            turn: self.turn,
        }
    }

    pub fn by_name(&self, name: &str) -> Result<(StoreId, &StoreState)> {
        self.names
            .get(name)
            .and_then(|id| Some((*id, self.stores.get(id)?)))
            .ok_or_else(|| store_not_found(name, self.names.keys().map(String::as_str)))
    }

    pub fn add_store(
        &mut self,
        id: StoreId,
        definition: Arc<StoreDefinition>,
        tree: Tree,
        shapes: Shapes,
    ) {
        self.names.insert(definition.name.clone(), id);
        let shapes = Arc::new(shapes);
        self.stores.insert(
            id,
            StoreState {
                definition,
                tree,
                shapes,
            },
        );
    }

    /// Opens a store that a checkpoint wrote.
    pub fn open_store(
        &mut self,
        id: StoreId,
        definition: StoreDefinition,
        root: &RootRef,
        shapes: Shapes,
        trees: &Trees,
    ) {
        let tree = Tree::open(tree_config(&definition), trees.context(id), root);
        self.add_store(id, Arc::new(definition), tree, shapes);
    }

    /// Applies one commit. After an error the snapshot is half changed and must not be used.
    pub fn apply(&mut self, sequence: u64, writes: &Writes, trees: &Trees) -> Result<()> {
        for change in &writes.catalog {
            self.apply_catalog(change, trees);
        }
        if !writes.catalog.is_empty() {
            self.find_indexes();
        }
        for (id, items) in &writes.stores {
            if *id == CATALOG || items.is_empty() {
                continue;
            }
            let store = self.stores.get_mut(id).ok_or_else(|| {
                Error::corrupt(
                    format!("commit {sequence}"),
                    format!("it changes store {}, which does not exist", id.0),
                )
            })?;
            let ride_on = has_ride_on(&store.definition.key);
            let mut watch = ShapeWatch::new(Arc::make_mut(&mut store.shapes), ride_on);
            let changes = items.iter().map(|(key, change)| match change {
                Change::Put { payload, .. } => (
                    key,
                    TreeChange::Put {
                        version: sequence,
                        value: payload,
                    },
                ),
                Change::Remove => (key, TreeChange::Delete),
            });
            store.tree.apply_watched(changes, &mut watch)?;
        }
        self.sequence = sequence;
        Ok(())
    }

    /// Brings the list of indexes up to date with the stores.
    pub fn find_indexes(&mut self) {
        self.indexes.clear();
        for (id, store) in &self.stores {
            if let Some(of) = &store.definition.index_of
                && let Some(source) = self.names.get(&of.store)
            {
                self.indexes.entry(*source).or_default().push(*id);
            }
        }
    }

    /// Names and ids of the indexes that are still to be built.
    pub fn unbuilt(&self) -> Vec<(StoreId, String)> {
        let unbuilt = |store: &StoreState| {
            let of = store.definition.index_of.as_ref();
            of.is_some_and(|of| of.state == IndexState::Building)
        };
        let stores = self.stores.iter().filter(|(_, store)| unbuilt(store));
        stores
            .map(|(id, store)| (*id, store.definition.name.clone()))
            .collect()
    }

    fn apply_catalog(&mut self, change: &CatalogChange, trees: &Trees) {
        match change {
            CatalogChange::Create(id, definition) => {
                let tree = Tree::new(tree_config(definition), trees.context(*id));
                self.add_store(*id, Arc::clone(definition), tree, Shapes::default());
            }
            CatalogChange::Alter(id, definition) => {
                if let Some(store) = self.stores.get_mut(id) {
                    self.names.remove(&store.definition.name);
                    self.names.insert(definition.name.clone(), *id);
                    store.definition = Arc::clone(definition);
                }
            }
            CatalogChange::Drop(id) => {
                if let Some(store) = self.stores.remove(id) {
                    self.names.remove(&store.definition.name);
                }
            }
        }
    }

    /// Items of all stores.
    pub fn items(&self) -> u64 {
        self.stores.values().map(|store| store.tree.len()).sum()
    }
}
