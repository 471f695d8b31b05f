//! The overlay against a `BTreeMap`, with chunks and garbage limits small enough to be passed often.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::transaction::writes::{Intent, is_empty_range};

type Model = BTreeMap<Vec<u8>, Owned>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Put(Vec<u8>, bool),
    Remove,
}

impl Owned {
    fn change(&self) -> Change<'_> {
        match self {
            Self::Put(payload, replaces) => Change::Put {
                intent: Intent::Upsert,
                payload,
                replaces: *replaces,
            },
            Self::Remove => Change::Remove,
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Set(Vec<u8>, Owned),
    /// Keys that ascend, as a load makes them.
    Append(u8),
    Unset(Vec<u8>),
    Range(Bound<Vec<u8>>, Bound<Vec<u8>>),
    Seal,
}

/// Keys with long shared beginnings, keys that are beginnings of others, and the empty key.
fn key() -> impl Strategy<Value = Vec<u8>> {
    let tail = || proptest::collection::vec(0u8..4, 0..4);
    prop_oneof![
        tail(),
        tail().prop_map(|tail| [b"a long shared beginning/".as_slice(), &tail].concat()),
        any::<u8>().prop_map(|n| u64::from(n)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .to_be_bytes()
            .to_vec()),
    ]
}

fn bound() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![
        Just(Bound::Unbounded),
        key().prop_map(Bound::Included),
        key().prop_map(Bound::Excluded),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let change = prop_oneof![
        3 => (proptest::collection::vec(any::<u8>(), 0..40), any::<bool>())
            .prop_map(|(payload, replaces)| Owned::Put(payload, replaces)),
        1 => Just(Owned::Remove),
    ];
    prop_oneof![
        6 => (key(), change).prop_map(|(key, change)| Step::Set(key, change)),
        1 => any::<u8>().prop_map(Step::Append),
        4 => key().prop_map(Step::Unset),
        3 => (bound(), bound()).prop_map(|(lo, hi)| Step::Range(lo, hi)),
        1 => Just(Step::Seal),
    ]
}

fn as_slices<'a>(
    lo: &'a Bound<Vec<u8>>,
    hi: &'a Bound<Vec<u8>>,
) -> (Bound<&'a [u8]>, Bound<&'a [u8]>) {
    (
        lo.as_ref().map(Vec::as_slice),
        hi.as_ref().map(Vec::as_slice),
    )
}

fn modelled<'a>(
    model: &'a Model,
    (lo, hi): (Bound<&[u8]>, Bound<&[u8]>),
) -> Vec<(&'a [u8], Change<'a>)> {
    if is_empty_range(lo, hi) {
        return Vec::new();
    }
    let range = model.range::<[u8], _>((lo, hi));
    range.map(|(k, c)| (k.as_slice(), c.change())).collect()
}

fn check_range(writes: &StoreWrites, model: &Model, lo: &Bound<Vec<u8>>, hi: &Bound<Vec<u8>>) {
    let bounds = as_slices(lo, hi);
    let mut wanted = modelled(model, bounds);
    let range = || writes.range(bounds.0, bounds.1);
    assert_eq!(range().collect::<Vec<_>>(), wanted);
    for bound in [lo, hi] {
        if let Bound::Included(key) | Bound::Excluded(key) = bound {
            check_search(writes, model, key);
        }
    }
    let delta: i64 = wanted.iter().map(|(_, change)| change.delta()).sum();
    assert_eq!(writes.delta(bounds.0, bounds.1), delta);
    // From both ends in turn, until they meet.
    let mut both = range();
    let mut left = wanted.clone();
    while !left.is_empty() {
        assert_eq!(both.next(), Some(left.remove(0)));
        assert_eq!(both.next_back(), left.pop());
    }
    assert_eq!((both.next(), both.next_back()), (None, None));
    wanted.reverse();
    assert_eq!(range().rev().collect::<Vec<_>>(), wanted);
}

fn check_search(writes: &StoreWrites, model: &Model, key: &[u8]) {
    let found = writes.search(|there| Ok::<_, ()>(there.cmp(key)));
    let below = (Bound::Unbounded, Bound::Excluded(key));
    let above = (Bound::Excluded(key), Bound::Unbounded);
    let wanted = match model.get_key_value(key) {
        Some((there, _)) => Around::At(there),
        None => Around::Between(
            model.range::<[u8], _>(below).next_back().map(|(k, _)| &**k),
            model.range::<[u8], _>(above).next().map(|(k, _)| &**k),
        ),
    };
    assert_eq!(found, Ok(wanted));
}

