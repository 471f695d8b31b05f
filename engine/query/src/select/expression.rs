//! The small language of `fields`, `aggregates`, `group_by` and `order_by`: a field, `function(field)`,
//! `count(distinct field)`, `count(*)`, each with `AS name`, and `*`.

use super::error::{Fault, Pointer, SelectError};
use super::fragment::Sql;
use super::place::Place;
use super::shape::Kinds;
use super::tables::Scope;

/// The longest expression, in bytes.
const MAX_BYTES: usize = 4_096;
/// The longest name that a result is given, in bytes.
const MAX_ALIAS_BYTES: usize = 255;

/// A function that documents may use.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: &'static str,
    opening: &'static str,
    opening_distinct: &'static str,
    aggregate: bool,
    /// What it gives; none for the kind of its argument.
    kinds: Option<Kinds>,
}

macro_rules! functions {
    ($($name:literal $aggregate:literal $kinds:expr;)*) => {
        &[$(Function {
            name: $name,
            opening: concat!($name, "("),
            opening_distinct: concat!($name, "(DISTINCT "),
            aggregate: $aggregate,
            kinds: $kinds,
        }),*]
    };
}

const FUNCTIONS: &[Function] = functions! {
    "count" true Some(Kinds::INTEGER);
    "sum" true Some(Kinds::NUMBER);
    "total" true Some(Kinds::REAL);
    "avg" true Some(Kinds::REAL);
    "min" true None;
    "max" true None;
    "median" true Some(Kinds::REAL);
    "group_concat" true Some(Kinds::TEXT);
    "lower" false Some(Kinds::TEXT);
    "upper" false Some(Kinds::TEXT);
    "trim" false Some(Kinds::TEXT);
    "length" false Some(Kinds::INTEGER);
    "abs" false Some(Kinds::NUMBER);
    "round" false Some(Kinds::REAL);
    "date" false Some(Kinds::TEXT);
    "time" false Some(Kinds::TEXT);
    "datetime" false Some(Kinds::TEXT);
};

/// A column of a result.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub sql: Sql,
    /// What it is called.
    pub name: String,
    /// The name as the document wrote it, with that of its table.
    pub written: String,
    /// Whether the document named it with `AS`.
    pub is_named: bool,
    pub is_aggregate: bool,
    pub kinds: Kinds,
    /// The field that it is calculated from; none for `count(*)`.
    pub field: Option<Sql>,
    /// The fields of a key that this is the whole of, each with whether it descends.
    pub parts: Vec<(Sql, bool)>,
}

type Result<T> = std::result::Result<T, SelectError>;

/// Reads `expression AS name`.
pub(super) fn item(text: &str, scope: &dyn Scope, at: &Pointer<'_>) -> Result<Item> {
    let text = text.trim();
    if text.len() > MAX_BYTES {
        let detail = format!("an expression has at most {MAX_BYTES} bytes");
        return Err(SelectError::new(Fault::TooLarge, at, detail));
    }
    // A field may be called whatever one likes, so what is a field as a whole is that.
    if let Ok(place) = scope.place(text, at) {
        return field_item(place, text, at);
    }
    let (text, alias) = split_alias(text, at)?;
    let mut item = expression(text, scope, at)?;
    if let Some(alias) = alias {
        item.name = alias;
        item.is_named = true;
    }
    Ok(item)
}

/// Reads an expression without a name.
pub(super) fn expression(text: &str, scope: &dyn Scope, at: &Pointer<'_>) -> Result<Item> {
    let text = text.trim();
    if text.is_empty() {
        return Err(SelectError::invalid(at, "a field has a name"));
    }
    let unknown = match field(text, scope, at) {
        Ok(place) => return field_item(place, text, at),
        Err(error) => error,
    };
    let Some((name, argument)) = text.strip_suffix(')').and_then(|text| text.split_once('('))
    else {
        return Err(explained(text, unknown, at));
    };
    let name = name.trim();
    let known = FUNCTIONS.iter();
    let Some(function) = known
        .clone()
        .find(|known| known.name.eq_ignore_ascii_case(name))
    else {
        let names: Vec<&str> = known.map(|function| function.name).collect();
        let what = ("function", "");
        return Err(SelectError::unknown(
            Fault::UnknownFunction,
            at,
            what,
            name,
            &names,
        ));
    };
    call(function, argument.trim(), scope, at)
}

