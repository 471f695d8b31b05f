//! What is refused when a script is saved, and where the faults are.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use sop_systemdb::script::{NoScripts, Program, Script, ScriptSource, check};
use sop_systemdb::tool::ToolFault;

use crate::host::{program, script, tools};

fn form(json: &Value) -> Vec<String> {
    let faults = Script::from_json(json).unwrap_err();
    faults.iter().map(ToString::to_string).collect()
}

fn faults(json: &Value) -> Vec<String> {
    let found = check(&script(json), &tools(), &NoScripts);
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn unknown_kinds_and_fields_are_refused_with_their_places() {
    assert_eq!(
        form(&json!({"name": "a", "categori": "b", "steps": [
            {"type": "tol", "tool": "select"},
            {"type": "tool", "tool": "select", "arg": {}},
            {"type": "if", "condition": "true", "then": [{"type": "say", "mesage": "x"}]},
            {"tool": "select"},
            "select",
        ]})),
        [
            "/categori: a script has no field \"categori\"; did you mean \"category\"?",
            "/steps/0/type: there is no kind of step \"tol\"; did you mean \"tool\"?",
            "/steps/1/arg: a step \"tool\" has no field \"arg\"; did you mean \"args\"?",
            "/steps/2/then/0/mesage: a step \"say\" has no field \"mesage\"; did you mean \"message\"?",
            "/steps/2/then/0: a step \"say\" needs \"message\"",
            "/steps/3: a step needs \"type\": tool, ask, set, if, loop, fetch, say, call, block, assert",
            "/steps/4: a step is an object",
        ]
    );
    assert_eq!(
        form(
            &json!({"name": " x", "transaction": "singel", "parameters": [
            {"name": "a b"}, {"name": "n", "type": "intger"}, {"name": "d", "type": "date", "default": "soon"}, {"name": "d"},
        ], "limits": {"steps": 0}, "steps": [{"type": "set", "variable": "run", "value": 1}]})
        ),
        [
            "/name: a name has at least one character and no blanks around it",
            "/transaction: there is no transaction mode \"singel\"; did you mean \"single\"?",
            "/steps/0/variable: \"run\" has a meaning of its own",
            "/parameters/0/name: \"a b\" cannot be a variable: a letter or '_', then letters, digits and '_'",
            "/parameters/1/type: there is no type \"intger\"; did you mean \"integer\"?",
            "/parameters/2/default: the default of \"d\" does not fit: \"soon\" is not a day like \"2024-05-31\"",
            "/parameters/3/name: there are two parameters \"d\"",
            "/limits/steps: \"steps\" is a whole number above zero",
        ]
    );
    let mut deep = json!({"type": "say", "message": "x"});
    for _ in 0..40 {
        deep = json!({"type": "block", "steps": [deep]});
    }
    assert!(form(&json!({"name": "a", "steps": [deep]}))[0].contains("nested deeper"));
}

#[test]
fn a_script_reads_back_as_it_was_written() {
    let json = json!({"name": "a", "category": "c", "description": "d", "parameters": [{"name": "p", "type": "integer", "default": 1}], "database": "db", "transaction": "per_step", "limits": {"rows": 5}, "steps": [
        {"type": "tool", "tool": "select", "args": {"store": "a"}, "name": "n", "output": "o", "async": true, "continue_on_error": true},
        {"type": "if", "condition": "true", "then": [], "else": [{"type": "ask", "prompt": "x"}]},
        {"type": "loop", "list": [1, 2], "item": "i", "steps": []},
    ]});
    assert_eq!(Script::from_json(&json).unwrap().to_json(), json);
}

#[test]
fn names_that_mean_nothing_are_faults_with_suggestions() {
    assert_eq!(
        faults(
            &json!({"parameters": [{"name": "limit", "type": "string", "default": "5"}], "steps": [
                {"type": "tool", "tool": "selct", "args": {}},
                {"type": "tool", "tool": "select", "args": {"stor": "users", "limit": "{{limit}}"}},
                {"type": "say", "message": "{{lmit}} {{later.x}}"},
                {"type": "set", "variable": "later", "value": "size(limt)"},
                {"type": "fetch", "store": "users", "limit": "x", "output": "rows"},
                {"type": "loop", "list": "rows", "item": "row", "steps": [{"type": "say", "message": "{{row.name}}"}]},
                {"type": "say", "message": "{{row.name}} {{rows[0].name}} {{run.user}} {{error.code}}"},
            ]})
        ),
        [
            "/steps/0/tool: there is no tool \"selct\"; did you mean \"select\"?",
            "/steps/1/args/stor: the tool \"select\" has no argument \"stor\"; did you mean \"store\"?",
            "/steps/1/args: the tool \"select\" needs the argument \"store\"",
            "/steps/1/args/limit: {{limit}} is a parameter of type string, and the argument is integer",
            "/steps/2/message: there is no variable \"lmit\"; did you mean \"limit\"?",
            "/steps/2/message: the variable \"later\" has no value yet here",
            "/steps/3/value: there is no variable \"limt\"; did you mean \"limit\"?",
            "/steps/4/limit: \"x\" is not integer",
            "/steps/6/message: the variable \"row\" has no value yet here",
        ]
    );
}

#[test]
fn expressions_templates_and_statements_are_checked() {
    assert_eq!(
        faults(&json!({"steps": [
            {"type": "assert", "condition": "1 +"},
            {"type": "say", "message": "{{a b}}"},
        ]}))
        .len(),
        2
    );
    let sql = faults(&json!({"parameters": [{"name": "name"}], "steps": [
        {"type": "tool", "tool": "query", "args": {"sql": "SELECT * FROM users WHERE name = '{{name}}'"}},
        {"type": "tool", "tool": "query", "args": {"sql": "{{name}}"}},
        {"type": "tool", "tool": "query", "args": {"sql": "SELECT :name", "params": {"name": "{{name}}"}}},
    ]}));
    assert_eq!(sql.len(), 2, "{sql:?}");
    assert!(sql[0].starts_with("/steps/0/args/sql: a statement takes values by its parameters"));
}

#[test]
fn steps_that_are_never_reached_are_warned_of() {
    let found = check(
        &script(&json!({"steps": [
            {"type": "if", "condition": "1 > 2", "then": [{"type": "say", "message": "x"}]},
            {"type": "loop", "list": [], "item": "i", "steps": [{"type": "say", "message": "x"}]},
            {"type": "assert", "condition": "false"},
            {"type": "say", "message": "x"},
        ]})),
        &tools(),
        &NoScripts,
    );
    let told: Vec<(&str, bool)> = found
        .iter()
        .map(|fault| (fault.at.as_str(), fault.warning))
        .collect();
    assert_eq!(
        told,
        [
            ("/steps/0/then/0", true),
            ("/steps/1/steps/0", true),
            ("/steps/3", true)
        ]
    );
}

#[test]
fn writing_beside_others_is_refused_in_one_transaction() {
    let steps = json!([
        {"type": "tool", "tool": "insert", "args": {"store": "a", "key": 1}, "async": true},
        {"type": "block", "steps": [{"type": "tool", "tool": "insert", "args": {"store": "a", "key": 2}}], "async": true},
        {"type": "fetch", "store": "a", "async": true},
    ]);
    let refused = faults(&json!({"steps": steps}));
    assert_eq!(refused.len(), 2, "{refused:?}");
    assert!(
        refused[1].starts_with("/steps/1/steps/0: "),
        "{}",
        refused[1]
    );
    assert_eq!(
        faults(&json!({"transaction": "none", "steps": steps})),
        [""; 0]
    );
}

#[test]
fn a_disabled_step_is_no_part_of_the_script() {
    let steps = json!([
        {"type": "tool", "tool": "nothing_of_this_name", "args": {}, "output": "gone", "disabled": true},
        {"type": "block", "steps": [{"type": "say", "message": "{{nobody}}", "disabled": true}, {"type": "say", "message": "hello"}]},
    ]);
    assert_eq!(faults(&json!({"steps": steps})), [""; 0]);
    // What it would have given is not there, and places stay those of the written list.
    let mut used = steps;
    used[1]["steps"][1]["message"] = json!("{{gone}}");
    assert_eq!(
        faults(&json!({"steps": used})),
        ["/steps/1/steps/1/message: there is no variable \"gone\""]
    );
}

struct Scripts(HashMap<String, Arc<Program>>);
impl ScriptSource for Scripts {
    fn program(&self, reference: &str) -> Result<Arc<Program>, ToolFault> {
        let missing = || {
            ToolFault::new(
                "script_not_found",
                format!("there is no script {reference}"),
            )
        };
        self.0.get(reference).cloned().ok_or_else(missing)
    }
}

#[test]
fn circles_of_calls_are_refused_and_named() {
    let calls = |name: &str, callee: &str| json!({"name": name, "category": "c", "steps": [{"type": "call", "script": callee}]});
    let mut all = HashMap::new();
    all.insert("c.b".to_owned(), program(&calls("b", "x.d")));
    all.insert("x.d".to_owned(), program(&json!({"name": "d", "category": "x", "steps": [{"type": "block", "steps": [{"type": "call", "script": "c.a"}]}]})));
    for number in 0..20 {
        all.insert(
            format!("c.deep{number}"),
            program(&calls("x", &format!("deep{}", number + 1))),
        );
    }
    all.insert(
        "c.deep20".to_owned(),
        program(&json!({"name": "x", "steps": []})),
    );
    all.insert("c.takes".to_owned(), program(&json!({"name": "takes", "parameters": [{"name": "n", "type": "integer"}], "steps": []})));
    let scripts = Scripts(all);
    let found = |json: &Value| {
        let found = check(&script(json), &tools(), &scripts);
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        found(&calls("a", "b")),
        ["/steps/0/script: scripts call each other in a circle: c.a → c.b → x.d → c.a"]
    );
    assert_eq!(
        found(&calls("a", "a")),
        [
            "/steps/0/script: there is no script c.a",
            "/steps/0/script: scripts call each other in a circle: c.a → c.a"
        ]
    );
    assert!(found(&calls("a", "deep0"))[0].contains("deeper than 16"));
    assert_eq!(found(&calls("a", "deep10")), [""; 0]);
    assert_eq!(
        found(&calls("a", "nobody")),
        ["/steps/0/script: there is no script c.nobody"]
    );
    let takes = |args: Value| {
        found(
            &json!({"category": "c", "steps": [{"type": "call", "script": "takes", "args": args}]}),
        )
    };
    assert_eq!(takes(json!({"n": 1})), [""; 0]);
    assert_eq!(takes(json!({"m": 1, "n": "x"})).len(), 2);
    assert_eq!(
        takes(json!({})),
        ["/steps/0/args: the script c.takes needs the argument \"n\""]
    );
}
