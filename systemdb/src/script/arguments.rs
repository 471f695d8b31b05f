//! The arguments of a run: by name and by position, typed, with defaults.
//!
//! Always: a run that begins has a value of the right type for each parameter.

use serde_json::{Map, Number, Value};
use sop::key::{Date, Timestamp};

use super::fault::{Fault, escaped};
use super::model::{Parameter, ParameterKind};

/// What a run gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    /// By their names.
    pub named: Map<String, Value>,
    /// For the parameters that no name was given for, in their order.
    pub positional: Vec<Value>,
}

impl From<Map<String, Value>> for Arguments {
    fn from(named: Map<String, Value>) -> Self {
        Self {
            named,
            positional: Vec::new(),
        }
    }
}

/// The values of all parameters: those with names first, then the others by position, then the defaults.
///
/// # Errors
/// Every name that is unknown, every value that does not fit, every parameter that has no value.
pub fn bind(parameters: &[Parameter], given: &Arguments) -> Result<Map<String, Value>, Vec<Fault>> {
    let mut faults = Vec::new();
    for name in given.named.keys() {
        if !parameters.iter().any(|parameter| parameter.name == *name) {
            let message = format!("the script has no parameter {name:?}");
            let fault = Fault::new(format!("/{}", escaped(name)), "unknown_argument", message);
            faults.push(fault.suggest(name, parameters.iter().map(|there| &there.name)));
        }
    }
    let mut positional = given.positional.iter();
    let mut bound = Map::new();
    for parameter in parameters {
        let name = &parameter.name;
        let value = given.named.get(name).or_else(|| positional.next());
        let at = || format!("/{}", escaped(name));
        match (value, &parameter.default) {
            (Some(value), default) => {
                // Null stands for "as by default" where null is the default.
                if value.is_null() && default.as_ref().is_some_and(Value::is_null) {
                    bound.insert(name.clone(), Value::Null);
                    continue;
                }
                match coerce(parameter.kind, value) {
                    Ok(value) => {
                        bound.insert(name.clone(), value);
                    }
                    Err(detail) => {
                        let message = format!("parameter {name:?}: {detail}");
                        faults.push(Fault::new(at(), "invalid_argument", message));
                    }
                }
            }
            (None, Some(default)) => {
                bound.insert(name.clone(), default.clone());
            }
            (None, None) => {
                let kind = parameter.kind.name();
                let message = match parameter.description.as_str() {
                    "" => format!("parameter {name:?} ({kind}) has no value"),
                    about => format!("parameter {name:?} ({kind}: {about}) has no value"),
                };
                faults.push(Fault::new(at(), "missing_argument", message));
            }
        }
    }
    let rest = positional.count();
    if rest > 0 {
        let (takes, more) = (parameters.len(), if rest == 1 { "value" } else { "values" });
        let message = format!("{rest} {more} too many: the script has {takes} parameters");
        faults.push(Fault::new("", "too_many_arguments", message));
    }
    if faults.is_empty() {
        Ok(bound)
    } else {
        Err(faults)
    }
}

/// The value as one of this type, where it says the same: a text of digits is a number, a number can be a text.
///
/// # Errors
/// What the type takes.
pub(crate) fn coerce(kind: ParameterKind, value: &Value) -> Result<Value, String> {
    let wrong = |what: &str| {
        let mut shown = value.to_string();
        if shown.len() > 60 {
            shown = shown.chars().take(60).collect::<String>() + "…";
        }
        Err(format!("{shown} is not {what}"))
    };
    match (kind, value) {
        (ParameterKind::Any, _)
        | (ParameterKind::String, Value::String(_))
        | (ParameterKind::Number, Value::Number(_))
        | (ParameterKind::Boolean, Value::Bool(_))
        | (ParameterKind::Array, Value::Array(_))
        | (ParameterKind::Object, Value::Object(_)) => Ok(value.clone()),
        (ParameterKind::String, Value::Number(_) | Value::Bool(_)) => {
            Ok(Value::String(value.to_string()))
        }
        (ParameterKind::String, _) => wrong("a text"),
        (ParameterKind::Integer, Value::Number(number)) => match whole(&number.to_string()) {
            Some(value) => Ok(value),
            None => wrong("a whole number"),
        },
        (ParameterKind::Integer, Value::String(text)) => match whole(text.trim()) {
            Some(value) => Ok(value),
            None => wrong("a whole number"),
        },
        (ParameterKind::Integer, _) => wrong("a whole number"),
        (ParameterKind::Number, Value::String(text)) => {
            match serde_json::from_str::<Number>(text.trim()) {
                Ok(number) => Ok(Value::Number(number)),
                Err(_) => wrong("a number"),
            }
        }
        (ParameterKind::Number, _) => wrong("a number"),
        (ParameterKind::Boolean, Value::String(text)) => match text.trim() {
            "true" | "yes" => Ok(Value::Bool(true)),
            "false" | "no" => Ok(Value::Bool(false)),
            _ => wrong("true or false"),
        },
        (ParameterKind::Boolean, _) => wrong("true or false"),
        (ParameterKind::Date, Value::String(text)) => match text.parse::<Date>() {
            Ok(_) => Ok(value.clone()),
            Err(_) => wrong("a day like \"2024-05-31\""),
        },
        (ParameterKind::Date, _) => wrong("a day like \"2024-05-31\""),
        (ParameterKind::Timestamp, Value::String(text)) => match text.parse::<Timestamp>() {
            Ok(_) => Ok(value.clone()),
            Err(_) => wrong("an instant like \"2024-05-31T10:00:00Z\""),
        },
        (ParameterKind::Timestamp, _) => wrong("an instant like \"2024-05-31T10:00:00Z\""),
        (ParameterKind::Array, _) => wrong("a list"),
        (ParameterKind::Object, _) => wrong("an object"),
    }
}

