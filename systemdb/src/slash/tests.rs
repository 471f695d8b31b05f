use serde_json::json;

use super::*;
use crate::tool::{ToolClass, ToolSpec};

fn spec(name: &str, positional: &[&str], parameters: Value) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: format!("Does {name}. And more."),
        class: ToolClass::Read,
        parameters,
        positional: positional.iter().map(|&name| name.to_owned()).collect(),
    }
}

fn grammar() -> Grammar {
    Grammar::new(&[
        spec(
            "select",
            &["store"],
            json!({"type": "object", "properties": {
                "store": {"type": "string"}, "filter": {}, "fields": {"type": ["array", "null"]},
                "limit": {"type": ["integer", "null"]}, "distinct": {"type": "boolean"},
            }, "required": ["store"]}),
        ),
        spec(
            "insert",
            &["store", "key", "value"],
            json!({"type": "object", "properties": {"store": {"type": "string"}, "key": {}, "value": {}}, "required": ["store"]}),
        ),
        spec(
            "delete",
            &["store", "key"],
            json!({"type": "object", "properties": {"store": {"type": "string"}, "key": {}}, "required": ["store"]}),
        ),
        spec(
            "list_stores",
            &[],
            json!({"type": "object", "properties": {}}),
        ),
        spec(
            "query",
            &["sql"],
            json!({"type": "object", "properties": {"sql": {"type": "string"}, "limit": {"type": "integer"}}, "required": ["sql"]}),
        ),
    ])
}

fn parsed(line: &str) -> Result<Value, SlashFault> {
    grammar().parse(line).map(|call| {
        let mut all = call.args;
        all.insert("_".to_owned(), json!(call.command));
        if !call.rest.is_empty() {
            all.insert("rest".to_owned(), Value::Array(call.rest));
        }
        Value::Object(all)
    })
}

#[test]
fn lines_are_commands_with_typed_arguments() {
    for (line, expected) in [
        (
            "/select users limit=5",
            json!({"_": "select", "limit": 5, "store": "users"}),
        ),
        (
            r#"/select users filter={"name": "a b", "n": [1, 2]} distinct=true"#,
            json!({"_": "select", "filter": {"name": "a b", "n": [1, 2]}, "distinct": true, "store": "users"}),
        ),
        ("/SELECT 2024", json!({"_": "select", "store": "2024"})),
        (
            r#"/add users 7 {"name": "Zed"}"#,
            json!({"_": "insert", "store": "users", "key": 7, "value": {"name": "Zed"}}),
        ),
        (
            r#"/insert users key="7" 'it\'s a "day"'"#,
            json!({"_": "insert", "key": "7", "store": "users", "value": "it's a \"day\""}),
        ),
        (
            "/delete_record users 2024-05-31",
            json!({"_": "delete_record", "store": "users", "key": "2024-05-31"}),
        ),
        (
            r#"/insert "my store" a\ b -1.5"#,
            json!({"_": "insert", "store": "my store", "key": "a b", "value": -1.5}),
        ),
        (r#"/insert s "a\n\u00e9" x=y"#, json!(null)),
        ("  /stores ", json!({"_": "list_stores"})),
        (
            "/query SELECT 'it''s', \"a b\" FROM x WHERE a=1",
            json!({"_": "query", "sql": "SELECT 'it''s', \"a b\" FROM x WHERE a=1"}),
        ),
        (
            "/query SELECT 'open",
            json!({"_": "query", "sql": "SELECT 'open"}),
        ),
        (
            "/query \"SELECT 1\" limit=3",
            json!({"_": "query", "sql": "\"SELECT 1\" limit=3"}),
        ),
        (
            "/query sql=\"SELECT 1\" limit=3",
            json!({"_": "query", "sql": "SELECT 1", "limit": 3}),
        ),
        (
            "/step show the active users",
            json!({"_": "step", "text": "show the active users"}),
        ),
        ("/step", json!({"_": "step"})),
        (
            "/run report users role=admin limit=10",
            json!({"_": "run", "name": "report", "role": "admin", "limit": 10, "rest": ["users"]}),
        ),
        (
            "/parameterize demo dept Sales",
            json!({"_": "parameterize", "name": "demo", "parameter": "dept", "value": "Sales"}),
        ),
        ("/select a==b", json!({"_": "select", "store": "a==b"})),
    ] {
        match expected {
            Value::Null => assert!(parsed(line).is_err(), "{line}"),
            expected => assert_eq!(parsed(line).unwrap(), expected, "{line}"),
        }
    }
}

#[test]
fn wrong_use_says_the_usage_and_the_nearest_name() {
    for (line, code, part, at) in [
        (
            "/selct users",
            "unknown_command",
            "did you mean /select?",
            None,
        ),
        ("/zzz", "unknown_command", "/help lists all", None),
        ("select users", "unknown_command", "/select", None),
        ("/select", "missing_argument", "\"store\" is missing", None),
        (
            "/select users limt=5",
            "unknown_argument",
            "did you mean \"limit\"?",
            Some(14),
        ),
        (
            "/select users limit=many",
            "invalid_argument",
            "a whole number",
            Some(14),
        ),
        (
            "/select users more",
            "invalid_argument",
            "one value too many",
            Some(14),
        ),
        (
            "/select users limit=1 limit=2",
            "invalid_argument",
            "twice",
            Some(22),
        ),
        ("/select \"users", "syntax_error", "not closed", Some(8)),
        (
            "/select users filter={\"a\":",
            "syntax_error",
            "JSON",
            Some(21),
        ),
        (
            "/select users filter={}x",
            "syntax_error",
            "blank",
            Some(23),
        ),
        ("/insert s \"\\u12\"", "syntax_error", "four digits", None),
    ] {
        let fault = grammar().parse(line).unwrap_err();
        assert_eq!(fault.code, code, "{line}: {fault}");
        assert!(fault.message.contains(part), "{line}: {fault}");
        if at.is_some() {
            assert_eq!(fault.at, at, "{line}");
        }
        let known = code != "unknown_command";
        assert_eq!(fault.usage.is_some(), known, "{line}");
    }
    let usage = grammar().parse("/select").unwrap_err().usage.unwrap();
    assert_eq!(
        usage,
        "/select store [filter=json] [fields=json] [limit=integer] [distinct=boolean]"
    );
}

#[test]
fn help_is_made_of_the_table() {
    let grammar = grammar();
    let all = grammar.help(None).unwrap();
    for command in grammar.commands() {
        assert!(
            all.contains(&format!("/{} — ", command.name)),
            "{}",
            command.name
        );
        let help = grammar.help(Some(&command.name)).unwrap();
        assert!(help.starts_with(&command.usage()));
    }
    assert!(grammar.help(Some("/add")).unwrap().contains("Also /add"));
    assert_eq!(
        grammar.help(Some("crate")).unwrap_err().suggestions[0],
        "/create"
    );
    // No two commands share a name.
    let mut names: Vec<&String> = grammar
        .commands()
        .iter()
        .flat_map(|c| c.aliases.iter().chain([&c.name]))
        .collect();
    names.sort();
    let count = names.len();
    names.dedup();
    assert_eq!(count, names.len());
}
