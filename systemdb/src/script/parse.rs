//! From JSON to a script: every fault with its place.
//!
//! Unknown kinds and fields are refused here; what names mean (tools, variables, other scripts) is looked at by
//! [`check`](super::check).

use serde_json::{Map, Value};

use super::fault::{Fault, escaped};
use super::model::{
    Action, DEFAULT_CATEGORY, MAX_NESTING, MAX_STEPS, Parameter, ParameterKind, Script,
    ScriptLimits, Step, TransactionMode,
};

const SCRIPT_FIELDS: [&str; 8] = [
    "name",
    "category",
    "description",
    "parameters",
    "database",
    "transaction",
    "limits",
    "steps",
];
const PARAMETER_FIELDS: [&str; 4] = ["name", "type", "default", "description"];
const COMMON_FIELDS: [&str; 8] = [
    "type",
    "name",
    "description",
    "database",
    "async",
    "disabled",
    "continue_on_error",
    "output",
];
/// Longest name of a script, a category, a variable.
const MAX_NAME_BYTES: usize = 100;

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// Every fault of its form.
    pub fn from_json(json: &Value) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::default();
        let script = reader.script(json);
        match script {
            Some(script) if reader.faults.is_empty() => Ok(script),
            _ => Err(reader.faults),
        }
    }

    /// Reads a script from text.
    ///
    /// # Errors
    /// The text is not JSON, or every fault of its form.
    pub fn from_text(text: &str) -> Result<Self, Vec<Fault>> {
        let json = serde_json::from_str(text).map_err(|error| {
            vec![Fault::new(
                "",
                "malformed_json",
                format!("the script is not JSON: {error}"),
            )]
        })?;
        Self::from_json(&json)
    }
}

impl Step {
    /// Reads one step.
    ///
    /// # Errors
    /// Every fault of its form; places begin at the step.
    pub fn from_json(json: &Value) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::default();
        match reader.step("", json, 0) {
            Some(step) if reader.faults.is_empty() => Ok(step),
            _ => Err(reader.faults),
        }
    }
}

impl ParameterKind {
    /// The names that scripts write.
    pub const NAMES: [&str; 9] = [
        "string",
        "integer",
        "number",
        "boolean",
        "date",
        "timestamp",
        "array",
        "object",
        "any",
    ];

    /// The type of a name; the short forms of other languages are taken too.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "string" | "text" => Self::String,
            "integer" | "int" => Self::Integer,
            "number" | "float" | "double" | "decimal" => Self::Number,
            "boolean" | "bool" => Self::Boolean,
            "date" => Self::Date,
            "timestamp" | "datetime" => Self::Timestamp,
            "array" | "list" => Self::Array,
            "object" | "document" => Self::Object,
            "any" => Self::Any,
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Array => "array",
            Self::Object => "object",
            Self::Any => "any",
        }
    }
}

/// Whether a text can be the name of a variable.
pub(crate) fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && name.len() <= MAX_NAME_BYTES && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Why a text cannot be the name of a script or of a category.
pub(crate) fn name_fault(name: &str) -> Option<&'static str> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
    if name.is_empty() || name.trim() != name {
        return Some("a name has at least one character and no blanks around it");
    }
    if name.len() > MAX_NAME_BYTES {
        return Some("a name has at most 100 bytes");
    }
    (!name.chars().all(allowed)).then_some("a name has letters, digits, blanks, '-' and '_' only")
}

#[derive(Default)]
struct Reader {
    faults: Vec<Fault>,
    steps: usize,
}

impl Reader {
    fn fault(&mut self, at: impl Into<String>, code: &str, message: impl Into<String>) {
        self.faults.push(Fault::new(at, code, message));
    }

