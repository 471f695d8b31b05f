//! What a model gets to see of a tool's answer, by the level of sharing.
//!
//! Always true: below `samples` no value of an item leaves, only counts and columns; the person sees everything
//! all the same. What a tool says in words or as other data is passed on only where the tool is one that
//! answers with names, never with values.

use serde_json::{Map, Value, json};
use sop_systemdb::tool::{Table, ToolFault, ToolOutput};

use crate::config::{LlmLimits, Share};

/// Tools that answer with names of databases, stores, fields, scripts and terms, not with values of items.
const NAMING_TOOLS: &[&str] = &[
    "list_databases",
    "list_stores",
    "describe_store",
    "list_scripts",
    "show_script",
    "save_script",
    "delete_script",
    "knowledge_get",
    "knowledge_list",
    "knowledge_propose",
    "switch_database",
    "navigate",
    "explain",
    "help",
    "create_store",
    "alter_store",
    "drop_store",
    "relate",
];
/// Fields of their answers that hold values of items all the same.
const VALUE_FIELDS: &[&str] = &[
    "sample",
    "samples",
    "sample_values",
    "example",
    "examples",
    "first",
    "last",
    "min",
    "max",
    "values",
    "frequent",
    "frequent_values",
    "top_values",
    "default",
];
/// Codes of faults whose words are about names and statements, not about values.
const NAMING_CODES: &[&str] = &[
    "syntax_error",
    "unknown_field",
    "unknown_operator",
    "unknown_parameter",
    "unknown_argument",
    "missing_field",
    "missing_argument",
    "field_not_found",
    "store_not_found",
    "database_not_found",
    "tool_not_found",
    "script_not_found",
    "unsupported_statement",
    "forbidden_statement",
    "statement_too_large",
    "read_only",
    "forbidden",
    "not_allowed",
    "repeated_failure",
    "time_limit",
    "cancelled",
    "conflict",
    "store_exists",
    "not_supported_yet",
    "denied",
    "malformed_arguments",
    "invalid_arguments",
    "invalid_name",
    "invalid_definition",
    "invalid_script",
    "knowledge_not_found",
    "call_cycle",
];
/// Rows that are shared as samples.
const SAMPLE_ROWS: usize = 3;
/// Longest text of a sample in characters.
const SAMPLE_CHARS: usize = 60;
/// Longest text of a shared value in characters.
const VALUE_CHARS: usize = 2_000;
/// Deepest part of a value that is shared.
const DEPTH: usize = 16;

/// A tool's answer as the model gets it, not larger than the limits.
pub fn output(tool: &str, output: &ToolOutput, share: Share, limits: &LlmLimits) -> String {
    let names_only = NAMING_TOOLS.contains(&tool);
    let mut answer = Map::new();
    if share >= Share::Rows || names_only {
        answer.insert("summary".to_owned(), json!(output.summary));
    }
    if let Some(table) = &output.table {
        describe(table, &mut answer);
    }
    if let Some(changes) = &output.changes {
        let count = changes.get("count").cloned().unwrap_or(Value::Null);
        answer.insert("changed".to_owned(), count);
    }
    if !output.data.is_null() && (share >= Share::Rows || names_only) {
        let data = if share >= Share::Samples {
            shortened(&output.data, share, 0)
        } else {
            without_values(&output.data, 0)
        };
        answer.insert("data".to_owned(), data);
    }
    let rows = match share {
        _ if names_only => limits.result_rows as usize,
        Share::Off | Share::Schema => 0,
        Share::Samples => SAMPLE_ROWS.min(limits.result_rows as usize),
        Share::Rows => limits.result_rows as usize,
    };
    with_rows(answer, output, rows, share, limits.result_bytes as usize)
}

fn describe(table: &Table, answer: &mut Map<String, Value>) {
    let columns = table.columns.iter();
    let columns = columns.map(|column| format!("{} {}", column.name, column.kind));
    answer.insert("columns".to_owned(), columns.collect());
    answer.insert("row_count".to_owned(), json!(table.rows.len()));
    if table.truncated {
        answer.insert("there_are_more_rows".to_owned(), json!(true));
    }
}

/// Adds as many rows as fit and writes it all as text.
fn with_rows(
    mut answer: Map<String, Value>,
    output: &ToolOutput,
    most: usize,
    share: Share,
    bytes: usize,
) -> String {
    let head = Value::Object(answer.clone()).to_string().len();
    let mut room = bytes.saturating_sub(head + 100);
    let mut fitting = |values: &mut dyn Iterator<Item = Value>| -> Vec<Value> {
        values
            .take(most)
            .take_while(|row| {
                let length = row.to_string().len() + 1;
                let fits = length <= room;
                room = room.saturating_sub(length);
                fits
            })
            .collect()
    };
    if let Some(table) = output.table.as_ref().filter(|_| most > 0) {
        let rows = table.rows.iter();
        let mut rows = rows.map(|row| row.iter().map(|v| shortened(v, share, 0)).collect());
        let rows = fitting(&mut rows);
        if rows.len() < table.rows.len() {
            let left = table.rows.len() - rows.len();
            answer.insert("rows_not_shown_to_you".to_owned(), json!(left));
        }
        answer.insert("rows".to_owned(), Value::Array(rows));
    } else if let Some(table) = &output.table
        && !table.rows.is_empty()
    {
        let words = "The person sees the rows. They are not shared with you.";
        answer.insert("note".to_owned(), json!(words));
    }
    let changed = output
        .changes
        .as_ref()
        .and_then(|changes| changes.get("rows"));
    if let Some(Value::Array(changed)) = changed.filter(|_| most > 0) {
        let mut rows = changed.iter().map(|row| shortened(row, share, 0));
        answer.insert("changes".to_owned(), Value::Array(fitting(&mut rows)));
    }
    let text = Value::Object(answer).to_string();
    cut(text, bytes)
}

