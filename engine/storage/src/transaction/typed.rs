//! What typed access needs of a store beside the calls that everybody has.

use super::physical::has_ride_on;
use super::store::DocumentStore;
use crate::document::DocumentRef;
use crate::error::Result;
use crate::key::Key;

impl DocumentStore<'_> {
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
        self.with_order(key, |order| {
            if self.definition.unique {
                return self.look(order, |item| Ok(read(item.value()?)));
            }
            let item = self.equal(order.to_vec())?.next().transpose()?;
            Ok(item.map(|item| read(item.value.root())))
        })
    }
}
