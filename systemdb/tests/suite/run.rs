//! Runs, step by step.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use serde_json::{Value, json};
use sop_systemdb::script::run::{
    Asker, Prompt, PromptPart, RunLimits, RunOptions, RunOutcome, run,
};
use sop_systemdb::script::{Arguments, Program, ScriptSource};
use sop_systemdb::tool::ToolFault;

use crate::host::{Host, play, program};

fn users() -> Host {
    Host::with(&json!({"users": {
        "1": {"name": "Ada", "active": true},
        "2": {"name": "Bob", "active": false},
        "3": {"name": "Cy", "active": true},
    }}))
}

fn done(json: &Value, args: &Value) -> (Host, Vec<String>) {
    let host = users();
    let (report, lines) = play(&host, json, args, &RunOptions::default());
    assert_eq!(report.outcome, RunOutcome::Done, "{:?}", report.failure);
    (host, lines)
}

fn failed(json: &Value) -> (Host, String, Vec<String>) {
    let host = users();
    let (report, lines) = play(&host, json, &json!({}), &RunOptions::default());
    assert_eq!(report.outcome, RunOutcome::Failed, "{lines:?}");
    let failure = report.failure.unwrap();
    let at = failure
        .place
        .map(|place| place.step.to_string())
        .unwrap_or_default();
    (
        host,
        format!("{at} {}: {}", failure.code, failure.message),
        lines,
    )
}

#[test]
fn steps_run_in_order_and_tell_what_they_do() {
    let (host, lines) = done(
        &json!({"parameters": [{"name": "floor", "type": "integer", "default": 1}], "steps": [
            {"type": "fetch", "store": "users", "filter": {"active": true}, "output": "active"},
            {"type": "set", "variable": "count", "value": "size(active) + floor"},
            {"type": "if", "condition": "count > 2", "then": [{"type": "say", "message": "{{count}}: {{active[0].name}}"}], "else": [{"type": "tool", "tool": "fail", "args": {}}]},
            {"type": "loop", "list": "active", "item": "user", "steps": [
                {"type": "tool", "tool": "insert", "args": {"store": "seen", "key": "{{user.key}}", "value": {"of": "{{user}}"}}},
            ]},
            {"type": "assert", "condition": "active.all(u, u.active)"},
        ]}),
        &json!({}),
    );
    assert_eq!(
        lines,
        [
            "started {\"floor\":1}",
            "/steps/0 fetch",
            "rows [[1,\"Ada\",true],[3,\"Cy\",true]]",
            "output 2 rows",
            "/steps/0 done 2",
            "/steps/1 set",
            "/steps/1 done 0",
            "/steps/2 if",
            "/steps/2/then/0 say",
            "said 3: Ada",
            "/steps/2/then/0 done 0",
            "/steps/2 done 0",
            "/steps/3 loop",
            "/steps/3/steps/0 tool",
            "output 1 item inserted into seen",
            "/steps/3/steps/0 done 0",
            "/steps/3/steps/0 tool",
            "output 1 item inserted into seen",
            "/steps/3/steps/0 done 0",
            "/steps/3 done 0",
            "/steps/4 assert",
            "/steps/4 done 0",
            "finished done",
        ]
    );
    assert_eq!(host.store("seen"), [1, 3]);
    let kept = host.world.stores.lock().unwrap()["seen"][&3].clone();
    assert_eq!(
        kept,
        json!({"of": {"key": 3, "name": "Cy", "active": true}})
    );
}

#[test]
fn arguments_are_checked_before_anything_runs() {
    let host = users();
    let script = json!({"parameters": [{"name": "limit", "type": "integer"}], "steps": [{"type": "tool", "tool": "insert", "args": {"store": "a", "key": 1}}]});
    for (args, part) in [
        (json!({}), "\"limit\" (integer) has no value"),
        (json!({"limit": "many"}), "is not a whole number"),
        (json!({"limit": 1, "limt": 2}), "did you mean \"limit\"?"),
    ] {
        let (report, lines) = play(&host, &script, &args, &RunOptions::default());
        let failure = report.failure.unwrap();
        assert_eq!(failure.code, "invalid_arguments");
        assert!(failure.message.contains(part), "{}", failure.message);
        assert_eq!(lines, ["finished failed"]);
    }
    assert_eq!(host.calls(), [""; 0]);
}

