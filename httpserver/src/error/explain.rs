//! Turns what serde says about a body or an address into a problem with a place and suggestions.
//!
//! serde gives the place as a path and the rest as words; the words of unknown and missing fields
//! have been the same since serde 1.0 and are pinned by the tests below.

use serde_path_to_error::{Path, Segment};

use super::{ApiError, Code, Fault, nearest};

/// A problem for a JSON body that does not have the expected shape.
pub fn explain_json(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let inner = error.inner();
    if inner.is_syntax() || inner.is_eof() || inner.is_io() {
        let detail = format!("The body is not valid JSON: {inner}.");
        return ApiError::new(Code::MalformedJson, detail);
    }
    let words = plain(without_position(&inner.to_string()));
    let mut pointer = pointer(error.path());
    if let Some((wrong, known)) = unknown_field(&words) {
        // serde names the object for an unknown field in some shapes and the field in others.
        if !pointer.ends_with(&format!("/{}", escape(&wrong))) {
            pointer = format!("{pointer}/{}", escape(&wrong));
        }
        return unknown(Code::UnknownField, "field", &wrong, &known, |fault| {
            fault.pointer = Some(pointer);
        });
    }
    if let Some(name) = missing_field(&words) {
        let detail = format!("The field '{name}' is missing.");
        return ApiError::new(Code::MissingField, detail.clone())
            .at(format!("{pointer}/{}", escape(&name)), detail);
    }
    let place = if pointer.is_empty() {
        "the body".to_owned()
    } else {
        format!("'{pointer}'")
    };
    ApiError::new(
        Code::InvalidValue,
        format!("Wrong value at {place}: {words}."),
    )
    .at(pointer, words)
}

/// A problem for the parameters of an address.
pub fn explain_query<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> ApiError {
    let words = error.inner().to_string();
    if let Some((wrong, known)) = unknown_field(&words) {
        return unknown(
            Code::UnknownParameter,
            "parameter",
            &wrong,
            &known,
            |fault| {
                fault.parameter = Some(wrong.clone());
            },
        );
    }
    let name = missing_field(&words)
        .or_else(|| {
            words
                .strip_prefix("duplicate field `")?
                .strip_suffix('`')
                .map(str::to_owned)
        })
        .unwrap_or_else(|| error.path().to_string());
    let detail = if words.starts_with("missing field") {
        "it is missing".to_owned()
    } else if words.starts_with("duplicate field") {
        "it is given twice".to_owned()
    } else {
        words
    };
    ApiError::new(
        Code::InvalidParameter,
        format!("Wrong value of the parameter '{name}': {detail}."),
    )
    .parameter(&name, detail)
}

fn unknown(
    code: Code,
    what: &str,
    wrong: &str,
    known: &[String],
    place: impl FnOnce(&mut Fault),
) -> ApiError {
    let suggestions = nearest(wrong, known.iter().map(String::as_str));
    let hint = match (suggestions.first(), known.is_empty()) {
        (Some(best), _) => format!("Did you mean '{best}'?"),
        (None, false) => format!("Known are: {}.", known.join(", ")),
        (None, true) => format!("No {what} is expected here."),
    };
    let detail = format!("The {what} '{wrong}' is not known. {hint}");
    let mut fault = Fault {
        detail: detail.clone(),
        suggestions,
        ..Fault::default()
    };
    place(&mut fault);
    ApiError::new(code, detail).fault(fault)
}

/// The wrong name and the known ones of "unknown field `a`, expected one of `b`, `c`".
fn unknown_field(words: &str) -> Option<(String, Vec<String>)> {
    let rest = words.strip_prefix("unknown field `")?;
    let (wrong, rest) = rest.rsplit_once("`, ").map_or_else(
        || (rest.trim_end_matches('`'), ""),
        |_| rest.split_once("`, ").unwrap_or((rest, "")),
    );
    let known = rest
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    Some((wrong.to_owned(), known))
}

fn missing_field(words: &str) -> Option<String> {
    Some(
        words
            .strip_prefix("missing field `")?
            .strip_suffix('`')?
            .to_owned(),
    )
}

/// The words without " at line 1 column 2", which the pointer says better.
fn without_position(words: &str) -> &str {
    words.rfind(" at line ").map_or(words, |at| &words[..at])
}

/// The words without the names that types have in the program.
fn plain(words: &str) -> String {
    for kind in ["struct ", "internally tagged enum ", "enum "] {
        if let Some((before, _)) = words.split_once(&format!("expected {kind}")) {
            return format!("{before}expected an object");
        }
    }
    words.to_owned()
}

fn pointer(path: &Path) -> String {
    let mut out = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => out.extend(["/", &index.to_string()]),
            Segment::Map { key } => out.extend(["/", &escape(key)]),
            Segment::Enum { variant } => out.extend(["/", &escape(variant)]),
            Segment::Unknown => {}
        }
    }
    out
}

/// A name as a step of a JSON pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Outer {
        name: String,
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        count: u8,
    }

    fn json(text: &str) -> super::super::Problem {
        let mut source = serde_json::Deserializer::from_str(text);
        let error = serde_path_to_error::deserialize::<_, Outer>(&mut source).unwrap_err();
        explain_json(&error).into_problem()
    }

    #[test]
    fn json_faults_have_a_code_a_pointer_and_suggestions() {
        assert_eq!(json("{\"name\":").code, "malformed_json");
        let missing = json("{}");
        assert_eq!(missing.code, "missing_field");
        assert_eq!(missing.errors[0].pointer.as_deref(), Some("/name"));
        let unknown = json(r#"{"nmae":"x","inner":[]}"#);
        assert_eq!(unknown.code, "unknown_field");
        assert_eq!(unknown.errors[0].pointer.as_deref(), Some("/nmae"));
        assert_eq!(unknown.errors[0].suggestions, ["name"]);
        let nested = json(r#"{"name":"x","inner":[{"count":1},{"coutn":1}]}"#);
        assert_eq!(nested.errors[0].pointer.as_deref(), Some("/inner/1/coutn"));
        assert_eq!(nested.errors[0].suggestions, ["count"]);
        let wrong = json(r#"{"name":"x","inner":[{"count":300}]}"#);
        assert_eq!(wrong.code, "invalid_value");
        assert_eq!(wrong.errors[0].pointer.as_deref(), Some("/inner/0/count"));
    }

    #[test]
    fn names_with_slashes_are_escaped() {
        let unknown = json(r#"{"a/b~":1}"#);
        assert_eq!(unknown.errors[0].pointer.as_deref(), Some("/a~1b~0"));
    }
}
