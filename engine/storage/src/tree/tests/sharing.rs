//! What is copied, what is written, and what becomes free.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::support::{assert_clean, contents, context, number};
use crate::tree::{Stored, Tree, TreeConfig};

fn scattered(n: u64) -> [u8; 8] {
    number(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[test]
fn a_single_writer_copies_nothing() {
    let (_, context) = context(1 << 30);
    let mut tree = Tree::new(TreeConfig::default(), Arc::clone(&context));
    for n in 0..30_000 {
        tree.upsert(&scattered(n), n, &[1; 60]).unwrap();
        // Readers that are done leave nothing behind.
        assert_eq!(tree.get(&scattered(n)).unwrap().unwrap().version, n);
    }
    for n in 0..20_000 {
        tree.remove(&scattered(n)).unwrap();
    }
    let counts = context.counts();
    assert_eq!((counts.pages_copied, counts.inners_copied), (0, 0));
}

#[test]
fn one_insert_under_a_snapshot_copies_one_path() {
    let (_, context) = context(1 << 30);
    let mut tree = Tree::new(TreeConfig::default(), Arc::clone(&context));
    for n in 0..100_000 {
        tree.upsert(&scattered(n), n, &[1; 60]).unwrap();
    }
    let height = u64::from(tree.height());
    assert!(height >= 3);
    let snapshot = tree.clone();
    tree.upsert(&scattered(7), 1_000_000, &[2; 60]).unwrap();
    let counts = context.counts();
    assert_eq!((counts.pages_copied, counts.inners_copied), (1, height - 1));
    tree.upsert(&scattered(7), 1_000_001, &[2; 60]).unwrap();
    assert_eq!(context.counts(), counts);
    assert_eq!(snapshot.version_of(&scattered(7)).unwrap(), Some(7));
    assert_eq!(tree.version_of(&scattered(7)).unwrap(), Some(1_000_001));
}

#[test]
fn removing_what_is_not_there_changes_nothing() {
    let (memory, context) = context(1 << 30);
    let mut tree = Tree::new(TreeConfig::default(), Arc::clone(&context));
    for n in 0..1_000 {
        tree.upsert(&number(n * 2), n, b"v").unwrap();
    }
    let root = tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    assert_eq!(tree.remove(&number(1)).unwrap(), None);
    assert_eq!(tree.root_ref(), Some(root));
}

#[test]
fn a_checkpoint_writes_only_what_changed() {
    let (memory, context) = context(1 << 30);
    let mut tree = Tree::new(TreeConfig::default(), Arc::clone(&context));
    for n in 0..50_000 {
        tree.upsert(&scattered(n), n, &[1; 60]).unwrap();
    }
    tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    let before = memory.locations().len();
    tree.upsert(&scattered(5), 9, &[2; 60]).unwrap();
    assert_eq!(tree.root_ref(), None);
    tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    assert_eq!(
        memory.locations().len() - before,
        usize::from(tree.height())
    );
    tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    assert_eq!(
        memory.locations().len() - before,
        usize::from(tree.height())
    );
}

fn used(tree: &Tree) -> BTreeSet<crate::tree::Location> {
    let mut used = BTreeSet::new();
    tree.for_each_location(true, |_, location| {
        assert!(used.insert(*location), "{location} twice");
    })
    .unwrap();
    used
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// What a checkpoint uses is what the one before used, less what was replaced, and what was written; also when the
    /// tree goes on changing while an older snapshot is written.
    #[test]
    fn what_is_replaced_is_what_is_no_longer_used(
        slots in prop::sample::select(vec![2, 4, 64]),
        rounds in prop::collection::vec(
            (prop::collection::vec((0..300_u64, 0..4_u8), 0..60), any::<bool>()), 1..8),
    ) {
        let (memory, context) = context(2_000);
        let config = TreeConfig { separate_above: 100, ..TreeConfig::node(slots, true) };
        let mut tree = Tree::new(config, Arc::clone(&context));
        let mut in_use = BTreeSet::new();
        let mut root = crate::tree::RootRef::default();
        let change = |tree: &mut Tree, changes: &[(u64, u8)]| {
            for (n, kind) in changes {
                match kind {
                    0 => tree.remove(&scattered(*n)).unwrap(),
                    1 => tree.upsert(&scattered(*n), 1, &[1; 150]).unwrap(),
                    _ => tree.upsert(&scattered(*n), 1, &[1; 50]).unwrap(),
                };
            }
        };
        for (changes, late) in rounds {
            let (before, after) = changes.split_at(changes.len() / 2);
            change(&mut tree, before);
            let snapshot = tree.clone();
            if late {
                change(&mut tree, after);
            }
            let written = snapshot.write(&mut Arc::clone(&memory)).unwrap();
            snapshot
                .for_each_replaced(&root, &written, true, |_, location| {
                    assert!(in_use.remove(location), "{location} was not in use");
                })
                .unwrap();
            written.for_each(|_, location| {
                assert!(in_use.insert(*location), "{location} twice");
            });
            root = written.root;
            written.publish(context.cache());
            prop_assert_eq!(&used(&snapshot), &in_use);
            tree.relocate(true, 500, &|location| location.segment == 0).unwrap();
            if !late {
                change(&mut tree, after);
            }
        }
        for location in memory.locations() {
            if !in_use.contains(&location) {
                memory.remove(&location);
            }
        }
        assert_clean(&Tree::open(config, context, &root));
    }
}

#[test]
fn relocation_empties_a_segment_step_by_step() {
    let (memory, context) = context(50_000);
    let config = TreeConfig {
        separate_above: 100,
        ..TreeConfig::default()
    };
    let mut tree = Tree::new(config, context);
    for n in 0..3_000 {
        tree.upsert(&scattered(n), n, &[1; 80]).unwrap();
    }
    for n in 0..100 {
        tree.upsert(&scattered(n), n, &[2; 500]).unwrap();
    }
    tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
    let before = contents(&tree);
    let mut steps = 0;
    while tree.relocate(true, 20_000, &|at| at.segment < 5).unwrap() > 0 {
        tree.checkpoint(&mut Arc::clone(&memory)).unwrap();
        steps += 1;
    }
    assert!(steps > 2);
    let mut kinds = BTreeSet::new();
    tree.for_each_location(true, |kind, at| {
        kinds.insert(format!("{kind:?}"));
        assert!(at.segment >= 5);
    })
    .unwrap();
    assert_eq!(kinds.len(), 3);
    let mut without_values = 0;
    tree.for_each_location(false, |kind, _| {
        assert_ne!(kind, Stored::Value);
        without_values += 1;
    })
    .unwrap();
    assert!(without_values > 10);
    for location in memory.locations() {
        if location.segment < 5 {
            memory.remove(&location);
        }
    }
    assert_eq!(contents(&tree), before);
    assert_clean(&tree);
}

#[test]
fn a_snapshot_can_be_read_while_the_tree_changes() {
    let (memory, context) = context(20_000);
    let mut tree = Tree::new(TreeConfig::node(50, false), context);
    for n in 0..5_000 {
        tree.upsert(&number(n), 0, &[0; 40]).unwrap();
    }
    std::thread::scope(|scope| {
        for round in 1..=6 {
            let snapshot = tree.clone();
            let memory = Arc::clone(&memory);
            scope.spawn(move || {
                if round % 2 == 0 {
                    snapshot.checkpoint(&mut Arc::clone(&memory)).unwrap();
                }
                let mut cursor = snapshot.cursor();
                let mut sum = 0;
                while cursor.next().unwrap() {
                    assert!(cursor.version().unwrap() < round);
                    sum += 1;
                }
                assert_eq!(sum, snapshot.len());
            });
            for n in (0..5_000).step_by(3) {
                tree.upsert(&number(n), round, &[round as u8; 45]).unwrap();
            }
            tree.remove(&number(round * 30 + 1)).unwrap();
        }
    });
    assert_eq!(tree.len(), 4_994);
    assert_clean(&tree);
}
