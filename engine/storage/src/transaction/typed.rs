//! What typed access needs of a store beside the calls that everybody has.

use super::item::decode_document;
use super::physical::{has_ride_on, physical_key};
use super::store::Store;
use super::writes::Change;
use crate::document::DocumentRef;
use crate::error::Result;
use crate::key::Key;

impl Store<'_> {
    /// Whether a part of each key lies with its value.
    pub(crate) fn keys_lie_apart(&self) -> bool {
        has_ride_on(&self.definition.key)
    }

    /// Gives the value of the item with this key to `read` where it lies: it is not copied before.
    pub(crate) fn read_with<R>(
        &self,
        key: &Key,
        read: impl FnOnce(DocumentRef<'_>) -> R,
    ) -> Result<Option<R>> {
        self.check_usable()?;
        let order = self.encode(key)?.order;
        if !self.definition.unique {
            let item = self.equal(order)?.next().transpose()?;
            return Ok(item.map(|item| read(item.value.root())));
        }
        let physical = physical_key(&order, None);
        if let Some(change) = self.tx.writes.borrow().get(self.id, &physical) {
            let Change::Put { payload, .. } = change else {
                return Ok(None);
            };
            self.tx.count_read(0, 1);
            return decode_document(&self.definition, payload).map(|d| Some(read(d)));
        }
        self.read_point(&physical);
        self.tx.count_read(u64::from(self.tree.height()), 0);
        let Some(entry) = self.tree.get(&physical)? else {
            return Ok(None);
        };
        self.tx.count_read(0, 1);
        let payload = entry.value.bytes()?;
        decode_document(&self.definition, &payload).map(|d| Some(read(d)))
    }
}
