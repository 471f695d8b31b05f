//! `Hello {{user.name}}`: texts with variables in them.
//!
//! What is between the braces is a variable and the way into it, nothing that is computed; what it stands for is put
//! there as it is and never read again as a template, an expression or a statement. A template that is the whole of an
//! argument keeps the type of its value; inside a text it becomes text. A part of a value that is not there is null, or
//! no text. `\{{` stands for `{{`.

use serde_json::{Map, Value};

use super::fault::{Fault, escaped};
use super::path::Path;
use super::variables::Variables;

/// A text with variables in it, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Template {
    /// There are none.
    Text(String),
    /// It is one variable and nothing else.
    Whole(Path),
    /// Texts and variables.
    Mixed(Vec<Part>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Path(Path),
}

/// A JSON value with templates in its texts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ValueTemplate {
    Constant(Value),
    Text(Template),
    List(Vec<ValueTemplate>),
    Object(Vec<(String, ValueTemplate)>),
}

impl Template {
    /// Takes a text apart.
    pub fn parse(at: &str, text: &str) -> Result<Self, Fault> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            if let Some(before) = before.strip_suffix('\\') {
                plain.push_str(before);
                plain.push_str("{{");
                rest = after;
                continue;
            }
            plain.push_str(before);
            let Some((inside, after)) = after.split_once("}}") else {
                let message = "a \"{{\" has no \"}}\"; write \"\\{{\" for the braces themselves";
                return Err(Fault::new(at, "invalid_template", message));
            };
            let path = Path::parse(inside).ok_or_else(|| {
                let shown: String = inside.chars().take(60).collect();
                let message = format!(
                    "\"{{{{{shown}}}}}\" is not a variable like {{{{user.id}}}}; compute values in a step \"set\" before"
                );
                Fault::new(at, "invalid_template", message)
            })?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Path(path));
            rest = after;
        }
        plain.push_str(rest);
        if parts.is_empty() {
            return Ok(Self::Text(plain));
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(match parts.as_slice() {
            [Part::Path(path)] => Self::Whole(path.clone()),
            _ => Self::Mixed(parts),
        })
    }

    /// Its variables.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let (whole, parts) = match self {
            Self::Text(_) => (None, [].as_slice()),
            Self::Whole(path) => (Some(path), [].as_slice()),
            Self::Mixed(parts) => (None, parts.as_slice()),
        };
        let inside = parts.iter().filter_map(|part| match part {
            Part::Path(path) => Some(path),
            Part::Text(_) => None,
        });
        whole.into_iter().chain(inside)
    }

    /// The text with the values of its variables.
    pub fn text(&self, variables: &Variables) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Whole(path) => Ok(as_text(variables.find(path)?)),
            Self::Mixed(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Text(plain) => text.push_str(plain),
                        Part::Path(path) => text.push_str(&as_text(variables.find(path)?)),
                    }
                }
                Ok(text)
            }
        }
    }

    /// The texts as they are written and the values of the variables, apart.
    pub fn parts(
        &self,
        variables: &Variables,
        part: &mut dyn FnMut(Option<&Path>, String),
    ) -> Result<(), String> {
        match self {
            Self::Text(text) => part(None, text.clone()),
            Self::Whole(path) => part(Some(path), as_text(variables.find(path)?)),
            Self::Mixed(parts) => {
                for one in parts {
                    match one {
                        Part::Text(plain) => part(None, plain.clone()),
                        Part::Path(path) => part(Some(path), as_text(variables.find(path)?)),
                    }
                }
            }
        }
        Ok(())
    }

    /// The value: that of the variable itself where the template is nothing else.
    pub fn value(&self, variables: &Variables) -> Result<Value, String> {
        match self {
            Self::Whole(path) => Ok(variables.find(path)?.clone()),
            other => other.text(variables).map(Value::String),
        }
    }
}

