//! Nodes survive the way to bytes and back, and no bytes make decoding panic.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::{
    decode_inner, decode_leaf, encode_stored_inner as encode_inner,
    encode_stored_leaf as encode_leaf,
};
use crate::tree::Location;
use crate::tree::inner::{Child, Inner};
use crate::tree::page::{Page, PageValue};
use crate::tree::separators::Separators;
use crate::tree::value::ValueHandle;

type Items = BTreeMap<Vec<u8>, (u64, Option<Vec<u8>>)>;

fn at(offset: u32) -> Location {
    Location {
        segment: 3,
        offset,
        len: 9,
        checksum: 0x0403_0201,
    }
}

/// A page of these items; those without bytes are kept apart.
fn page(items: &Items) -> Page {
    let mut page = Page::default();
    for (index, (key, (version, value))) in items.iter().enumerate() {
        let handle = Arc::new(ValueHandle::stored(at(index as u32), 5_000));
        let value = match value {
            Some(bytes) => PageValue::Inline(bytes),
            None => PageValue::Separate(&handle),
        };
        page.push(key, *version, &value);
    }
    page.finish();
    page
}

fn items() -> impl Strategy<Value = Items> {
    let key = prop_oneof![
        vec(any::<u8>(), 0..12),
        vec(any::<u8>(), 0..4).prop_map(|end| [&b"common start "[..], &end].concat()),
    ];
    let value = prop::option::weighted(0.9, vec(any::<u8>(), 0..300));
    let version = prop_oneof![Just(7_u64), 0..300_u64, any::<u64>()];
    btree_map(key, (version, value), 1..40)
}

fn inner(separators: &[Vec<u8>], counts: &[u64], level: u8) -> Inner {
    let mut keys = Separators::default();
    for key in separators {
        keys.push(key);
    }
    keys.finish();
    let counts = counts[..=separators.len()].to_vec();
    let children = (0..counts.len() as u32)
        .map(|n| Child::stored(level - 1, at(n)))
        .collect();
    Inner {
        level,
        separators: keys,
        counts,
        children,
    }
}

fn sorted(keys: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    keys.into_iter()
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn a_leaf_comes_back(items in items()) {
        let bytes = encode_leaf(&page(&items)).unwrap();
        let back = decode_leaf(&bytes).unwrap();
        prop_assert_eq!(back.defect(), None);
        prop_assert_eq!(back.len(), items.len());
        for (index, (key, (version, value))) in items.iter().enumerate() {
            prop_assert_eq!(back.key(index), key.as_slice());
            prop_assert_eq!(back.version(index), *version);
            match (back.value(index), value) {
                (PageValue::Inline(found), Some(expected)) => prop_assert_eq!(found, expected),
                (PageValue::Separate(found), None) => {
                    prop_assert_eq!(found.len(), 5_000);
                    prop_assert_eq!(found.location.get(), Some(at(index as u32)));
                }
                _ => prop_assert!(false, "value {} is in the wrong place", index),
            }
        }
        prop_assert_eq!(encode_leaf(&back).unwrap(), bytes);
    }

    #[test]
    fn an_inner_node_comes_back(
        keys in vec(vec(any::<u8>(), 1..20), 0..40),
        counts in vec(1..u64::from(u32::MAX), 41..42),
        level in 1..9_u8,
    ) {
        let node = inner(&sorted(keys), &counts, level);
        let bytes = encode_inner(&node).unwrap();
        let back = decode_inner(&bytes, level).unwrap();
        prop_assert_eq!(&back.counts, &node.counts);
        prop_assert_eq!(back.separators.len(), node.separators.len());
        for index in 0..node.separators.len() {
            prop_assert_eq!(back.separators.key(index), node.separators.key(index));
        }
        for (a, b) in back.children.iter().zip(&node.children) {
            prop_assert_eq!(a.location().get(), b.location().get());
        }
        prop_assert_eq!(encode_inner(&back).unwrap(), bytes);
        prop_assert!(decode_inner(&encode_inner(&node).unwrap(), level + 1).is_err());
    }

    /// Damage is refused, or gives a node whose invariants hold: checksums are for the rest.
    #[test]
    fn damaged_nodes_never_panic(
        items in items(),
        keys in vec(vec(any::<u8>(), 1..20), 0..40),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let leaf = encode_leaf(&page(&items)).unwrap();
        let inner = encode_inner(&inner(&sorted(keys), &[1; 41], 1)).unwrap();
        for mut bytes in [leaf, inner] {
            for (index, byte) in &damage {
                let index = index.index(bytes.len());
                bytes[index] ^= byte;
            }
            if let Some(cut) = &cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(page) = decode_leaf(&bytes) {
                prop_assert_eq!(page.defect(), None);
            }
            if let Ok(node) = decode_inner(&bytes, 1) {
                prop_assert_eq!(node.children.len(), node.separators.len() + 1);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(header in any::<bool>(), mut bytes in vec(any::<u8>(), 0..200)) {
        if header {
            bytes.splice(0..0, [super::MAGIC, super::FORMAT]);
        }
        let _ = decode_leaf(&bytes);
        for level in [0, 1, 200, 255] {
            let _ = decode_inner(&bytes, level);
        }
    }
}

#[test]
fn every_flipped_header_bit_is_refused_or_harmless() {
    let items: Items = (0..20_u8)
        .map(|n| (vec![1, 2, n], (u64::from(n), Some(vec![n; 5]))))
        .collect();
    let bytes = encode_leaf(&page(&items)).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        match decode_leaf(&bytes) {
            Ok(page) => assert_eq!(page.defect(), None),
            Err(detail) => assert!(!detail.is_empty()),
        }
    }
    for len in 0..bytes.len() {
        assert!(decode_leaf(&bytes[..len]).is_err());
    }
    assert!(decode_leaf(&[&bytes[..], &[0]].concat()).is_err());
}

/// The bytes of `docs/FORMAT.md`, so that the format is not changed by accident.
#[test]
fn the_layout_is_the_documented_one() {
    let items: Items = [
        (b"user:1".to_vec(), (10, Some(b"ab".to_vec()))),
        (b"user:22".to_vec(), (12, None)),
    ]
    .into();
    let mut expected = vec![0xB7, 1, 0, 1, 1, 1];
    expected.extend([5, 0]);
    expected.extend([2, 0, 0, 0, 1, 0, 0, 0]);
    expected.extend(10_u64.to_le_bytes());
    expected.extend(b"user:");
    expected.extend([1, 2, 2, 0, 0, 2]);
    expected.extend([1, 0, 0, 0]);
    expected.extend(5_000_u64.to_le_bytes());
    expected.extend(at(1).encode());
    expected.extend(b"122ab");
    assert_eq!(encode_leaf(&page(&items)).unwrap(), expected);

    let node = inner(&[b"user:2".to_vec()], &[1, 300], 1);
    let mut expected = vec![0xB7, 1, 1, 0, 2, 0];
    expected.extend([6, 0, 2, 0, 0, 0]);
    expected.extend(b"user:2");
    expected.extend([1, 0, 44, 1]);
    expected.extend(at(0).encode());
    expected.extend(at(1).encode());
    assert_eq!(encode_inner(&node).unwrap(), expected);
}
