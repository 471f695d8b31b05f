//! Ranges of order bytes.

use std::ops::Bound;

use super::encode::{PRESENT, invert_from};
use super::{Key, KeyError, KeySpec, KeyValue, Order, partial};

/// The beginning of a key: whole leading fields, and the start of the text of the field after them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct KeyPrefix {
    /// Values of the first fields.
    pub leading: Vec<KeyValue>,
    /// The start of the JSON text of the next field: of a string; of bytes in base64; of a UUID; of a
    /// date or time, like `2021-` or `2021-03`, where a timestamp is taken in UTC. Missing values
    /// have no text and never match.
    pub partial: Option<String>,
}

/// A range of order bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyRange {
    /// Where it begins.
    pub lo: Bound<Vec<u8>>,
    /// Where it ends.
    pub hi: Bound<Vec<u8>>,
}

impl KeyRange {
    /// All keys.
    pub fn all() -> Self {
        Self {
            lo: Bound::Unbounded,
            hi: Bound::Unbounded,
        }
    }

    /// No key.
    pub fn empty() -> Self {
        Self {
            lo: Bound::Included(Vec::new()),
            hi: Bound::Excluded(Vec::new()),
        }
    }

    /// Everything that begins with these bytes.
    pub fn starting_with(bytes: Vec<u8>) -> Self {
        Self {
            hi: after_prefix(&bytes).map_or(Bound::Unbounded, Bound::Excluded),
            lo: Bound::Included(bytes),
        }
    }

    /// Whether the order bytes lie in the range.
    pub fn contains(&self, order: &[u8]) -> bool {
        let above = match &self.lo {
            Bound::Included(lo) => order >= lo.as_slice(),
            Bound::Excluded(lo) => order > lo.as_slice(),
            Bound::Unbounded => true,
        };
        above
            && match &self.hi {
                Bound::Included(hi) => order <= hi.as_slice(),
                Bound::Excluded(hi) => order < hi.as_slice(),
                Bound::Unbounded => true,
            }
    }

    /// Whether no bytes at all can lie in the range.
    pub fn is_empty(&self) -> bool {
        match (&self.lo, &self.hi) {
            (_, Bound::Excluded(hi)) if hi.is_empty() => true,
            (Bound::Included(lo), Bound::Included(hi)) => lo > hi,
            (Bound::Included(lo) | Bound::Excluded(lo), Bound::Excluded(hi))
            | (Bound::Excluded(lo), Bound::Included(hi)) => lo >= hi,
            _ => false,
        }
    }

    /// What lies in both ranges.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        Self {
            lo: tighter(&self.lo, &other.lo, |ours, theirs| ours > theirs),
            hi: tighter(&self.hi, &other.hi, |ours, theirs| ours < theirs),
        }
    }
}

/// The bound that leaves less; `inside` says whether our bytes are further in than theirs.
fn tighter(
    ours: &Bound<Vec<u8>>,
    theirs: &Bound<Vec<u8>>,
    inside: fn(&[u8], &[u8]) -> bool,
) -> Bound<Vec<u8>> {
    let bytes = |bound: &Bound<Vec<u8>>| match bound {
        Bound::Included(bytes) | Bound::Excluded(bytes) => Some(bytes.clone()),
        Bound::Unbounded => None,
    };
    let ours_wins = match (bytes(ours), bytes(theirs)) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(a), Some(b)) if a == b => matches!(ours, Bound::Excluded(_)),
        (Some(a), Some(b)) => inside(&a, &b),
    };
    if ours_wins { ours } else { theirs }.clone()
}

fn mapped<T, U, E>(bound: Bound<T>, with: impl FnOnce(T) -> Result<U, E>) -> Result<Bound<U>, E> {
    Ok(match bound {
        Bound::Unbounded => Bound::Unbounded,
        Bound::Included(value) => Bound::Included(with(value)?),
        Bound::Excluded(value) => Bound::Excluded(with(value)?),
    })
}

/// The smallest bytes above everything that begins with `prefix`; `None` when nothing is above.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xFF)?;
    let mut after = prefix.get(..=last)?.to_vec();
    *after.last_mut()? += 1;
    Some(after)
}

