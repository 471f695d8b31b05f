//! Where a key stands in a store whose order is that of a comparer.
//!
//! The tree keeps its items in `memcmp` order; a key's order bytes begin with a label
//! ([`label`](crate::key::label)) that was made between those of its neighbours when the key was first
//! written. So the store's order *is* the comparer's, and everything that works with order bytes
//! (ranges, counts, cursors, the log, validation, replay) needs no comparer. Only a key that comes from
//! outside has to be looked for with it: by bisection over the items of the snapshot and those that the
//! transaction has written itself. A key that is not there gets a label between its neighbours, which
//! is where it would be inserted: a search for it then misses, a range from it begins at the next item.
//!
//! Always, for every pair of items of a committed state: the comparer and the labels agree. It is kept
//! by what a search notes as read: the items on both sides of the gap, and the gap. A
//! transaction that inserts into the gap, or removes one of the two, conflicts with this one; one that
//! only changes their values does not. Without the note, two inserts into one gap would both be
//! right and the order between them wrong.
//!
//! Own removals of items of the snapshot stay in the search: their labels still divide the others
//! rightly, and a key that comes back takes its old place.

use std::cmp::Ordering;
use std::ops::Bound;

use super::item::key_error;
use super::overlay::Around;
use super::physical::split;
use super::store::DocumentStore;
use crate::error::{Error, Result};
use crate::key::label::{self, Label};
use crate::key::{EncodedKey, Key, KeyError, KeySpec};

/// Where a key is, or between which items it is not; physical keys.
enum Spot {
    At(Vec<u8>),
    Gap {
        lower: Option<Vec<u8>>,
        upper: Option<Vec<u8>>,
    },
}

/// The key that is looked for.
struct Search<'a> {
    spec: &'a KeySpec,
    unique: bool,
    key: &'a Key,
    fields: &'a [u8],
}

/// The order bytes of a key: where it is, or where it would be. Notes what the answer depends on.
pub(super) fn encode(store: &DocumentStore<'_>, key: &Key) -> Result<EncodedKey> {
    let spec = &store.definition.key;
    let invalid = |error| key_error(&store.definition, error);
    let identity = spec.identity(key).map_err(invalid)?;
    let search = Search {
        spec,
        unique: store.definition.unique,
        key,
        fields: &identity.order,
    };
    let at = |physical: &[u8]| {
        let (order, _) = split(physical, store.definition.unique)?;
        Ok::<_, Error>(EncodedKey {
            order: order.to_vec(),
            ride_on: identity.ride_on.clone(),
        })
    };
    let (lower, upper) = match search.in_tree(store).map_err(|e| e.into_error(store))? {
        Spot::At(physical) => {
            let place = Bound::Included(physical.clone());
            store.read_place(place.clone(), place);
            return at(&physical);
        }
        Spot::Gap { lower, upper } => (lower, upper),
    };
    let included = |side: &Option<Vec<u8>>| side.clone().map_or(Bound::Unbounded, Bound::Included);
    store.read_place(included(&lower), included(&upper));
    let (lower, upper) = match search.in_own(store).map_err(|e| e.into_error(store))? {
        Spot::At(physical) => return at(&physical),
        Spot::Gap {
            lower: own_lower,
            upper: own_upper,
        } => (
            lower.max(own_lower),
            // The lower of two upper sides, where none is the highest.
            match (upper, own_upper) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        ),
    };
    search
        .label(store.tx.tracks(), lower.as_deref(), upper.as_deref())
        .and_then(|label| Ok(spec.encode_at(&label, key)?))
        .map_err(|e| e.into_error(store))
}

