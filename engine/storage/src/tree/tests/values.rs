//! Keys and values of all sizes.

use std::sync::Arc;

use super::support::{assert_clean, contents, context, number, tree};
use crate::tree::{Change, MAX_KEY_BYTES, Tree, TreeConfig, TreeError};

#[test]
fn large_values_are_kept_apart_and_loaded_on_demand() {
    let (memory, context) = context(4 << 20);
    let mut tree = Tree::new(TreeConfig::segment(500, false), Arc::clone(&context));
    for n in 0..200_u64 {
        tree.upsert(&number(n), n, &vec![n as u8; 5_000]).unwrap();
    }
    tree.upsert(&number(200), 200, &vec![7; 3 << 20]).unwrap();
    let root = tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    let tree = Tree::open(*tree.config(), Arc::clone(&context), &root);
    let mut cursor = tree.cursor();
    let mut bytes = 0;
    while cursor.next().unwrap() {
        let entry = cursor.entry().unwrap().unwrap();
        assert!(entry.value.is_separate());
        bytes += entry.value.len() + 8;
    }
    assert_eq!(bytes, tree.bytes());
    assert_eq!(context.counts().values_read, 0);
    for _ in 0..2 {
        let entry = tree.get(&number(9)).unwrap().unwrap();
        assert_eq!(&*entry.value.to_arc().unwrap(), &[9; 5_000]);
    }
    assert_eq!(context.counts().values_read, 1);
    // Larger than a quarter of the cache: passed on, not kept.
    let cached = context.cache().stats().bytes;
    assert_eq!(
        tree.get(&number(200))
            .unwrap()
            .unwrap()
            .value
            .bytes()
            .unwrap()
            .len(),
        3 << 20
    );
    assert_eq!(context.cache().stats().bytes, cached);
    for n in 0..200_u64 {
        assert_eq!(
            tree.get(&number(n))
                .unwrap()
                .unwrap()
                .value
                .bytes()
                .unwrap()[4_999],
            n as u8
        );
    }
    assert!(context.cache().stats().bytes <= 4 << 20);
    assert_clean(&tree);
}

#[test]
fn a_value_changes_between_the_page_and_apart() {
    let mut tree = tree(TreeConfig::segment(500, false));
    for len in [10, 5_000, 20, 4_096, 4_097, 30_000, 0] {
        for n in 0..40_u64 {
            tree.upsert(&number(n), 1, &vec![len as u8; len]).unwrap();
        }
        assert_clean(&tree);
        let value = tree.get(&number(39)).unwrap().unwrap().value;
        assert_eq!(
            (value.len(), value.is_separate()),
            (len as u64, len > 4_096)
        );
        assert_eq!(tree.bytes(), 40 * (8 + len as u64));
    }
}

#[test]
fn huge_items_stand_alone_between_small_ones() {
    for balance in [false, true] {
        let (memory, context) = context(1 << 20);
        let mut tree = Tree::new(TreeConfig::node(500, balance), context);
        for n in 0..2_000_u64 {
            let len = if n * 7 % 100 == 3 { 32_000 } else { 50 };
            tree.upsert(&number(n * 7 % 2_000), n, &vec![1; len])
                .unwrap();
        }
        for n in (0..2_000_u64).step_by(90) {
            let mut key = vec![0; MAX_KEY_BYTES];
            key[..8].copy_from_slice(&number(n));
            tree.upsert(&key, n, &vec![2; 30_000]).unwrap();
        }
        assert_clean(&tree);
        let root = tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
        let again = Tree::open(*tree.config(), Arc::clone(&tree.context), &root);
        assert_eq!(contents(&tree), contents(&again));
        for n in 0..2_000_u64 {
            tree.remove(&number(n)).unwrap();
        }
        assert_clean(&tree);
        assert_eq!(tree.len(), 23);
    }
}

#[test]
fn long_keys_with_a_long_common_start_make_a_sound_tree() {
    let (memory, context) = context(1 << 20);
    let mut tree = Tree::new(TreeConfig::node(500, false), context);
    let key = |n: u64| [&vec![b'x'; 30_000][..], &number(n)].concat();
    for n in 0..300_u64 {
        tree.upsert(&key(n * 7 % 300), n, b"v").unwrap();
    }
    assert_clean(&tree);
    assert_eq!(tree.rank(&key(150)).unwrap(), 150);
    let root = tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    let again = Tree::open(*tree.config(), Arc::clone(&tree.context), &root);
    assert_eq!(contents(&tree), contents(&again));
    for n in 0..300_u64 {
        tree.remove(&key(n)).unwrap();
    }
    assert!(tree.is_empty());
}

#[test]
fn a_key_that_is_too_long_is_refused() {
    let mut tree = tree(TreeConfig::default());
    let long = vec![0; MAX_KEY_BYTES + 1];
    assert!(matches!(
        tree.upsert(&long, 1, b""),
        Err(TreeError::KeyTooLong { .. })
    ));
    let rows = [
        (
            vec![1],
            crate::tree::Change::Put {
                version: 1,
                value: b"",
            },
        ),
        (long, crate::tree::Change::Delete),
    ];
    assert!(matches!(
        tree.apply_sorted(rows),
        Err(TreeError::KeyTooLong { .. })
    ));
    assert_eq!(tree.len(), 1);
    assert!(tree.contains(&[1]).unwrap());
}

#[test]
fn the_empty_key_and_the_empty_value_are_items() {
    let mut tree = tree(TreeConfig::default());
    assert_eq!(tree.upsert(b"", 5, b"").unwrap(), None);
    assert_eq!(tree.upsert(b"\0", 6, b"").unwrap(), None);
    assert_eq!(tree.upsert(b"", 7, b"").unwrap(), Some(5));
    assert_eq!(tree.rank(b"\0").unwrap(), 1);
    assert!(tree.get(b"").unwrap().unwrap().value.is_empty());
    assert_clean(&tree);
    assert_eq!(tree.remove(b"").unwrap(), Some(7));
    assert_eq!(tree.len(), 1);
}

#[test]
fn an_empty_tree_answers() {
    let (memory, context) = context(0);
    let mut tree = Tree::new(TreeConfig::default(), Arc::clone(&context));
    assert!(tree.get(b"a").unwrap().is_none());
    assert_eq!(tree.remove(b"a").unwrap(), None);
    assert_eq!(tree.rank(b"a").unwrap(), 0);
    assert!(tree.nth(0).unwrap().is_none());
    let mut cursor = tree.cursor();
    assert!(!cursor.first().unwrap() && !cursor.last().unwrap() && !cursor.next().unwrap());
    assert!(!cursor.seek(b"a").unwrap() && !cursor.prev().unwrap());
    assert!(!cursor.seek_before(b"a").unwrap() && cursor.key().is_none());
    let root = tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    assert_eq!(root, crate::tree::RootRef::default());
    assert!(Tree::open(TreeConfig::default(), context, &root).is_empty());
    assert_clean(&tree);
}

#[test]
fn huge_items_behind_many_small_ones_leave_no_page_too_full() {
    for small in 20..70_u64 {
        for huge in 1..4_u64 {
            let mut tree = tree(TreeConfig::node(30, false));
            let changes = (0..small + huge).map(|n| {
                let value = vec![7; if n < small { 10 } else { 3_000 }];
                (number(n), Change::Put { version: 1, value })
            });
            tree.apply_sorted(changes).unwrap();
            assert_clean(&tree);
            assert_eq!(tree.len(), small + huge);
        }
    }
}
