//! One changed item as it stands in a commit record, which is also how a transaction keeps it.
//!
//! ```text
//! u8 tag: 1 insert, 2 upsert, 3 update, 4 remove; and 128 when a written item was there before
//! u16 key length;  key;  not for remove: u32 length, payload
//! ```
//!
//! [`parse`] believes nothing. The other readers take bytes that were written by [`put`] or have been
//! parsed; of other bytes they make something harmless.

use crate::transaction::writes::{Change, Intent};

/// The most bytes of an item beside its key and payload.
const OVERHEAD: usize = 7;
const REMOVE: u8 = 4;
/// Added to the tag when the snapshot of the transaction has the item that is written.
const REPLACES: u8 = 0x80;

fn intent_tag(intent: Intent) -> u8 {
    match intent {
        Intent::Insert => 1,
        Intent::Upsert => 2,
        Intent::Update => 3,
    }
}

/// What a tag stands for.
enum Kind {
    Put(Intent, bool),
    Remove,
}

fn kind(tag: u8) -> Option<Kind> {
    let replaces = tag & REPLACES != 0;
    match tag & !REPLACES {
        1 => Some(Kind::Put(Intent::Insert, replaces)),
        2 => Some(Kind::Put(Intent::Upsert, replaces)),
        3 => Some(Kind::Put(Intent::Update, replaces)),
        _ if tag == REMOVE => Some(Kind::Remove),
        _ => None,
    }
}

/// At most how many bytes an item takes.
pub(crate) fn max_len(key: &[u8], payload: usize) -> usize {
    OVERHEAD + key.len() + payload
}

/// Appends an item. The key is at most 64 KiB long, the payload at most 4 GiB.
#[inline]
pub(crate) fn put(out: &mut Vec<u8>, key: &[u8], change: Change<'_>) {
    let (tag, payload) = match change {
        Change::Put {
            intent,
            payload,
            replaces,
        } => (
            intent_tag(intent) | if replaces { REPLACES } else { 0 },
            Some(payload),
        ),
        Change::Remove => (REMOVE, None),
    };
    out.reserve(max_len(key, payload.map_or(0, <[u8]>::len)));
    let [low, high] = (key.len() as u16).to_le_bytes();
    out.extend_from_slice(&[tag, low, high]);
    out.extend_from_slice(key);
    if let Some(payload) = payload {
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        out.extend_from_slice(payload);
    }
}

/// Tag, key and what follows.
#[inline]
fn split(bytes: &[u8], at: usize) -> Option<(u8, &[u8], &[u8])> {
    let ([tag, length @ ..], rest) = bytes.get(at..)?.split_first_chunk::<3>()?;
    let (key, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((*tag, key, rest))
}

#[inline]
fn payload(rest: &[u8]) -> Option<&[u8]> {
    let (length, rest) = rest.split_first_chunk::<4>()?;
    rest.get(..u32::from_le_bytes(*length) as usize)
}

/// The key of the item at `at`.
#[inline]
pub(crate) fn key(bytes: &[u8], at: usize) -> &[u8] {
    split(bytes, at).map_or(&[], |(_, key, _)| key)
}

/// The item at `at`.
#[inline]
pub(crate) fn get(bytes: &[u8], at: usize) -> (&[u8], Change<'_>) {
    match split(bytes, at) {
        Some((tag, key, rest)) => (key, change(tag, rest)),
        None => (&[], Change::Remove),
    }
}

fn change(tag: u8, rest: &[u8]) -> Change<'_> {
    match kind(tag) {
        Some(Kind::Put(intent, replaces)) => Change::Put {
            intent,
            payload: payload(rest).unwrap_or_default(),
            replaces,
        },
        Some(Kind::Remove) | None => Change::Remove,
    }
}

/// Bytes of the item at `at`.
#[inline]
pub(crate) fn len(bytes: &[u8], at: usize) -> usize {
    match split(bytes, at) {
        Some((REMOVE, key, _)) => 3 + key.len(),
        Some((_, key, rest)) => OVERHEAD + key.len() + payload(rest).map_or(0, <[u8]>::len),
        None => 0,
    }
}

/// Reads the item that `bytes` begin with, and how long it is.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(bytes: &[u8]) -> Result<(&[u8], Change<'_>, usize), String> {
    let short = || "an item is cut short".to_owned();
    let (tag, key, rest) = split(bytes, 0).ok_or_else(short)?;
    match kind(tag) {
        None => Err(format!("item change {tag} is unknown")),
        Some(Kind::Remove) => Ok((key, Change::Remove, 3 + key.len())),
        Some(Kind::Put(..)) => {
            let payload = payload(rest).ok_or_else(short)?;
            let len = OVERHEAD + key.len() + payload.len();
            Ok((key, change(tag, rest), len))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encoded_form() {
        let mut out = Vec::new();
        let written = Change::Put {
            intent: Intent::Upsert,
            payload: b"pay",
            replaces: true,
        };
        put(&mut out, b"k", written);
        assert_eq!(out, b"\x82\x01\0k\x03\0\0\0pay");
        put(&mut out, b"gone", Change::Remove);
        assert_eq!(&out[11..], b"\x04\x04\0gone");
        assert_eq!(get(&out, 0), (b"k".as_slice(), written));
        assert_eq!(get(&out, 11), (b"gone".as_slice(), Change::Remove));
        assert_eq!((len(&out, 0), len(&out, 11)), (11, 7));
        assert_eq!(parse(&out), Ok((b"k".as_slice(), written, 11)));
        assert!(parse(b"\x84\0\0").is_err(), "a removal replaces nothing");
    }

    proptest! {
        #[test]
        fn any_bytes_are_harmless(bytes in proptest::collection::vec(any::<u8>(), 0..40), at in 0usize..50) {
            let _ = (key(&bytes, at), get(&bytes, at), len(&bytes, at));
            if let Ok((_, _, n)) = parse(&bytes) {
                prop_assert_eq!(n, len(&bytes, 0));
                prop_assert!(n <= bytes.len());
            }
        }
    }
}
