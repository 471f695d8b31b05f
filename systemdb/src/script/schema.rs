//! Arguments of tools against their JSON Schema, as far as that is known before a run.
//!
//! The part of JSON Schema that tools use: `type`, `properties`, `required`, `additionalProperties`, `items`, `enum`,
//! `const`, bounds, `anyOf`, `oneOf`, `allOf`, `$ref` within the schema. What is not known here (other words, patterns,
//! formats) is left to the tool. A template in an argument fits everywhere, unless it is text around variables where
//! something else than text is wanted.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::fault::{Fault, escaped};
use super::model::ParameterKind;
use super::path::Path;
use super::template::{Template, ValueTemplate};

/// How deep schemas are followed.
const MAX_DEPTH: usize = 32;

/// Checks arguments.
pub(crate) struct SchemaCheck<'a> {
    root: &'a Value,
    /// What is known of the types of variables.
    kinds: &'a dyn Fn(&Path) -> Option<ParameterKind>,
    pub faults: Vec<Fault>,
}

impl<'a> SchemaCheck<'a> {
    pub fn new(root: &'a Value, kinds: &'a dyn Fn(&Path) -> Option<ParameterKind>) -> Self {
        Self {
            root,
            kinds,
            faults: Vec::new(),
        }
    }

    /// Checks the arguments of a call; `what` says whose they are.
    pub fn arguments(&mut self, at: &str, what: &str, arguments: &ValueTemplate) {
        let root = self.root;
        static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        let schema = root.as_object().unwrap_or(&NOTHING);
        let names: Vec<&String> = match arguments {
            ValueTemplate::Constant(Value::Object(fields)) => fields.keys().collect(),
            ValueTemplate::Object(fields) => fields.iter().map(|(name, _)| name).collect(),
            _ => Vec::new(),
        };
        let known = schema.get("properties").and_then(Value::as_object);
        let known = known.unwrap_or(&NOTHING);
        for name in &names {
            if !known.contains_key(*name)
                && schema
                    .get("additionalProperties")
                    .is_none_or(|more| *more == Value::Bool(false))
            {
                let message = format!("{what} has no argument {name:?}");
                let fault = Fault::new(
                    format!("{at}/{}", escaped(name)),
                    "unknown_argument",
                    message,
                );
                self.faults.push(fault.suggest(name, known.keys()));
            }
        }
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !names.iter().any(|there| *there == name) {
                let message = format!("{what} needs the argument {name:?}");
                self.faults
                    .push(Fault::new(at, "missing_argument", message));
            }
        }
        match arguments {
            ValueTemplate::Constant(Value::Object(fields)) => {
                for (name, value) in fields {
                    if let Some(schema) = known.get(name) {
                        self.constant(&format!("{at}/{}", escaped(name)), schema, value, 0);
                    }
                }
            }
            ValueTemplate::Object(fields) => {
                for (name, value) in fields {
                    if let Some(schema) = known.get(name) {
                        self.template(&format!("{at}/{}", escaped(name)), schema, value, 0);
                    }
                }
            }
            _ => {}
        }
    }

    fn fault(&mut self, at: &str, message: String) {
        self.faults
            .push(Fault::new(at, "invalid_argument", message));
    }

    /// The schema that a reference means.
    fn resolved(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..MAX_DEPTH {
            let Some(pointer) = schema.get("$ref").and_then(Value::as_str) else {
                return schema;
            };
            let Some(target) = pointer
                .strip_prefix('#')
                .and_then(|at| self.root.pointer(at))
            else {
                return &Value::Bool(true);
            };
            schema = target;
        }
        &Value::Bool(true)
    }

    fn template(&mut self, at: &str, schema: &'a Value, value: &ValueTemplate, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let schema = self.resolved(schema);
        match value {
            ValueTemplate::Constant(value) => self.constant(at, schema, value, depth),
            ValueTemplate::Text(Template::Whole(path)) => {
                let Some(kind) = (self.kinds)(path) else {
                    return;
                };
                let fits = self.types(schema, 0).is_none_or(|types| fits(kind, &types));
                if !fits {
                    let wanted = self.types(schema, 0).unwrap_or_default().join(" or ");
                    let message = format!(
                        "{{{{{path}}}}} is a parameter of type {}, and the argument is {wanted}",
                        kind.name()
                    );
                    self.fault(at, message);
                }
            }
            ValueTemplate::Text(_) => {
                let types = self.types(schema, 0);
                if types.is_some_and(|types| !types.iter().any(|there| there == "string")) {
                    let message = "the argument is no text; a template that is the whole of it keeps its type".to_owned();
                    self.fault(at, message);
                }
            }
            ValueTemplate::List(parts) => {
                if !self.takes(at, schema, "array", "a list") {
                    return;
                }
                if let Some(items) = schema.get("items") {
                    for (index, part) in parts.iter().enumerate() {
                        self.template(&format!("{at}/{index}"), items, part, depth + 1);
                    }
                }
            }
            ValueTemplate::Object(parts) => {
                if !self.takes(at, schema, "object", "an object") {
                    return;
                }
                let properties = schema.get("properties").and_then(Value::as_object);
                for (name, part) in parts {
                    if let Some(schema) = properties.and_then(|known| known.get(name)) {
                        let at = format!("{at}/{}", escaped(name));
                        self.template(&at, schema, part, depth + 1);
                    }
                }
            }
        }
    }

    fn takes(&mut self, at: &str, schema: &'a Value, name: &str, what: &str) -> bool {
        match self.types(schema, 0) {
            Some(types) if !types.iter().any(|there| there == name) => {
                self.fault(
                    at,
                    format!(
                        "{what} does not fit: the argument is {}",
                        types.join(" or ")
                    ),
                );
                false
            }
            _ => true,
        }
    }

    /// The types that a schema takes; `None` when any may do.
    fn types(&self, schema: &'a Value, depth: usize) -> Option<Vec<String>> {
        if depth > 8 {
            return None;
        }
        let schema = self.resolved(schema);
        match schema.get("type") {
            Some(Value::String(name)) => return Some(vec![name.clone()]),
            Some(Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str);
                return Some(names.map(str::to_owned).collect());
            }
            _ => {}
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(Value::Array(choices)) = schema.get(word) {
                let mut all = Vec::new();
                for choice in choices {
                    all.extend(self.types(choice, depth + 1)?);
                }
                return Some(all);
            }
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            let mut all: Vec<String> = values
                .iter()
                .map(|value| type_of(value).to_owned())
                .collect();
            all.dedup();
            return Some(all);
        }
        None
    }

    fn constant(&mut self, at: &str, schema: &'a Value, value: &Value, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let schema = self.resolved(schema);
        if *schema == Value::Bool(false) {
            return self.fault(at, "the argument takes no value".to_owned());
        }
        let Some(words) = schema.as_object() else {
            return;
        };
        for word in ["anyOf", "oneOf"] {
            if let Some(Value::Array(choices)) = words.get(word) {
                return self.choices(at, choices, value, depth);
            }
        }
        if let Some(Value::Array(all)) = words.get("allOf") {
            for schema in all {
                self.constant(at, schema, value, depth + 1);
            }
        }
        if let Some(types) = self.types(schema, 0)
            && !types.iter().any(|name| is_of(value, name))
        {
            let what = types.join(" or ");
            return self.fault(at, format!("{} is not {what}", shown(value)));
        }
        self.bounds(at, words, value);
        match value {
            Value::Array(list) => {
                if let Some(items) = words.get("items") {
                    for (index, value) in list.iter().enumerate() {
                        self.constant(&format!("{at}/{index}"), items, value, depth + 1);
                    }
                }
            }
            Value::Object(fields) => self.object(at, words, fields, depth),
            _ => {}
        }
    }

    /// The value has to fit one of the schemas; where there is only one that it may be, its faults are told.
    fn choices(&mut self, at: &str, choices: &'a [Value], value: &Value, depth: usize) {
        let mut told = Vec::new();
        let mut wanted = Vec::new();
        for choice in choices {
            let mut inner = SchemaCheck::new(self.root, self.kinds);
            inner.constant(at, choice, value, depth + 1);
            if inner.faults.is_empty() {
                return;
            }
            wanted.extend(self.types(choice, 0).unwrap_or_default());
            if inner.faults.iter().all(|fault| fault.at.len() > at.len()) {
                told = inner.faults;
            }
        }
        if told.is_empty() {
            wanted.retain(|name| name != "null");
            wanted.dedup();
            let message = format!("{} is not {}", shown(value), wanted.join(" or "));
            told.push(Fault::new(at, "invalid_argument", message));
        }
        self.faults.extend(told);
    }

    fn bounds(&mut self, at: &str, words: &Map<String, Value>, value: &Value) {
        if let Some(Value::Array(values)) = words.get("enum")
            && !values.contains(value)
        {
            let names: Vec<String> = values.iter().map(Value::to_string).collect();
            let message = format!("{} is not one of {}", shown(value), names.join(", "));
            let texts = values.iter().filter_map(Value::as_str);
            let fault = Fault::new(at, "invalid_argument", message);
            self.faults
                .push(fault.suggest(value.as_str().unwrap_or_default(), texts));
        }
        if words.get("const").is_some_and(|only| only != value) {
            let only = words.get("const").map(shown).unwrap_or_default();
            self.fault(at, format!("{} is not {only}", shown(value)));
        }
        let number = |name: &str| words.get(name).and_then(Value::as_f64);
        if let Some(value) = value.as_f64().filter(|_| value.is_number()) {
            if let Some(least) = number("minimum").filter(|least| value < *least) {
                self.fault(at, format!("{value} is below {least}"));
            }
            if let Some(most) = number("maximum").filter(|most| value > *most) {
                self.fault(at, format!("{value} is above {most}"));
            }
        }
        let length = match value {
            Value::String(text) => Some((text.chars().count(), "minLength", "maxLength")),
            Value::Array(list) => Some((list.len(), "minItems", "maxItems")),
            _ => None,
        };
        if let Some((length, least, most)) = length {
            let length = length as f64;
            if number(least).is_some_and(|least| length < least) {
                self.fault(at, format!("{} is too short", shown(value)));
            }
            if number(most).is_some_and(|most| length > most) {
                self.fault(at, format!("{} is too long", shown(value)));
            }
        }
    }

    fn object(
        &mut self,
        at: &str,
        words: &'a Map<String, Value>,
        fields: &Map<String, Value>,
        depth: usize,
    ) {
        let properties = words.get("properties").and_then(Value::as_object);
        for (name, value) in fields {
            let at = format!("{at}/{}", escaped(name));
            match (
                properties.and_then(|known| known.get(name)),
                words.get("additionalProperties"),
            ) {
                (Some(schema), _) => self.constant(&at, schema, value, depth + 1),
                (None, Some(Value::Bool(false))) => {
                    let message = format!("there is no field {name:?} here");
                    let known = properties.into_iter().flat_map(|known| known.keys());
                    let fault = Fault::new(at, "unknown_argument", message);
                    self.faults.push(fault.suggest(name, known));
                }
                (None, Some(schema @ Value::Object(_))) => {
                    self.constant(&at, schema, value, depth + 1);
                }
                (None, _) => {}
            }
        }
        let required = words.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                self.faults.push(Fault::new(
                    at,
                    "missing_argument",
                    format!("the field {name:?} is missing"),
                ));
            }
        }
    }
}

