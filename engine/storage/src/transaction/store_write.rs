//! A store within a transaction: changing items.
//!
//! Each call either changes the transaction's overlay or fails and leaves the transaction usable.

use std::sync::atomic::Ordering;

use super::physical::{has_ride_on, payload, physical_key};
use super::store::{Inserted, Store};
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
        if id.is_none() && self.has(&physical)? {
            return Err(Error::KeyExists {
                store: self.definition.name.clone(),
                key: self.key_text(&physical),
            });
        }
        self.put(physical, &encoded, value, Intent::Insert)?;
        Ok(Inserted { id })
    }

    /// Inserts an item unless one with the key is there, duplicates or not; whether it did.
    pub fn insert_if_absent(&self, key: &Key, value: &Document) -> Result<bool> {
        self.check_write()?;
        let order = self.encode(key)?.order;
        let present = if self.definition.unique {
            self.has(&physical_key(&order, None))?
        } else {
            self.equal(order)?.next().transpose()?.is_some()
        };
        if !present {
            self.insert(key, value)?;
        }
        Ok(!present)
    }

    /// Inserts the item or replaces its value; whether it was inserted. In a store with duplicates
    /// the first item with the key is replaced.
    pub fn upsert(&self, key: &Key, value: &Document) -> Result<bool> {
        self.check_write()?;
        let encoded = self.encode(key)?;
        if self.definition.unique {
            let physical = physical_key(&encoded.order, None);
            let inserted = !self.has(&physical)?;
            self.put(physical, &encoded, value, Intent::Upsert)?;
            return Ok(inserted);
        }
        let first = self.equal(encoded.order.clone())?.next().transpose()?;
        let Some(item) = first else {
            self.insert(key, value)?;
            return Ok(true);
        };
        self.put(item.position, &encoded, value, Intent::Upsert)?;
        Ok(false)
    }

    /// Replaces the value, and the ride-on fields, of the item with this key; `false` when there is
    /// none. In a store with duplicates the first is replaced.
    pub fn update(&self, key: &Key, value: &Document) -> Result<bool> {
        self.check_write()?;
        let encoded = self.encode(key)?;
        let Some(physical) = self.find_physical(&encoded.order)? else {
            return Ok(false);
        };
        self.put(physical, &encoded, value, Intent::Update)?;
        Ok(true)
    }

    /// As [`Store::update`] for the item with this id.
    pub fn update_id(&self, key: &Key, id: u64, value: &Document) -> Result<bool> {
        self.check_write()?;
        let encoded = self.encode(key)?;
        let physical = physical_key(&encoded.order, (!self.definition.unique).then_some(id));
        if !self.has(&physical)? {
            return Ok(false);
        }
        self.put(physical, &encoded, value, Intent::Update)?;
        Ok(true)
    }

    /// Removes the item with this key, the first in a store with duplicates; whether there was one.
    pub fn remove(&self, key: &Key) -> Result<bool> {
        self.check_write()?;
        let order = self.encode(key)?.order;
        match self.find_physical(&order)? {
            Some(physical) => self.remove_physical(physical),
            None => Ok(false),
        }
    }

    /// As [`Store::remove`] for the item with this id.
    pub fn remove_id(&self, key: &Key, id: u64) -> Result<bool> {
        self.check_write()?;
        let order = self.encode(key)?.order;
        self.remove_physical(physical_key(
            &order,
            (!self.definition.unique).then_some(id),
        ))
    }

    fn check_write(&self) -> Result<()> {
        self.tx.check_write()?;
        self.check_usable()
    }

    fn new_item_id(&self) -> u64 {
        self.tx.core.next_item_id.fetch_add(1, Ordering::Relaxed)
    }

    /// The physical key of the first item with this encoded key.
    fn find_physical(&self, order: &[u8]) -> Result<Option<Vec<u8>>> {
        if self.definition.unique {
            let physical = physical_key(order, None);
            return Ok(self.has(&physical)?.then_some(physical));
        }
        let first = self.equal(order.to_vec())?.next().transpose()?;
        Ok(first.map(|item| item.position))
    }

    fn put(
        &self,
        physical: Vec<u8>,
        encoded: &EncodedKey,
        value: &Document,
        intent: Intent,
    ) -> Result<()> {
        self.check_newest_schema(&physical, value)?;
        let payload = payload(
            has_ride_on(&self.definition.key).then_some(encoded.ride_on.as_slice()),
            value,
        );
        let replaces = self.base_has(&physical)?;
        let mut writes = self.tx.writes.borrow_mut();
        writes.set(
            self.id,
            physical,
            Change::Put {
                intent,
                payload,
                replaces,
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

    fn remove_physical(&self, physical: Vec<u8>) -> Result<bool> {
        if !self.has(&physical)? {
            return Ok(false);
        }
        let in_base = self.base_has(&physical)?;
        let mut writes = self.tx.writes.borrow_mut();
        if in_base {
            writes.set(self.id, physical, Change::Remove);
        } else {
            writes.unset(self.id, &physical);
        }
        Ok(true)
    }
}
