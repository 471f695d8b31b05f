//! Lines and documents that nobody would write: none of them may do more than be refused.

use std::ops::ControlFlow;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use sop_systemdb::script::run::{RunLimits, RunOptions, run};
use sop_systemdb::script::{Arguments, NoScripts, Program, Script, check};
use sop_systemdb::slash::Grammar;

use crate::host::{Host, specs, tools};

/// Reads a line; one that is understood can be written again and means the same.
fn line(text: &str) {
    let grammar = Grammar::new(&specs());
    let _ = grammar.help(Some(text));
    if let Ok(call) = grammar.parse(text) {
        let mut again = format!("/{}", call.command);
        for (name, value) in &call.args {
            again.push_str(&format!(" {name}={}", written(value)));
        }
        for value in &call.rest {
            again.push_str(&format!(" {}", written(value)));
        }
        let second = grammar
            .parse(&again)
            .unwrap_or_else(|fault| panic!("{text:?} → {again:?}: {fault}"));
        assert_eq!(
            (second.args, second.rest),
            (call.args, call.rest),
            "{text:?} → {again:?}"
        );
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => Value::String(text.clone()).to_string(),
        other => other.to_string(),
    }
}

/// Reads, checks, compiles and runs a document.
fn document(text: &str) {
    let Ok(script) = Script::from_text(text) else {
        return;
    };
    let again =
        Script::from_json(&script.to_json()).unwrap_or_else(|faults| panic!("{text}: {faults:?}"));
    assert_eq!(again, script, "{text}");
    let _ = check(&script, &tools(), &NoScripts);
    let Ok(program) = Program::compile(&script, &tools()) else {
        return;
    };
    let options = RunOptions {
        limits: RunLimits {
            steps: 200,
            ..RunLimits::default()
        },
        ..RunOptions::default()
    };
    let mut last = String::new();
    let mut sink = |event| {
        last = serde_json::to_string(&event).unwrap();
        ControlFlow::Continue(())
    };
    let host = Host::with(&json!({"users": {"1": {"name": "Ada"}}}));
    run(
        &Arc::new(program),
        &host,
        &Arguments::default(),
        &options,
        &mut sink,
    );
    assert!(last.contains("\"finished\""), "{last}");
}

const LINES: [&str; 14] = [
    "/select users limit=5 filter={\"a\": [1, {\"b\": null}]}",
    "/step \"a \\u00e9 b\" 'c' d=e",
    "/run \"a b\".c 1 2.5 -3 true x={} y=[] z='q'",
    "/query SELECT 'x' || \"y\" WHERE a=1 -- {",
    "/parameterize demo dept \"Sa\\\"les\"",
    "/help /?",
    "/",
    "//",
    "/\u{0}",
    "/insert s 99999999999999999999999999 1e400",
    "/select \\",
    "/run x =y ==z a=",
    "/step {\"a\": }",
    "/select users limit=5\u{2003}fields=[\"é\"]",
];

const DOCUMENTS: [&str; 9] = [
    r#"{"name":"a","steps":[{"type":"fetch","store":"users","output":"u"},{"type":"loop","list":"u","item":"x","steps":[{"type":"say","message":"{{x.name}}"}]}]}"#,
    r#"{"name":"a","parameters":[{"name":"p","type":"integer","default":3}],"steps":[{"type":"set","variable":"v","value":"p * 2"},{"type":"assert","condition":"v == {{p}} + p","message":"{{v}}"}]}"#,
    r#"{"name":"a","transaction":"per_step","steps":[{"type":"tool","tool":"insert","args":{"store":"a","key":"{{error}}"},"continue_on_error":true}]}"#,
    r#"{"name":"a","steps":[{"type":"set","variable":"v","value":"'x'"},{"type":"loop","list":[1,2,3,4,5,6,7,8,9],"item":"i","steps":[{"type":"set","variable":"v","value":"v + v + v + v + v + v"}]}]}"#,
    r#"{"name":"a","steps":[{"type":"block","steps":[{"type":"block","steps":[{"type":"call","script":"a"}]}]}]}"#,
    r#"{"name":"a","limits":{"time_ms":18446744073709551615},"steps":[]}"#,
    r#"{"name":"\u0000","steps":[{"type":"set","variable":"a","value":{"{{b}}":["{{a}}","\\{{"]}}]}"#,
    r#"{"name":"a","steps":[{"type":"if","condition":"1/0 > 2","then":[],"else":[]}]}"#,
    r#"{"name":"a","steps":[{"type":"loop","list":"[[[[1]]]]","item":"x","steps":[{"type":"tool","tool":"select","args":{"store":"{{x[0][0]}}"},"async":true}]}]}"#,
];

#[test]
fn seeds_of_the_fuzz_targets() {
    LINES.iter().for_each(|text| line(text));
    DOCUMENTS.iter().for_each(|text| document(text));
}

#[test]
fn a_value_that_is_doubled_for_ever_ends_at_a_limit() {
    let doubling = json!({"steps": [
        {"type": "set", "variable": "v", "value": "'0123456789abcdef'"},
        {"type": "loop", "list": (0..200).collect::<Vec<_>>(), "item": "i", "steps": [{"type": "set", "variable": "v", "value": "v + v"}]},
    ]});
    let (report, _) =
        crate::host::play(&Host::new(), &doubling, &json!({}), &RunOptions::default());
    let failure = report.failure.unwrap();
    assert!(
        failure.message.contains("the limit is"),
        "{}",
        failure.message
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn lines_made_of_anything(text in ".{0,80}") {
        line(&text);
        line(&format!("/select {text}"));
        line(&format!("/run {text}"));
        line(&format!("/step {text}"));
    }

    #[test]
    fn lines_made_of_what_the_grammar_knows(parts in prop::collection::vec(prop::sample::select(vec!["/", "select", "run", " ", "\"", "'", "\\", "{", "}", "[", "]", "=", "a", "1", "-", ".", ":", ",", "null", "é"]), 0..25)) {
        line(&parts.concat());
        line(&format!("/run x {}", parts.concat()));
    }

    #[test]
    fn documents_with_a_hole(which in 0..DOCUMENTS.len(), from in 0usize..400, length in 0usize..20, put in "[\\x20-\\x7e]{0,6}") {
        let text: Vec<char> = DOCUMENTS[which].chars().collect();
        let from = from.min(text.len());
        let until = (from + length).min(text.len());
        let text: String = text[..from].iter().copied().chain(put.chars()).chain(text[until..].iter().copied()).collect();
        document(&text);
    }
}
