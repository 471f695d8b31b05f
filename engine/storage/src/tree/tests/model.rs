//! Random operations on a tree and on a `BTreeMap` give the same.

use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::support::{Memory, Model, assert_clean, contents, context, item, number, tree};
use crate::tree::{Applied, Change, Tree, TreeConfig, TreeContext};

#[derive(Clone, Debug)]
enum Op {
    Put(u16, u16),
    Remove(u16),
    RemoveRange(u16, u16),
    /// Ascending keys from the first, so many.
    Batch(u16, u8, bool),
    Append(u8),
    Snapshot,
    Checkpoint,
    Reopen,
    Relocate,
    SeekWalk(u16, Vec<bool>),
}

fn ops(len: usize) -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        30 => (0..1_500_u16, 0..400_u16).prop_map(|(k, v)| Op::Put(k, v)),
        15 => (0..1_500_u16).prop_map(Op::Remove),
        3 => (0..1_500_u16, 0..400_u16).prop_map(|(k, n)| Op::RemoveRange(k, n)),
        5 => (0..1_500_u16, any::<u8>(), any::<bool>()).prop_map(|(k, n, d)| Op::Batch(k, n, d)),
        2 => any::<u8>().prop_map(Op::Append),
        1 => Just(Op::Snapshot),
        1 => Just(Op::Checkpoint),
        1 => Just(Op::Reopen),
        1 => Just(Op::Relocate),
        2 => (0..1_500_u16, vec(any::<bool>(), 0..40)).prop_map(|(k, w)| Op::SeekWalk(k, w)),
    ];
    vec(op, 1..len)
}

/// Keys of different lengths that share starts, some of them the start of others.
fn key(n: u16) -> Vec<u8> {
    match n % 4 {
        0 => format!("shared/{:04}", n / 4).into_bytes(),
        1 => format!("shared/{:04}/longer than eight bytes", n / 4).into_bytes(),
        2 => number(u64::from(n)).to_vec(),
        _ => vec![(n % 7) as u8; usize::from(n / 7)],
    }
}

/// A value, some of them longer than the threshold of the test configuration.
fn value(n: u16) -> Vec<u8> {
    let len = if n.is_multiple_of(16) { 300 } else { n % 40 };
    vec![n as u8; usize::from(len)]
}

struct Run {
    tree: Tree,
    model: Model,
    snapshots: Vec<(Tree, Model)>,
    memory: Arc<Memory>,
    context: Arc<TreeContext>,
    version: u64,
    appended: u64,
}

impl Run {
    fn new(config: TreeConfig) -> Self {
        let (memory, context) = context(3_000);
        Self {
            tree: Tree::new(config, Arc::clone(&context)),
            model: Model::new(),
            snapshots: Vec::new(),
            memory,
            context,
            version: 0,
            appended: 0,
        }
    }

    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.version += 1;
        let old = self.tree.upsert(&key, self.version, &value).unwrap();
        let expected = self.model.insert(key, (self.version, value));
        assert_eq!(old, expected.map(|(version, _)| version));
    }

    fn remove(&mut self, key: &[u8]) {
        let old = self.tree.remove(key).unwrap();
        assert_eq!(old, self.model.remove(key).map(|(version, _)| version));
    }

    fn apply(&mut self, changes: Vec<(Vec<u8>, Change<Vec<u8>>)>) {
        let mut expected = Applied::default();
        for (key, change) in changes.clone() {
            let counter = match change {
                Change::Put { version, value } => match self.model.insert(key, (version, value)) {
                    None => &mut expected.inserted,
                    Some(_) => &mut expected.replaced,
                },
                Change::Delete => match self.model.remove(&key) {
                    Some(_) => &mut expected.removed,
                    None => &mut expected.missing,
                },
            };
            *counter += 1;
        }
        assert_eq!(self.tree.apply_sorted(changes).unwrap(), expected);
    }

    fn batch(&mut self, from: u16, len: u8, delete: bool) {
        let mut keys: Vec<u16> = (from..from + u16::from(len)).collect();
        keys.sort_by_key(|n| key(*n));
        // Every fourth batch is out of order: slower, but just as right.
        if len.is_multiple_of(4) {
            keys.reverse();
        }
        let changes = keys.into_iter().map(|n| {
            let change = if delete && n % 3 > 0 {
                Change::Delete
            } else {
                Change::Put {
                    version: 7,
                    value: value(n),
                }
            };
            (key(n), change)
        });
        let changes = changes.collect();
        self.apply(changes);
    }

    fn step(&mut self, op: Op) {
        match op {
            Op::Put(k, v) => self.put(key(k), value(v)),
            Op::Remove(k) => self.remove(&key(k)),
            Op::RemoveRange(k, n) => {
                let from = key(k);
                let doomed: Vec<_> = self.model.range(from..).take(usize::from(n)).collect();
                let doomed: Vec<_> = doomed.into_iter().map(|(k, _)| k.clone()).collect();
                for key in doomed {
                    self.remove(&key);
                }
            }
            Op::Batch(k, n, delete) => self.batch(k, n, delete),
            Op::Append(n) => {
                for _ in 0..n {
                    self.appended += 1;
                    self.put([&[0xff][..], &number(self.appended)].concat(), vec![1; 10]);
                }
            }
            Op::Snapshot => self.snapshots.push((self.tree.clone(), self.model.clone())),
            Op::Checkpoint => {
                self.tree.checkpoint(&mut Arc::clone(&self.memory)).unwrap();
            }
            Op::Reopen => {
                let root = self.tree.checkpoint(&mut Arc::clone(&self.memory)).unwrap();
                assert_eq!(self.tree.root_ref(), Some(root));
                let config = *self.tree.config();
                self.tree = Tree::open(config, Arc::clone(&self.context), &root);
            }
            Op::Relocate => {
                self.tree
                    .relocate(true, 2_000, &|at| at.segment % 2 == 0)
                    .unwrap();
            }
            Op::SeekWalk(k, steps) => self.walk(&key(k), &steps),
        }
        assert_eq!(self.tree.len(), self.model.len() as u64);
    }

    /// Seeks and goes forwards and backwards as told.
    fn walk(&self, key: &[u8], steps: &[bool]) {
        let items: Vec<_> = self.model.iter().collect();
        let mut at = self.model.range(..key.to_vec()).count() as isize;
        let mut cursor = self.tree.cursor();
        cursor.seek(key).unwrap();
        for forward in steps {
            let expected = usize::try_from(at).ok().and_then(|at| items.get(at));
            assert_eq!(cursor.key(), expected.map(|(key, _)| key.as_slice()));
            let moved = if *forward {
                cursor.next()
            } else {
                cursor.prev()
            }
            .unwrap();
            at = (at + if *forward { 1 } else { -1 }).clamp(-1, items.len() as isize);
            assert_eq!(moved, at >= 0 && at < items.len() as isize);
        }
        assert_eq!(
            cursor.seek_before(key).unwrap(),
            items
                .first()
                .is_some_and(|(first, _)| first.as_slice() < key)
        );
        let before = self.model.range(..key.to_vec()).next_back();
        assert_eq!(cursor.key(), before.map(|(key, _)| key.as_slice()));
    }

    fn compare(&self) {
        compare(&self.tree, &self.model);
        for (tree, model) in &self.snapshots {
            assert_eq!(&contents(tree), model);
            assert_clean(tree);
        }
    }
}

