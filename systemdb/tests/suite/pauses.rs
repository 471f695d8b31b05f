//! Runs that pause: where, what they tell there, and how they go on.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sop_systemdb::script::run::{
    Breakpoint, Event, LONGEST_PAUSE, NotPaused, Pauses, Resume, RunLimits, RunOptions, RunOutcome,
    RunReport, run,
};
use sop_systemdb::script::{Arguments, Program, ScriptSource};
use sop_systemdb::tool::ToolFault;

use crate::host::{Host, program, script};

struct Scripts(HashMap<String, Arc<Program>>);
impl ScriptSource for Scripts {
    fn program(&self, reference: &str) -> Result<Arc<Program>, ToolFault> {
        let found = self.0.get(reference).cloned();
        found.ok_or_else(|| ToolFault::new("script_not_found", format!("no {reference}")))
    }
}

/// A breakpoint of a script, with a condition where there is one behind the place.
fn at(json: &Value, places: &[&str]) -> Vec<Breakpoint> {
    let script = script(json);
    let each = places.iter().map(|place| {
        let (step, when) = match place.split_once(' ') {
            Some((step, when)) => (step, Some(when)),
            None => (*place, None),
        };
        Breakpoint::new(&script, step, when).unwrap()
    });
    each.collect()
}

fn start() -> Pauses {
    Pauses::new(Vec::new(), true, LONGEST_PAUSE)
}

/// The place of a pause, as `/steps/0 2/3 in general.other`.
fn place(paused: &Value) -> String {
    let rounds = paused["rounds"].as_array().unwrap().iter();
    let rounds: Vec<String> = rounds
        .map(|round| {
            format!(
                " {}={}/{}",
                round["item"].as_str().unwrap(),
                round["round"],
                round["of"]
            )
        })
        .collect();
    let script = match paused["script"].as_str().unwrap() {
        "general.demo" => String::new(),
        other => format!(" in {other}"),
    };
    format!(
        "{}{}{script}",
        paused["step"].as_str().unwrap(),
        rounds.concat()
    )
}

/// Runs it, says `word` at each pause, and gives all pauses.
fn watched(
    host: &Host,
    json: &Value,
    options: RunOptions<'_>,
    pauses: &Pauses,
    mut word: impl FnMut(&Value) -> Option<Resume>,
) -> (RunReport, Vec<Value>) {
    let mut seen = Vec::new();
    let mut sink = |event: Event| {
        if matches!(event, Event::Paused { .. }) {
            assert!(pauses.is_paused());
            let paused = serde_json::to_value(&event).unwrap();
            if let Some(word) = word(&paused) {
                pauses.resume(word).unwrap();
                assert_eq!(pauses.resume(word), Err(NotPaused), "one word is enough");
            }
            seen.push(paused);
        }
        ControlFlow::Continue(())
    };
    let options = RunOptions {
        pauses: Some(pauses),
        ..options
    };
    let report = run(
        &program(json),
        host,
        &Arguments::default(),
        &options,
        &mut sink,
    );
    assert!(!pauses.is_paused());
    (report, seen)
}

fn places(seen: &[Value]) -> Vec<String> {
    seen.iter().map(place).collect()
}

fn nested() -> Value {
    json!({"steps": [
        {"type": "set", "variable": "sum", "value": "0"},
        {"type": "loop", "list": [1, 2], "item": "i", "steps": [
            {"type": "if", "condition": "i > 1", "then": [{"type": "set", "variable": "sum", "value": "sum + i"}], "else": [{"type": "block", "steps": [{"type": "say", "message": "low"}]}]},
        ]},
        {"type": "call", "script": "other"},
        {"type": "say", "message": "{{sum}}", "disabled": true},
        {"type": "say", "message": "{{sum}}"},
    ]})
}

fn other() -> Value {
    json!({"name": "other", "steps": [{"type": "loop", "list": ["a"], "item": "x", "steps": [{"type": "say", "message": "{{x}}"}]}]})
}

fn scripts() -> Scripts {
    Scripts(HashMap::from([(
        "general.other".to_owned(),
        program(&other()),
    )]))
}

