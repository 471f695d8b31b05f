//! Making a value a parameter, everywhere in a script.
//!
//! A value that is the whole of an argument becomes `{{name}}` and keeps its type; in texts for people its words do. In a
//! SQL statement a literal becomes `:name` with a value in `params`, in an expression the variable itself: a value never
//! becomes a part of a statement or an expression.

use serde_json::{Map, Value, json};

use crate::script::is_variable;

/// The script with the parameter in place of the value.
pub(super) fn parameterize(script: &Value, parameter: &str, value: &Value) -> Value {
    let mut out = script.clone();
    let change = Change { parameter, value };
    if let Some(Value::Array(steps)) = out.get_mut("steps") {
        steps.iter_mut().for_each(|step| change.step(step));
    }
    if let Some(database) = out.get_mut("database") {
        change.value(database);
    }
    if let Value::Object(fields) = &mut out {
        let row = json!({"name": parameter, "type": kind(value), "default": value});
        let parameters = fields.entry("parameters").or_insert_with(|| json!([]));
        if let Value::Array(parameters) = parameters {
            match parameters
                .iter_mut()
                .find(|there| there["name"] == parameter)
            {
                Some(Value::Object(there)) => {
                    there.insert("default".to_owned(), value.clone());
                }
                _ => parameters.push(row),
            }
        }
    }
    out
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
        Value::String(text) if text.parse::<sop::key::Date>().is_ok() => "date",
        Value::String(_) => "string",
        Value::Null => "any",
    }
}

struct Change<'a> {
    parameter: &'a str,
    value: &'a Value,
}

impl Change<'_> {
    fn template(&self) -> Value {
        Value::String(format!("{{{{{}}}}}", self.parameter))
    }

    fn step(&self, step: &mut Value) {
        let Value::Object(fields) = step else {
            return;
        };
        for (name, field) in fields.iter_mut() {
            match name.as_str() {
                "steps" | "then" | "else" => {
                    if let Value::Array(steps) = field {
                        steps.iter_mut().for_each(|step| self.step(step));
                    }
                }
                "condition" => self.expression(field),
                "value" | "list" if field.is_string() => self.expression(field),
                "prompt" | "message" => self.words(field),
                "args" => self.arguments(field),
                "store" | "filter" | "fields" | "limit" | "database" | "value" | "list" => {
                    self.value(field);
                }
                _ => {}
            }
        }
    }

    fn arguments(&self, args: &mut Value) {
        let Value::Object(args) = args else {
            return;
        };
        let mut statement = false;
        for (name, field) in args.iter_mut() {
            match (name.as_str(), &mut *field) {
                ("sql", Value::String(sql)) => {
                    let by_name = format!(":{}", self.parameter);
                    if let Some(changed) = self.literals(sql, &by_name, &['\'']) {
                        *sql = changed;
                        statement = true;
                    }
                }
                (_, field) => self.value(field),
            }
        }
        if statement {
            let params = args
                .entry("params")
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(params) = params {
                params.insert(self.parameter.to_owned(), self.template());
            }
        }
    }

    /// Values that are the same, at any depth.
    fn value(&self, field: &mut Value) {
        let same = *field == *self.value
            || matches!((&*field, self.value), (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64());
        match field {
            field if same => *field = self.template(),
            Value::Array(list) => list.iter_mut().for_each(|value| self.value(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.value(value)),
            _ => {}
        }
    }

    fn expression(&self, field: &mut Value) {
        if let Value::String(text) = field
            && let Some(changed) = self.literals(text, self.parameter, &['\'', '"'])
        {
            *text = changed;
        }
    }

    /// Whole words of a text for people.
    fn words(&self, field: &mut Value) {
        let Value::String(text) = field else {
            return;
        };
        let wanted = match self.value {
            Value::String(value) => value.clone(),
            other => other.to_string(),
        };
        let Value::String(template) = self.template() else {
            return;
        };
        if wanted.is_empty() {
            return;
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(at) = rest.find(&wanted) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            let after = from.get(wanted.len()..).unwrap_or_default();
            let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let inside = word(before.chars().next_back()) || word(after.chars().next());
            let braces = before.ends_with("{{") || after.starts_with("}}");
            out.push_str(before);
            out.push_str(if inside || braces { &wanted } else { &template });
            rest = after;
        }
        out.push_str(rest);
        *text = out;
    }

    /// Literals of a statement or an expression that are the value; `None` when there is none.
    fn literals(&self, text: &str, replacement: &str, quotes: &[char]) -> Option<String> {
        let wanted = match self.value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let as_text = self.value.is_string();
        let mut out = String::with_capacity(text.len());
        let mut found = false;
        let mut chars = text.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            if c == '\'' || c == '"' {
                let end = closing(text, start, c);
                let inside = text.get(start + 1..end).unwrap_or_default();
                let whole = text
                    .get(start..(end + 1).min(text.len()))
                    .unwrap_or_default();
                let same = as_text && quotes.contains(&c) && inside == wanted;
                found |= same;
                out.push_str(if same { replacement } else { whole });
                while chars.next_if(|(at, _)| *at <= end).is_some() {}
                continue;
            }
            let starts = c.is_alphanumeric() || c == '_' || c == '.' || c == ':';
            if !starts {
                out.push(c);
                continue;
            }
            let rest = text.get(start..).unwrap_or_default();
            let length = rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | ':')))
                .unwrap_or(rest.len());
            let token = rest.get(..length).unwrap_or_default();
            let same = !as_text && token == wanted;
            found |= same;
            out.push_str(if same { replacement } else { token });
            while chars.next_if(|(at, _)| *at < start + length).is_some() {}
        }
        found.then_some(out)
    }
}

