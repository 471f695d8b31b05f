//! Arguments of tools: read strictly, with the place of what is wrong.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sop_systemdb::tool::ToolFault;

use super::fault::fault;
use crate::error::explain_json;

/// Reads the arguments of a tool; nothing stands for an empty object.
///
/// # Errors
/// An unknown or missing argument, or a wrong value, with its place.
pub fn parse<A: DeserializeOwned>(args: Value) -> Result<A, ToolFault> {
    let args = match args {
        Value::Null => Value::Object(Map::new()),
        Value::Object(object) => Value::Object(object),
        _ => {
            let message = "The arguments of a tool are an object.";
            return Err(ToolFault::new("invalid_value", message).at(""));
        }
    };
    // By its text: numbers of any size stay as they are, and serde says where it stopped.
    let text = args.to_string();
    let mut source = serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(&mut source).map_err(|error| {
        let mut found = fault(explain_json(&error));
        found.message = found.message.replace("The field", "The argument");
        found.message = found.message.replace("the body", "the arguments");
        found
    })
}

/// Names in a list, or in one text with commas between them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// A list.
    Many(Vec<String>),
    /// `a, b`.
    One(String),
}

impl Names {
    /// Each of them; a comma inside brackets does not part two.
    pub fn list(&self) -> Vec<String> {
        match self {
            Names::Many(names) => names.clone(),
            Names::One(text) => {
                let mut depth = 0_i32;
                let parts = text.split(|char: char| {
                    depth += i32::from(char == '(') - i32::from(char == ')');
                    char == ',' && depth <= 0
                });
                let parts = parts.map(|part| part.trim().to_owned());
                parts.filter(|part| !part.is_empty()).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        store: String,
        limit: Option<u64>,
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let parsed: Sample = parse(json!({"store": "a", "limit": 3})).unwrap();
        assert_eq!((parsed.store.as_str(), parsed.limit), ("a", Some(3)));
        let fault = parse::<Sample>(json!({"store": "a", "limi": 3})).unwrap_err();
        assert_eq!(fault.at.as_deref(), Some("/limi"));
        assert_eq!(fault.suggestions, ["limit"]);
        let fault = parse::<Sample>(Value::Null).unwrap_err();
        assert_eq!(fault.message, "The argument 'store' is missing.");
        let fault = parse::<Sample>(json!({"store": 1})).unwrap_err();
        assert_eq!(fault.at.as_deref(), Some("/store"));
        assert!(parse::<Sample>(json!([1])).is_err());
    }

    #[test]
    fn names_in_one_text() {
        let names = Names::One("a, count(b, c) AS n ,,d".to_owned());
        assert_eq!(names.list(), ["a", "count(b, c) AS n", "d"]);
        assert_eq!(Names::Many(vec!["a,b".to_owned()]).list(), ["a,b"]);
    }
}
