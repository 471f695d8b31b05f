//! Reading change sets from JSON, strictly.
//!
//! Always true: an unknown field, a wrong type, a missing or superfluous part is refused with the JSON pointer (RFC
//! 6901) of its place. Whether stores and keys exist is not looked at.

use super::{Change, ChangeSet, MAX_CHANGES, Operation};
use serde_json::Value;
use sop::document::{Document, DocumentRef, Kind};
use thiserror::Error;

/// Fields of a change.
const FIELDS: [&str; 7] = ["op", "store", "key", "value", "patch", "if_version", "id"];

/// Why JSON is no change set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{detail}", place(pointer))]
pub struct ChangeSetError {
    /// JSON pointer of the part at fault; empty for the whole.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
    /// The nearest right names.
    pub suggestions: Vec<String>,
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() {
        String::new()
    } else {
        format!("{pointer}: ")
    }
}

impl ChangeSetError {
    fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
            suggestions: Vec::new(),
        }
    }

    /// An unknown name with the nearest known ones.
    fn unknown(pointer: String, what: &str, name: &str, known: &[&str]) -> Self {
        let suggestions = sop::nearest(name, known);
        let detail = match suggestions.first() {
            Some(near) => format!("there is no {what} {name:?}; did you mean {near:?}?"),
            None => format!(
                "there is no {what} {name:?}; there are {}",
                known.join(", ")
            ),
        };
        Self {
            pointer,
            detail,
            suggestions,
        }
    }
}

impl ChangeSet {
    /// Reads `{"changes": […]}`.
    ///
    /// # Errors
    /// [`ChangeSetError`] with the place at fault.
    pub fn from_json(json: &[u8]) -> Result<Self, ChangeSetError> {
        let document =
            Document::from_json(json).map_err(|error| ChangeSetError::at("", error.to_string()))?;
        Self::from_document(&document, false).map(|(set, _)| set)
    }

    /// As [`ChangeSet::from_json`] from a JSON value.
    ///
    /// # Errors
    /// [`ChangeSetError`] with the place at fault.
    pub fn from_value(value: &Value) -> Result<Self, ChangeSetError> {
        let document = Document::from_value(value)
            .map_err(|error| ChangeSetError::at("", error.to_string()))?;
        Self::from_document(&document, false).map(|(set, _)| set)
    }

    /// Reads the body of a request, `{"changes": […], "dry_run": false}`: the set, and whether it is a dry run.
    ///
    /// # Errors
    /// [`ChangeSetError`] with the place at fault.
    pub fn from_request(json: &[u8]) -> Result<(Self, bool), ChangeSetError> {
        let document =
            Document::from_json(json).map_err(|error| ChangeSetError::at("", error.to_string()))?;
        Self::from_document(&document, true)
    }

    fn from_document(
        document: &Document,
        with_dry_run: bool,
    ) -> Result<(Self, bool), ChangeSetError> {
        let root = document.root();
        if root.kind() != Kind::Object {
            return Err(ChangeSetError::at(
                "",
                "a change set is an object {\"changes\": [...]}",
            ));
        }
        let known: &[&str] = if with_dry_run {
            &["changes", "dry_run"]
        } else {
            &["changes"]
        };
        for (name, _) in root.fields() {
            if !known.contains(&name) {
                return Err(ChangeSetError::unknown(
                    format!("/{}", escaped(name)),
                    "field",
                    name,
                    known,
                ));
            }
        }
        let dry_run = match root.get("dry_run") {
            None => false,
            Some(value) => value
                .as_bool()
                .ok_or_else(|| ChangeSetError::at("/dry_run", "must be true or false"))?,
        };
        let changes = root
            .get("changes")
            .ok_or_else(|| ChangeSetError::at("/changes", "is missing"))?;
        if changes.kind() != Kind::Array {
            return Err(ChangeSetError::at(
                "/changes",
                "must be an array of changes",
            ));
        }
        if changes.len() > MAX_CHANGES {
            let detail = format!(
                "has {} changes; at most {MAX_CHANGES} fit into one set",
                changes.len()
            );
            return Err(ChangeSetError::at("/changes", detail));
        }
        let changes = changes
            .elements()
            .enumerate()
            .map(|(index, change)| read_change(index, change));
        Ok((
            Self {
                changes: changes.collect::<Result<_, _>>()?,
            },
            dry_run,
        ))
    }
}