/// Where the quote that opens at `start` closes, or the end of the text. A doubled quote or one after a backslash does not
/// close.
fn closing(text: &str, start: usize, quote: char) -> usize {
    let mut chars = text
        .char_indices()
        .skip_while(|(at, _)| *at <= start)
        .peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return at;
        }
    }
    text.len()
}

/// Whether a name can be that of a parameter.
pub(super) fn is_name(name: &str) -> bool {
    is_variable(name) && !crate::script::RESERVED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_becomes_a_parameter_everywhere_and_never_a_part_of_a_statement() {
        let script = json!({"name": "demo", "category": "general", "steps": [
            {"type": "tool", "tool": "select", "args": {"store": "staff", "filter": {"$or": [{"dept": "Sales"}, {"in": ["Sales", "x"]}]}}},
            {"type": "tool", "tool": "query", "args": {"sql": "SELECT \"Sales\" FROM s WHERE d = 'Sales' AND e = 'Sales x'"}},
            {"type": "if", "condition": "a.dept == 'Sales' && b == \"Sales\"", "then": [{"type": "say", "message": "For Sales, not Salesman: {{Sales}}"}]},
            {"type": "loop", "list": ["Sales"], "item": "x", "steps": []},
        ]});
        let out = parameterize(&script, "dept", &json!("Sales"));
        assert_eq!(
            out["parameters"],
            json!([{"name": "dept", "type": "string", "default": "Sales"}])
        );
        assert_eq!(
            out["steps"],
            json!([
                {"type": "tool", "tool": "select", "args": {"store": "staff", "filter": {"$or": [{"dept": "{{dept}}"}, {"in": ["{{dept}}", "x"]}]}}},
                {"type": "tool", "tool": "query", "args": {"sql": "SELECT \"Sales\" FROM s WHERE d = :dept AND e = 'Sales x'", "params": {"dept": "{{dept}}"}}},
                {"type": "if", "condition": "a.dept == dept && b == dept", "then": [{"type": "say", "message": "For {{dept}}, not Salesman: {{Sales}}"}]},
                {"type": "loop", "list": ["{{dept}}"], "item": "x", "steps": []},
            ])
        );
    }

    #[test]
    fn numbers_are_replaced_as_whole_numbers_only() {
        let script = json!({"steps": [
            {"type": "tool", "tool": "query", "args": {"sql": "SELECT 10 FROM a10 WHERE b > 10 AND c = 10.5 AND d = '10'", "limit": 10}},
            {"type": "assert", "condition": "x > 10 && y10 == 100"},
        ]});
        let out = parameterize(&script, "n", &json!(10));
        assert_eq!(
            out["steps"][0]["args"]["sql"],
            "SELECT :n FROM a10 WHERE b > :n AND c = 10.5 AND d = '10'"
        );
        assert_eq!(out["steps"][0]["args"]["limit"], "{{n}}");
        assert_eq!(out["steps"][1]["condition"], "x > n && y10 == 100");
    }
}
