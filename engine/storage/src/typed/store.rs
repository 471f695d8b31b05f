//! A store as a map of one's own types.

use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::range::{Iter, Keys};
use super::{AsKey, AsPrefix, TypedKey};
use crate::document::{Document, DocumentRef, ValueError};
use crate::error::{Error, Result};
use crate::key::{Key, KeyRange, KeySpec};
use crate::transaction::{DocumentStore, Item};

/// A store of keys `K` and values `V`, as its transaction sees it.
///
/// It reads like a `BTreeMap`; what differs is what transactions need: [`insert`](Self::insert) refuses a
/// key that is there ([`upsert`](Self::upsert) replaces), and everything can fail. In a store with
/// duplicates the calls for one key mean its first item; `range(key..=key)` gives all.
pub struct Store<'tx, K, V> {
    store: DocumentStore<'tx>,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K, V> std::fmt::Debug for Store<'_, K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("store", &self.store).finish()
    }
}

/// Whether keys of `asked` are keys of `found`: the same types in the same places. Names and directions
/// are the store's own.
fn same_types(found: &KeySpec, asked: &KeySpec) -> bool {
    let ordered = |spec: &KeySpec| -> Vec<_> { spec.fields().iter().map(|f| f.kind).collect() };
    let ride_on = |spec: &KeySpec| -> Vec<_> { spec.ride_on().iter().map(|f| f.kind).collect() };
    found.is_composite() == asked.is_composite()
        && ordered(found) == ordered(asked)
        && ride_on(found) == ride_on(asked)
}

/// A specification for messages: `i64` or `(string, timestamp)`.
fn shown(spec: &KeySpec) -> String {
    let list = |kinds: Vec<&str>| kinds.join(", ");
    let fields = list(spec.fields().iter().map(|f| f.kind.name()).collect());
    let ride_on = list(spec.ride_on().iter().map(|f| f.kind.name()).collect());
    match (spec.is_composite(), ride_on.is_empty()) {
        (false, _) => fields,
        (true, true) => format!("({fields})"),
        (true, false) => format!("({fields}; ride-on {ride_on})"),
    }
}

impl<'tx, K: TypedKey, V> Store<'tx, K, V> {
    pub(crate) fn new(store: DocumentStore<'tx>) -> Result<Self> {
        let (found, asked) = (&store.definition().key, K::spec());
        if !same_types(found, &asked) {
            return Err(Error::WrongKeyType {
                store: store.definition().name.clone(),
                found: shown(found),
                asked: shown(&asked),
            });
        }
        Ok(Self {
            store,
            types: PhantomData,
        })
    }

    /// The same store, untyped.
    pub fn documents(&self) -> &DocumentStore<'tx> {
        &self.store
    }

    /// Exact number of items.
    pub fn len(&self) -> Result<u64> {
        self.store.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> Result<bool> {
        self.store.is_empty()
    }

    /// Whether the key is there. Its value is not read.
    pub fn contains_key<Q: AsKey<K> + ?Sized>(&self, key: &Q) -> Result<bool> {
        self.store.contains(&key.as_key())
    }

    /// Exact number of items in a range, by one path of the tree however many there are.
    pub fn count<Q: AsKey<K>, R: RangeBounds<Q>>(&self, range: R) -> Result<u64> {
        self.store.count(&self.key_range(&range)?)
    }

    /// Exact number of items that begin so.
    pub fn count_prefix<P: AsPrefix<K> + ?Sized>(&self, prefix: &P) -> Result<u64> {
        self.store.count(&self.prefix_range(prefix)?)
    }

    /// Number of items before the key, which need not be there.
    pub fn rank<Q: AsKey<K> + ?Sized>(&self, key: &Q) -> Result<u64> {
        self.store.rank(&key.as_key())
    }

    /// All keys in the order of the store.
    pub fn keys(&self) -> Keys<'_, K, V> {
        Keys::new(self, KeyRange::all())
    }

    /// Removes the item; whether there was one.
    pub fn remove<Q: AsKey<K> + ?Sized>(&self, key: &Q) -> Result<bool> {
        self.store.remove(&key.as_key())
    }

    fn key_range<Q: AsKey<K>>(&self, range: &impl RangeBounds<Q>) -> Result<KeyRange> {
        let key = |bound: Bound<&Q>| bound.map(AsKey::as_key);
        let (lo, hi) = (key(range.start_bound()), key(range.end_bound()));
        self.store.key_range(lo.as_ref(), hi.as_ref())
    }

    fn prefix_range<P: AsPrefix<K> + ?Sized>(&self, prefix: &P) -> Result<KeyRange> {
        let range = prefix.range(&self.store.definition().key);
        range.map_err(|error| self.key_error(error))
    }

    pub(super) fn key(&self, key: Key) -> Result<K> {
        K::from_key(key).map_err(|error| self.key_error(error))
    }

    fn key_error(&self, source: crate::key::KeyError) -> Error {
        Error::InvalidKey {
            store: self.store.definition().name.clone(),
            source,
        }
    }

    fn value_error(&self, key: &Key, error: &ValueError) -> Error {
        let definition = self.store.definition();
        Error::InvalidValue {
            store: definition.name.clone(),
            key: definition.key.key_to_json(key).to_string(),
            field: error.path(),
            detail: error.detail(),
        }
    }
}