fn read_change(index: usize, change: DocumentRef<'_>) -> Result<Change, ChangeSetError> {
    let place = |name: &str| format!("/changes/{index}/{}", escaped(name));
    let error = |name: &str, detail: String| Err(ChangeSetError::at(place(name), detail));
    if change.kind() != Kind::Object {
        return Err(ChangeSetError::at(
            format!("/changes/{index}"),
            "a change is an object {op, store, key, ...}",
        ));
    }
    for (name, _) in change.fields() {
        if !FIELDS.contains(&name) {
            return Err(ChangeSetError::unknown(place(name), "field", name, &FIELDS));
        }
    }
    let text = |name: &str| match change.get(name) {
        None => Err(ChangeSetError::at(place(name), "is missing")),
        Some(value) => value
            .as_str()
            .ok_or_else(|| ChangeSetError::at(place(name), "must be text")),
    };
    let name = text("op")?;
    let Some(operation) = Operation::ALL
        .into_iter()
        .find(|operation| operation.name() == name)
    else {
        let names = Operation::ALL.map(Operation::name);
        return Err(ChangeSetError::unknown(
            place("op"),
            "operation",
            name,
            &names,
        ));
    };
    let store = text("store")?.to_owned();
    let Some(key) = change.get("key").map(DocumentRef::to_value) else {
        return error("key", "is missing".to_owned());
    };
    let value = change.get("value").map(DocumentRef::to_document);
    let patch = change.get("patch").map(DocumentRef::to_document);
    for (name, there, wanted) in [
        ("value", value.is_some(), operation.takes_value()),
        ("patch", patch.is_some(), operation == Operation::Patch),
    ] {
        if wanted && !there {
            return error(name, format!("is missing; {} needs it", operation.name()));
        }
        if there && !wanted {
            return error(name, format!("does not belong to {}", operation.name()));
        }
    }
    let if_version = read_number(change, "if_version", &place)?;
    let id = read_number(change, "id", &place)?;
    if operation == Operation::Insert && if_version.is_some_and(|version| version != 0) {
        return error(
            "if_version",
            "an item that is inserted has no version yet; leave it out".to_owned(),
        );
    }
    if operation == Operation::Insert && id.is_some() {
        return error(
            "id",
            "an item that is inserted gets its id from the store; leave it out".to_owned(),
        );
    }
    Ok(Change {
        operation,
        store,
        key,
        value,
        patch,
        if_version,
        id,
    })
}

/// A number, also as text, because clients that keep numbers as doubles send large ones so; null is none.
fn read_number(
    change: DocumentRef<'_>,
    name: &str,
    place: &dyn Fn(&str) -> String,
) -> Result<Option<u64>, ChangeSetError> {
    let Some(value) = change.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let number = value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    number
        .map(Some)
        .ok_or_else(|| ChangeSetError::at(place(name), "must be a whole number, not negative"))
}

