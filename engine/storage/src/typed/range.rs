//! Walking typed items from either end.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::TypedKey;
use super::store::Store;
use crate::error::Result;
use crate::key::KeyRange;
use crate::transaction::{Direction, Item, KeyItem, Keys as RawKeys, Range as RawRange};

/// What an end of a walk gives: something that stands at a position.
trait Placed {
    fn position(&self) -> &[u8];
}

impl Placed for Item {
    fn position(&self) -> &[u8] {
        &self.position
    }
}

impl Placed for KeyItem {
    fn position(&self) -> &[u8] {
        &self.position
    }
}

/// Two walks towards one another, each begun when it is first asked, that end where they meet.
struct BothEnds<W> {
    range: KeyRange,
    front: Option<W>,
    back: Option<W>,
    /// Positions that were given out last.
    front_at: Option<Vec<u8>>,
    back_at: Option<Vec<u8>>,
    done: bool,
}

impl<T: Placed, W: Iterator<Item = Result<T>>> BothEnds<W> {
    fn new(range: KeyRange) -> Self {
        Self {
            range,
            front: None,
            back: None,
            front_at: None,
            back_at: None,
            done: false,
        }
    }

    fn next(
        &mut self,
        direction: Direction,
        open: impl FnOnce(&KeyRange, Direction) -> Result<W>,
    ) -> Option<Result<T>> {
        if self.done {
            return None;
        }
        let walk = match direction {
            Direction::Forward => &mut self.front,
            Direction::Backward => &mut self.back,
        };
        let walk = match walk {
            Some(walk) => walk,
            None => match open(&self.range, direction) {
                Ok(opened) => walk.insert(opened),
                Err(error) => {
                    self.done = true;
                    return Some(Err(error));
                }
            },
        };
        let next = walk.next();
        match &next {
            Some(Ok(item)) => {
                let (own, met) = match direction {
                    Direction::Forward => {
                        let end = self.back_at.as_deref();
                        let met = end.is_some_and(|end| item.position() >= end);
                        (&mut self.front_at, met)
                    }
                    Direction::Backward => {
                        let end = self.front_at.as_deref();
                        let met = end.is_some_and(|end| item.position() <= end);
                        (&mut self.back_at, met)
                    }
                };
                *own = Some(item.position().to_vec());
                self.done = met;
            }
            Some(Err(_)) | None => self.done = true,
        }
        if self.done && matches!(next, Some(Ok(_))) {
            return None;
        }
        next
    }
}

/// Items of a range, from either end. Made by [`Store::range`], [`Store::prefix`] and
/// [`Store::iter`].
///
/// Nothing is read before it is asked for. After an error it is over.
pub struct Iter<'s, K, V> {
    store: &'s Store<'s, K, V>,
    ends: BothEnds<RawRange<'s>>,
    item: PhantomData<fn() -> (K, V)>,
}

impl<'s, K: TypedKey, V: DeserializeOwned> Iter<'s, K, V> {
    pub(super) fn new(store: &'s Store<'s, K, V>, range: KeyRange) -> Self {
        Self {
            store,
            ends: BothEnds::new(range),
            item: PhantomData,
        }
    }

    fn step(&mut self, direction: Direction) -> Option<Result<(K, V)>> {
        let store = self.store;
        let open = |range: &KeyRange, direction| store.documents().range(range, direction);
        let item = self.ends.next(direction, open)?;
        let entry = item.and_then(|item| store.entry(item));
        self.ends.done |= entry.is_err();
        Some(entry)
    }
}

impl<K: TypedKey, V: DeserializeOwned> Iterator for Iter<'_, K, V> {
    type Item = Result<(K, V)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Direction::Forward)
    }
}

impl<K: TypedKey, V: DeserializeOwned> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(Direction::Backward)
    }
}

impl<K, V> std::fmt::Debug for Iter<'_, K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Iter").field("store", &self.store).finish()
    }
}

/// Keys of a store, from either end. Values that lie apart are not read, unless keys have ride-on fields
/// or timestamps, parts of which lie with the values. Made by [`Store::keys`].
pub struct Keys<'s, K, V> {
    store: &'s Store<'s, K, V>,
    ends: BothEnds<KeyWalk<'s>>,
}

enum KeyWalk<'s> {
    Alone(RawKeys<'s>),
    WithValues(RawRange<'s>),
}

impl Iterator for KeyWalk<'_> {
    type Item = Result<KeyItem>;

    fn next(&mut self) -> Option<Result<KeyItem>> {
        match self {
            Self::Alone(keys) => keys.next(),
            Self::WithValues(items) => items.next().map(|item| {
                item.map(|item| KeyItem {
                    key: item.key,
                    version: item.version,
                    id: item.id,
                    position: item.position,
                })
            }),
        }
    }
}

impl<'s, K: TypedKey, V> Keys<'s, K, V> {
    pub(super) fn new(store: &'s Store<'s, K, V>, range: KeyRange) -> Self {
        Self {
            store,
            ends: BothEnds::new(range),
        }
    }

    fn step(&mut self, direction: Direction) -> Option<Result<K>> {
        let store = self.store;
        let open = |range: &KeyRange, direction| {
            let documents = store.documents();
            Ok(if documents.keys_lie_apart() {
                KeyWalk::WithValues(documents.range(range, direction)?)
            } else {
                KeyWalk::Alone(documents.keys(range, direction)?)
            })
        };
        let item = self.ends.next(direction, open)?;
        let key = item.and_then(|item| store.key(item.key));
        self.ends.done |= key.is_err();
        Some(key)
    }
}

impl<K: TypedKey, V> Iterator for Keys<'_, K, V> {
    type Item = Result<K>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(Direction::Forward)
    }
}

impl<K: TypedKey, V> DoubleEndedIterator for Keys<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.step(Direction::Backward)
    }
}

impl<K, V> std::fmt::Debug for Keys<'_, K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("store", &self.store).finish()
    }
}
