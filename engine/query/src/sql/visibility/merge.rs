//! Writing values of which the caller sees a part: what it does not see stays as it is.

use serde_json::{Map, Value as Json};
use sop::Document;

use super::{Protection, StoreRules};

/// Why a value is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sql) enum Refused {
    /// It gives a protected field, at this path, a value.
    Gives(String, Protection),
    /// It would take away what lies below this path, and the caller does not see all of it.
    TakesAway(String),
}

type Result<T> = std::result::Result<T, Refused>;

/// The path of a field below another.
pub(super) fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

impl StoreRules {
    /// Whether values have something that the caller does not see.
    pub(in crate::sql) fn protects_values(&self) -> bool {
        !self.value.is_empty()
    }

    /// A value without its protected fields: what a caller's changes begin with.
    pub(in crate::sql) fn stripped(&self, value: &Document) -> Json {
        if self.value.contains_key("") {
            return Json::Object(Map::new());
        }
        self.without("", value.to_value(), false)
    }

    /// What is stored when a caller wrote `after` over `before`.
    pub(in crate::sql) fn merged(&self, after: Json, before: Option<&Document>) -> Result<Json> {
        if let Some(protection) = self.value.get("") {
            let nothing = after.is_null() || after.as_object().is_some_and(Map::is_empty);
            return match before {
                _ if !nothing => Err(Refused::Gives("value".to_owned(), *protection)),
                Some(before) => Ok(before.to_value()),
                None => Ok(after),
            };
        }
        let before = before.map(Document::to_value);
        self.merge("", after, before.as_ref())
    }

    fn merge(&self, path: &str, after: Json, before: Option<&Json>) -> Result<Json> {
        match (after, before) {
            (Json::Object(after), Some(Json::Object(before))) => {
                self.merge_fields(path, after, before).map(Json::Object)
            }
            (Json::Object(after), None) => self
                .merge_fields(path, after, &Map::new())
                .map(Json::Object),
            (Json::Array(after), Some(before @ Json::Array(_)))
                if self.without(path, before.clone(), false) == Json::Array(after.clone()) =>
            {
                Ok(before.clone())
            }
            (after, before) => {
                if before.is_some_and(|before| self.holds(path, before)) {
                    return Err(Refused::TakesAway(path.to_owned()));
                }
                match after {
                    Json::Array(elements) => {
                        let elements = elements.into_iter();
                        let merged = elements.map(|element| self.merge(path, element, None));
                        merged.collect::<Result<_>>().map(Json::Array)
                    }
                    Json::Object(after) => self
                        .merge_fields(path, after, &Map::new())
                        .map(Json::Object),
                    after => Ok(after),
                }
            }
        }
    }

    /// In the order that the fields had.
    fn merge_fields(
        &self,
        path: &str,
        mut after: Map<String, Json>,
        before: &Map<String, Json>,
    ) -> Result<Map<String, Json>> {
        let mut merged = Map::new();
        for (name, old) in before {
            let path = joined(path, name);
            let new = after.shift_remove(name);
            if let Some(protection) = self.value.get(&path) {
                check_given(&path, *protection, new.as_ref())?;
                merged.insert(name.clone(), old.clone());
            } else if let Some(new) = new {
                merged.insert(name.clone(), self.merge(&path, new, Some(old))?);
            } else if self.holds(&path, old) {
                return Err(Refused::TakesAway(path));
            }
        }
        for (name, new) in after {
            let path = joined(path, &name);
            if let Some(protection) = self.value.get(&path) {
                check_given(&path, *protection, Some(&new))?;
            } else {
                merged.insert(name, self.merge(&path, new, None)?);
            }
        }
        Ok(merged)
    }

    /// Whether a part of a value has something that is protected.
    fn holds(&self, path: &str, json: &Json) -> bool {
        match json {
            Json::Object(fields) => fields.iter().any(|(name, value)| {
                let path = joined(path, name);
                self.value.contains_key(&path) || self.holds(&path, value)
            }),
            Json::Array(elements) => elements.iter().any(|element| self.holds(path, element)),
            _ => false,
        }
    }
}

/// A masked field comes as null, and may go back so.
fn check_given(path: &str, protection: Protection, given: Option<&Json>) -> Result<()> {
    let as_it_came = |given: &Json| protection == Protection::Masked && given.is_null();
    match given {
        Some(given) if !as_it_came(given) => Err(Refused::Gives(path.to_owned(), protection)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sql::Visibility;

    #[test]
    fn what_is_not_seen_is_kept_and_not_given() {
        let seen = Visibility::default()
            .hide_field("d", "s", "secret")
            .mask_field("d", "s", "a.pay");
        let rules = seen.store("d", "s").unwrap();
        let stored = json!({"secret": 1, "a": {"pay": 2, "b": 3}, "l": [1]});
        let before = Document::from_value(&stored).unwrap();
        let merged = |after: Json| rules.merged(after, Some(&before));
        assert_eq!(rules.stripped(&before), json!({"a": {"b": 3}, "l": [1]}));
        assert_eq!(
            merged(json!({"n": 1, "a": {"b": 4, "pay": null}})).unwrap(),
            json!({"secret": 1, "a": {"pay": 2, "b": 4}, "n": 1})
        );
        let gives = |path: &str, protection| Err(Refused::Gives(path.to_owned(), protection));
        // The stored value itself is refused too: else writing would tell it.
        assert_eq!(
            merged(json!({"a": {"pay": 2}})),
            gives("a.pay", Protection::Masked)
        );
        assert_eq!(
            merged(json!({"secret": null, "a": {}})),
            gives("secret", Protection::Hidden)
        );
        let takes = |path: &str| Err(Refused::TakesAway(path.to_owned()));
        assert_eq!(merged(json!({"l": [2]})), takes("a"));
        assert_eq!(merged(json!({"a": 5})), takes("a"));
        assert_eq!(merged(json!(5)), takes(""));
        assert_eq!(
            rules.merged(json!({"x": {"secret": 1}, "a": [{"b": 1}]}), None),
            Ok(json!({"x": {"secret": 1}, "a": [{"b": 1}]}))
        );
        assert_eq!(
            rules.merged(json!({"a": [{"pay": 1}]}), None),
            gives("a.pay", Protection::Masked)
        );
    }

    #[test]
    fn arrays_are_kept_whole_or_not_written() {
        let seen = Visibility::default().hide_field("d", "s", "a.pay");
        let rules = seen.store("d", "s").unwrap();
        let stored = json!({"a": [{"pay": 2, "b": 3}, {"b": 4}], "n": 1});
        let before = Document::from_value(&stored).unwrap();
        let after = json!({"a": [{"b": 3}, {"b": 4}], "n": 2});
        assert_eq!(
            rules.merged(after, Some(&before)).unwrap(),
            json!({"a": [{"pay": 2, "b": 3}, {"b": 4}], "n": 2})
        );
        let after = json!({"a": [{"b": 4}], "n": 2});
        assert_eq!(
            rules.merged(after, Some(&before)),
            Err(Refused::TakesAway("a".to_owned()))
        );
    }
}