fn call(function: &Function, argument: &str, scope: &dyn Scope, at: &Pointer<'_>) -> Result<Item> {
    let named = |name: String, sql: Sql, kinds, field| Item {
        written: name.clone(),
        name,
        sql,
        is_named: false,
        is_aggregate: function.aggregate,
        kinds,
        field,
        parts: Vec::new(),
    };
    if argument == "*" {
        if function.name != "count" {
            let detail = format!("{} takes a field; only count takes *", function.name);
            return Err(SelectError::invalid(at, detail));
        }
        let name = "count(*)";
        return Ok(named(name.to_owned(), Sql::new(name), Kinds::INTEGER, None));
    }
    let (distinct, argument) = match strip_word(argument, "distinct") {
        Some(rest) if scope.place(argument, at).is_err() => (true, rest),
        _ => (false, argument),
    };
    if distinct && !function.aggregate {
        let detail = format!(
            "{} is of one value; distinct has no sense in it",
            function.name
        );
        return Err(SelectError::invalid(at, detail));
    }
    if argument.contains('(') && field(argument, scope, at).is_err() {
        let detail = "a function takes one field; write what is more in SQL";
        return Err(SelectError::invalid(at, detail));
    }
    let place = field(argument, scope, at)?;
    refuse_elements(&place, at)?;
    let (opening, said) = if distinct {
        (function.opening_distinct, "distinct ")
    } else {
        (function.opening, "")
    };
    let name = format!("{}({said}{})", function.name, place.label);
    let kinds = function.kinds.unwrap_or(place.kinds).or(Kinds::NULL);
    let sql = Sql::new(opening).and_then(place.value.clone()).then(")");
    Ok(named(name, sql, kinds, Some(place.value)))
}

/// A field by its name, also in double quotes.
fn field(text: &str, scope: &dyn Scope, at: &Pointer<'_>) -> Result<Place> {
    scope.place(text, at).or_else(|error| match unquoted(text) {
        Some(name) => scope.place(&name, at),
        None => Err(error),
    })
}

fn field_item(place: Place, written: &str, at: &Pointer<'_>) -> Result<Item> {
    refuse_elements(&place, at)?;
    let parts = place.parts.iter();
    Ok(Item {
        parts: parts
            .map(|part| (part.value.clone(), part.descends))
            .collect(),
        field: Some(place.value.clone()),
        sql: place.value,
        name: place.label,
        written: written.to_owned(),
        is_named: false,
        is_aggregate: false,
        kinds: place.kinds,
    })
}

/// A field of elements is many values.
fn refuse_elements(place: &Place, at: &Pointer<'_>) -> Result<()> {
    if place.arrays.is_empty() {
        return Ok(());
    }
    let detail = format!(
        "{:?} is a field of the elements of an array; name one element, as in a.0.b, or use json_each in SQL",
        place.label
    );
    Err(SelectError::invalid(at, detail))
}

/// The error for an unknown field, or for what is no field at all.
fn explained(text: &str, unknown: SelectError, at: &Pointer<'_>) -> SelectError {
    let operators = ['+', '*', '/', '=', '<', '>', ';', ',', '\'', '|', ')', '('];
    if unknown.suggestions.is_empty() && text.contains(operators) {
        let detail =
            format!("{text:?} is neither a field nor function(field); write calculations in SQL");
        return SelectError::invalid(at, detail);
    }
    unknown
}

/// `x AS name` in its parts; the last `AS` counts.
fn split_alias<'t>(text: &'t str, at: &Pointer<'_>) -> Result<(&'t str, Option<String>)> {
    let bytes = text.as_bytes();
    let found = (1..bytes.len().saturating_sub(3)).rev().find(|&start| {
        bytes.get(start..start + 4).is_some_and(|word| {
            word.first().is_some_and(u8::is_ascii_whitespace)
                && word
                    .get(1..3)
                    .is_some_and(|word| word.eq_ignore_ascii_case(b"as"))
                && word.last().is_some_and(u8::is_ascii_whitespace)
        })
    });
    let Some((before, after)) =
        found.and_then(|start| Some((text.get(..start)?, text.get(start + 4..)?)))
    else {
        return Ok((text, None));
    };
    alias(after.trim(), at).map(|alias| (before.trim(), Some(alias)))
}

/// A name after `AS`.
fn alias(text: &str, at: &Pointer<'_>) -> Result<String> {
    if let Some(name) = unquoted(text) {
        return given_name(&name, at);
    }
    let plain = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain {
        return given_name(text, at);
    }
    let detail =
        format!("{text:?} is no name; write other than letters, digits and _ in double quotes");
    Err(SelectError::invalid(at, detail))
}

/// A name that a document gives; it is quoted wherever it stands.
pub(super) fn given_name(name: &str, at: &Pointer<'_>) -> Result<String> {
    if name.is_empty() || name.len() > MAX_ALIAS_BYTES || name.contains(char::is_control) {
        let detail = format!("a name has 1 to {MAX_ALIAS_BYTES} bytes without control characters");
        return Err(SelectError::invalid(at, detail));
    }
    Ok(name.to_owned())
}

/// The text in double quotes, of which those inside are doubled.
fn unquoted(text: &str) -> Option<String> {
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    let single = inside.replace("\"\"", "");
    (!single.contains('"')).then(|| inside.replace("\"\"", "\""))
}

/// What follows a word at the start.
fn strip_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let start = text.get(..word.len())?;
    let rest = text.get(word.len()..)?;
    let is = start.eq_ignore_ascii_case(word) && rest.starts_with(char::is_whitespace);
    is.then(|| rest.trim_start())
}

/// What stands before a word at the end.
pub(super) fn strip_last_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let start = text.len().checked_sub(word.len())?;
    let (rest, end) = (text.get(..start)?, text.get(start..)?);
    let is = end.eq_ignore_ascii_case(word) && rest.ends_with(char::is_whitespace);
    is.then(|| rest.trim_end())
}