impl Search<'_> {
    /// How an item compares with the key.
    fn probe(&self, physical: &[u8]) -> Result<Ordering, Fault> {
        let (values, fields) = self.item(physical)?;
        Ok(self
            .spec
            .compare((&values.values, fields), (&self.key.values, self.fields))?)
    }

    /// How the key compares with an item.
    fn probe_back(&self, physical: &[u8]) -> Result<Ordering, Fault> {
        let (values, fields) = self.item(physical)?;
        Ok(self
            .spec
            .compare((&self.key.values, self.fields), (&values.values, fields))?)
    }

    fn item<'p>(&self, physical: &'p [u8]) -> Result<(Key, &'p [u8]), Fault> {
        let (order, _) = split(physical, self.unique)?;
        let damaged = |error: KeyError| Fault::Engine(Error::corrupt("key", error.to_string()));
        let key = self.spec.decode(order, &[]).map_err(damaged)?;
        Ok((key, self.spec.fields_bytes(order).map_err(damaged)?))
    }

    fn in_tree(&self, store: &DocumentStore<'_>) -> Result<Spot, Fault> {
        let found = bisect(store.tree.len(), |index| {
            store.tx.count_read(u64::from(store.tree.height()), 0);
            let item = store.tree.nth(index).map_err(Error::from)?;
            let (physical, _) = item.ok_or_else(|| {
                Error::corrupt(
                    format!("store {:?}", store.definition.name),
                    "the counts in the nodes do not agree with the items",
                )
            })?;
            let ordering = self.probe(&physical)?;
            Ok((physical, ordering))
        })?;
        Ok(found)
    }

    fn in_own(&self, store: &DocumentStore<'_>) -> Result<Spot, Fault> {
        let writes = store.tx.writes.borrow();
        let Some(own) = writes.stores.get(&store.id) else {
            return Ok(Spot::Gap {
                lower: None,
                upper: None,
            });
        };
        Ok(match own.search(|physical| self.probe(physical))? {
            Around::At(physical) => Spot::At(physical.to_vec()),
            Around::Between(lower, upper) => Spot::Gap {
                lower: lower.map(<[u8]>::to_vec),
                upper: upper.map(<[u8]>::to_vec),
            },
        })
    }

    /// A label between two items. Where one may be written with it, the comparer is asked the other way
    /// round, too: an expression that is not an order is refused before it does harm.
    fn label(
        &self,
        may_write: bool,
        lower: Option<&[u8]>,
        upper: Option<&[u8]>,
    ) -> Result<Label, Fault> {
        if may_write {
            if !self.spec.is_reflexive(&self.key.values)? {
                let detail = format!("it tells {} from itself", self.text(self.key));
                return Err(KeyError::NotAnOrder { detail }.into());
            }
            for (side, expected) in [(lower, Ordering::Greater), (upper, Ordering::Less)] {
                if let Some(side) = side
                    && self.probe_back(side)? != expected
                {
                    return Err(self.contradiction(side, expected)?.into());
                }
            }
        }
        let label = |side: Option<&[u8]>| {
            let order = side.map(|side| split(side, self.unique)).transpose()?;
            let label = order.map(|(order, _)| Label::of(order));
            Ok::<_, Fault>(label.transpose()?)
        };
        let (lower, upper) = (label(lower)?, label(upper)?);
        label::between(lower.as_ref(), upper.as_ref()).ok_or_else(|| {
            let detail = format!("there is no place for {}", self.text(self.key));
            KeyError::NotAnOrder { detail }.into()
        })
    }

    fn contradiction(&self, side: &[u8], expected: Ordering) -> Result<KeyError, Fault> {
        let (other, _) = self.item(side)?;
        let (first, second) = match expected {
            Ordering::Greater => (self.text(&other), self.text(self.key)),
            _ => (self.text(self.key), self.text(&other)),
        };
        Ok(KeyError::NotAnOrder {
            detail: format!(
                "it says both that {first} comes before {second} and that it comes after it"
            ),
        })
    }

    fn text(&self, key: &Key) -> String {
        self.spec.key_to_json(key).to_string()
    }
}

/// The place among `len` items in order, of which `at` gives the physical key and how it compares.
fn bisect(
    len: u64,
    mut at: impl FnMut(u64) -> Result<(Vec<u8>, Ordering), Fault>,
) -> Result<Spot, Fault> {
    let (mut from, mut to) = (0, len);
    let (mut lower, mut upper) = (None, None);
    while from < to {
        let middle = from + (to - from) / 2;
        match at(middle)? {
            (physical, Ordering::Equal) => return Ok(Spot::At(physical)),
            (physical, Ordering::Less) => {
                lower = Some(physical);
                from = middle + 1;
            }
            (physical, Ordering::Greater) => {
                upper = Some(physical);
                to = middle;
            }
        }
    }
    Ok(Spot::Gap { lower, upper })
}

/// Why a search has no answer: the key and the comparer, or the store.
enum Fault {
    Key(KeyError),
    Engine(Error),
}

impl Fault {
    fn into_error(self, store: &DocumentStore<'_>) -> Error {
        match self {
            Self::Key(error) => key_error(&store.definition, error),
            Self::Engine(error) => error,
        }
    }
}

impl From<KeyError> for Fault {
    fn from(error: KeyError) -> Self {
        Self::Key(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}