/// A whole number of 64 bits from its text; `5.0` is one too.
fn whole(text: &str) -> Option<Value> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    digits.parse::<i64>().map(Value::from).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parameters() -> Vec<Parameter> {
        let parameter = |name: &str, kind, default: Option<Value>| Parameter {
            name: name.to_owned(),
            kind,
            default,
            description: String::new(),
        };
        vec![
            parameter("store", ParameterKind::String, None),
            parameter("role", ParameterKind::String, Some(json!("staff"))),
            parameter("limit", ParameterKind::Integer, Some(json!(5))),
        ]
    }

    fn given(named: &Value, positional: &[Value]) -> Arguments {
        Arguments {
            named: named.as_object().unwrap().clone(),
            positional: positional.to_vec(),
        }
    }

    #[test]
    fn named_values_come_first_and_the_others_fill_what_is_left() {
        let all = given(&json!({"role": "admin", "limit": "10"}), &[json!("users")]);
        let bound = bind(&parameters(), &all).unwrap();
        assert_eq!(
            Value::Object(bound),
            json!({"store": "users", "role": "admin", "limit": 10})
        );
        let named = given(&json!({"store": "orders"}), &[json!("x")]);
        let bound = bind(&parameters(), &named).unwrap();
        assert_eq!(bound["role"], json!("x"));
    }

    #[test]
    fn what_is_missing_unknown_or_wrong_is_named() {
        let faults = bind(
            &parameters(),
            &given(&json!({"limitt": 1, "limit": "x"}), &[]),
        )
        .unwrap_err();
        let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "/limitt: the script has no parameter \"limitt\"; did you mean \"limit\"?",
                "/store: parameter \"store\" (string) has no value",
                "/limit: parameter \"limit\": \"x\" is not a whole number",
            ]
        );
        let many = given(&json!({}), &[json!(1), json!(2), json!(3), json!(4)]);
        let faults = bind(&parameters(), &many).unwrap_err();
        assert_eq!(faults[0].code, "too_many_arguments");
    }

    #[test]
    fn values_become_the_types_that_they_say() {
        for (kind, value, expected) in [
            (ParameterKind::String, json!(12.50), Some(json!("12.5"))),
            (ParameterKind::Integer, json!("12"), Some(json!(12))),
            (ParameterKind::Integer, json!(1.5), None),
            (ParameterKind::Number, json!("1.5"), Some(json!(1.5))),
            (ParameterKind::Boolean, json!("yes"), Some(json!(true))),
            (ParameterKind::Boolean, json!(1), None),
            (
                ParameterKind::Date,
                json!("2024-02-29"),
                Some(json!("2024-02-29")),
            ),
            (ParameterKind::Date, json!("2023-02-29"), None),
            (
                ParameterKind::Timestamp,
                json!("2024-02-29T10:00:00Z"),
                Some(json!("2024-02-29T10:00:00Z")),
            ),
            (ParameterKind::Array, json!({}), None),
            (ParameterKind::Any, json!(null), Some(json!(null))),
        ] {
            assert_eq!(coerce(kind, &value).ok(), expected, "{kind:?} {value}");
        }
    }
}
