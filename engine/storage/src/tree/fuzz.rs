//! Stored nodes of any bytes; see [`crate::fuzzing`].

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a target reports by panicking"
)]

use super::encoding::{decode_inner, decode_leaf, encode_stored_inner, encode_stored_leaf};
use super::inner::Inner;
use super::page::{Page, PageValue};

type Item = (Vec<u8>, u64, Result<Vec<u8>, (u64, Vec<u8>)>);

fn items(page: &Page) -> Vec<Item> {
    let value = |at| match page.value(at) {
        PageValue::Inline(bytes) => Ok(bytes.to_vec()),
        PageValue::Separate(handle) => {
            let location = handle.location.get().unwrap();
            Err((handle.len(), location.encode().to_vec()))
        }
    };
    let item = |at| (page.key(at).to_vec(), page.version(at), value(at));
    (0..page.len()).map(item).collect()
}

/// A leaf: what is read is found by its keys, and is the same when it is written and read again.
pub fn leaf(data: &[u8]) {
    let Ok(page) = decode_leaf(data) else {
        return;
    };
    assert_eq!(page.defect(), None);
    for at in 0..page.len() {
        assert_eq!(page.find(page.key(at)), Ok(at));
    }
    // Columns may be wider than they have to be, once.
    let written = encode_stored_leaf(&page).unwrap();
    let again = decode_leaf(&written).unwrap();
    assert_eq!(items(&again), items(&page));
    assert_eq!(encode_stored_leaf(&again).unwrap(), written);
}

fn children(node: &Inner) -> Vec<(Vec<u8>, u64, Vec<u8>)> {
    let separator = |at: usize| match at.checked_sub(1) {
        Some(before) => node.separators.key(before).to_vec(),
        None => Vec::new(),
    };
    let location = |at: usize| {
        let location = node.children[at].location().get().unwrap();
        location.encode().to_vec()
    };
    let child = |at: usize| (separator(at), node.counts[at], location(at));
    (0..node.children.len()).map(child).collect()
}

/// An inner node of level 1 or 2, as [`leaf`].
pub fn inner(data: &[u8]) {
    for level in [1, 2] {
        let Ok(node) = decode_inner(data, level) else {
            continue;
        };
        for at in 0..node.separators.len() {
            assert_eq!(node.separators.child_of(node.separators.key(at)), at + 1);
        }
        let written = encode_stored_inner(&node).unwrap();
        let again = decode_inner(&written, level).unwrap();
        assert_eq!(children(&again), children(&node));
        assert_eq!(encode_stored_inner(&again).unwrap(), written);
    }
}
