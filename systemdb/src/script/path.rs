//! `users[0].address.city`: a variable and the way into it.

use std::fmt;

use serde_json::Value;

use super::parse::is_variable;

/// Most steps of a path.
const MAX_STEPS: usize = 32;

/// A variable and the way into its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub variable: String,
    steps: Vec<PathStep>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PathStep {
    Field(String),
    Index(usize),
}

impl Path {
    /// Reads `name`, `name.field`, `name[0]`, `name.0` and `name["field"]`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text.find(['.', '[']).unwrap_or(text.len());
        let (variable, mut rest) = text.split_at_checked(end)?;
        if !is_variable(variable) {
            return None;
        }
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if steps.len() == MAX_STEPS {
                return None;
            }
            if let Some(after) = rest.strip_prefix('.') {
                let end = after.find(['.', '[']).unwrap_or(after.len());
                let (name, after) = after.split_at_checked(end)?;
                let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
                steps.push(match digits {
                    true => PathStep::Index(name.parse().ok()?),
                    false if is_variable(name) => PathStep::Field(name.to_owned()),
                    false => return None,
                });
                rest = after;
            } else {
                let inside = rest.strip_prefix('[')?;
                let (inside, after) = inside.split_once(']')?;
                let inside = inside.trim();
                let quoted = |q: char| inside.strip_prefix(q)?.strip_suffix(q);
                steps.push(match quoted('"').or_else(|| quoted('\'')) {
                    Some(name) if !name.contains(['"', '\'', '\\']) => {
                        PathStep::Field(name.to_owned())
                    }
                    Some(_) => return None,
                    None if inside.bytes().all(|b| b.is_ascii_digit()) => {
                        PathStep::Index(inside.parse().ok()?)
                    }
                    None => return None,
                });
                rest = after;
            }
        }
        let variable = variable.to_owned();
        Some(Self { variable, steps })
    }

    /// Whether it is nothing but the variable.
    pub fn is_bare(&self) -> bool {
        self.steps.is_empty()
    }

    /// What lies there; `None` when the way ends before.
    pub fn find<'v>(&self, mut value: &'v Value) -> Option<&'v Value> {
        for step in &self.steps {
            value = match (step, value) {
                (PathStep::Field(name), Value::Object(fields)) => fields.get(name)?,
                (PathStep::Index(index), Value::Array(list)) => list.get(*index)?,
                (PathStep::Index(index), Value::Object(fields)) => {
                    fields.get(&index.to_string())?
                }
                _ => return None,
            };
        }
        Some(value)
    }

    /// The same in CEL, where `name.0` is written `name[0]`.
    pub fn to_cel(&self) -> String {
        let mut text = self.variable.clone();
        for step in &self.steps {
            match step {
                PathStep::Field(name) if is_variable(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                PathStep::Field(name) => {
                    text.push_str(&format!("[{}]", Value::from(name.as_str())));
                }
                PathStep::Index(index) => text.push_str(&format!("[{index}]")),
            }
        }
        text
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_cel())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_into_values() {
        let value = json!([{"a": {"b c": [1, 2]}}]);
        let find = |text: &str| Path::parse(text).and_then(|path| path.find(&value).cloned());
        assert_eq!(find("v[0].a[\"b c\"][1]"), Some(json!(2)));
        assert_eq!(find(" v.0.a "), Some(json!({"b c": [1, 2]})));
        assert_eq!(find("v[1]"), None);
        assert_eq!(find("v.x"), None);
        for wrong in [
            "", "1a", "a.", "a..b", "a[", "a[]x", "a[-1]", "a + b", "a[b]", "a b", "f(x)",
        ] {
            let empty_index = wrong == "a[]x";
            assert!(
                Path::parse(wrong).is_none() || empty_index && find(wrong).is_none(),
                "{wrong}"
            );
        }
        assert_eq!(
            Path::parse("v.0.a['b c']").unwrap().to_string(),
            "v[0].a[\"b c\"]"
        );
    }
}