#[test]
fn steps_are_gone_through_one_by_one_into_what_is_nested_and_called() {
    let scripts = scripts();
    let options = RunOptions {
        scripts: &scripts,
        ..RunOptions::default()
    };
    let (report, seen) = watched(&Host::new(), &nested(), options, &start(), |_| {
        Some(Resume::Step)
    });
    assert_eq!(report.outcome, RunOutcome::Done);
    assert_eq!(
        places(&seen),
        [
            "/steps/0",
            "/steps/1",
            "/steps/1/steps/0 i=1/2",
            "/steps/1/steps/0/else/0 i=1/2",
            "/steps/1/steps/0/else/0/steps/0 i=1/2",
            "/steps/1/steps/0 i=2/2",
            "/steps/1/steps/0/then/0 i=2/2",
            "/steps/2",
            "/steps/0 in general.other",
            "/steps/0/steps/0 x=1/1 in general.other",
            "/steps/4",
        ]
    );
    let reasons: Vec<&str> = seen
        .iter()
        .map(|one| one["reason"].as_str().unwrap())
        .collect();
    assert_eq!(
        (reasons[0], reasons[1], reasons[10]),
        ("start", "step", "step")
    );
    assert_eq!(seen[6]["variables"], json!({"sum": 0, "i": 2}));
    assert_eq!(seen[9]["variables"], json!({"x": "a"}));
    assert_eq!(
        seen[9]["calls"],
        json!([{"script": "general.demo", "step": "/steps/2"}])
    );
    let steps: Vec<u64> = seen
        .iter()
        .map(|one| one["steps"].as_u64().unwrap())
        .collect();
    assert_eq!(steps, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}

#[test]
fn what_is_in_a_step_is_stepped_over() {
    let scripts = scripts();
    let options = || RunOptions {
        scripts: &scripts,
        ..RunOptions::default()
    };
    let over = |_: &Value| Some(Resume::Over);
    let (_, seen) = watched(&Host::new(), &nested(), options(), &start(), over);
    assert_eq!(
        places(&seen),
        ["/steps/0", "/steps/1", "/steps/2", "/steps/4"]
    );
    // Out of what is nested it goes on where the next step is.
    let inside = at(&nested(), &["/steps/1/steps/0/else/0/steps/0"]);
    let pauses = Pauses::new(inside, false, LONGEST_PAUSE);
    let (_, seen) = watched(&Host::new(), &nested(), options(), &pauses, over);
    assert_eq!(
        places(&seen),
        [
            "/steps/1/steps/0/else/0/steps/0 i=1/2",
            "/steps/1/steps/0 i=2/2",
            "/steps/2",
            "/steps/4"
        ]
    );
    // From a round to the next one.
    let pauses = Pauses::new(at(&nested(), &["/steps/1 i == 1"]), false, LONGEST_PAUSE);
    let (_, seen) = watched(&Host::new(), &nested(), options(), &pauses, over);
    assert_eq!(
        places(&seen),
        ["/steps/1 i=1/2", "/steps/1 i=2/2", "/steps/2", "/steps/4"]
    );
}

#[test]
fn a_breakpoint_stops_before_its_step_and_in_each_round_of_a_loop() {
    let scripts = scripts();
    let options = || RunOptions {
        scripts: &scripts,
        ..RunOptions::default()
    };
    let go = |_: &Value| Some(Resume::Continue);
    let stops = |places_of: &[&str]| {
        let pauses = Pauses::new(at(&nested(), places_of), false, LONGEST_PAUSE);
        let (report, seen) = watched(&Host::new(), &nested(), options(), &pauses, go);
        assert_eq!(report.outcome, RunOutcome::Done);
        assert!(seen.iter().all(|one| one["reason"] == "breakpoint"));
        places(&seen)
    };
    assert_eq!(stops(&[]), [""; 0]);
    assert_eq!(
        stops(&["/steps/1", "/steps/4"]),
        ["/steps/1 i=1/2", "/steps/1 i=2/2", "/steps/4"]
    );
    assert_eq!(stops(&["/steps/1 i > 1"]), ["/steps/1 i=2/2"]);
    assert_eq!(
        stops(&["/steps/1/steps/0/then/0 sum == 0 && i == 2"]),
        ["/steps/1/steps/0/then/0 i=2/2"]
    );
    assert_eq!(
        stops(&["/steps/3"]),
        [""; 0],
        "a step that is disabled does not run"
    );
    // In a script that is called.
    let inner = Breakpoint::new(&script(&other()), "/steps/0/steps/0", Some("x == \"a\"")).unwrap();
    let pauses = Pauses::new(vec![inner], false, LONGEST_PAUSE);
    let (_, seen) = watched(&Host::new(), &nested(), options(), &pauses, go);
    assert_eq!(places(&seen), ["/steps/0/steps/0 x=1/1 in general.other"]);
}

#[test]
fn a_condition_that_cannot_be_tested_stops_and_says_why() {
    let breakpoints = at(&nested(), &["/steps/1 element > 1"]);
    let pauses = Pauses::new(breakpoints, false, LONGEST_PAUSE);
    let (_, seen) = watched(
        &Host::new(),
        &nested(),
        RunOptions::default(),
        &pauses,
        |_| Some(Resume::Stop),
    );
    assert_eq!(places(&seen), ["/steps/1 i=1/2"]);
    let error = seen[0]["condition_error"].as_str().unwrap();
    assert!(error.contains("\"element\" has no value"), "{error}");
}

#[test]
fn breakpoints_are_others_from_the_pause_on_at_which_they_are_replaced() {
    let json = nested();
    let pauses = Pauses::new(at(&json, &["/steps/0", "/steps/1"]), false, LONGEST_PAUSE);
    let scripts = scripts();
    let options = RunOptions {
        scripts: &scripts,
        ..RunOptions::default()
    };
    let (_, seen) = watched(&Host::new(), &json, options, &pauses, |paused| {
        if paused["step"] == "/steps/0" {
            pauses.replace(at(&json, &["/steps/4"]));
        }
        Some(Resume::Continue)
    });
    assert_eq!(places(&seen), ["/steps/0", "/steps/4"]);
}

#[test]
fn a_run_that_is_stopped_at_a_pause_leaves_nothing() {
    let json = json!({"steps": [
        {"type": "tool", "tool": "insert", "args": {"store": "a", "key": 1}},
        {"type": "loop", "list": [2, 3], "item": "i", "steps": [{"type": "tool", "tool": "insert", "args": {"store": "a", "key": "{{i}}"}}]},
    ]});
    for dry_run in [true, false] {
        let host = Host::new();
        let pauses = Pauses::new(at(&json, &["/steps/1 i == 3"]), false, LONGEST_PAUSE);
        let options = RunOptions {
            dry_run,
            ..RunOptions::default()
        };
        let (report, seen) = watched(&host, &json, options, &pauses, |_| Some(Resume::Stop));
        assert_eq!(report.outcome, RunOutcome::Cancelled);
        assert_eq!(report.failure.unwrap().code, "cancelled");
        assert_eq!((seen.len(), &seen[0]["changed"]), (1, &json!(2)));
        assert_eq!(host.store("a"), [0; 0]);
        assert_eq!(host.calls().len(), 2);
    }
}

#[test]
fn a_run_that_goes_on_keeps_what_it_does() {
    let json = json!({"steps": [{"type": "tool", "tool": "insert", "args": {"store": "a", "key": 1}}, {"type": "say", "message": "x"}]});
    let host = Host::new();
    let pauses = Pauses::new(at(&json, &["/steps/1"]), false, LONGEST_PAUSE);
    let (report, _) = watched(&host, &json, RunOptions::default(), &pauses, |_| {
        assert_eq!(host.store("a"), [0; 0], "its transaction is its own");
        Some(Resume::Continue)
    });
    assert_eq!(
        (report.outcome, host.store("a")),
        (RunOutcome::Done, vec![1])
    );
}

#[test]
fn a_pause_without_a_word_ends_the_run_and_says_so() {
    let pauses = Pauses::new(Vec::new(), true, Duration::from_millis(1));
    let (report, seen) = watched(
        &Host::new(),
        &nested(),
        RunOptions::default(),
        &pauses,
        |_| None,
    );
    assert_eq!((report.outcome, seen.len()), (RunOutcome::Cancelled, 1));
    let failure = report.failure.unwrap();
    assert_eq!((failure.code.as_str(), report.steps), ("pause_limit", 0));
    assert_eq!(&*failure.place.unwrap().step, "/steps/0");
    assert!(
        failure.message.contains("without a word"),
        "{}",
        failure.message
    );
}

#[test]
fn who_cancels_a_run_or_closes_the_server_ends_its_pause() {
    let cancelled = AtomicBool::new(false);
    let is_cancelled = || cancelled.load(Ordering::SeqCst);
    let options = RunOptions {
        cancelled: &is_cancelled,
        ..RunOptions::default()
    };
    let (report, _) = watched(&Host::new(), &nested(), options, &start(), |_| {
        cancelled.store(true, Ordering::SeqCst);
        None
    });
    assert_eq!(report.failure.unwrap().code, "cancelled");
    let pauses = start();
    let (report, _) = watched(
        &Host::new(),
        &nested(),
        RunOptions::default(),
        &pauses,
        |_| {
            pauses.close();
            None
        },
    );
    assert_eq!(report.outcome, RunOutcome::Cancelled);
    assert_eq!(report.failure.unwrap().code, "shutting_down");
    // Nobody listens any more.
    let pauses = start();
    let options = RunOptions {
        pauses: Some(&pauses),
        ..RunOptions::default()
    };
    let mut sink = |event| match event {
        Event::Paused { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let report = run(
        &program(&nested()),
        &Host::new(),
        &Arguments::default(),
        &options,
        &mut sink,
    );
    assert_eq!(
        (report.outcome, pauses.is_paused()),
        (RunOutcome::Cancelled, false)
    );
}

#[test]
fn a_pause_takes_no_time_of_the_run() {
    let began = Instant::now();
    let passed = AtomicU64::new(0);
    let clock = || began + Duration::from_secs(passed.load(Ordering::SeqCst));
    let options = || RunOptions {
        clock: &clock,
        limits: RunLimits {
            time: Duration::from_secs(10),
            ..RunLimits::default()
        },
        ..RunOptions::default()
    };
    let json = json!({"steps": [{"type": "say", "message": "a"}, {"type": "say", "message": "b"}]});
    let (report, seen) = watched(&Host::new(), &json, options(), &start(), |_| {
        passed.fetch_add(3_600, Ordering::SeqCst);
        Some(Resume::Step)
    });
    assert_eq!(
        (report.outcome, report.elapsed),
        (RunOutcome::Done, Duration::ZERO)
    );
    assert_eq!(seen[1]["elapsed_ms"], 0.0);
    // What the steps take counts.
    let pauses = Pauses::new(Vec::new(), false, LONGEST_PAUSE);
    let options = RunOptions {
        pauses: Some(&pauses),
        ..options()
    };
    let mut sink = |event| {
        if matches!(event, Event::StepFinished { .. }) {
            passed.fetch_add(11, Ordering::SeqCst);
        }
        ControlFlow::Continue(())
    };
    let report = run(
        &program(&json),
        &Host::new(),
        &Arguments::default(),
        &options,
        &mut sink,
    );
    assert_eq!(report.failure.unwrap().code, "timeout");
}

#[test]
fn a_run_that_goes_on_pauses_where_somebody_asks_for_it() {
    let json = json!({"steps": [{"type": "say", "message": "a"}, {"type": "say", "message": "b"}]});
    let pauses = Pauses::new(Vec::new(), false, LONGEST_PAUSE);
    let mut reasons = Vec::new();
    let mut sink = |event: Event| {
        match &event {
            Event::Said { .. } => pauses.ask(),
            Event::Paused { reason, place, .. } => {
                reasons.push(json!([reason, &*place.step]));
                pauses.ask(); // It waits already.
                pauses.resume(Resume::Continue).unwrap();
            }
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let options = RunOptions {
        pauses: Some(&pauses),
        ..RunOptions::default()
    };
    assert_eq!(pauses.resume(Resume::Continue), Err(NotPaused));
    let report = run(
        &program(&json),
        &Host::new(),
        &Arguments::default(),
        &options,
        &mut sink,
    );
    assert_eq!(report.outcome, RunOutcome::Done);
    assert_eq!(reasons, [json!(["asked", "/steps/1"])]);
}

#[test]
fn steps_that_could_run_at_once_pause_one_after_the_other() {
    // Each of these would wait for the other, were they not at once: none of them does here.
    let json = json!({"steps": [
        {"type": "tool", "tool": "meet", "args": {"others": 1}, "async": true},
        {"type": "tool", "tool": "meet", "args": {"others": 2}, "async": true},
    ]});
    let host = Host::new();
    let mut calls = Vec::new();
    let (report, seen) = watched(&host, &json, RunOptions::default(), &start(), |_| {
        calls.push(host.calls().len());
        Some(Resume::Step)
    });
    assert_eq!(report.outcome, RunOutcome::Done, "{:?}", report.failure);
    assert_eq!(places(&seen), ["/steps/0", "/steps/1"]);
    assert_eq!(calls, [0, 1]);
}

#[test]
fn breakpoints_that_mean_nothing_are_refused_with_their_place() {
    let script = script(&nested());
    for (step, when, code, place) in [
        ("/steps/9", None, "unknown_step", "/step"),
        ("/steps/1/steps", None, "unknown_step", "/step"),
        (
            "/steps/1/steps/0/otherwise/0",
            None,
            "unknown_step",
            "/step",
        ),
        ("", None, "unknown_step", "/step"),
        ("/steps/0", Some("sum >"), "invalid_expression", "/when"),
        ("/steps/0", Some("open('x')"), "invalid_expression", "/when"),
        ("/steps/0", Some(""), "invalid_expression", "/when"),
    ] {
        let fault = Breakpoint::new(&script, step, when).unwrap_err();
        assert_eq!(
            (fault.code.as_str(), fault.at.as_str()),
            (code, place),
            "{fault}"
        );
    }
    let near = Breakpoint::new(&script, "/steps/1/steps/0/els/0", None).unwrap_err();
    assert!(near.message.contains("did you mean"), "{near}");
}
