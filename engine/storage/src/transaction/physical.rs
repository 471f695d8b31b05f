//! Where an item stands in its tree: the physical key, and the payload that lies there.
//!
//! A unique store's physical key is the encoded key itself. A store with duplicates appends an item
//! id that breaks the tie: the encoded key with `00` escaped as `00 FF`, closed by `00 00`, then the
//! id as 8 big-endian bytes. Escaping keeps the order of the encoded keys whatever bytes they hold.
//!
//! The payload is the document; in a store with ride-on fields, these come first with their length.

use std::ops::Bound;

use crate::document::Document;
use crate::error::{Error, Result};
use crate::key::KeyRange;

const ID_BYTES: usize = 8;

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
    let mut out = Vec::with_capacity(order.len() + 2 + suffix.len());
    for byte in order {
        out.push(*byte);
        if *byte == 0 {
            out.push(0xFF);
        }
    }
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(suffix);
    out
}

/// The encoded key and the item id in a physical key.
pub(crate) fn split(physical: &[u8], unique: bool) -> Result<(Vec<u8>, Option<u64>)> {
    if unique {
        return Ok((physical.to_vec(), None));
    }
    let damaged = || Error::corrupt("physical key", "a key with duplicates has no item id");
    let mut order = Vec::with_capacity(physical.len());
    let mut rest = physical;
    loop {
        match rest {
            [0, 0xFF, tail @ ..] => {
                order.push(0);
                rest = tail;
            }
            [0, 0, id @ ..] => {
                let id: [u8; ID_BYTES] = id.try_into().map_err(|_| damaged())?;
                return Ok((order, Some(u64::from_be_bytes(id))));
            }
            [byte, tail @ ..] if *byte != 0 => {
                order.push(*byte);
                rest = tail;
            }
            _ => return Err(damaged()),
        }
    }
}

/// Bounds over physical keys for a range of encoded keys.
pub(crate) fn bounds(range: &KeyRange, unique: bool) -> Bounds {
    if unique {
        return (range.lo.clone(), range.hi.clone());
    }
    let before = |key: &Vec<u8>| with_suffix(key, &[]);
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
pub(crate) fn payload(ride_on: Option<&[u8]>, value: &Document) -> Vec<u8> {
    let document = value.encoded();
    match ride_on {
        None => document.to_vec(),
        Some(ride_on) => {
            let mut out = Vec::with_capacity(4 + ride_on.len() + document.len());
            out.extend_from_slice(&(ride_on.len() as u32).to_le_bytes());
            out.extend_from_slice(ride_on);
            out.extend_from_slice(document);
            out
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
            a in proptest::collection::vec(0u8..4, 0..6), b in proptest::collection::vec(0u8..4, 0..6),
            i in any::<u64>(), j in any::<u64>(),
        ) {
            let (x, y) = (physical_key(&a, Some(i)), physical_key(&b, Some(j)));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b).then(i.cmp(&j)));
            prop_assert_eq!(split(&x, false).unwrap(), (a, Some(i)));
        }

        #[test]
        fn bounds_hold_the_same_keys(
            key in proptest::collection::vec(0u8..3, 0..4), lo in proptest::collection::vec(0u8..3, 0..4),
            hi in proptest::collection::vec(0u8..3, 0..4), shape in 0u8..9, id in any::<u64>(),
        ) {
            use std::ops::RangeBounds;
            let side = |n: u8, k: Vec<u8>| match n { 0 => Bound::Unbounded, 1 => Bound::Included(k), _ => Bound::Excluded(k) };
            let range = KeyRange { lo: side(shape % 3, lo), hi: side(shape / 3, hi) };
            let wanted = (range.lo.clone(), range.hi.clone()).contains(&key);
            prop_assert_eq!(bounds(&range, false).contains(&physical_key(&key, Some(id))), wanted);
        }

        #[test]
        fn damaged_physical_keys_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let _ = split(&bytes, false);
            let _ = split_payload(&bytes, true);
        }
    }
}