fn fits(kind: ParameterKind, types: &[String]) -> bool {
    let has = |name: &str| types.iter().any(|there| there == name);
    match kind {
        ParameterKind::Any => true,
        ParameterKind::String | ParameterKind::Date | ParameterKind::Timestamp => has("string"),
        ParameterKind::Integer => has("integer") || has("number"),
        ParameterKind::Number => has("number"),
        ParameterKind::Boolean => has("boolean"),
        ParameterKind::Array => has("array"),
        ParameterKind::Object => has("object"),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn is_of(value: &Value, name: &str) -> bool {
    match (name, value) {
        ("integer", Value::Number(number)) => {
            number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        ("number", Value::Number(_)) => true,
        (name, value) => type_of(value) == name,
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The faults of constant arguments, for whoever calls a tool by hand.
pub fn check_arguments(what: &str, schema: &Value, arguments: &Map<String, Value>) -> Vec<Fault> {
    let unknown = |_: &Path| None;
    let mut check = SchemaCheck::new(schema, &unknown);
    let arguments = ValueTemplate::Constant(Value::Object(arguments.clone()));
    check.arguments("", what, &arguments);
    check.faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "store": {"type": "string"},
                "limit": {"type": ["integer", "null"], "minimum": 1, "maximum": 100},
                "mode": {"enum": ["insert", "upsert"]},
                "filter": {"$ref": "#/$defs/Filter"},
                "fields": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
            },
            "required": ["store"],
            "$defs": {"Filter": {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false}},
        })
    }

    fn faults(arguments: &Value) -> Vec<String> {
        let arguments = arguments.as_object().unwrap();
        let found = check_arguments("the tool", &schema(), arguments);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arguments_are_checked_with_their_places() {
        assert_eq!(
            faults(&json!({"store": "a", "limit": null, "filter": {"a": 1}, "fields": ["x"]})),
            [""; 0]
        );
        assert_eq!(
            faults(&json!({"limit": "5", "mod": 1})),
            [
                "/mod: the tool has no argument \"mod\"; did you mean \"mode\"?",
                "the tool needs the argument \"store\"",
                "/limit: \"5\" is not integer or null",
            ]
        );
        assert_eq!(
            faults(
                &json!({"store": "a", "limit": 0, "mode": "upser", "filter": {"a": 1.5, "b": 1}, "fields": [1]})
            ),
            [
                "/limit: 0 is below 1",
                "/mode: \"upser\" is not one of \"insert\", \"upsert\"; did you mean \"upsert\"?",
                "/filter/a: 1.5 is not integer",
                "/filter/b: there is no field \"b\" here",
                "/fields/0: 1 is not string",
            ]
        );
    }
}
