//! Steps that run side by side.

use serde_json::json;
use sop_systemdb::script::run::{RunOptions, RunOutcome};

use crate::host::{Host, play};

#[test]
fn neighbours_run_at_once_and_their_results_are_there_after_them() {
    let host = Host::new();
    // Each waits for the other two.
    let meet = |output: &str| json!({"type": "tool", "tool": "meet", "args": {"others": 3}, "async": true, "output": output});
    let script = json!({"steps": [meet("a"), meet("b"), meet("c"), {"type": "say", "message": "{{a}} {{b}} {{c}}"}]});
    let (report, lines) = play(&host, &script, &json!({}), &RunOptions::default());
    assert_eq!(report.outcome, RunOutcome::Done, "{:?}", report.failure);
    assert!(lines.contains(&"said 3 3 3".to_owned()), "{lines:?}");
    assert_eq!(report.steps, 4);
}

#[test]
fn the_first_failure_stops_the_others() {
    let host = Host::with(&json!({"a": {"1": {}}}));
    let script = json!({"steps": [
        {"type": "tool", "tool": "insert", "args": {"store": "a", "key": 2}},
        {"type": "tool", "tool": "wait", "args": {}, "async": true},
        {"type": "tool", "tool": "fail", "args": {}, "async": true},
        {"type": "tool", "tool": "wait", "args": {}, "async": true},
    ]});
    let (report, _) = play(&host, &script, &json!({}), &RunOptions::default());
    let failure = report.failure.unwrap();
    assert_eq!(
        (failure.code.as_str(), &*failure.place.unwrap().step),
        ("broken", "/steps/2")
    );
    assert_eq!(host.store("a"), [1]);
}

#[test]
fn steps_with_transactions_of_their_own_may_write_beside_each_other() {
    let host = Host::new();
    let insert = |key: u64| json!({"type": "tool", "tool": "insert", "args": {"store": "a", "key": key}, "async": true});
    let script = json!({"transaction": "none", "steps": [insert(1), insert(2), insert(3)]});
    let (report, _) = play(&host, &script, &json!({}), &RunOptions::default());
    assert_eq!(report.outcome, RunOutcome::Done);
    assert_eq!(report.changed, 3);
    assert_eq!(host.store("a"), [1, 2, 3]);
}