/// A value inside of a text.
fn as_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl ValueTemplate {
    /// Takes all texts of a value apart.
    pub fn parse(at: &str, value: &Value, faults: &mut Vec<Fault>) -> Self {
        match value {
            Value::String(text) => match Template::parse(at, text) {
                Ok(Template::Text(text)) => Self::Constant(Value::String(text)),
                Ok(template) => Self::Text(template),
                Err(fault) => {
                    faults.push(fault);
                    Self::Constant(Value::Null)
                }
            },
            Value::Array(list) => {
                let each = list.iter().enumerate();
                let parts: Vec<Self> = each
                    .map(|(index, value)| Self::parse(&format!("{at}/{index}"), value, faults))
                    .collect();
                match parts.iter().all(Self::is_constant) {
                    true => Self::Constant(Value::Array(
                        parts.into_iter().filter_map(Self::constant).collect(),
                    )),
                    false => Self::List(parts),
                }
            }
            Value::Object(fields) => Self::object(at, fields, faults),
            other => Self::Constant(other.clone()),
        }
    }

    /// As [`ValueTemplate::parse`] of an object.
    pub fn object(at: &str, fields: &Map<String, Value>, faults: &mut Vec<Fault>) -> Self {
        let parts: Vec<(String, Self)> = fields
            .iter()
            .map(|(name, value)| {
                let at = format!("{at}/{}", escaped(name));
                (name.clone(), Self::parse(&at, value, faults))
            })
            .collect();
        if parts.iter().all(|(_, part)| part.is_constant()) {
            let fields = parts
                .into_iter()
                .filter_map(|(name, part)| Some((name, part.constant()?)));
            return Self::Constant(Value::Object(fields.collect()));
        }
        Self::Object(parts)
    }

    fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }

    fn constant(self) -> Option<Value> {
        match self {
            Self::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Calls `visit` with each variable and its place below `at`.
    pub fn each_path<'t>(&'t self, at: &str, visit: &mut dyn FnMut(&str, &'t Path)) {
        match self {
            Self::Constant(_) => {}
            Self::Text(template) => template.paths().for_each(|path| visit(at, path)),
            Self::List(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    part.each_path(&format!("{at}/{index}"), visit);
                }
            }
            Self::Object(parts) => {
                for (name, part) in parts {
                    part.each_path(&format!("{at}/{}", escaped(name)), visit);
                }
            }
        }
    }

    /// The value with those of its variables.
    pub fn value(&self, variables: &Variables) -> Result<Value, String> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Text(template) => template.value(variables),
            Self::List(parts) => {
                let values = parts.iter().map(|part| part.value(variables));
                values.collect::<Result<_, _>>().map(Value::Array)
            }
            Self::Object(parts) => {
                let fields = parts
                    .iter()
                    .map(|(name, part)| Ok((name.clone(), part.value(variables)?)));
                fields.collect::<Result<_, String>>().map(Value::Object)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn variables() -> Variables {
        let mut variables = Variables::default();
        variables.set("user", json!({"id": 7, "name": "{{user.id}} \" OR 1=1"}));
        variables
    }

    fn filled(value: &Value) -> Value {
        let mut faults = Vec::new();
        let template = ValueTemplate::parse("", value, &mut faults);
        assert_eq!(faults, []);
        template.value(&variables()).unwrap()
    }

    #[test]
    fn a_whole_template_keeps_its_type_and_text_becomes_text() {
        let value = json!({"id": "{{user.id}}", "in": ["a {{ user.id }} b", 1], "u": "{{user}}"});
        let expected =
            json!({"id": 7, "in": ["a 7 b", 1], "u": {"id": 7, "name": "{{user.id}} \" OR 1=1"}});
        assert_eq!(filled(&value), expected);
    }

    #[test]
    fn values_are_data_and_never_read_as_templates_again() {
        assert_eq!(
            filled(&json!("<{{user.name}}>")),
            json!("<{{user.id}} \" OR 1=1>")
        );
        assert_eq!(filled(&json!(r"\{{user.id}}")), json!("{{user.id}}"));
        assert_eq!(filled(&json!("{{user.missing}}|")), json!("|"));
    }

    #[test]
    fn what_is_not_a_variable_is_a_fault_with_its_place() {
        for (text, part) in [
            ("{{", "has no"),
            ("{{a + b}}", "is not a variable"),
            ("{{}}", "is not"),
        ] {
            let mut faults = Vec::new();
            ValueTemplate::parse("/args", &json!({"a/b": [text]}), &mut faults);
            assert_eq!(faults[0].at, "/args/a~1b/0");
            assert!(faults[0].message.contains(part), "{}", faults[0].message);
        }
        let unknown = Template::parse("", "{{nobody}}").unwrap();
        assert!(unknown.text(&variables()).unwrap_err().contains("nobody"));
    }
}
