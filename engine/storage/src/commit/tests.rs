//! Records of two-phase commit: their bytes, there and back, damaged; what is held and remembered.

use std::ops::Bound;
use std::sync::Arc;

use proptest::prelude::*;

use super::prepared::{
    MAX_REMEMBERED_OUTCOMES, PreparedOutcome, PreparedState, PreparedTransaction,
};
use super::prepared_record::{
    Decision, Record, decode, decode_state, encode_decision, encode_prepare, encode_state,
};
use crate::transaction::reads::Reads;
use crate::transaction::writes::{CATALOG, Change, Intent, StoreId, Writes};

fn transaction(id: &str, reads: Reads, writes: Writes) -> PreparedTransaction {
    PreparedTransaction {
        id: Arc::from(id),
        prepared_at_ms: 1_000,
        expires_at_ms: 901_000,
        next_item_id: 7,
        reads,
        writes: Arc::new(writes),
    }
}

fn put(payload: &[u8]) -> Change<'_> {
    Change::Put {
        intent: Intent::Upsert,
        payload,
        replaces: false,
    }
}

fn sample() -> PreparedTransaction {
    let mut reads = Reads::default();
    reads.point(CATALOG, b"s");
    reads.point(StoreId(3), b"k");
    reads.range(
        StoreId(3),
        Bound::Included(b"a".to_vec()),
        Bound::Excluded(b"c".to_vec()),
    );
    reads.range(StoreId(3), Bound::Unbounded, Bound::Unbounded);
    let mut writes = Writes::default();
    writes.of_store(StoreId(3)).insert(b"k", put(b"v"));
    writes.touch_name(b"t");
    transaction("tx-1", reads, writes)
}

/// These bytes are part of the file format: they must never change.
#[test]
fn encoded_form() {
    let bytes = encode_prepare(&sample());
    let mut expected = b"\x02\xe8\x03\0\0\0\0\0\0\x88\xbf\x0d\0\0\0\0\0\x04\0\0\0tx-1".to_vec();
    expected.extend_from_slice(b"\x01\0\0\0\x01\0\0\0t");
    expected.extend_from_slice(b"\x02\0\0\0");
    expected.extend_from_slice(b"\0\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0s\0\0\0\0");
    expected.extend_from_slice(b"\x03\0\0\0\0\0\0\0\x01\0\0\0\x01\0\0\0k\x02\0\0\0");
    expected.extend_from_slice(b"\x01\x01\0\0\0a\x02\x01\0\0\0c\0\0");
    let changes = super::record::encode(
        &sample().writes,
        super::record::CommitFacts {
            time_ms: 1_000,
            next_item_id: 7,
        },
    );
    expected.extend_from_slice(&changes);
    assert_eq!(bytes, expected);
    assert_eq!(
        encode_decision(Decision::Commit, "tx-1", 258),
        b"\x03\x02\x01\0\0\0\0\0\0\x04\0\0\0tx-1"
    );
}

#[test]
fn a_prepared_transaction_comes_back_with_what_it_holds() {
    let bytes = encode_prepare(&sample());
    let (Record::Prepare(found), facts) = decode(&bytes).unwrap() else {
        panic!("not a prepare record");
    };
    assert_eq!((&*found.id, found.prepared_at_ms), ("tx-1", 1_000));
    assert_eq!((found.expires_at_ms, found.next_item_id), (901_000, 7));
    assert_eq!((facts.time_ms, facts.next_item_id), (1_000, 7));
    assert_eq!(found.writes.bytes(), sample().writes.bytes());
    assert_eq!(encode_prepare(&found), bytes);
}