impl KeySpec {
    /// The keys that begin with `prefix`.
    ///
    /// Errors with [`KeyError::InvalidPrefix`] when there are more values than fields or when the next
    /// field has no text, with [`KeyError::InvalidValue`] when the text cannot begin a value of its
    /// type, and as [`KeySpec::encode`] for the leading values.
    /// With a CEL order, keys with a common beginning need not stand together: only the prefix of all
    /// keys and, with a sort key, that of one whole key have a range.
    pub fn prefix(&self, prefix: &KeyPrefix) -> Result<KeyRange, KeyError> {
        if let Some(expression) = self.cel() {
            return self.cel_prefix(prefix, expression.form());
        }
        let mut bytes = self.leading_bytes(&prefix.leading)?;
        let Some(text) = &prefix.partial else {
            return Ok(if bytes.is_empty() {
                KeyRange::all()
            } else {
                KeyRange::starting_with(bytes)
            });
        };
        let Some(field) = self.fields().get(prefix.leading.len()) else {
            return Err(KeyError::InvalidPrefix {
                detail: format!("there is no field after the first {}", prefix.leading.len()),
            });
        };
        let Some(span) = partial::span(field, text)? else {
            return Ok(KeyRange::empty());
        };
        let start = bytes.len();
        if self.is_composite() {
            bytes.push(PRESENT);
        }
        let mut lo = bytes.clone();
        lo.extend_from_slice(&span.lo);
        let mut hi = bytes;
        hi.extend_from_slice(&span.hi);
        if field.order == Order::Desc {
            invert_from(&mut lo, start);
            invert_from(&mut hi, start);
            std::mem::swap(&mut lo, &mut hi);
        }
        Ok(if lo.is_empty() && hi.is_empty() {
            KeyRange::all()
        } else {
            KeyRange {
                lo: Bound::Included(lo),
                hi: after_prefix(&hi).map_or(Bound::Unbounded, Bound::Excluded),
            }
        })
    }

    /// The keys between two bounds.
    ///
    /// A bound may give fewer values than the key has fields: it then stands for all keys that begin
    /// with them, so that `Included` takes them all in and `Excluded` leaves them all out. Ride-on
    /// values are ignored. Errors as [`KeySpec::prefix`].
    ///
    /// With a CEL order the bounds are whole keys, and where keys are compared only a store knows where
    /// they lie: [`DocumentStore::key_range`](crate::DocumentStore::key_range) works with every order.
    pub fn range(&self, from: Bound<&Key>, to: Bound<&Key>) -> Result<KeyRange, KeyError> {
        if self.cel().is_some() {
            let order = |key: &Key| self.encode(key).map(|encoded| encoded.order);
            return Ok(KeyRange {
                lo: mapped(from, order)?,
                hi: mapped(to, order)?,
            });
        }
        let lo = match from {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Included(key) => Bound::Included(self.leading_bytes(&key.values)?),
            Bound::Excluded(key) => match after_prefix(&self.leading_bytes(&key.values)?) {
                Some(after) => Bound::Included(after),
                None => return Ok(KeyRange::empty()),
            },
        };
        let hi = match to {
            Bound::Unbounded => Bound::Unbounded,
            Bound::Excluded(key) => Bound::Excluded(self.leading_bytes(&key.values)?),
            Bound::Included(key) => after_prefix(&self.leading_bytes(&key.values)?)
                .map_or(Bound::Unbounded, Bound::Excluded),
        };
        Ok(KeyRange { lo, hi })
    }

    fn cel_prefix(&self, prefix: &KeyPrefix, form: &str) -> Result<KeyRange, KeyError> {
        let whole = prefix.leading.len() == self.fields().len() && prefix.partial.is_none();
        if prefix.leading.is_empty() && prefix.partial.as_deref().unwrap_or_default().is_empty() {
            return Ok(KeyRange::all());
        }
        if whole && !self.is_compared() {
            let order = self.encode(&Key::composite(prefix.leading.clone()))?.order;
            return Ok(KeyRange {
                lo: Bound::Included(order.clone()),
                hi: Bound::Included(order),
            });
        }
        Err(KeyError::InvalidPrefix {
            detail: format!(
                "the store is in the order of a CEL expression (\"{form}\"), where keys that begin alike need not stand together; give whole keys as \"from\" and \"to\", or filter"
            ),
        })
    }

    fn leading_bytes(&self, values: &[KeyValue]) -> Result<Vec<u8>, KeyError> {
        if values.len() > self.fields().len() {
            return Err(KeyError::InvalidPrefix {
                detail: format!(
                    "it has {} values, but the key has {} ordered fields",
                    values.len(),
                    self.fields().len()
                ),
            });
        }
        let mut bytes = Vec::new();
        self.encode_leading_into(values, &mut bytes)?;
        Ok(bytes)
    }
}