/// Everything that can be asked of a tree.
fn compare(tree: &Tree, model: &Model) {
    assert_clean(tree);
    assert_eq!(&contents(tree), model);
    let bytes: usize = model.iter().map(|(k, (_, v))| k.len() + v.len()).sum();
    assert_eq!(tree.bytes(), bytes as u64);
    let mut cursor = tree.cursor();
    let mut at = cursor.last().unwrap();
    for (key, (version, value)) in model.iter().rev() {
        assert!(at);
        assert_eq!(item(&cursor), (key.clone(), (*version, value.clone())));
        at = cursor.prev().unwrap();
    }
    assert!(!at);
    for (index, (key, (version, value))) in model.iter().enumerate() {
        let entry = tree.get(key).unwrap().unwrap();
        assert_eq!(
            (entry.version, &*entry.value.bytes().unwrap()),
            (*version, &**value)
        );
        assert_eq!(tree.rank(key).unwrap(), index as u64);
        if index % 7 == 0 {
            let (found, entry) = tree.nth(index as u64).unwrap().unwrap();
            assert_eq!((&found, entry.version), (key, *version));
        }
    }
    assert!(tree.nth(model.len() as u64).unwrap().is_none());
    for n in (0..1_500).step_by(53) {
        let (a, b) = (key(n), key(n * 7 % 1_500));
        for (lo, hi) in [
            (Included(a.as_slice()), Excluded(b.as_slice())),
            (Excluded(a.as_slice()), Included(b.as_slice())),
            (Unbounded, Included(a.as_slice())),
            (Excluded(b.as_slice()), Unbounded),
        ] {
            assert_eq!(tree.count(lo, hi).unwrap(), count(model, lo, hi));
        }
        assert_eq!(
            tree.version_of(&a).unwrap(),
            model.get(&a).map(|(version, _)| *version)
        );
    }
}

fn count(model: &Model, lo: Bound<&[u8]>, hi: Bound<&[u8]>) -> u64 {
    let above = |key: &[u8]| match lo {
        Unbounded => true,
        Included(lo) => key >= lo,
        Excluded(lo) => key > lo,
    };
    let below = |key: &[u8]| match hi {
        Unbounded => true,
        Included(hi) => key <= hi,
        Excluded(hi) => key < hi,
    };
    model.keys().filter(|key| above(key) && below(key)).count() as u64
}

fn config(slot_length: u32, balance: bool) -> TreeConfig {
    TreeConfig {
        separate_above: 200,
        ..TreeConfig::node(slot_length, balance)
    }
}