#[test]
fn decisions_come_back() {
    for decision in [Decision::Commit, Decision::RollBack, Decision::Expire] {
        let bytes = encode_decision(decision, "ü", 5);
        match decode(&bytes).unwrap() {
            (Record::Decide(found, id), facts) => {
                assert_eq!((found, &*id, facts.time_ms), (decision, "ü", 5));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_record_that_is_cut_short_or_longer_or_of_another_kind_is_an_error() {
    for bytes in [
        encode_prepare(&sample()),
        encode_decision(Decision::Expire, "tx-1", 1),
    ] {
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_err(), "{length}");
        }
        assert!(decode(&[&bytes[..], &[0]].concat()).is_err());
    }
    assert!(decode(b"\x06\0\0\0\0\0\0\0\0\x01\0\0\0a").is_err());
    assert!(decode(b"\x03\0\0\0\0\0\0\0\0\x01\0\0\0\xff").is_err());
}

#[test]
fn a_checkpoint_keeps_what_is_held_and_remembered() {
    let mut state = PreparedState::default();
    state.hold(3, Arc::new(sample()));
    for (i, decision) in [Decision::Commit, Decision::RollBack, Decision::Expire]
        .into_iter()
        .enumerate()
    {
        let id = format!("past-{i}");
        let sequence = 10 + i as u64;
        state.hold(
            5,
            Arc::new(transaction(&id, Reads::default(), Writes::default())),
        );
        state
            .decide(&id, decision.outcome(sequence), sequence)
            .unwrap();
    }
    let mut bytes = Vec::new();
    encode_state(&state, &mut bytes);
    let found = decode_state(&mut bytes.as_slice()).unwrap();
    assert_eq!(found.find("tx-1").unwrap().sequence, 3);
    assert!(found.outcomes().eq(state.outcomes()));
    let mut again = Vec::new();
    encode_state(&found, &mut again);
    assert_eq!(again, bytes);
    for length in 0..bytes.len() {
        let _ = decode_state(&mut &bytes[..length]);
    }
}

#[test]
fn the_newest_outcomes_are_remembered_and_an_id_used_again_is_forgotten() {
    let mut state = PreparedState::default();
    let last = MAX_REMEMBERED_OUTCOMES as u64 + 10;
    for i in 0..=last {
        let one = transaction(&format!("tx-{i}"), Reads::default(), Writes::default());
        state.hold(i, Arc::new(one));
        state.decide(&format!("tx-{i}"), PreparedOutcome::RolledBack, i);
    }
    assert_eq!(state.outcomes().count(), MAX_REMEMBERED_OUTCOMES);
    assert!(state.outcome("tx-10").is_none());
    assert_eq!(state.outcome("tx-11").unwrap().sequence, 11);
    let copy = state.clone();
    let again = transaction("tx-11", Reads::default(), Writes::default());
    state.hold(last + 1, Arc::new(again));
    assert!(state.outcome("tx-11").is_none());
    assert!(copy.outcome("tx-11").is_some(), "a copy does not change");
    assert!(
        state
            .decide("tx-12", PreparedOutcome::RolledBack, 1)
            .is_none()
    );
}

proptest! {
    #[test]
    fn any_transaction_comes_back(
        id in "[a-z]{1,9}",
        points in proptest::collection::vec((0u64..3, any::<[u8; 2]>()), 0..9),
        ranges in proptest::collection::vec((0u64..3, any::<[u8; 2]>(), any::<[u8; 2]>(), 0u8..9), 0..9),
        items in proptest::collection::vec((1u64..4, any::<[u8; 2]>(), any::<Option<[u8; 3]>>()), 0..9),
    ) {
        let bound = |n: u8, key: [u8; 2]| match n {
            0 => Bound::Unbounded,
            1 => Bound::Included(key.to_vec()),
            _ => Bound::Excluded(key.to_vec()),
        };
        let mut reads = Reads::default();
        for (store, key) in points {
            reads.point(StoreId(store), &key);
        }
        for (store, lo, hi, shape) in ranges {
            reads.range(StoreId(store), bound(shape % 3, lo), bound(shape / 3, hi));
        }
        let mut writes = Writes::default();
        for (store, key, payload) in items {
            let change = payload.as_ref().map_or(Change::Remove, |bytes| put(bytes));
            writes.of_store(StoreId(store)).insert(&key, change);
        }
        let bytes = encode_prepare(&transaction(&id, reads, writes));
        match decode(&bytes).unwrap() {
            (Record::Prepare(found), _) => prop_assert_eq!(encode_prepare(&found), bytes),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn damaged_records_are_errors_or_other_records_never_a_panic(
        kind in 0u8..7, bytes in proptest::collection::vec(any::<u8>(), 0..80), at in any::<u16>(), bit in 0u8..8,
    ) {
        let _ = decode(&[&[kind][..], &bytes].concat());
        let mut whole = encode_prepare(&sample());
        let at = at as usize % whole.len();
        whole[at] ^= 1 << bit;
        let _ = decode(&whole);
        let _ = decode_state(&mut bytes.as_slice());
    }
}