fn check_all(writes: &StoreWrites, model: &Model) {
    check_range(writes, model, &Bound::Unbounded, &Bound::Unbounded);
    assert_eq!(
        (writes.len(), writes.is_empty()),
        (model.len(), model.is_empty())
    );
    for (key, change) in model {
        assert_eq!(writes.get(key), Some(change.change()));
    }
    let encoded: Vec<u8> = encode(model);
    assert_eq!(writes.bytes(), encoded.len());
    assert!(writes.buffer.len() <= 2 * writes.bytes() + GARBAGE + 100);
    assert!(writes.chunks.iter().all(|chunk| chunk.slots.len() > 0));
    assert_eq!(
        writes.separators.len(),
        writes.chunks.len().saturating_sub(1)
    );
}

fn encode(model: &Model) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, change) in model {
        item::put(&mut out, key, change.change());
    }
    out
}

/// Items of a record in the order of their keys.
fn decode(mut rest: &[u8]) -> Vec<(&[u8], Change<'_>)> {
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (key, change, len) = item::parse(rest).unwrap();
        items.push((key, change));
        rest = &rest[len..];
    }
    items.sort_by_key(|(key, _)| *key);
    items
}

fn seal(writes: &mut StoreWrites, model: &Model) {
    if !writes.is_empty() {
        writes.seal(&[9; ONE_STORE_HEADER]);
        let (header, items) = writes.record().split_at(ONE_STORE_HEADER);
        assert_eq!(header, [9; ONE_STORE_HEADER]);
        assert_eq!(decode(items), decode(&encode(model)));
    }
}

fn run(steps: Vec<Step>) {
    let mut writes = StoreWrites::default();
    let mut model = Model::new();
    let mut next = 0u64;
    for step in steps {
        match step {
            Step::Set(key, change) => {
                let place = writes.find(&key);
                assert_eq!(writes.at(place), model.get(&key).map(Owned::change));
                writes.set(place, &key, change.change());
                model.insert(key, change);
            }
            Step::Append(n) => {
                for _ in 0..n {
                    next += 1;
                    let key = [b"z".as_slice(), &next.to_be_bytes()].concat();
                    writes.insert(&key, Owned::Remove.change());
                    model.insert(key, Owned::Remove);
                }
            }
            Step::Unset(key) => {
                assert_eq!(writes.contains(&key), model.contains_key(&key));
                assert_eq!(writes.remove(&key), model.remove(&key).is_some());
                assert_eq!(writes.get(&key), None);
            }
            Step::Range(lo, hi) => check_range(&writes, &model, &lo, &hi),
            Step::Seal => seal(&mut writes, &model),
        }
        check_all(&writes, &model);
    }
    let mut encoded = Vec::new();
    writes.encode_to(&mut encoded);
    assert_eq!(decode(&encoded), decode(&encode(&model)));
    seal(&mut writes, &model);
    check_all(&writes, &model);
}

proptest! {
    #[test]
    fn equals_a_map(steps in proptest::collection::vec(step(), 0..120)) {
        run(steps);
    }
}

#[test]
fn keys_in_order_fill_their_chunks() {
    let mut writes = StoreWrites::default();
    for n in 0..1_000u32 {
        writes.insert(&n.to_be_bytes(), Change::Remove);
    }
    assert_eq!(writes.chunks.len(), 1_000usize.div_ceil(CHUNK));
}

#[test]
fn a_queue_leaves_no_garbage_behind() {
    let mut writes = StoreWrites::default();
    for n in 0..2_000u32 {
        writes.insert(&n.to_be_bytes(), Owned::Put(vec![0; 20], false).change());
        if n >= 10 {
            assert_eq!(
                writes.iter().next().map(|(key, _)| key.to_vec()),
                Some((n - 10).to_be_bytes().to_vec())
            );
            assert!(writes.remove(&(n - 10).to_be_bytes()));
        }
    }
    assert_eq!(writes.len(), 10);
    assert!(writes.buffer.len() < 4 * GARBAGE && writes.chunks.len() < 10);
}