#[test]
fn one_transaction_sees_its_own_writes_and_a_failure_leaves_nothing() {
    let steps = json!([
        {"type": "tool", "tool": "insert", "args": {"store": "users", "key": 4, "value": {"name": "Di"}}},
        {"type": "fetch", "store": "users", "output": "all"},
        {"type": "assert", "condition": "size(all) == 4"},
        {"type": "tool", "tool": "fail", "args": {}},
    ]);
    let (host, failure, _) = failed(&json!({"steps": steps}));
    assert_eq!(failure, "/steps/3 broken: it is broken");
    assert_eq!(host.store("users"), [1, 2, 3]);
    let (host, _, _) = failed(&json!({"transaction": "per_step", "steps": steps}));
    assert_eq!(host.store("users"), [1, 2, 3, 4]);
    let (host, _, _) = failed(&json!({"transaction": "none", "steps": steps}));
    assert_eq!(host.store("users"), [1, 2, 3, 4]);
}

#[test]
fn each_step_of_a_script_by_steps_is_whole_or_nothing() {
    let (host, _, _) = failed(&json!({"transaction": "per_step", "steps": [
        {"type": "tool", "tool": "insert", "args": {"store": "a", "key": 1}},
        {"type": "block", "steps": [
            {"type": "tool", "tool": "insert", "args": {"store": "a", "key": 2}},
            {"type": "tool", "tool": "fail", "args": {}},
        ]},
    ]}));
    assert_eq!(host.store("a"), [1]);
}

#[test]
fn a_step_that_may_fail_lets_the_script_go_on() {
    let (host, lines) = done(
        &json!({"steps": [
            {"type": "tool", "tool": "insert", "args": {"store": "users", "key": 1}, "continue_on_error": true, "output": "x"},
            {"type": "say", "message": "{{error.code}} {{error.step}} {{x}}|"},
            {"type": "tool", "tool": "insert", "args": {"store": "users", "key": 9}},
        ]}),
        &json!({}),
    );
    assert!(lines.contains(&"/steps/0 failed key_exists continues=true".to_owned()));
    assert!(lines.contains(&"said key_exists /steps/0 |".to_owned()));
    assert_eq!(host.store("users"), [1, 2, 3, 9]);
}

#[test]
fn a_step_that_failed_in_the_middle_ends_the_one_transaction() {
    let steps = json!([
        {"type": "tool", "tool": "half", "args": {}, "continue_on_error": true},
        {"type": "tool", "tool": "insert", "args": {"store": "a", "key": 1}},
    ]);
    let (host, failure, _) = failed(&json!({"steps": steps}));
    assert!(failure.contains("cannot be taken back"), "{failure}");
    assert_eq!(host.store("half"), [0; 0]);
    // Its own transaction can be rolled back.
    let (host, _) = done(
        &json!({"transaction": "per_step", "steps": steps}),
        &json!({}),
    );
    assert_eq!((host.store("half"), host.store("a")), (vec![], vec![1]));
}

#[test]
fn a_dry_run_shows_changes_and_keeps_none() {
    for mode in ["single", "per_step", "none"] {
        let host = users();
        let options = RunOptions {
            dry_run: true,
            ..RunOptions::default()
        };
        let script = json!({"transaction": mode, "steps": [
            {"type": "tool", "tool": "insert", "args": {"store": "users", "key": 4}},
            {"type": "fetch", "store": "users", "output": "all", "async": true},
            {"type": "fetch", "store": "users", "output": "again", "async": true},
            {"type": "assert", "condition": "size(all) == 4 && size(again) == 4 && run.dry_run"},
        ]});
        let (report, _) = play(&host, &script, &json!({}), &options);
        assert_eq!(report.outcome, RunOutcome::Done, "{:?}", report.failure);
        assert_eq!((report.changed, report.sequence), (1, None));
        assert_eq!(host.store("users"), [1, 2, 3]);
    }
}

#[test]
fn a_prompt_tells_arguments_from_data() {
    struct Shown;
    impl Asker for Shown {
        fn ask(&self, prompt: &Prompt) -> Result<Value, ToolFault> {
            let parts = prompt.parts.iter().map(|part| match part {
                PromptPart::Text(text) => text.trim().to_owned(),
                PromptPart::Data { name, given, .. } => format!("{name}={given}"),
            });
            Ok(json!(parts.collect::<Vec<_>>().join(" ")))
        }
    }
    let script = json!({
        "parameters": [{"name": "a"}, {"name": "b"}],
        "steps": [
            {"type": "fetch", "store": "users", "output": "rows"},
            {"type": "set", "variable": "b", "value": "rows"},
            {"type": "ask", "prompt": "of {{a}} {{b}} {{rows}}"},
        ],
    });
    let options = RunOptions {
        asker: &Shown,
        ..RunOptions::default()
    };
    let (report, _) = play(&users(), &script, &json!({"a": "x", "b": "y"}), &options);
    // What a step changed is data, whoever named it.
    assert_eq!(report.value, json!("of a=true  b=false  rows=false"));
}

