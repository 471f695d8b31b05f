//! What differs between two versions of a script, or any two JSON values.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::escaped;

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Where, as a JSON pointer.
    pub at: String,
    /// What was there; none where there was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there now; none where there is nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// All differences, the outermost that say all. Elements of lists are told apart by their places; what lists have in
/// common at their beginnings and ends is left out, so that an element put between others is one difference.
pub fn difference(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk("", before, after, &mut found);
    found
}

fn push(at: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    found.push(Difference {
        at: at.to_owned(),
        before: before.cloned(),
        after: after.cloned(),
    });
}

fn walk(at: &str, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Object(old), Value::Object(new)) => {
            for (name, value) in old {
                let at = format!("{at}/{}", escaped(name));
                match new.get(name) {
                    Some(there) => walk(&at, value, there, found),
                    None => push(&at, Some(value), None, found),
                }
            }
            for (name, value) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
                push(&format!("{at}/{}", escaped(name)), None, Some(value), found);
            }
        }
        (Value::Array(old), Value::Array(new)) => lists(at, old, new, found),
        (before, after) => push(at, Some(before), Some(after), found),
    }
}

fn lists(at: &str, old: &[Value], new: &[Value], found: &mut Vec<Difference>) {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (
        old.get(head..).unwrap_or_default(),
        new.get(head..).unwrap_or_default(),
    );
    let tail = old_rest
        .iter()
        .rev()
        .zip(new_rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let inner = |list: &'_ [Value]| list.len().saturating_sub(tail);
    let (old_count, new_count) = (inner(old_rest), inner(new_rest));
    for index in 0..old_count.max(new_count) {
        let at = format!("{at}/{}", head + index);
        let before = old_rest.get(index).filter(|_| index < old_count);
        let after = new_rest.get(index).filter(|_| index < new_count);
        match (before, after) {
            (Some(before), Some(after)) => walk(&at, before, after, found),
            (before, after) => push(&at, before, after, found),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_element_between_others_is_one_difference() {
        let before = json!({"name": "a", "steps": [1, 2, 3], "x": {"y": 1}});
        let after = json!({"name": "b", "steps": [1, 9, 2, 3], "x": {"z": 1}});
        let found = difference(&before, &after);
        let told: Vec<(&str, bool, bool)> = found
            .iter()
            .map(|d| (d.at.as_str(), d.before.is_some(), d.after.is_some()))
            .collect();
        assert_eq!(
            told,
            [
                ("/name", true, true),
                ("/steps/1", false, true),
                ("/x/y", true, false),
                ("/x/z", false, true)
            ]
        );
        assert_eq!(difference(&before, &before), []);
    }
}
