//! Scripts as lines for people.

use std::fmt::Write as _;

use serde_json::Value;

use crate::script::{Difference, Fault};

/// A step as a line: what it does, and where its result goes.
pub(super) fn step_line(step: &Value) -> String {
    let text = |name: &str| step.get(name).and_then(Value::as_str).unwrap_or_default();
    let json = |name: &str| match step.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(value) => format!(" {}", short(&value.to_string(), 200)),
    };
    let count = |name: &str| match step.get(name) {
        Some(Value::Array(steps)) if steps.len() == 1 => "1 step".to_owned(),
        Some(Value::Array(steps)) => format!("{} steps", steps.len()),
        _ => "no steps".to_owned(),
    };
    let kind = text("type");
    let mut line = match kind {
        "tool" => format!("/{}{}", text("tool"), json("args")),
        "ask" => format!("ask: {}", short(text("prompt"), 200)),
        "set" => format!("set {} ={}", text("variable"), json("value")),
        "if" => format!(
            "if {}: {}, else {}",
            text("condition"),
            count("then"),
            count("else")
        ),
        "loop" => format!(
            "loop {} in{}: {}",
            text("item"),
            json("list"),
            count("steps")
        ),
        "fetch" => format!("fetch {}{}", text("store"), json("filter")),
        "say" => format!("say: {}", short(text("message"), 200)),
        "call" => format!("call {}{}", text("script"), json("args")),
        "assert" => format!("assert {}", text("condition")),
        _ => format!("{kind}: {}", count("steps")),
    };
    if let Some(output) = step.get("output").and_then(Value::as_str) {
        let _ = write!(line, " → {output}");
    }
    if let Some(name) = step.get("name").and_then(Value::as_str) {
        line = format!("{name} — {line}");
    }
    line
}

/// Steps as numbered lines.
pub(super) fn steps(steps: &[Value]) -> String {
    let mut text = String::new();
    for (number, step) in (1..).zip(steps) {
        let _ = writeln!(text, "{number}. {}", step_line(step));
    }
    text.trim_end().to_owned()
}

/// A whole script.
pub(super) fn script(script: &Value) -> String {
    let text = |name: &str| script.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut out = format!("{}.{}", text("category"), text("name"));
    if !text("description").is_empty() {
        let _ = write!(out, " — {}", text("description"));
    }
    for parameter in script
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let text = |name: &str| {
            parameter
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let default = parameter
            .get("default")
            .map(|value| format!(" = {}", short(&value.to_string(), 60)));
        let _ = write!(
            out,
            "\n  {}: {}{}",
            text("name"),
            text("type"),
            default.unwrap_or_default()
        );
    }
    let empty = Vec::new();
    let list = script
        .get("steps")
        .and_then(Value::as_array)
        .unwrap_or(&empty);
    match list.is_empty() {
        true => out.push_str("\nno steps yet"),
        false => {
            let _ = write!(out, "\n{}", steps(list));
        }
    }
    out
}

/// What differs, a line each.
pub(super) fn differences(found: &[Difference]) -> String {
    let value = |value: &Option<Value>| {
        value
            .as_ref()
            .map_or("nothing".to_owned(), |v| short(&v.to_string(), 120))
    };
    let lines = found
        .iter()
        .map(|d| format!("{}: {} → {}", d.at, value(&d.before), value(&d.after)));
    lines.collect::<Vec<_>>().join("\n")
}

/// What is wrong, a line each.
pub(super) fn faults(faults: &[Fault]) -> String {
    let lines = faults.iter().map(ToString::to_string);
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
