//! The fields of a store as its transaction sees them.

use std::ops::Bound;

use super::physical::{has_ride_on, split_payload};
use super::store::DocumentStore;
use super::writes::Change;
use crate::database::StoreSchema;
use crate::database::shapes::Shapes;
use crate::error::Result;

impl DocumentStore<'_> {
    /// The fields of the store's values: declared ones, and all that its items show, with exact counts as of
    /// this transaction. Reads no item but those that the transaction itself changed.
    ///
    /// Told apart are up to 1,000 fields at the top and 1,000 below it (200 in one object), up to five steps
    /// deep, by the first 1,000 fields of a document and the first 32 elements of an array;
    /// [`StoreSchema::more`] and [`StoreField::more`](crate::StoreField::more) say where there is more.
    pub fn schema(&self) -> Result<StoreSchema> {
        self.check_usable()?;
        let known = self.tx.snapshot()?.stores.get(&self.id);
        let mut shapes = known.map_or_else(Shapes::default, |store| Shapes::clone(&store.shapes));
        self.count_own_changes(&mut shapes)?;
        self.read_range((Bound::Unbounded, Bound::Unbounded));
        let newest = self.tx.changed_definition(self.id, &self.definition.name)?;
        Ok(shapes.schema(&newest.as_ref().unwrap_or(&self.definition).schema))
    }

    fn count_own_changes(&self, shapes: &mut Shapes) -> Result<()> {
        let ride_on = has_ride_on(&self.definition.key);
        let writes = self.tx.writes.borrow();
        let own = writes.stores.get(&self.id);
        for (physical, change) in own.iter().flat_map(|own| own.iter()) {
            if let Some(old) = self.tree.get(physical)? {
                shapes.remove(split_payload(&old.value.bytes()?, ride_on)?.1);
            }
            if let Change::Put { payload, .. } = change {
                shapes.add(split_payload(payload, ride_on)?.1);
            }
        }
        Ok(())
    }
}
