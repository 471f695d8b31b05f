//! What the fuzz targets in `fuzz/` call, and `tests/suite/fuzz.rs` on stable: the grammar of slash commands and the documents of
//! scripts over any bytes.
//!
//! Each panics when a reader does what it must not: give a call that its own table does not allow, read what it wrote as
//! something else, or not end.

use std::sync::LazyLock;

use serde_json::{Value, json};
use sop_systemdb::script::{NoScripts, Program, Script, Tools, check, content_hash};
use sop_systemdb::slash::{Command, Grammar, words};
use sop_systemdb::tool::{ToolClass, ToolSpec};

/// What is called with any bytes.
pub type Target = fn(&[u8]);

/// All targets by their names.
pub const TARGETS: [(&str, Target); 2] = [("slash", slash), ("script", script)];

fn tool(name: &str, class: ToolClass, parameters: &Value, positional: &[&str]) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: format!("Does {name}. More of it."),
        class,
        parameters: parameters.clone(),
        positional: positional.iter().map(|&name| name.to_owned()).collect(),
    }
}

static SPECS: LazyLock<Vec<ToolSpec>> = LazyLock::new(|| {
    let select = json!({"type": "object", "required": ["store"], "additionalProperties": false, "properties": {
        "store": {"type": "string"}, "filter": {}, "limit": {"type": ["integer", "null"]},
        "fields": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "string"}]},
        "database": {"type": ["string", "null"]},
    }});
    let query = json!({"type": "object", "required": ["sql"], "additionalProperties": false, "properties": {
        "sql": {"type": "string"}, "params": {}, "database": {"type": ["string", "null"]},
    }});
    let change = json!({"type": "object", "required": ["changes"], "properties": {
        "changes": {"type": "array", "items": {"type": "object"}}, "force": {"type": "boolean"},
    }});
    vec![
        tool("select", ToolClass::Read, &select, &["store"]),
        tool("query", ToolClass::Read, &query, &["sql"]),
        tool("change", ToolClass::Write, &change, &["changes"]),
    ]
});
static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| Grammar::new(&SPECS));
static TOOLS: LazyLock<Tools> = LazyLock::new(|| Tools::new(SPECS.iter().cloned()));

/// A line as a command.
pub fn slash(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(words) = words(line) {
        let mut before = None;
        for word in &words {
            assert!(before < Some(word.at), "words stand in their order");
            before = Some(word.at);
        }
    }
    match GRAMMAR.parse(line) {
        Ok(call) => {
            let command = GRAMMAR.command(&call.command).unwrap();
            allowed(command, &call.args.keys().cloned().collect::<Vec<_>>());
            assert!(call.rest.is_empty() || command.open, "{line:?}");
        }
        Err(fault) => {
            assert!(!fault.message.is_empty());
            assert!(
                fault.at.is_none_or(|at| at <= line.chars().count()),
                "{line:?}: {fault:?}"
            );
        }
    }
    let _ = GRAMMAR.help(Some(line));
    // A text in quotes is read as it was, whatever is in it.
    let quoted = Value::String(line.to_owned()).to_string();
    if let Ok(call) = GRAMMAR.parse(&format!("/select {quoted} limit=3")) {
        assert_eq!(call.args["store"], line);
        assert_eq!(call.args["limit"], 3);
    } else {
        assert!(quoted.len() > 200 << 10, "{quoted}");
    }
}

fn allowed(command: &Command, names: &[String]) {
    for name in names {
        let known = command.arguments.iter().any(|there| there.name == *name);
        assert!(known || command.open, "{} has no {name}", command.name);
    }
    for argument in command.arguments.iter().filter(|there| there.required) {
        assert!(
            names.contains(&argument.name),
            "{} lacks {}",
            command.name,
            argument.name
        );
    }
}

/// Any JSON as a script.
pub fn script(data: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let script = match Script::from_json(&json) {
        Ok(script) => script,
        Err(faults) => {
            assert!(!faults.is_empty());
            return;
        }
    };
    let written = script.to_json();
    let again = Script::from_json(&written).unwrap();
    assert_eq!(again, script, "what is written is read as the same");
    assert_eq!(content_hash(&again), content_hash(&script));
    let faults = check(&script, &TOOLS, &NoScripts);
    match Program::compile(&script, &TOOLS) {
        Ok(program) => {
            assert_eq!(program.hash, content_hash(&script));
            let _ = (program.calls(), program.own_class(), program.last_rows());
        }
        Err(wrong) => assert_eq!(
            wrong, faults,
            "what cannot be compiled does not pass its check"
        ),
    }
}
