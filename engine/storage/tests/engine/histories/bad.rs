//! The checker finds what it is there to find: each anomaly as a history made by hand.

use super::checker::{Edge, Record, Step, cycles, replay};

const X: i64 = 1;
const Y: i64 = 2;

fn record(
    times: (u64, u64),
    snapshot: u64,
    commit: impl Into<Option<u64>>,
    steps: &[Step],
) -> Record {
    Record {
        invoked: times.0,
        returned: times.1,
        snapshot,
        commit: commit.into(),
        steps: steps.to_vec(),
    }
}

fn get(key: i64, version: u64, value: &str) -> Step {
    Step::Get(key, Some((version, value.to_owned())))
}

fn put(key: i64, value: &str) -> Step {
    Step::Put(key, value.to_owned())
}

/// Commit 1: both keys hold 0.
fn start() -> Record {
    record((1, 2), 0, 1, &[put(X, "0"), put(Y, "0")])
}

fn edges(history: &[Record]) -> Vec<Edge> {
    let cycle = cycles(history).expect("a cycle");
    let mut edges: Vec<Edge> = cycle.into_iter().map(|(_, edge)| edge).collect();
    edges.sort();
    edges
}

#[test]
fn a_good_history_passes() {
    let history = [
        start(),
        record((3, 6), 1, 2, &[get(X, 1, "0"), put(X, "1")]),
        record((4, 7), 1, 3, &[get(Y, 1, "0"), put(Y, "1")]),
        record((5, 8), 1, None, &[get(X, 1, "0"), put(X, "2")]),
        record(
            (9, 10),
            3,
            3,
            &[get(X, 2, "1"), get(Y, 3, "1"), Step::Count(0, 9, 2)],
        ),
    ];
    assert_eq!(replay(&history), Ok(()));
    assert_eq!(cycles(&history), None);
}

#[test]
fn a_lost_update_is_found() {
    let history = [
        start(),
        record((3, 6), 1, 2, &[get(X, 1, "0"), put(X, "1")]),
        record((4, 7), 1, 3, &[get(X, 1, "0"), put(X, "1")]),
    ];
    assert!(replay(&history).is_err());
    assert_eq!(edges(&history), [Edge::WriteWrite, Edge::ReadWrite]);
}

#[test]
fn a_blind_write_over_another_is_found() {
    let history = [
        start(),
        record((3, 6), 1, 2, &[put(X, "1")]),
        record((4, 7), 1, 3, &[put(X, "2")]),
    ];
    // In serial order this is no anomaly, but the engine promises a conflict.
    assert!(replay(&history).unwrap_err().contains("meanwhile"));
}

#[test]
fn a_write_skew_is_found() {
    let history = [
        start(),
        record((3, 6), 1, 2, &[get(X, 1, "0"), put(Y, "1")]),
        record((4, 7), 1, 3, &[get(Y, 1, "0"), put(X, "1")]),
    ];
    assert!(replay(&history).is_err());
    assert_eq!(edges(&history), [Edge::ReadWrite, Edge::ReadWrite]);
}

#[test]
fn a_phantom_is_found() {
    let both = Step::Scan(0, 9, vec![(X, 1, "0".into()), (Y, 1, "0".into())]);
    let history = [
        start(),
        record((3, 6), 1, 2, &[both.clone(), put(5, "1")]),
        record((4, 7), 1, 3, &[both, put(6, "1")]),
    ];
    assert!(replay(&history).is_err());
    assert_eq!(edges(&history), [Edge::ReadWrite, Edge::ReadWrite]);
    // The same with counts, which show no items.
    let count = Step::Count(0, 9, 2);
    let history = [
        start(),
        record((3, 6), 1, 2, &[count.clone(), put(5, "1")]),
        record((4, 7), 1, 3, &[count, put(6, "1")]),
    ];
    assert!(replay(&history).is_err());
}

#[test]
fn a_long_fork_is_found() {
    let history = [
        start(),
        record((3, 8), 1, 2, &[put(X, "1")]),
        record((4, 9), 1, 3, &[put(Y, "1")]),
        record((5, 10), 2, 2, &[get(X, 2, "1"), get(Y, 1, "0")]),
        record((6, 11), 2, 2, &[get(X, 1, "0"), get(Y, 3, "1")]),
    ];
    assert!(replay(&history).is_err());
    assert_eq!(
        edges(&history),
        [
            Edge::WriteRead,
            Edge::WriteRead,
            Edge::ReadWrite,
            Edge::ReadWrite
        ]
    );
}

#[test]
fn a_read_that_sees_half_of_a_commit_is_found() {
    let history = [
        start(),
        record((3, 6), 1, 2, &[put(X, "1"), put(Y, "1")]),
        record((4, 7), 2, 2, &[get(X, 2, "1"), get(Y, 1, "0")]),
    ];
    assert!(replay(&history).is_err());
    assert_eq!(edges(&history), [Edge::WriteRead, Edge::ReadWrite]);
}

#[test]
fn a_read_of_what_was_aborted_is_found() {
    let history = [
        start(),
        record((3, 6), 1, None, &[put(X, "1")]),
        record((7, 8), 1, 1, &[get(X, 2, "1")]),
    ];
    assert!(replay(&history).is_err());
}

#[test]
fn a_stale_snapshot_is_found() {
    let history = [
        start(),
        record((3, 4), 1, 2, &[put(X, "1")]),
        record((5, 6), 1, 1, &[get(X, 1, "0")]),
    ];
    assert!(replay(&history).unwrap_err().contains("known before"));
}

#[test]
fn wrong_versions_counts_removals_and_sequences_are_found() {
    for bad in [
        get(X, 7, "0"),
        get(X, 1, "9"),
        Step::Get(X, None),
        Step::Count(0, 9, 3),
        Step::Remove(7, true),
        Step::Scan(0, 9, vec![(X, 1, "0".into())]),
    ] {
        let history = [start(), record((3, 4), 1, 1, std::slice::from_ref(&bad))];
        assert!(replay(&history).is_err(), "{bad:?}");
    }
    let twice = [start(), record((3, 4), 0, 1, &[put(5, "1")])];
    assert!(replay(&twice).unwrap_err().contains("two transactions"));
}