fn run_all(config: TreeConfig, ops: Vec<Op>) {
    let mut run = Run::new(config);
    for op in ops {
        run.step(op);
    }
    run.compare();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn random_operations_equal_a_map(
        slots in prop::sample::select(vec![2, 3, 4, 7, 64, 500, 20_000]),
        balance in any::<bool>(),
        ops in ops(300),
    ) {
        run_all(config(slots, balance), ops);
    }

    #[test]
    fn small_pages_and_nodes_equal_a_map(
        bytes in 256..2_000_u32,
        fan_out in 2..6_u32,
        balance in any::<bool>(),
        ops in ops(200),
    ) {
        let config = TreeConfig { page_bytes: bytes, fan_out, ..config(500, balance) };
        run_all(config, ops);
    }

    #[test]
    fn everything_can_be_removed_in_any_order(
        slots in prop::sample::select(vec![2, 3, 4, 7, 64]),
        balance in any::<bool>(),
        stored in any::<bool>(),
        order in Just((0..700_u64).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut run = Run::new(config(slots, balance));
        for n in 0..700 {
            run.put(number(n).to_vec(), vec![3; 20]);
        }
        if stored {
            run.step(Op::Reopen);
        }
        for (done, n) in order.iter().enumerate() {
            run.remove(&number(*n));
            if done % 100 == 0 {
                compare(&run.tree, &run.model);
            }
        }
        prop_assert!(run.tree.is_empty());
        prop_assert_eq!(run.tree.height(), 0);
        prop_assert_eq!(run.tree.bytes(), 0);
    }
}

#[test]
fn everything_can_be_removed_forwards_and_backwards_and_at_once() {
    for slots in [2, 3, 4, 7, 64, 500] {
        let mut full = tree(config(slots, false));
        for n in 0..3_000_u64 {
            full.upsert(&number(n), n, b"value").unwrap();
        }
        assert_clean(&full);
        let mut forwards = full.clone();
        let mut backwards = full.clone();
        for n in 0..3_000_u64 {
            assert_eq!(forwards.remove(&number(n)).unwrap(), Some(n));
            assert_eq!(
                backwards.remove(&number(2_999 - n)).unwrap(),
                Some(2_999 - n)
            );
            if n % 500 == 0 {
                assert_clean(&forwards);
                assert_clean(&backwards);
            }
        }
        assert_eq!((forwards.height(), backwards.height()), (0, 0));
        let mut once = full.clone();
        let all = (0..3_000_u64).map(|n| (number(n), Change::<&[u8]>::Delete));
        assert_eq!(once.apply_sorted(all).unwrap().removed, 3_000);
        assert_eq!((once.height(), once.bytes()), (0, 0));
        assert_eq!(full.len(), 3_000);
        assert_clean(&full);
    }
}

#[test]
fn removing_leaves_few_sparse_pages() {
    let mut tree = tree(TreeConfig::default());
    for n in 0..50_000_u64 {
        tree.upsert(&number(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)), n, &[0; 50])
            .unwrap();
    }
    for n in (0..50_000_u64).filter(|n| n % 20 > 0) {
        tree.remove(&number(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            .unwrap();
    }
    let mut report = crate::tree::TreeReport::default();
    tree.check(&mut report);
    assert!(report.is_clean());
    assert_eq!(report.items, 2_500);
    assert!(report.nodes < 150, "{report:?}");
}

#[test]
fn appended_pages_are_full() {
    for config in [TreeConfig::node(100, false), TreeConfig::node(100, true)] {
        let mut tree = tree(config);
        let rows = (0..10_000_u64).map(|n| {
            (
                number(n),
                Change::Put {
                    version: n,
                    value: b"v",
                },
            )
        });
        tree.apply_sorted(rows).unwrap();
        let mut report = crate::tree::TreeReport::default();
        tree.check_as(true, &mut report);
        assert!(report.is_clean(), "{report:?}");
        assert!(report.nodes <= 103, "{}", report.nodes);
    }
}

#[test]
fn balancing_fills_pages_better() {
    let nodes = |balance| {
        let mut tree = tree(TreeConfig::node(16, balance));
        for n in 0..20_000_u64 {
            tree.upsert(&number(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)), n, b"v")
                .unwrap();
        }
        assert_clean(&tree);
        let mut report = crate::tree::TreeReport::default();
        tree.check(&mut report);
        report.nodes
    };
    assert!(
        nodes(true) * 10 < nodes(false) * 9,
        "{} {}",
        nodes(true),
        nodes(false)
    );
}

/// A batch that leaves one leaf in the middle of a subtree once left a chain of nodes with one child
/// each, which joining nodes higher up carried on into the tree.
#[test]
fn a_batch_leaves_no_chain_of_single_children() {
    for kept in (0..400_u64).step_by(7) {
        for slots in [2, 3, 4] {
            let mut tree = tree(config(slots, false));
            for n in 0..400_u64 {
                tree.upsert(&number(n * 7 % 400), n, b"v").unwrap();
            }
            let doomed = (0..400_u64).filter(|n| *n != kept && n.abs_diff(kept) < 150);
            let doomed = doomed.map(|n| (number(n), Change::<&[u8]>::Delete));
            tree.apply_sorted(doomed).unwrap();
            assert_clean(&tree);
            assert!(tree.contains(&number(kept)).unwrap());
        }
    }
}