    /// The object at a place; unknown fields of it are faults.
    fn object<'j>(
        &mut self,
        at: &str,
        json: &'j Value,
        what: &str,
        known: &[&[&str]],
    ) -> Option<&'j Map<String, Value>> {
        let Value::Object(fields) = json else {
            self.fault(at, "invalid_value", format!("{what} is an object"));
            return None;
        };
        for name in fields.keys() {
            let mut all = known.iter().flat_map(|names| names.iter());
            if !all.any(|there| there == name) {
                let place = format!("{at}/{}", escaped(name));
                let message = format!("{what} has no field {name:?}");
                let names = known.iter().flat_map(|names| names.iter());
                let fault = Fault::new(place, "unknown_field", message).suggest(name, names);
                self.faults.push(fault);
            }
        }
        Some(fields)
    }

    fn text(&mut self, at: &str, fields: &Map<String, Value>, name: &str) -> Option<String> {
        match fields.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            _ => {
                self.fault(
                    format!("{at}/{name}"),
                    "invalid_value",
                    format!("{name:?} is a text"),
                );
                None
            }
        }
    }

    fn needed(&mut self, at: &str, fields: &Map<String, Value>, name: &str, what: &str) -> String {
        if matches!(fields.get(name), None | Some(Value::Null)) {
            self.fault(at, "missing_field", format!("{what} needs {name:?}"));
            return String::new();
        }
        let text = self.text(at, fields, name).unwrap_or_default();
        if text.trim().is_empty() && matches!(fields.get(name), Some(Value::String(_))) {
            self.fault(
                format!("{at}/{name}"),
                "invalid_value",
                format!("{name:?} is empty"),
            );
        }
        text
    }

    fn flag(&mut self, at: &str, fields: &Map<String, Value>, name: &str) -> bool {
        match fields.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(value)) => *value,
            Some(_) => {
                let message = format!("{name:?} is true or false");
                self.fault(format!("{at}/{name}"), "invalid_value", message);
                false
            }
        }
    }

    /// The name of a variable.
    fn variable(&mut self, at: &str, name: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let place = format!("{at}/{name}");
        if !is_variable(text) {
            let message = format!(
                "{text:?} cannot be a variable: a letter or '_', then letters, digits and '_'"
            );
            self.fault(place, "invalid_name", message);
        } else if super::expression::RESERVED.contains(&text) {
            self.fault(
                place,
                "invalid_name",
                format!("{text:?} has a meaning of its own"),
            );
        }
    }

    fn script(&mut self, json: &Value) -> Option<Script> {
        let fields = self.object("", json, "a script", &[&SCRIPT_FIELDS])?;
        let name = self.needed("", fields, "name", "a script");
        let category = self.text("", fields, "category");
        let category = category.unwrap_or_else(|| DEFAULT_CATEGORY.to_owned());
        for (field, text) in [("name", &name), ("category", &category)] {
            if let Some(fault) = name_fault(text)
                && !(field == "name" && text.trim().is_empty())
            {
                self.fault(format!("/{field}"), "invalid_name", fault);
            }
        }
        let transaction = match self.text("", fields, "transaction") {
            None => TransactionMode::default(),
            Some(text) => TransactionMode::named(&text).unwrap_or_else(|| {
                let message = format!("there is no transaction mode {text:?}");
                let fault = Fault::new("/transaction", "invalid_value", message);
                self.faults
                    .push(fault.suggest(&text, TransactionMode::NAMES));
                TransactionMode::default()
            }),
        };
        let steps = match fields.get("steps") {
            Some(steps) => self.steps("/steps", steps, 0),
            None => {
                self.fault("", "missing_field", "a script needs \"steps\"");
                Vec::new()
            }
        };
        Some(Script {
            description: self.text("", fields, "description").unwrap_or_default(),
            parameters: self.parameters(fields.get("parameters")),
            database: self.text("", fields, "database"),
            limits: self.limits(fields.get("limits")),
            name,
            category,
            transaction,
            steps,
        })
    }

    fn limits(&mut self, json: Option<&Value>) -> ScriptLimits {
        let mut limits = ScriptLimits::default();
        let Some(json) = json.filter(|json| !json.is_null()) else {
            return limits;
        };
        let names = ["time_ms", "rows", "steps"];
        let Some(fields) = self.object("/limits", json, "\"limits\"", &[&names]) else {
            return limits;
        };
        for (name, slot) in [
            ("time_ms", &mut limits.time_ms),
            ("rows", &mut limits.rows),
            ("steps", &mut limits.steps),
        ] {
            match fields.get(name) {
                None | Some(Value::Null) => {}
                Some(value) => match value.as_u64().filter(|value| *value > 0) {
                    Some(value) => *slot = Some(value),
                    None => self.faults.push(Fault::new(
                        format!("/limits/{name}"),
                        "invalid_value",
                        format!("{name:?} is a whole number above zero"),
                    )),
                },
            }
        }
        limits
    }

    fn parameters(&mut self, json: Option<&Value>) -> Vec<Parameter> {
        let list = match json {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.fault("/parameters", "invalid_value", "\"parameters\" is a list");
                return Vec::new();
            }
        };
        let mut parameters: Vec<Parameter> = Vec::with_capacity(list.len());
        for (index, json) in list.iter().enumerate() {
            let at = format!("/parameters/{index}");
            let Some(parameter) = self.parameter(&at, json) else {
                continue;
            };
            if parameters.iter().any(|there| there.name == parameter.name) {
                let message = format!("there are two parameters {:?}", parameter.name);
                self.fault(format!("{at}/name"), "duplicate_name", message);
            }
            parameters.push(parameter);
        }
        parameters
    }

    fn parameter(&mut self, at: &str, json: &Value) -> Option<Parameter> {
        let fields = self.object(at, json, "a parameter", &[&PARAMETER_FIELDS])?;
        let name = self.needed(at, fields, "name", "a parameter");
        self.variable(at, "name", &name);
        let kind = match self.text(at, fields, "type") {
            None => ParameterKind::default(),
            Some(text) => ParameterKind::named(&text).unwrap_or_else(|| {
                let message = format!("there is no type {text:?}");
                let fault = Fault::new(format!("{at}/type"), "invalid_value", message);
                self.faults.push(fault.suggest(&text, ParameterKind::NAMES));
                ParameterKind::default()
            }),
        };
        let default = match fields.get("default") {
            None => None,
            Some(Value::Null) => Some(Value::Null),
            Some(value) => match super::arguments::coerce(kind, value) {
                Ok(value) => Some(value),
                Err(detail) => {
                    let message = format!("the default of {name:?} does not fit: {detail}");
                    self.fault(format!("{at}/default"), "invalid_value", message);
                    None
                }
            },
        };
        Some(Parameter {
            description: self.text(at, fields, "description").unwrap_or_default(),
            name,
            kind,
            default,
        })
    }

    fn steps(&mut self, at: &str, json: &Value, depth: usize) -> Vec<Step> {
        let Value::Array(list) = json else {
            self.fault(at, "invalid_value", "steps are a list");
            return Vec::new();
        };
        if depth > MAX_NESTING {
            let message = format!("steps are nested deeper than {MAX_NESTING} levels");
            self.fault(at, "too_deep", message);
            return Vec::new();
        }
        let mut steps = Vec::with_capacity(list.len().min(MAX_STEPS));
        for (index, json) in list.iter().enumerate() {
            self.steps += 1;
            if self.steps > MAX_STEPS {
                if self.steps == MAX_STEPS + 1 {
                    self.fault(
                        at,
                        "too_large",
                        format!("a script has at most {MAX_STEPS} steps"),
                    );
                }
                break;
            }
            steps.extend(self.step(&format!("{at}/{index}"), json, depth));
        }
        steps
    }

    fn step(&mut self, at: &str, json: &Value, depth: usize) -> Option<Step> {
        let Value::Object(fields) = json else {
            self.fault(at, "invalid_value", "a step is an object");
            return None;
        };
        let kind = match fields.get("type") {
            Some(Value::String(kind)) => kind.as_str(),
            Some(_) => {
                self.fault(format!("{at}/type"), "invalid_value", "\"type\" is a text");
                return None;
            }
            None => {
                let message = format!("a step needs \"type\": {}", Action::KINDS.join(", "));
                self.fault(at, "missing_field", message);
                return None;
            }
        };
        let Some(own) = own_fields(kind) else {
            let message = format!("there is no kind of step {kind:?}");
            let fault = Fault::new(format!("{at}/type"), "unknown_step", message);
            self.faults.push(fault.suggest(kind, Action::KINDS));
            return None;
        };
        let what = format!("a step \"{kind}\"");
        self.object(at, json, &what, &[&COMMON_FIELDS, own]);
        let action = self.action(at, kind, &what, fields, depth);
        let output = self.text(at, fields, "output");
        self.variable(at, "output", output.as_deref().unwrap_or_default());
        Some(Step {
            action,
            name: self.text(at, fields, "name"),
            description: self.text(at, fields, "description"),
            database: self.text(at, fields, "database"),
            is_async: self.flag(at, fields, "async"),
            disabled: self.flag(at, fields, "disabled"),
            continue_on_error: self.flag(at, fields, "continue_on_error"),
            output,
        })
    }

    fn action(
        &mut self,
        at: &str,
        kind: &str,
        what: &str,
        fields: &Map<String, Value>,
        depth: usize,
    ) -> Action {
        let value = |name: &str| fields.get(name).filter(|value| !value.is_null()).cloned();
        match kind {
            "tool" => Action::Tool {
                tool: self.needed(at, fields, "tool", what),
                args: self.arguments(at, fields),
            },
            "ask" => Action::Ask {
                prompt: self.needed(at, fields, "prompt", what),
            },
            "set" => {
                let variable = self.needed(at, fields, "variable", what);
                self.variable(at, "variable", &variable);
                if !fields.contains_key("value") {
                    self.fault(at, "missing_field", format!("{what} needs \"value\""));
                }
                let value = fields.get("value").cloned().unwrap_or_default();
                Action::Set { variable, value }
            }
            "if" => Action::If {
                condition: self.needed(at, fields, "condition", what),
                then: self.nested(at, fields, "then", what, depth),
                otherwise: match fields.get("else") {
                    None | Some(Value::Null) => Vec::new(),
                    Some(steps) => self.steps(&format!("{at}/else"), steps, depth + 1),
                },
            },
            "loop" => {
                let item = self.needed(at, fields, "item", what);
                self.variable(at, "item", &item);
                let list = value("list").unwrap_or_default();
                match &list {
                    Value::Null => {
                        self.fault(at, "missing_field", format!("{what} needs \"list\""));
                    }
                    Value::String(_) | Value::Array(_) => {}
                    _ => {
                        let message = "\"list\" is a list, or an expression that gives one";
                        self.fault(format!("{at}/list"), "invalid_value", message);
                    }
                }
                Action::Loop {
                    list,
                    item,
                    steps: self.nested(at, fields, "steps", what, depth),
                }
            }
            "fetch" => Action::Fetch {
                store: self.needed(at, fields, "store", what),
                filter: value("filter"),
                fields: value("fields"),
                limit: value("limit"),
            },
            "say" => Action::Say {
                message: self.needed(at, fields, "message", what),
            },
            "call" => Action::Call {
                script: self.needed(at, fields, "script", what),
                args: self.arguments(at, fields),
            },
            "assert" => Action::Assert {
                condition: self.needed(at, fields, "condition", what),
                message: self.text(at, fields, "message"),
            },
            _ => Action::Block {
                steps: self.nested(at, fields, "steps", what, depth),
            },
        }
    }

    fn nested(
        &mut self,
        at: &str,
        fields: &Map<String, Value>,
        name: &str,
        what: &str,
        depth: usize,
    ) -> Vec<Step> {
        match fields.get(name) {
            None | Some(Value::Null) => {
                self.fault(at, "missing_field", format!("{what} needs {name:?}"));
                Vec::new()
            }
            Some(steps) => self.steps(&format!("{at}/{name}"), steps, depth + 1),
        }
    }

    fn arguments(&mut self, at: &str, fields: &Map<String, Value>) -> Map<String, Value> {
        match fields.get("args") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(args)) => args.clone(),
            Some(_) => {
                self.fault(
                    format!("{at}/args"),
                    "invalid_value",
                    "\"args\" is an object",
                );
                Map::new()
            }
        }
    }
}

fn own_fields(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "tool" => &["tool", "args"],
        "ask" => &["prompt"],
        "set" => &["variable", "value"],
        "if" => &["condition", "then", "else"],
        "loop" => &["list", "item", "steps"],
        "fetch" => &["store", "filter", "fields", "limit"],
        "say" => &["message"],
        "call" => &["script", "args"],
        "block" => &["steps"],
        "assert" => &["condition", "message"],
        _ => return None,
    })
}
