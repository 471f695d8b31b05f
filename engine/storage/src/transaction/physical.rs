//! Where an item stands in its tree: the physical key, and the payload that lies there.
//!
//! A unique store's physical key is the encoded key itself. A store with duplicates appends an item
//! id of 8 big-endian bytes that breaks the tie. No encoded key is the beginning of another of the
//! same store, so this keeps the order of the keys.
//!
//! The payload is the document. Where keys can have bytes beside their order (ride-on fields, offsets
//! of timestamps) these come first, with their length as u32.

use std::borrow::Cow;
use std::ops::Bound;

use crate::document::Document;
use crate::error::{Error, Result};
use crate::key::{KeyField, KeyRange, KeySpec, KeyType};

/// Bytes of an item id in a physical key.
pub(crate) const ID_BYTES: usize = 8;

/// Bounds over physical keys.
pub(crate) type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The physical key of an item.
pub(crate) fn physical_key(order: &[u8], id: Option<u64>) -> Vec<u8> {
    match id {
        None => order.to_vec(),
        Some(id) => with_suffix(order, &id.to_be_bytes()),
    }
}

fn with_suffix(order: &[u8], suffix: &[u8]) -> Vec<u8> {
    [order, suffix].concat()
}

/// The encoded key and the item id in a physical key.
pub(crate) fn split(physical: &[u8], unique: bool) -> Result<(&[u8], Option<u64>)> {
    if unique {
        return Ok((physical, None));
    }
    physical
        .split_last_chunk::<ID_BYTES>()
        .map(|(order, id)| (order, Some(u64::from_be_bytes(*id))))
        .ok_or_else(|| Error::corrupt("physical key", "a key with duplicates has no item id"))
}

/// Whether items of such a key carry ride-on bytes.
pub(crate) fn has_ride_on(key: &KeySpec) -> bool {
    let timestamps = |field: &KeyField| field.kind == KeyType::Timestamp;
    !key.ride_on().is_empty() || key.fields().iter().any(timestamps)
}

/// Bounds over physical keys for a range of encoded keys.
pub(crate) fn bounds(range: &KeyRange, unique: bool) -> Bounds {
    if unique {
        return (range.lo.clone(), range.hi.clone());
    }
    let before = Vec::clone;
    let after = |key: &Vec<u8>| with_suffix(key, &[0xFF; ID_BYTES]);
    let lo = match &range.lo {
        Bound::Unbounded => Bound::Unbounded,
        Bound::Included(key) => Bound::Included(before(key)),
        Bound::Excluded(key) => Bound::Excluded(after(key)),
    };
    let hi = match &range.hi {
        Bound::Unbounded => Bound::Unbounded,
        Bound::Included(key) => Bound::Included(after(key)),
        Bound::Excluded(key) => Bound::Excluded(before(key)),
    };
    (lo, hi)
}

/// Lays out the payload of an item.
pub(crate) fn payload<'a>(ride_on: Option<&[u8]>, value: &'a Document) -> Cow<'a, [u8]> {
    let document = value.encoded();
    match ride_on {
        None => Cow::Borrowed(document),
        Some(ride_on) => {
            let mut out = Vec::with_capacity(4 + ride_on.len() + document.len());
            out.extend_from_slice(&(ride_on.len() as u32).to_le_bytes());
            out.extend_from_slice(ride_on);
            out.extend_from_slice(document);
            Cow::Owned(out)
        }
    }
}

/// Takes a payload apart into ride-on bytes and document bytes.
pub(crate) fn split_payload(payload: &[u8], has_ride_on: bool) -> Result<(&[u8], &[u8])> {
    if !has_ride_on {
        return Ok((&[], payload));
    }
    let damaged = || Error::corrupt("item payload", "the ride-on fields are cut short");
    let (length, rest) = payload.split_first_chunk::<4>().ok_or_else(damaged)?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
        .ok_or_else(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn physical_keys_keep_the_order_of_keys_then_ids(
            a in any::<[u8; 3]>(), b in any::<[u8; 3]>(), i in any::<u64>(), j in any::<u64>(),
        ) {
            let (x, y) = (physical_key(&a, Some(i)), physical_key(&b, Some(j)));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b).then(i.cmp(&j)));
            prop_assert_eq!(split(&x, false).unwrap(), (a.as_slice(), Some(i)));
        }

        #[test]
        fn bounds_hold_the_same_keys(
            key in [0u8..3, 0..3], lo in [0u8..3, 0..3], hi in [0u8..3, 0..3], shape in 0u8..9, id in any::<u64>(),
        ) {
            use std::ops::RangeBounds;
            let side = |n: u8, k: [u8; 2]| match n {
                0 => Bound::Unbounded,
                1 => Bound::Included(k.to_vec()),
                _ => Bound::Excluded(k.to_vec()),
            };
            let range = KeyRange { lo: side(shape % 3, lo), hi: side(shape / 3, hi) };
            let wanted = range.contains(&key);
            prop_assert_eq!(bounds(&range, false).contains(&physical_key(&key, Some(id))), wanted);
        }

        #[test]
        fn damaged_payloads_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = split(&bytes, false);
            let _ = split_payload(&bytes, true);
        }
    }
}