/// Reading values.
impl<K: TypedKey, V: DeserializeOwned> Store<'_, K, V> {
    /// The value of a key.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] when the document does not have the form of `V`.
    pub fn get<Q: AsKey<K> + ?Sized>(&self, key: &Q) -> Result<Option<V>> {
        let key = key.as_key();
        let read = |document: DocumentRef<'_>| document.read();
        let value = self.store.read_with(&key, read)?.transpose();
        value.map_err(|error| self.value_error(&key, &error))
    }

    /// The first item in the order of the store.
    pub fn first(&self) -> Result<Option<(K, V)>> {
        let item = self.store.first()?;
        item.map(|item| self.entry(item)).transpose()
    }

    /// The last item in the order of the store.
    pub fn last(&self) -> Result<Option<(K, V)>> {
        let item = self.store.last()?;
        item.map(|item| self.entry(item)).transpose()
    }

    /// The item with `rank` items before it.
    pub fn nth(&self, rank: u64) -> Result<Option<(K, V)>> {
        let item = self.store.nth(rank)?;
        item.map(|item| self.entry(item)).transpose()
    }

    /// All items in the order of the store, from either end.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter::new(self, KeyRange::all())
    }

    /// Items of a range in the order of the store, from either end: `range(10..20)`, `range("a"..)`. A
    /// range that ends before it begins has no items.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] for bounds that are too long to be keys.
    pub fn range<Q: AsKey<K>, R: RangeBounds<Q>>(&self, range: R) -> Result<Iter<'_, K, V>> {
        Ok(Iter::new(self, self.key_range(&range)?))
    }

    /// Items whose keys begin so, from either end: `prefix("ab")` of texts, `prefix(&("eu",))` of
    /// composite keys.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] for text that no such key begins with.
    pub fn prefix<P: AsPrefix<K> + ?Sized>(&self, prefix: &P) -> Result<Iter<'_, K, V>> {
        Ok(Iter::new(self, self.prefix_range(prefix)?))
    }

    /// Removes the item and gives its value.
    pub fn take<Q: AsKey<K> + ?Sized>(&self, key: &Q) -> Result<Option<V>> {
        let key = key.as_key();
        let item = self.store.get(&key)?;
        Ok(self.take_item(item)?.map(|(_, value)| value))
    }

    /// Removes and gives the first item.
    pub fn pop_first(&self) -> Result<Option<(K, V)>> {
        self.take_item(self.store.first()?)
    }

    /// Removes and gives the last item.
    pub fn pop_last(&self) -> Result<Option<(K, V)>> {
        self.take_item(self.store.last()?)
    }

    /// Nothing is removed when the value cannot be read.
    fn take_item(&self, item: Option<Item>) -> Result<Option<(K, V)>> {
        let Some(item) = item else {
            return Ok(None);
        };
        let (key, id) = (item.key.clone(), item.id);
        let entry = self.entry(item)?;
        match id {
            Some(id) => self.store.remove_id(&key, id)?,
            None => self.store.remove(&key)?,
        };
        Ok(Some(entry))
    }

    pub(super) fn entry(&self, item: Item) -> Result<(K, V)> {
        let value = item.value.root().read();
        let value = value.map_err(|error| self.value_error(&item.key, &error))?;
        Ok((self.key(item.key)?, value))
    }
}

impl<'s, K: TypedKey, V: DeserializeOwned> IntoIterator for &'s Store<'_, K, V> {
    type Item = Result<(K, V)>;
    type IntoIter = Iter<'s, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Writing values. Each fails with [`Error::InvalidValue`] for a value that has no exact JSON form, and then
/// writes nothing.
impl<K: TypedKey, V: Serialize> Store<'_, K, V> {
    /// Inserts an item.
    ///
    /// # Errors
    /// [`Error::KeyExists`] in a unique store that has the key; the transaction can go on.
    pub fn insert<Q: AsKey<K> + ?Sized>(&self, key: &Q, value: &V) -> Result<()> {
        let (key, document) = self.item(key, value)?;
        self.store.insert(&key, &document).map(|_| ())
    }

    /// Inserts an item unless its key is there; whether it did.
    pub fn insert_if_absent<Q: AsKey<K> + ?Sized>(&self, key: &Q, value: &V) -> Result<bool> {
        let (key, document) = self.item(key, value)?;
        self.store.insert_if_absent(&key, &document)
    }

    /// Inserts the item or replaces its value; whether it was inserted.
    pub fn upsert<Q: AsKey<K> + ?Sized>(&self, key: &Q, value: &V) -> Result<bool> {
        let (key, document) = self.item(key, value)?;
        self.store.upsert(&key, &document)
    }

    /// Replaces the value of an item that is there; whether it is.
    pub fn update<Q: AsKey<K> + ?Sized>(&self, key: &Q, value: &V) -> Result<bool> {
        let (key, document) = self.item(key, value)?;
        self.store.update(&key, &document)
    }

    fn item<Q: AsKey<K> + ?Sized>(&self, key: &Q, value: &V) -> Result<(Key, Document)> {
        let key = key.as_key();
        let document = Document::of(value).map_err(|error| self.value_error(&key, &error))?;
        Ok((key, document))
    }
}