struct Model;
impl Asker for Model {
    fn ask(&self, prompt: &Prompt) -> Result<Value, ToolFault> {
        Ok(json!(format!("<{}>", prompt.text())))
    }
}

#[test]
fn only_steps_that_ask_ask_a_model() {
    struct Never;
    impl Asker for Never {
        fn ask(&self, prompt: &Prompt) -> Result<Value, ToolFault> {
            panic!("asked: {}", prompt.text());
        }
    }
    let host = users();
    let all = json!({"steps": [
        {"type": "tool", "tool": "query", "args": {"sql": "ask me"}},
        {"type": "fetch", "store": "users"},
        {"type": "say", "message": "what?"},
    ]});
    let options = RunOptions {
        asker: &Never,
        ..RunOptions::default()
    };
    let (report, _) = play(&host, &all, &json!({}), &options);
    assert_eq!(report.outcome, RunOutcome::Done);
    let asking = json!({"steps": [{"type": "ask", "prompt": "Who is {{run.user}}?", "output": "a"}, {"type": "say", "message": "{{a}}"}]});
    let options = RunOptions {
        asker: &Model,
        user: "Ada".to_owned(),
        ..RunOptions::default()
    };
    let (_, lines) = play(&host, &asking, &json!({}), &options);
    assert_eq!(lines[2], "said <Who is Ada?>");
    assert_eq!(lines[5], "said <Who is Ada?>");
    let (report, _) = play(&host, &asking, &json!({}), &RunOptions::default());
    let failure = report.failure.unwrap();
    assert_eq!(failure.code, "no_model");
    assert!(failure.message.contains("no model is configured"));
}

