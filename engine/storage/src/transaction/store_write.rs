//! A store within a transaction: changing items.
//!
//! Each call either changes the transaction's overlay or fails and leaves the transaction usable.

use std::sync::atomic::Ordering;

use super::physical::{has_ride_on, payload, physical_key};
use super::store::{Inserted, Presence, Store};
use super::writes::{Change, Intent};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::key::{EncodedKey, Key};

impl Store<'_> {
    /// Inserts an item.
    ///
    /// # Errors
    /// [`Error::KeyExists`] in a unique store that has the key; the transaction can go on.
    pub fn insert(&self, key: &Key, value: &Document) -> Result<Inserted> {
        self.check_write()?;
        let encoded = self.encode(key)?;
        let id = (!self.definition.unique).then(|| self.new_item_id());
        let physical = physical_key(&encoded.order, id);
        let presence = match id {
            None => self.presence(&physical)?,
            Some(_) => Presence::NEW,
        };
        if presence.visible {
            self.read_point(&physical);
            return Err(Error::KeyExists {
                store: self.definition.name.clone(),
                key: self.key_text(&physical),
            });
        }
        self.put(&physical, presence, &encoded, value, Intent::Insert)?;
        Ok(Inserted { id })
    }

    /// Inserts an item unless one with the key is there, duplicates or not; whether it did.
    pub fn insert_if_absent(&self, key: &Key, value: &Document) -> Result<bool> {
        self.check_write()?;
        let absent = self.definition.unique || {
            let order = self.encode(key)?.order;
            self.equal(order)?.next().transpose()?.is_none()
        };
        if !absent {
            return Ok(false);
        }
        match self.insert(key, value) {
            Err(Error::KeyExists { .. }) => Ok(false),
            other => other.map(|_| true),
        }
    }

    /// Inserts the item or replaces its value; whether it was inserted. In a store with duplicates
    /// the first item with the key is replaced.
    pub fn upsert(&self, key: &Key, value: &Document) -> Result<bool> {
        self.check_write()?;
        let encoded = self.encode(key)?;
        if self.definition.unique {
            let physical = physical_key(&encoded.order, None);
            let presence = self.presence(&physical)?;
            self.put(&physical, presence, &encoded, value, Intent::Upsert)?;
            return Ok(!presence.visible);
        }
        let Some((physical, presence)) = self.find_physical(&encoded.order)? else {
            self.insert(key, value)?;
            return Ok(true);
        };
        self.put(&physical, presence, &encoded, value, Intent::Upsert)?;
        Ok(false)
    }

    /// Replaces the value, and the ride-on fields, of the item with this key; `false` when there is
    /// none. In a store with duplicates the first is replaced.
    pub fn update(&self, key: &Key, value: &Document) -> Result<bool> {
        self.check_write()?;
        let encoded = self.encode(key)?;
        let Some((physical, presence)) = self.find_physical(&encoded.order)? else {
            return Ok(false);
        };
        self.put(&physical, presence, &encoded, value, Intent::Update)?;
        Ok(true)
    }

    /// As [`Store::update`] for the item with this id.
    pub fn update_id(&self, key: &Key, id: u64, value: &Document) -> Result<bool> {
        self.check_write()?;
        let encoded = self.encode(key)?;
        let physical = physical_key(&encoded.order, (!self.definition.unique).then_some(id));
        let presence = self.presence(&physical)?;
        if presence.visible {
            self.put(&physical, presence, &encoded, value, Intent::Update)?;
        } else {
            self.read_point(&physical);
        }
        Ok(presence.visible)
    }

    /// Removes the item with this key, the first in a store with duplicates; whether there was one.
    pub fn remove(&self, key: &Key) -> Result<bool> {
        self.check_write()?;
        let order = self.encode(key)?.order;
        match self.find_physical(&order)? {
            Some((physical, presence)) => Ok(self.remove_physical(&physical, presence)),
            None => Ok(false),
        }
    }

    /// As [`Store::remove`] for the item with this id.
    pub fn remove_id(&self, key: &Key, id: u64) -> Result<bool> {
        self.check_write()?;
        let order = self.encode(key)?.order;
        let physical = physical_key(&order, (!self.definition.unique).then_some(id));
        let presence = self.presence(&physical)?;
        Ok(self.remove_physical(&physical, presence))
    }

    fn check_write(&self) -> Result<()> {
        self.tx.check_write()?;
        self.check_usable()
    }

    fn new_item_id(&self) -> u64 {
        self.tx.core.next_item_id.fetch_add(1, Ordering::Relaxed)
    }

    /// The first item with this encoded key.
    fn find_physical(&self, order: &[u8]) -> Result<Option<(Vec<u8>, Presence)>> {
        let physical = if self.definition.unique {
            physical_key(order, None)
        } else {
            match self.equal(order.to_vec())?.next().transpose()? {
                Some(item) => item.position,
                None => return Ok(None),
            }
        };
        let presence = self.presence(&physical)?;
        if presence.visible {
            return Ok(Some((physical, presence)));
        }
        self.read_point(&physical);
        Ok(None)
    }

    fn put(
        &self,
        physical: &[u8],
        presence: Presence,
        encoded: &EncodedKey,
        value: &Document,
        intent: Intent,
    ) -> Result<()> {
        self.check_newest_schema(physical, value)?;
        let payload = payload(
            has_ride_on(&self.definition.key).then_some(encoded.ride_on.as_slice()),
            value,
        );
        let mut writes = self.tx.writes.borrow_mut();
        writes.set(
            self.id,
            physical,
            Change::Put {
                intent,
                payload: &payload,
                replaces: presence.in_snapshot,
            },
        );
        Ok(())
    }

    /// Checks the value against the schema as this transaction has made it since.
    fn check_newest_schema(&self, physical: &[u8], value: &Document) -> Result<()> {
        let name = &self.definition.name;
        let Some(definition) = self.tx.changed_definition(self.id, name)? else {
            return self.check_value(physical, value);
        };
        Store::new(self.tx, (self.id, definition, self.tree.clone())).check_value(physical, value)
    }

    fn remove_physical(&self, physical: &[u8], presence: Presence) -> bool {
        if presence.visible && presence.in_snapshot {
            let mut writes = self.tx.writes.borrow_mut();
            writes.set(self.id, physical, Change::Remove);
            return true;
        }
        // Nothing is written: what was seen is a miss in the snapshot.
        self.read_point(physical);
        if presence.visible {
            self.tx.writes.borrow_mut().unset(self.id, physical);
        }
        presence.visible
    }
}