/// A text that is not longer than so many bytes.
pub fn cut(mut text: String, bytes: usize) -> String {
    if text.len() <= bytes {
        return text;
    }
    let mut end = bytes;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str("… (cut off)");
    text
}

/// The same value with long texts cut.
fn shortened(value: &Value, share: Share, depth: usize) -> Value {
    let most = if share >= Share::Rows {
        VALUE_CHARS
    } else {
        SAMPLE_CHARS
    };
    match value {
        _ if depth > DEPTH => json!("…"),
        Value::String(text) if text.chars().nth(most).is_some() => {
            let short: String = text.chars().take(most).collect();
            Value::String(format!("{short}…"))
        }
        Value::Array(values) => values
            .iter()
            .map(|v| shortened(v, share, depth + 1))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, v)| (name.clone(), shortened(v, share, depth + 1)))
            .collect(),
        other => other.clone(),
    }
}

/// The same value without the fields that hold values of items.
fn without_values(value: &Value, depth: usize) -> Value {
    match value {
        _ if depth > DEPTH => json!("…"),
        Value::Array(values) => values
            .iter()
            .map(|v| without_values(v, depth + 1))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !VALUE_FIELDS.contains(&name.as_str()))
            .map(|(name, v)| (name.clone(), without_values(v, depth + 1)))
            .collect(),
        other => other.clone(),
    }
}

/// A fault as the model gets it.
pub fn fault(fault: &ToolFault, share: Share, limits: &LlmLimits) -> String {
    let names_only = NAMING_CODES.contains(&fault.code.as_str());
    let mut answer = Map::new();
    answer.insert("code".to_owned(), json!(fault.code));
    if share >= Share::Rows || names_only {
        answer.insert("message".to_owned(), json!(fault.message));
        if !fault.suggestions.is_empty() {
            answer.insert("suggestions".to_owned(), json!(fault.suggestions));
        }
    } else {
        let words = "It failed. The person sees the words, which may have values of items in them.";
        answer.insert("message".to_owned(), json!(words));
    }
    if let Some(at) = &fault.at {
        answer.insert("at".to_owned(), json!(at));
    }
    cut(
        Value::Object(answer).to_string(),
        limits.result_bytes as usize,
    )
}

#[cfg(test)]
mod tests {
    use sop_systemdb::tool::Column;

    use super::*;

    const LEVELS: [Share; 4] = [Share::Off, Share::Schema, Share::Samples, Share::Rows];

    fn answer() -> ToolOutput {
        let column = |name: &str| Column {
            name: name.to_owned(),
            kind: "string".to_owned(),
        };
        ToolOutput {
            summary: "Alice-value and others".to_owned(),
            table: Some(Table {
                columns: vec![column("name"), column("role")],
                rows: (0..60)
                    .map(|n| vec![json!(format!("Alice-value {n}")), json!("x")])
                    .collect(),
                truncated: true,
            }),
            data: json!({"note": "Alice-value"}),
            changes: Some(json!({"count": 2, "rows": [{"before": {"name": "Alice-value"}}]})),
            ..ToolOutput::default()
        }
    }

    #[test]
    fn below_samples_no_value_leaves() {
        let limits = LlmLimits::default();
        let shown = LEVELS.map(|share| output("query", &answer(), share, &limits));
        for text in &shown[..2] {
            assert!(!text.contains("Alice-value"), "{text}");
            assert!(
                text.contains("\"name string\"") && text.contains("\"row_count\":60"),
                "{text}"
            );
            assert!(text.contains("\"changed\":2"), "{text}");
        }
        assert_eq!(shown[2].matches("Alice-value").count(), 4, "{}", shown[2]);
        assert!(
            shown[3].contains("\"rows_not_shown_to_you\":10"),
            "{}",
            shown[3]
        );
    }

    #[test]
    fn tools_that_name_things_give_names_without_samples() {
        let limits = LlmLimits::default();
        let described = ToolOutput {
            summary: "users: 5 items".to_owned(),
            data: json!({"name": "users", "fields": [{"name": "email", "samples": ["alice@example"], "min": "a"}]}),
            ..ToolOutput::default()
        };
        let text = output("describe_store", &described, Share::Schema, &limits);
        assert!(
            text.contains("email") && !text.contains("alice@example") && !text.contains("min"),
            "{text}"
        );
        let text = output("describe_store", &described, Share::Samples, &limits);
        assert!(text.contains("alice@example"));
        let text = output("unknown_tool", &described, Share::Schema, &limits);
        assert!(!text.contains("email"), "{text}");
    }

    #[test]
    fn what_is_too_large_is_cut_and_says_so() {
        let limits = LlmLimits {
            result_bytes: 600,
            ..LlmLimits::default()
        };
        let text = output("query", &answer(), Share::Rows, &limits);
        assert!(
            text.len() <= 620 && text.contains("rows_not_shown_to_you"),
            "{text}"
        );
        assert_eq!(cut("äää".to_owned(), 3), "ä… (cut off)");
    }

    #[test]
    fn words_of_faults_that_may_hold_values_stay_here() {
        let limits = LlmLimits::default();
        let with = |code: &str| ToolFault::new(code, "The key 'Alice-value' exists already.");
        let text = fault(&with("key_exists"), Share::Schema, &limits);
        assert!(
            text.contains("key_exists") && !text.contains("Alice-value"),
            "{text}"
        );
        assert!(fault(&with("key_exists"), Share::Rows, &limits).contains("Alice-value"));
        assert!(fault(&with("field_not_found"), Share::Schema, &limits).contains("Alice-value"));
    }
}