/// A name as part of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_set_is_read_and_written_back() {
        let json = json!({"changes": [
            {"op": "insert", "store": "Track", "key": {"TrackId": 1}, "value": {"b": 1, "a": null}},
            {"op": "upsert", "store": "Track", "key": 1, "value": null, "if_version": 0},
            {"op": "update", "store": "Track", "key": 1, "id": 7, "value": [], "if_version": 5},
            {"op": "patch", "store": "Track", "key": 1, "patch": {"a": null}},
            {"op": "delete", "store": "Track", "key": "x", "if_version": 9},
        ]});
        let set = ChangeSet::from_value(&json).unwrap();
        assert_eq!(
            set.changes[1].value,
            Some(Document::from_json(b"null").unwrap())
        );
        assert_eq!(serde_json::to_value(&set).unwrap(), json);
        assert_eq!(
            serde_json::from_value::<ChangeSet>(json.clone()).unwrap(),
            set
        );
        let text = json.to_string();
        assert_eq!(ChangeSet::from_json(text.as_bytes()).unwrap(), set);
        assert_eq!(
            set.changes[0].value.as_ref().unwrap().to_json(),
            r#"{"b":1,"a":null}"#
        );
        let version = json!({"changes": [{"op": "delete", "store": "s", "key": 1, "if_version": "9007199254740993"}]});
        assert_eq!(
            ChangeSet::from_value(&version).unwrap().changes[0].if_version,
            Some(9_007_199_254_740_993)
        );
    }

    #[test]
    fn a_request_may_be_a_dry_run() {
        let read = |text: &str| {
            ChangeSet::from_request(text.as_bytes())
                .map(|(set, dry_run)| (set.changes.len(), dry_run))
        };
        assert_eq!(read(r#"{"changes":[]}"#).unwrap(), (0, false));
        assert_eq!(read(r#"{"changes":[],"dry_run":true}"#).unwrap(), (0, true));
        assert_eq!(
            read(r#"{"changes":[],"dry_run":1}"#).unwrap_err().pointer,
            "/dry_run"
        );
        assert_eq!(
            read(r#"{"changes":[],"dryrun":true}"#)
                .unwrap_err()
                .suggestions,
            ["dry_run"]
        );
        assert_eq!(
            ChangeSet::from_json(br#"{"changes":[],"dry_run":true}"#)
                .unwrap_err()
                .pointer,
            "/dry_run"
        );
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "one table of faults")]
    fn every_fault_has_its_pointer() {
        let change =
            |text: &str| format!(r#"{{"changes":[{{"op":"delete","store":"s","key":1}},{text}]}}"#);
        for (text, pointer, part) in [
            ("[]".to_owned(), "", "an object"),
            ("{\"changes\":[".to_owned(), "", "line 1"),
            ("{}".to_owned(), "/changes", "missing"),
            (r#"{"changes":{}}"#.to_owned(), "/changes", "array"),
            (
                r#"{"chnages":[]}"#.to_owned(),
                "/chnages",
                "did you mean \"changes\"",
            ),
            (change("1"), "/changes/1", "an object"),
            (
                change(r#"{"op":"insert","store":"s","key":1,"valeu":1}"#),
                "/changes/1/valeu",
                "did you mean \"value\"",
            ),
            (
                change(r#"{"op":"insert","store":"s","key":1,"a/~b":1}"#),
                "/changes/1/a~1~0b",
                "there is no field",
            ),
            (
                change(r#"{"op":"remove","store":"s","key":1}"#),
                "/changes/1/op",
                "there are insert, upsert",
            ),
            (
                change(r#"{"op":"updat","store":"s","key":1}"#),
                "/changes/1/op",
                "did you mean \"update\"",
            ),
            (
                change(r#"{"op":1,"store":"s","key":1}"#),
                "/changes/1/op",
                "must be text",
            ),
            (
                change(r#"{"store":"s","key":1}"#),
                "/changes/1/op",
                "missing",
            ),
            (
                change(r#"{"op":"delete","key":1}"#),
                "/changes/1/store",
                "missing",
            ),
            (
                change(r#"{"op":"delete","store":"s"}"#),
                "/changes/1/key",
                "missing",
            ),
            (
                change(r#"{"op":"insert","store":"s","key":1}"#),
                "/changes/1/value",
                "insert needs it",
            ),
            (
                change(r#"{"op":"patch","store":"s","key":1}"#),
                "/changes/1/patch",
                "patch needs it",
            ),
            (
                change(r#"{"op":"patch","store":"s","key":1,"patch":1,"value":1}"#),
                "/changes/1/value",
                "does not belong",
            ),
            (
                change(r#"{"op":"delete","store":"s","key":1,"value":1}"#),
                "/changes/1/value",
                "does not belong to delete",
            ),
            (
                change(r#"{"op":"delete","store":"s","key":1,"if_version":-1}"#),
                "/changes/1/if_version",
                "whole number",
            ),
            (
                change(r#"{"op":"delete","store":"s","key":1,"id":1.5}"#),
                "/changes/1/id",
                "whole number",
            ),
            (
                change(r#"{"op":"insert","store":"s","key":1,"value":1,"if_version":3}"#),
                "/changes/1/if_version",
                "no version yet",
            ),
            (
                change(r#"{"op":"insert","store":"s","key":1,"value":1,"id":3}"#),
                "/changes/1/id",
                "from the store",
            ),
            (
                change(r#"{"op":"delete","op":"insert","store":"s","key":1}"#),
                "",
                "twice",
            ),
        ] {
            let error = ChangeSet::from_json(text.as_bytes()).unwrap_err();
            assert_eq!(error.pointer, pointer, "{text}");
            assert!(error.detail.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn too_many_changes_are_refused() {
        let changes = vec![r#"{"op":"delete","store":"s","key":1}"#; MAX_CHANGES + 1].join(",");
        let error =
            ChangeSet::from_json(format!("{{\"changes\":[{changes}]}}").as_bytes()).unwrap_err();
        assert_eq!(error.pointer, "/changes");
    }
}