struct Scripts(HashMap<&'static str, Arc<Program>>);
impl ScriptSource for Scripts {
    fn program(&self, reference: &str) -> Result<Arc<Program>, ToolFault> {
        let found = self.0.get(reference).cloned();
        found.ok_or_else(|| ToolFault::new("script_not_found", format!("no {reference}")))
    }
}

#[test]
fn a_script_calls_another_with_arguments_in_its_own_transaction() {
    let callee = json!({"name": "add", "parameters": [{"name": "key", "type": "integer"}, {"name": "to", "default": "a"}], "transaction": "none", "steps": [
        {"type": "tool", "tool": "insert", "args": {"store": "{{to}}", "key": "{{key}}"}},
        {"type": "fetch", "store": "{{to}}"},
    ]});
    let scripts = Scripts(HashMap::from([("general.add", program(&callee))]));
    let options = RunOptions {
        scripts: &scripts,
        ..RunOptions::default()
    };
    let host = users();
    let caller = json!({"steps": [
        {"type": "call", "script": "add", "args": {"key": "{{run.none}}", "to": "b"}, "continue_on_error": true},
        {"type": "call", "script": "add", "args": {"key": "7"}, "output": "rows"},
        {"type": "say", "message": "{{rows[0].key}}"},
    ]});
    let (report, lines) = play(&host, &caller, &json!({}), &options);
    assert_eq!(report.outcome, RunOutcome::Done, "{:?}", report.failure);
    assert!(
        lines.contains(&"/steps/0 failed invalid_arguments continues=true".to_owned()),
        "{lines:?}"
    );
    assert!(lines.contains(&"said 7".to_owned()));
    assert_eq!(host.store("a"), [7]);
    let mut failing = caller.clone();
    failing["steps"][2] = json!({"type": "tool", "tool": "fail", "args": {}});
    let host = users();
    let (report, _) = play(&host, &failing, &json!({}), &options);
    assert_eq!(report.outcome, RunOutcome::Failed);
    // The caller's one transaction holds for what it calls, whatever that says.
    assert_eq!(host.store("a"), [0; 0]);
}

#[test]
fn a_script_that_calls_itself_ends_at_the_depth_limit() {
    let itself = json!({"steps": [{"type": "call", "script": "demo"}]});
    let scripts = Scripts(HashMap::from([("general.demo", program(&itself))]));
    let options = RunOptions {
        scripts: &scripts,
        ..RunOptions::default()
    };
    let (report, _) = play(&users(), &itself, &json!({}), &options);
    assert_eq!(report.failure.unwrap().code, "too_deep");
}

#[test]
fn a_run_takes_no_more_than_it_may() {
    let host = users();
    let many = json!({"limits": {"steps": 5}, "steps": [{"type": "loop", "list": [1, 2, 3, 4, 5, 6, 7, 8], "item": "i", "steps": [{"type": "tool", "tool": "insert", "args": {"store": "a", "key": "{{i}}"}}]}]});
    let (report, _) = play(&host, &many, &json!({}), &RunOptions::default());
    assert_eq!(report.failure.unwrap().code, "step_limit");
    assert_eq!(host.store("a"), [0; 0]);
    let fetch = json!({"limits": {"rows": 2}, "steps": [{"type": "fetch", "store": "users"}]});
    let (report, _) = play(&host, &fetch, &json!({}), &RunOptions::default());
    let table = report.table.unwrap();
    assert_eq!(
        (table.rows.len(), table.truncated, report.rows),
        (2, true, 2)
    );
    let options = RunOptions {
        limits: RunLimits {
            time: std::time::Duration::ZERO,
            ..RunLimits::default()
        },
        ..RunOptions::default()
    };
    let (report, _) = play(&host, &fetch, &json!({}), &options);
    assert_eq!(report.failure.unwrap().code, "timeout");
}

#[test]
fn a_run_ends_when_somebody_stops_it_or_nobody_listens() {
    let steps = json!({"steps": [{"type": "tool", "tool": "insert", "args": {"store": "a", "key": 1}}, {"type": "say", "message": "x"}]});
    let host = users();
    let options = RunOptions {
        cancelled: &|| true,
        ..RunOptions::default()
    };
    let (report, lines) = play(&host, &steps, &json!({}), &options);
    assert_eq!(report.outcome, RunOutcome::Cancelled);
    assert_eq!(lines.last().unwrap(), "finished cancelled");
    let mut events = 0;
    let mut sink = |_| {
        events += 1;
        match events {
            4 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    };
    let report = run(
        &program(&steps),
        &host,
        &Arguments::default(),
        &RunOptions::default(),
        &mut sink,
    );
    assert_eq!(report.outcome, RunOutcome::Cancelled);
    assert_eq!(host.store("a"), [0; 0]);
}

#[test]
fn a_run_to_a_step_ends_there_and_tells_the_variables() {
    let host = users();
    let options = RunOptions {
        until: Some("/steps/0".to_owned()),
        variables: true,
        dry_run: true,
        ..RunOptions::default()
    };
    let steps = json!({"steps": [{"type": "fetch", "store": "users", "limit": 1, "output": "u"}, {"type": "tool", "tool": "fail", "args": {}}]});
    let mut told = Value::Null;
    let mut sink = |event| {
        let json = serde_json::to_value(&event).unwrap();
        if json["event"] == "step_finished" {
            told = json["variables"].clone();
        }
        ControlFlow::Continue(())
    };
    let report = run(
        &program(&steps),
        &host,
        &Arguments::default(),
        &options,
        &mut sink,
    );
    assert_eq!(report.outcome, RunOutcome::Done);
    assert_eq!(
        told,
        json!({"u": [{"key": 1, "name": "Ada", "active": true}]})
    );
}

#[test]
fn a_step_uses_its_own_database_or_the_scripts_or_the_runs() {
    let host = users();
    let options = RunOptions {
        database: Some("shop".to_owned()),
        ..RunOptions::default()
    };
    let steps = json!([
        {"type": "fetch", "store": "users"},
        {"type": "fetch", "store": "users", "database": "{{run.database}}2"},
        {"type": "tool", "tool": "select", "args": {"store": "users", "database": "third"}, "database": "no"},
    ]);
    let databases = |script: Value| {
        host.world.calls.lock().unwrap().clear();
        play(&host, &script, &json!({}), &options);
        let calls = host.calls();
        let args = calls
            .iter()
            .map(|call| serde_json::from_str::<Value>(call.split_once(' ').unwrap().1).unwrap());
        args.map(|args| args["database"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        databases(json!({"steps": steps})),
        ["shop", "shop2", "third"]
    );
    assert_eq!(
        databases(json!({"database": "own", "steps": steps})),
        ["own", "shop2", "third"]
    );
}
