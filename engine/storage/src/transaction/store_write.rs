//! A store within a transaction: changing items.
//!
//! Each call either changes the transaction's overlay or fails and leaves the transaction usable.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use super::indexes::{Target, check_room};
use super::overlay::Place;
use super::physical::{has_ride_on, payload, physical_key};
use super::store::{DocumentStore, Inserted, Presence};
use super::writes::{Change, Intent};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::key::{EncodedKey, Key};

/// What is to be written, and for whom.
#[derive(Clone, Copy)]
struct Put<'a> {
    ride_on: &'a [u8],
    value: &'a Document,
    intent: Intent,
}

impl DocumentStore<'_> {
    /// Inserts an item.
    ///
    /// # Errors
    /// [`Error::KeyExists`] in a unique store that has the key; the transaction can go on.
    pub fn insert(&self, key: &Key, value: &Document) -> Result<Inserted> {
        self.check_write()?;
        self.with_encoded(key, |encoded| self.insert_encoded(encoded, value))
    }

    fn insert_encoded(&self, encoded: &EncodedKey, value: &Document) -> Result<Inserted> {
        let put = Put {
            ride_on: &encoded.ride_on,
            value,
            intent: Intent::Insert,
        };
        if !self.definition.unique {
            let id = self.new_item_id();
            self.put(&physical_key(&encoded.order, Some(id)), put, |_| true)?;
            return Ok(Inserted { id: Some(id) });
        }
        let physical = &encoded.order;
        if self.put(physical, put, |there| !there.visible)?.visible {
            self.read_point(physical);
            return Err(Error::KeyExists {
                store: self.definition.name.clone(),
                key: self.key_text(physical),
            });
        }
        Ok(Inserted { id: None })
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
        self.with_encoded(key, |encoded| {
            let put = Put {
                ride_on: &encoded.ride_on,
                value,
                intent: Intent::Upsert,
            };
            if self.definition.unique {
                let there = self.put(&encoded.order, put, |_| true)?;
                return Ok(!there.visible);
            }
            match self.first_equal(&encoded.order)? {
                Some(physical) => self.put(&physical, put, |_| true).map(|_| false),
                None => self.insert_encoded(encoded, value).map(|_| true),
            }
        })
    }

    /// Replaces the value, and the ride-on fields, of the item with this key; `false` when there is
    /// none. In a store with duplicates the first is replaced.
    pub fn update(&self, key: &Key, value: &Document) -> Result<bool> {
        self.check_write()?;
        self.with_encoded(key, |encoded| {
            if self.definition.unique {
                return self.update_physical(&encoded.order, encoded, value);
            }
            match self.first_equal(&encoded.order)? {
                Some(physical) => self.update_physical(&physical, encoded, value),
                None => Ok(false),
            }
        })
    }

    /// As [`DocumentStore::update`] for the item with this id.
    pub fn update_id(&self, key: &Key, id: u64, value: &Document) -> Result<bool> {
        self.check_write()?;
        self.with_encoded(key, |encoded| {
            let id = (!self.definition.unique).then_some(id);
            self.update_physical(&physical_key(&encoded.order, id), encoded, value)
        })
    }

    fn update_physical(
        &self,
        physical: &[u8],
        encoded: &EncodedKey,
        value: &Document,
    ) -> Result<bool> {
        let put = Put {
            ride_on: &encoded.ride_on,
            value,
            intent: Intent::Update,
        };
        let there = self.put(physical, put, |there| there.visible)?;
        if !there.visible {
            self.read_point(physical);
        }
        Ok(there.visible)
    }

    /// Removes the item with this key, the first in a store with duplicates; whether there was one.
    pub fn remove(&self, key: &Key) -> Result<bool> {
        self.check_write()?;
        self.with_encoded(key, |encoded| {
            if self.definition.unique {
                return self.remove_physical(&encoded.order);
            }
            match self.first_equal(&encoded.order)? {
                Some(physical) => self.remove_physical(&physical),
                None => Ok(false),
            }
        })
    }

    /// As [`DocumentStore::remove`] for the item with this id.
    pub fn remove_id(&self, key: &Key, id: u64) -> Result<bool> {
        self.check_write()?;
        self.with_encoded(key, |encoded| {
            let id = (!self.definition.unique).then_some(id);
            self.remove_physical(&physical_key(&encoded.order, id))
        })
    }

    fn check_write(&self) -> Result<()> {
        self.tx.check_can_write()?;
        self.check_is_no_index()?;
        self.check_usable()
    }

    fn new_item_id(&self) -> u64 {
        self.tx.core.next_item_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Encodes a key into memory that the transaction uses again and again.
    fn with_encoded<T>(&self, key: &Key, work: impl FnOnce(&EncodedKey) -> Result<T>) -> Result<T> {
        let mut encoded = self.tx.key_buffer.take();
        let result = self
            .encode_into(key, &mut encoded)
            .and_then(|()| work(&encoded));
        self.tx.key_buffer.set(encoded);
        result
    }

    /// The physical key of the first item with this encoded key, in a store with duplicates.
    fn first_equal(&self, order: &[u8]) -> Result<Option<Vec<u8>>> {
        let first = self.equal(order.to_vec())?.next().transpose()?;
        Ok(first.map(|item| item.position.into()))
    }

    /// Writes an item when `wanted` says so of what is there; what was there. Who writes need not note a
    /// read as well: a write is validated against the same commits. Who does not calls
    /// [`DocumentStore::read_point`].
    fn put(
        &self,
        physical: &[u8],
        put: Put<'_>,
        wanted: impl FnOnce(Presence) -> bool,
    ) -> Result<Presence> {
        if let Some(targets) = self.tx.indexes_of(self.id, &self.definition.name)? {
            return self.put_indexed(&targets, physical, put, wanted);
        }
        let mut writes = self.tx.writes.borrow_mut();
        let own = writes.of_store(self.id);
        let place = own.find(physical);
        let there = match own.at(place) {
            Some(change) => Presence::after(change),
            // Nobody else has the id of a new item.
            None if put.intent == Intent::Insert && !self.definition.unique => Presence::NEW,
            None => self.presence_in_tree(physical)?,
        };
        if !wanted(there) {
            return Ok(there);
        }
        self.check_newest_schema(physical, put.value)?;
        let ride_on = has_ride_on(&self.definition.key).then_some(put.ride_on);
        let payload = payload(ride_on, put.value);
        let change = Change::Put {
            intent: put.intent,
            payload: &payload,
            replaces: there.in_snapshot,
        };
        writes.set_at(self.id, place, physical, change)?;
        Ok(there)
    }

    /// As [`DocumentStore::put`], in a store with indexes.
    fn put_indexed(
        &self,
        targets: &[Target],
        physical: &[u8],
        put: Put<'_>,
        wanted: impl FnOnce(Presence) -> bool,
    ) -> Result<Presence> {
        let (place, there) = self.look_for(physical)?;
        if !wanted(there) {
            return Ok(there);
        }
        self.check_newest_schema(physical, put.value)?;
        let document = Some(put.value.encoded());
        let entries = self.entry_changes(targets, physical, there.visible, document)?;
        let ride_on = has_ride_on(&self.definition.key).then_some(put.ride_on);
        let payload = payload(ride_on, put.value);
        let mut writes = self.tx.writes.borrow_mut();
        check_room(&writes, physical, payload.len(), &entries)?;
        let change = Change::Put {
            intent: put.intent,
            payload: &payload,
            replaces: there.in_snapshot,
        };
        writes.set_at(self.id, place, physical, change)?;
        self.change_entries(&mut writes, &entries)?;
        Ok(there)
    }

    /// Where an item is in the transaction's changes, and whether it is there.
    fn look_for(&self, physical: &[u8]) -> Result<(Place, Presence)> {
        let mut writes = self.tx.writes.borrow_mut();
        let own = writes.of_store(self.id);
        let place = own.find(physical);
        let there = match own.at(place) {
            Some(change) => Presence::after(change),
            None => self.presence_in_tree(physical)?,
        };
        Ok((place, there))
    }

    /// Checks the value against the schema as this transaction has made it since.
    fn check_newest_schema(&self, physical: &[u8], value: &Document) -> Result<()> {
        let name = &self.definition.name;
        let Some(definition) = self.tx.changed_definition(self.id, name)? else {
            return self.check_value(physical, value);
        };
        let newest = (self.id, Cow::Owned(definition), self.tree.clone());
        DocumentStore::new(self.tx, newest).check_value(physical, value)
    }

    fn remove_physical(&self, physical: &[u8]) -> Result<bool> {
        let (place, there) = self.look_for(physical)?;
        let entries = match self.tx.indexes_of(self.id, &self.definition.name)? {
            Some(targets) if there.visible => self.entry_changes(&targets, physical, true, None)?,
            _ => Vec::new(),
        };
        let mut writes = self.tx.writes.borrow_mut();
        if !entries.is_empty() {
            check_room(&writes, physical, 0, &entries)?;
            self.change_entries(&mut writes, &entries)?;
        }
        let own = writes.of_store(self.id);
        if there.visible && there.in_snapshot {
            writes.set_at(self.id, place, physical, Change::Remove)?;
            return Ok(true);
        }
        // Nothing is written: what was seen is a miss in the snapshot.
        if there.visible {
            own.remove(physical);
        }
        self.read_point(physical);
        Ok(there.visible)
    }
}
