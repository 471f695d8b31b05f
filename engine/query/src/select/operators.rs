//! The tests that a condition makes of one value, as SQL.
//!
//! Always true: a test is written so that `SQLite` can give it to a table as a constraint where it is one (`=`, `IN`,
//! `BETWEEN`, `<` and so on of a bare column); what keeps values of other types away stands beside it.

use super::fragment::Sql;
use super::place::{InJson, Place};
use super::shape::Kinds;
use super::value::{Class, Literal};
use crate::sql::Value;

/// A test of a value.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Equal(Literal),
    In(Vec<Literal>),
    /// With one of `<`, `<=`, `>`, `>=`.
    Order(&'static str, Class, Value),
    Between(Class, Value, Value),
    Prefix(String),
    Pattern(String),
    /// An array of so many elements.
    Size(i64),
    /// A substring, or an element.
    Contains(Literal),
    Exists,
    Type(Vec<TypeName>),
}

/// A type that a value can be tested for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeName {
    Any,
    Null,
    Bool,
    Integer,
    Number,
    String,
    Bytes,
    Date,
    DateTime,
    Array,
    Object,
}

impl TypeName {
    /// All with their names, which are those of [`sop::FieldType`] and `null`.
    pub const ALL: [(&'static str, Self); 11] = [
        ("any", Self::Any),
        ("null", Self::Null),
        ("bool", Self::Bool),
        ("integer", Self::Integer),
        ("number", Self::Number),
        ("string", Self::String),
        ("bytes", Self::Bytes),
        ("date", Self::Date),
        ("datetime", Self::DateTime),
        ("array", Self::Array),
        ("object", Self::Object),
    ];
}

/// Whether the elements of an array are tested too.
fn reaches_elements(test: &Test) -> bool {
    !matches!(
        test,
        Test::Size(_) | Test::Exists | Test::Type(_) | Test::Contains(_)
    )
}

/// Whether no array, object or null can hold.
fn is_of_scalars(test: &Test) -> bool {
    let scalar = |literal: &Literal| matches!(literal, Literal::Scalar(..));
    match test {
        Test::Equal(literal) => scalar(literal),
        Test::In(literals) => literals.iter().all(scalar),
        _ => true,
    }
}

/// The test of the value at a place; `alias` names tables of elements.
pub(super) fn condition(place: &Place, test: &Test, alias: &dyn Fn() -> String) -> Sql {
    let mut sql = at_place(place, test, alias);
    for elements in place.arrays.iter().rev() {
        sql = Place::some_element(elements, sql);
    }
    sql
}

fn at_place(place: &Place, test: &Test, alias: &dyn Fn() -> String) -> Sql {
    if let Test::Contains(literal) = test {
        return contains(place, literal, alias);
    }
    let own = itself(place, test);
    if !reaches_elements(test) || !place.kinds.may_be(Kinds::ARRAY) {
        return own;
    }
    let Some((elements, element)) = place.elements(alias()) else {
        return own;
    };
    let some = Place::some_element(&elements, itself(&element, test));
    if is_of_scalars(test) && place.kinds.is_only(Kinds::NESTED.or(Kinds::NULL)) {
        return some;
    }
    Sql::any(vec![own, some])
}

fn contains(place: &Place, literal: &Literal, alias: &dyn Fn() -> String) -> Sql {
    let mut ways = Vec::new();
    if let Literal::Scalar(Class::Text, text) = literal
        && place.kinds.may_be(Kinds::TEXT)
    {
        let found = Sql::new("instr(")
            .and_then(place.value.clone())
            .then(", ")
            .then_param(text.clone())
            .then(") > 0")
            .comparison();
        ways.push(guarded(place, Class::Text, found, Others::Any));
    }
    if place.kinds.may_be(Kinds::ARRAY)
        && let Some((elements, element)) = place.elements(alias())
    {
        let test = itself(&element, &Test::Equal(literal.clone()));
        ways.push(Place::some_element(&elements, test));
    }
    Sql::any(ways)
}

/// The test of the value itself.
fn itself(place: &Place, test: &Test) -> Sql {
    let value = || place.value.clone();
    match test {
        Test::Equal(literal) => is_in(place, std::slice::from_ref(literal)),
        Test::In(literals) => is_in(place, literals),
        Test::Order(operator, class, bound) => {
            let sql = value()
                .then(operator)
                .then_param(bound.clone())
                .comparison();
            guarded(place, *class, sql, Others::Any)
        }
        Test::Between(class, low, high) => {
            let sql = value()
                .then(" BETWEEN ")
                .then_param(low.clone())
                .then(" AND ")
                .then_param(high.clone())
                .comparison();
            guarded(place, *class, sql, Others::Any)
        }
        Test::Prefix(prefix) => starts_with(place, prefix),
        Test::Pattern(pattern) => {
            let sql = value()
                .then(" REGEXP ")
                .then_param(Value::Text(pattern.clone()))
                .comparison();
            guarded(place, Class::Text, sql, Others::Any)
        }
        Test::Size(size) => has_size(place, *size),
        Test::Exists => exists(place),
        Test::Type(types) => Sql::any(types.iter().map(|name| is_type(place, *name)).collect()),
        // Looks into the value, never at it.
        Test::Contains(_) => Sql::new("FALSE"),
    }
}

/// Equal to one of the literals.
fn is_in(place: &Place, literals: &[Literal]) -> Sql {
    let mut ways = Vec::new();
    for class in [Class::Bool, Class::Number, Class::Text, Class::Bytes] {
        let values: Vec<Value> = literals
            .iter()
            .filter_map(|literal| match literal {
                Literal::Scalar(of, value) if *of == class => Some(value.clone()),
                _ => None,
            })
            .collect();
        if !values.is_empty() {
            let others = Others::LookingLike(&values);
            let sql = one_of(place.value.clone(), values.clone());
            ways.push(guarded(place, class, sql, others));
        }
    }
    for literal in literals {
        if let Literal::Json(text) = literal {
            ways.extend(equals_json(place, text));
        }
    }
    if literals.contains(&Literal::Null) {
        ways.push(place.value.clone().then(" IS NULL").comparison());
    }
    Sql::any(ways)
}

fn one_of(value: Sql, mut values: Vec<Value>) -> Sql {
    if values.len() == 1
        && let Some(only) = values.pop()
    {
        return value.then(" = ").then_param(only).comparison();
    }
    value
        .then(" IN (")
        .and_then(Sql::list(values.into_iter().map(Sql::param)))
        .then(")")
        .comparison()
}

/// Arrays and objects are equal when their JSON texts are, the order of fields included.
fn equals_json(place: &Place, text: &str) -> Option<Sql> {
    let json = place.json.as_ref()?;
    let sql = json
        .text()
        .then(" = json(")
        .then_param(Value::Json(text.to_owned()))
        .then(")");
    Some(sql.comparison())
}

/// Texts with a prefix are those from it to the next text that does not have it.
fn starts_with(place: &Place, prefix: &str) -> Sql {
    let from = place
        .value
        .clone()
        .then(" >= ")
        .then_param(Value::Text(prefix.to_owned()))
        .comparison();
    match after_prefix(prefix) {
        Some(end) => {
            let to = place
                .value
                .clone()
                .then(" < ")
                .then_param(Value::Text(end))
                .comparison();
            let start = [Value::Text(prefix.to_owned())];
            let both = Sql::all(vec![from, to]);
            guarded(place, Class::Text, both, Others::LookingLike(&start))
        }
        None => guarded(place, Class::Text, from, Others::Any),
    }
}

/// The first text after all those that begin with `prefix`; none when there is no such text.
pub(super) fn after_prefix(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // The range leaves out what is no character: surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

fn has_size(place: &Place, size: i64) -> Sql {
    let Some(json) = place
        .json
        .as_ref()
        .filter(|_| place.kinds.may_be(Kinds::ARRAY))
    else {
        return Sql::new("FALSE");
    };
    let length = Sql::new("json_array_length(")
        .and_then(json.document.clone())
        .then(", ")
        .then_param(Value::Text(json.path.clone()))
        .then(") = ")
        .then_param(Value::Integer(size))
        .comparison();
    if place.kinds.is_only(Kinds::ARRAY) {
        length
    } else {
        Sql::all(vec![length, json.is("'array'")])
    }
}

fn exists(place: &Place) -> Sql {
    let there = match &place.json {
        Some(json) if place.kinds.may_be(Kinds::NULL) => json.kind.clone(),
        _ => place.value.clone(),
    };
    there.then(" IS NOT NULL").comparison()
}

fn is_type(place: &Place, name: TypeName) -> Sql {
    let kinds = match name {
        TypeName::Any => return exists(place),
        TypeName::Null => Kinds::NULL,
        TypeName::Bool => Kinds::BOOL,
        TypeName::Integer => Kinds::INTEGER,
        TypeName::Number => Kinds::NUMBER,
        TypeName::String | TypeName::Date | TypeName::DateTime => Kinds::TEXT,
        TypeName::Bytes => Kinds::BYTES,
        TypeName::Array => Kinds::ARRAY,
        TypeName::Object => Kinds::OBJECT,
    };
    let value = || place.value.clone();
    if !place.kinds.may_be(kinds) {
        return Sql::new("FALSE");
    }
    let is = match (&place.json, name) {
        (_, TypeName::Bytes) => storage(place, "'blob'"),
        (None, TypeName::Null) => value().then(" IS NULL").comparison(),
        (Some(json), TypeName::Null) => json.is("'null'"),
        (None, _) if place.kinds.without(Kinds::NULL).is_only(kinds) => {
            value().then(" IS NOT NULL").comparison()
        }
        // A column of the key whose type can't be told from the value: doubles that are whole.
        (None, TypeName::Integer) => storage(place, "'integer'"),
        (None, TypeName::Number) => storage(place, "'integer', 'real'"),
        (None, TypeName::String | TypeName::Date | TypeName::DateTime) => storage(place, "'text'"),
        (None, TypeName::Bool | TypeName::Array | TypeName::Object | TypeName::Any) => {
            Sql::new("FALSE")
        }
        (Some(json), _) => json.is(json_types(name)),
    };
    let form = match name {
        TypeName::Object if place.kinds.may_be(Kinds::BYTES) => {
            Some(value().then(" IS NOT NULL AND typeof(").and_then(value()).then(") <> 'blob'"))
        }
        TypeName::Date => Some(
            value()
                .then(" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' AND date(")
                .and_then(value())
                .then(") = ")
                .and_then(value()),
        ),
        TypeName::DateTime => Some(
            value()
                .then(" GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][T ][0-9][0-9]:[0-9][0-9]*' AND date(substr(")
                .and_then(value())
                .then(", 1, 10)) = substr(")
                .and_then(value())
                .then(", 1, 10)"),
        ),
        _ => None,
    };
    match form {
        Some(form) => Sql::all(vec![is, form.comparison()]),
        None => is,
    }
}

/// What `json_type` says of values of a type.
fn json_types(name: TypeName) -> &'static str {
    match name {
        TypeName::Bool => "'true', 'false'",
        TypeName::Integer => "'integer'",
        TypeName::Number => "'integer', 'real'",
        TypeName::String | TypeName::Date | TypeName::DateTime => "'text'",
        TypeName::Array => "'array'",
        TypeName::Object | TypeName::Bytes => "'object'",
        TypeName::Null | TypeName::Any => "'null'",
    }
}

fn storage(place: &Place, kinds: &'static str) -> Sql {
    Sql::new("typeof(")
        .and_then(place.value.clone())
        .then(") IN (")
        .then(kinds)
        .then(")")
        .comparison()
}

/// Which values of other types a comparison would take for its own.
#[derive(Clone, Copy)]
enum Others<'v> {
    /// All: it is one of order.
    Any,
    /// Those that `SQLite` has the same value for.
    LookingLike(&'v [Value]),
}

/// A comparison that holds only for values of its class.
fn guarded(place: &Place, class: Class, comparison: Sql, others: Others<'_>) -> Sql {
    let own = class.kinds();
    if !place.kinds.may_be(own) {
        // The type of a column may make one look like the other: 5 is the text "5" in a column of texts.
        return Sql::new("FALSE");
    }
    let (same_storage, storage_names, types) = match class {
        Class::Bool => (Kinds::NUMBER, "'integer', 'real'", "'true', 'false'"),
        Class::Number => (Kinds::BOOL, "'integer', 'real'", "'integer', 'real'"),
        Class::Text => (Kinds::NESTED, "'text'", "'text'"),
        Class::Bytes => (Kinds::NONE, "'blob'", "'object'"),
    };
    let foreign = place.kinds.without(own.or(Kinds::NULL));
    let (by_storage, alike) = match others {
        Others::Any => (foreign.may_be(Kinds::ALL.without(same_storage)), true),
        Others::LookingLike(values) => (false, values.iter().any(looks_like_another)),
    };
    let by_type = alike && foreign.may_be(same_storage);
    let mut terms = vec![comparison];
    match &place.json {
        Some(InJson {
            kind_is_free: true, ..
        }) if class == Class::Bytes => terms.push(storage(place, storage_names)),
        Some(json) if by_type || (json.kind_is_free && by_storage) => terms.push(json.is(types)),
        _ if by_storage => terms.push(storage(place, storage_names)),
        _ => {}
    }
    Sql::all(terms)
}

/// Whether `SQLite` has the same value for one of another type: 1 and true, the text of an array and the array.
fn looks_like_another(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.is_empty() || text.starts_with(['[', '{']),
        Value::Integer(number) => matches!(number, 0 | 1),
        Value::Real(number) => [0.0, 1.0].contains(number),
        Value::Bool(_) => true,
        Value::Null | Value::Blob(_) | Value::Json(_) => false,
    }
}
