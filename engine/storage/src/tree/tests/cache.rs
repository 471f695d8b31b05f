//! A tree that is larger than its cache.

use std::sync::Arc;

use super::support::{assert_clean, context, number};
use crate::tree::{Tree, TreeConfig, TreeError, TreeReport};

const LIMIT: u64 = 400_000;

#[test]
fn a_tree_ten_times_the_cache_stays_within_it() {
    let (memory, context) = context(LIMIT);
    let mut tree = Tree::new(TreeConfig::default(), Arc::clone(&context));
    for n in 0..40_000_u64 {
        tree.upsert(&number(n), n, &[n as u8; 100]).unwrap();
    }
    let root = tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    assert!(tree.bytes() > 10 * LIMIT);
    assert!(context.cache().stats().bytes <= LIMIT);
    drop(tree);
    assert_eq!(context.cache().stats().bytes, 0);

    let mut tree = Tree::open(TreeConfig::default(), Arc::clone(&context), &root);
    assert_eq!(context.counts().nodes_read, 0);
    for n in (0..40_000_u64).chain(0..40_000).step_by(7) {
        let n = n.wrapping_mul(7_919) % 40_000;
        let entry = tree.get(&number(n)).unwrap().unwrap();
        assert_eq!(
            (entry.version, entry.value.bytes().unwrap()[0]),
            (n, n as u8)
        );
        assert!(context.cache().stats().bytes <= LIMIT);
        if n % 5 == 0 {
            tree.upsert(&number(n), n, &[n as u8; 100]).unwrap();
        }
        if n % 1_000 == 0 {
            tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
        }
    }
    let stats = context.cache().stats();
    assert!(
        stats.evictions > 1_000 && stats.misses > 1_000 && stats.hits > 100,
        "{stats:?}"
    );
    assert_clean(&tree);
    context.cache().set_limit(0);
    assert_eq!(context.cache().stats().bytes, 0);
    assert_eq!(tree.rank(&number(20_000)).unwrap(), 20_000);
}

#[test]
fn what_is_used_stays() {
    let (memory, context) = context(LIMIT);
    let mut tree = Tree::new(TreeConfig::default(), Arc::clone(&context));
    for n in 0..40_000_u64 {
        tree.upsert(&number(n), n, &[n as u8; 100]).unwrap();
    }
    tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    tree.get(&number(5)).unwrap();
    let mut misses = 0;
    for n in 1_000..40_000_u64 {
        tree.get(&number(n)).unwrap();
        let before = context.cache().stats().misses;
        tree.get(&number(5)).unwrap();
        misses += context.cache().stats().misses - before;
    }
    assert!(misses <= 1, "{misses} {:?}", context.cache().stats());
}

#[test]
fn dirty_pages_are_never_evicted() {
    let (_, context) = context(0);
    let mut tree = Tree::new(TreeConfig::default(), Arc::clone(&context));
    for n in 0..5_000_u64 {
        tree.upsert(&number(n), n, &[0; 100]).unwrap();
    }
    assert_clean(&tree);
    assert_eq!(context.counts().nodes_read, 0);
}

#[test]
fn damage_is_an_error_with_its_place_and_a_finding() {
    let (memory, context) = context(1 << 20);
    let mut tree = Tree::new(TreeConfig::node(64, false), Arc::clone(&context));
    for n in 0..2_000_u64 {
        tree.upsert(&number(n), n, &[0; 100]).unwrap();
    }
    let root = tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    let victim = memory.locations()[3];
    memory.change(&victim, |bytes| bytes[0] ^= 1);
    let gone = memory.locations()[5];
    memory.remove(&gone);
    let mut tree = Tree::open(TreeConfig::default(), context, &root);
    let mut report = TreeReport::default();
    tree.check(&mut report);
    assert_eq!(report.defects, 2 + 2 + 1, "{report:?}");
    assert!(
        report.findings[0].detail.contains("not a leaf"),
        "{report:?}"
    );
    assert_eq!(report.items, 2_000 - 128);
    let error = tree.get(&number(3 * 64)).err().unwrap();
    assert!(matches!(error, TreeError::Corrupt { location, .. } if location == victim));
    assert!(tree.upsert(&number(3 * 64), 1, b"x").is_err());
    // The rest goes on, also when a damaged neighbour can't be joined.
    for n in (0..64).map(|n| 4 * 64 + n) {
        assert_eq!(tree.remove(&number(n)).unwrap(), Some(n));
    }
    assert_eq!(tree.len(), 2_000 - 64);
    let rows = (0..2_000_u64).map(|n| (number(n), crate::tree::Change::<&[u8]>::Delete));
    assert!(tree.apply_sorted(rows).is_err());
    assert_eq!(tree.len(), 2_000 - 4 * 64);
    assert_eq!(
        tree.count(std::ops::Bound::Unbounded, std::ops::Bound::Unbounded)
            .unwrap(),
        tree.len()
    );
}
