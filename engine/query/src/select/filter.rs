//! Filter documents as conditions.
//!
//! `{field: value}` is equality, `{field: {$operator: operand, …}}` all of these, and several fields all of them.

use super::error::{Fault, Pointer, SelectError};
use super::fragment::Sql;
use super::operators::{Test, TypeName, condition};
use super::place::Place;
use super::shape::Kinds;
use super::tables::{Scope, is_uuid};
use super::value::{Class, Literal, bytes};
use crate::sql::Value;
use serde_json::{Map, Value as Json};
use sop::KeyType;

/// The deepest filter.
const MAX_DEPTH: usize = 32;
/// The most tests in a filter.
const MAX_TESTS: usize = 1_000;
/// The longest pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 10_000;

/// Operators of a condition on a field.
const OPERATORS: [&str; 16] = [
    "$eq",
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$regex",
    "$exists",
    "$prefix",
    "$between",
    "$contains",
    "$size",
    "$type",
    "$not",
];
/// Operators that join filters.
const JOINERS: [&str; 4] = ["$and", "$or", "$not", "$nor"];

/// Compiles the filters of one statement.
pub(super) struct Filters<'a> {
    scope: &'a dyn Scope,
    tests: usize,
    notes: &'a mut Vec<String>,
}

type Result<T> = std::result::Result<T, SelectError>;

impl<'a> Filters<'a> {
    pub fn new(scope: &'a dyn Scope, notes: &'a mut Vec<String>) -> Self {
        Self {
            scope,
            tests: 0,
            notes,
        }
    }

    /// The condition of a filter document; none for one that lets everything through.
    pub fn condition(&mut self, filter: &Json, at: &Pointer<'_>) -> Result<Option<Sql>> {
        let empty = filter.as_object().is_some_and(Map::is_empty);
        let sql = self.filter(filter, at, 0)?;
        Ok((!empty).then_some(sql))
    }

    fn filter(&mut self, filter: &Json, at: &Pointer<'_>, depth: usize) -> Result<Sql> {
        deep_enough(depth, at)?;
        let Some(fields) = filter.as_object() else {
            let detail = "a filter is an object {field: value} or {field: {$operator: operand}}";
            return Err(SelectError::invalid(at, detail));
        };
        let mut terms = Vec::new();
        for (name, operand) in fields {
            let at = at.field(name);
            terms.push(if name.starts_with('$') {
                self.joined(name, operand, &at, depth)?
            } else {
                let place = self.scope.place(name, &at)?;
                self.field(&place, operand, &at, depth + 1)?
            });
        }
        Ok(Sql::all(terms))
    }

    /// `$and`, `$or`, `$nor` of filters, `$not` of one.
    fn joined(
        &mut self,
        name: &str,
        operand: &Json,
        at: &Pointer<'_>,
        depth: usize,
    ) -> Result<Sql> {
        if name == "$not" {
            return Ok(self.filter(operand, at, depth + 1)?.negated());
        }
        if !JOINERS.contains(&name) {
            return Err(unknown_operator(name, at, true));
        }
        let filters = operand.as_array().filter(|filters| !filters.is_empty());
        let Some(filters) = filters else {
            let detail = format!("{name} takes a list of filters, at least one");
            return Err(SelectError::invalid(at, detail));
        };
        let mut terms = Vec::new();
        for (number, filter) in filters.iter().enumerate() {
            terms.push(self.filter(filter, &at.index(number), depth + 1)?);
        }
        Ok(match name {
            "$and" => Sql::all(terms),
            "$or" => Sql::any(terms),
            _ => Sql::any(terms).negated(),
        })
    }

    /// The condition on a field.
    fn field(
        &mut self,
        place: &Place,
        operand: &Json,
        at: &Pointer<'_>,
        depth: usize,
    ) -> Result<Sql> {
        deep_enough(depth, at)?;
        let operators = operand.as_object().filter(|object| {
            bytes(operand).is_none() && object.keys().any(|name| name.starts_with('$'))
        });
        let Some(operators) = operators else {
            return self.equal(place, operand, at);
        };
        let mut terms = Vec::new();
        for (name, operand) in operators {
            terms.push(self.operator(place, name, operand, &at.field(name), depth)?);
        }
        Ok(Sql::all(terms))
    }

    fn operator(
        &mut self,
        place: &Place,
        name: &str,
        operand: &Json,
        at: &Pointer<'_>,
        depth: usize,
    ) -> Result<Sql> {
        match name {
            "$not" => return Ok(self.field(place, operand, at, depth + 1)?.negated()),
            "$eq" => return self.equal(place, operand, at),
            "$ne" => return Ok(self.equal(place, operand, at)?.negated()),
            "$in" => return self.is_in(place, operand, at),
            "$nin" => return Ok(self.is_in(place, operand, at)?.negated()),
            _ => {}
        }
        if !OPERATORS.contains(&name) {
            return Err(unknown_operator(name, at, false));
        }
        if !place.parts.is_empty() && !matches!(name, "$exists" | "$type") {
            let fields: Vec<&str> = place.parts.iter().map(|part| part.label.as_str()).collect();
            let detail = format!(
                "{name} does not work on a key of several fields; name one of {}",
                fields.join(", ")
            );
            return Err(SelectError::invalid(at, detail));
        }
        let test = test(place, name, operand, at)?;
        if let Test::Exists = test {
            let exists = self.test(place, &test, at)?;
            return Ok(match operand {
                Json::Bool(false) => exists.negated(),
                _ => exists,
            });
        }
        self.test(place, &test, at)
    }

    fn test(&mut self, place: &Place, test: &Test, at: &Pointer<'_>) -> Result<Sql> {
        self.tests += 1;
        if self.tests > MAX_TESTS {
            let detail = format!("a filter has at most {MAX_TESTS} tests; use $in for many values");
            return Err(SelectError::new(Fault::TooLarge, at, detail));
        }
        self.note_futile(place, test);
        let scope = self.scope;
        Ok(condition(place, test, &|| scope.elements_alias()))
    }

    /// Says when a test can't hold, because the field has no values of the kind that it is about.
    fn note_futile(&mut self, place: &Place, test: &Test) {
        let one = |literal: &Literal| match literal {
            Literal::Scalar(class, _) => class.kinds(),
            Literal::Null => Kinds::ALL,
            Literal::Json(_) => Kinds::NESTED,
        };
        let (wanted, name) = match test {
            Test::Equal(literal) => (one(literal), "equality"),
            Test::In(list) if list.is_empty() => return,
            Test::In(list) => (list.iter().map(one).fold(Kinds::NONE, Kinds::or), "$in"),
            Test::Order(_, class, _) | Test::Between(class, ..) => (class.kinds(), "a comparison"),
            Test::Size(_) => (Kinds::ARRAY, "$size"),
            Test::Contains(Literal::Scalar(Class::Text, _)) => (Kinds::TEXT, "$contains"),
            Test::Contains(_) => (Kinds::ARRAY, "$contains"),
            Test::Prefix(_) => (Kinds::TEXT, "$prefix"),
            Test::Pattern(_) => (Kinds::TEXT, "$regex"),
            Test::Exists | Test::Type(_) => return,
        };
        if !place.kinds.may_be(wanted.or(Kinds::ARRAY)) {
            let label = &place.label;
            let note =
                format!("{name} finds nothing in {label:?}, which has no values of that type");
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    fn equal(&mut self, place: &Place, operand: &Json, at: &Pointer<'_>) -> Result<Sql> {
        if place.parts.is_empty() {
            let literal = literal(place, operand, at)?;
            return self.test(place, &Test::Equal(literal), at);
        }
        self.whole_key(place, operand, at)
    }

    /// A composite key is equal when all its fields are; one that is not named is null.
    fn whole_key(&mut self, place: &Place, operand: &Json, at: &Pointer<'_>) -> Result<Sql> {
        let parts = &place.parts;
        let mut terms = Vec::new();
        match operand {
            Json::Object(fields) if bytes(operand).is_none() => {
                let names: Vec<&str> = parts.iter().map(|part| part.label.as_str()).collect();
                if let Some(name) = fields.keys().find(|name| !names.contains(&name.as_str())) {
                    let at = at.field(name);
                    let what = ("field", " in the key");
                    return Err(SelectError::unknown(
                        Fault::UnknownField,
                        &at,
                        what,
                        name,
                        &names,
                    ));
                }
                for part in parts {
                    let at = at.field(&part.label);
                    let value = fields.get(&part.label).unwrap_or(&Json::Null);
                    terms.push(self.equal(part, value, &at)?);
                }
            }
            Json::Array(values) if values.len() == parts.len() => {
                for (number, (part, value)) in parts.iter().zip(values).enumerate() {
                    terms.push(self.equal(part, value, &at.index(number))?);
                }
            }
            Json::Array(_) | Json::Object(_) => {
                let detail = format!("the key has {} fields", parts.len());
                return Err(SelectError::invalid(at, detail));
            }
            single => {
                if let [part] = parts.as_slice() {
                    return self.equal(part, single, at);
                }
                let names: Vec<&str> = parts.iter().map(|part| part.label.as_str()).collect();
                let detail = format!("a key is an object of {}", names.join(", "));
                return Err(SelectError::invalid(at, detail));
            }
        }
        Ok(Sql::all(terms))
    }

    fn is_in(&mut self, place: &Place, operand: &Json, at: &Pointer<'_>) -> Result<Sql> {
        let Some(list) = operand.as_array() else {
            return Err(SelectError::invalid(at, "takes a list of values"));
        };
        if place.parts.len() > 1 {
            let mut ways = Vec::new();
            for (number, key) in list.iter().enumerate() {
                ways.push(self.whole_key(place, key, &at.index(number))?);
            }
            return Ok(Sql::any(ways));
        }
        if let [part] = place.parts.as_slice() {
            let bare = list.iter().map(|key| match key {
                Json::Object(fields) => fields.get(&part.label).cloned().unwrap_or(key.clone()),
                Json::Array(values) if values.len() == 1 => {
                    values.first().cloned().unwrap_or(Json::Null)
                }
                bare => bare.clone(),
            });
            return self.is_in(part, &Json::Array(bare.collect()), at);
        }
        let mut literals = Vec::new();
        for (number, value) in list.iter().enumerate() {
            literals.push(literal(place, value, &at.index(number))?);
        }
        self.test(place, &Test::In(literals), at)
    }
}

fn deep_enough(depth: usize, at: &Pointer<'_>) -> Result<()> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    let detail = format!("filters nest at most {MAX_DEPTH} deep");
    Err(SelectError::new(Fault::TooLarge, at, detail))
}

/// The test of an operator that is neither equality nor membership.
fn test(place: &Place, name: &str, operand: &Json, at: &Pointer<'_>) -> Result<Test> {
    let invalid = |detail: &str| Err(SelectError::invalid(at, detail));
    let order = |operator| {
        let (class, value) = ordered(place, operand, at)?;
        Ok(Test::Order(operator, class, value))
    };
    match name {
        "$gt" => order(" > "),
        "$gte" => order(" >= "),
        "$lt" => order(" < "),
        "$lte" => order(" <= "),
        "$between" => match operand.as_array().map(Vec::as_slice) {
            Some([low, high]) => {
                let (class, low) = ordered(place, low, &at.index(0))?;
                let (other, high) = ordered(place, high, &at.index(1))?;
                if class != other {
                    return invalid("both ends have to be of one type");
                }
                Ok(Test::Between(class, low, high))
            }
            _ => invalid("takes a list of two values, the lowest and the highest"),
        },
        "$prefix" => match operand.as_str() {
            Some(prefix) => Ok(Test::Prefix(if is_uuid(place) {
                prefix.to_lowercase()
            } else {
                prefix.to_owned()
            })),
            None => invalid("takes a text"),
        },
        "$regex" => match operand.as_str() {
            Some(pattern) => pattern_test(pattern, at),
            None => invalid("takes a regular expression as a text"),
        },
        "$size" => match operand.as_i64() {
            Some(size) if size >= 0 => Ok(Test::Size(size)),
            _ => invalid("takes a whole number, not negative"),
        },
        "$exists" => match operand {
            Json::Bool(_) => Ok(Test::Exists),
            _ => invalid("takes true or false"),
        },
        "$contains" => Ok(Test::Contains(literal(place, operand, at)?)),
        _ => types(operand, at),
    }
}

fn pattern_test(pattern: &str, at: &Pointer<'_>) -> Result<Test> {
    if pattern.len() > MAX_PATTERN_BYTES {
        let detail = format!("a pattern has at most {MAX_PATTERN_BYTES} bytes");
        return Err(SelectError::new(Fault::TooLarge, at, detail));
    }
    match regex::Regex::new(pattern) {
        Ok(_) => Ok(Test::Pattern(pattern.to_owned())),
        Err(error) => {
            let detail = format!("is no regular expression: {error}");
            Err(SelectError::invalid(at, detail))
        }
    }
}

fn types(operand: &Json, at: &Pointer<'_>) -> Result<Test> {
    let one = |name: &Json, at: &Pointer<'_>| {
        let Some(name) = name.as_str() else {
            return Err(SelectError::invalid(at, "takes the name of a type"));
        };
        let found = TypeName::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, kind)| *kind).ok_or_else(|| {
            let names = TypeName::ALL.map(|(name, _)| name);
            SelectError::unknown(Fault::Invalid, at, ("type", ""), name, &names)
        })
    };
    let Some(list) = operand.as_array() else {
        return Ok(Test::Type(vec![one(operand, at)?]));
    };
    if list.is_empty() || list.len() > TypeName::ALL.len() {
        return Err(SelectError::invalid(
            at,
            "takes one to eleven names of types",
        ));
    }
    let names = list.iter().enumerate();
    let types = names.map(|(number, name)| one(name, &at.index(number)));
    Ok(Test::Type(types.collect::<Result<_>>()?))
}

/// A value that others can be less and greater than.
fn ordered(place: &Place, operand: &Json, at: &Pointer<'_>) -> Result<(Class, Value)> {
    match literal(place, operand, at)? {
        Literal::Scalar(class, value) => Ok((class, value)),
        Literal::Null => Err(SelectError::invalid(
            at,
            "nothing is less or greater than null; use $eq, $ne or $exists",
        )),
        Literal::Json(_) => Err(SelectError::invalid(
            at,
            "arrays and objects have no order; compare one of their fields",
        )),
    }
}

/// The value to compare a field with, in the form that its type has.
pub(super) fn literal(place: &Place, operand: &Json, at: &Pointer<'_>) -> Result<Literal> {
    if let Json::Object(fields) = operand
        && bytes(operand).is_none()
        && let Some(name) = fields.keys().find(|name| name.starts_with('$'))
    {
        return Err(unknown_operator(name, &at.field(name), false));
    }
    let Some(literal) = Literal::of(operand) else {
        return Err(SelectError::invalid(
            at,
            "is a number beyond the range of doubles",
        ));
    };
    Ok(match (literal, place.key) {
        (Literal::Scalar(Class::Text, Value::Text(text)), Some(KeyType::Uuid)) => {
            Literal::Scalar(Class::Text, Value::Text(text.to_lowercase()))
        }
        // Bytes of keys are written as base64 without more around it.
        (Literal::Scalar(Class::Text, Value::Text(text)), Some(KeyType::Bytes)) => {
            let wrapped = Json::Object(Map::from_iter([("$bytes".to_owned(), Json::String(text))]));
            let Some(bytes) = bytes(&wrapped) else {
                return Err(SelectError::invalid(at, "is no base64 text"));
            };
            Literal::Scalar(Class::Bytes, Value::Blob(bytes))
        }
        // Whole numbers that a double does not hold are given as text.
        (Literal::Scalar(Class::Text, Value::Text(text)), Some(kind))
            if Kinds::of_key(kind).is_only(Kinds::NUMBER) =>
        {
            let number = text.parse::<serde_json::Number>().ok();
            let number = number.and_then(|number| Literal::of(&Json::Number(number)));
            number.unwrap_or(Literal::Scalar(Class::Text, Value::Text(text)))
        }
        (literal, _) => literal,
    })
}

fn unknown_operator(name: &str, at: &Pointer<'_>, at_top: bool) -> SelectError {
    let hint = match name {
        "$options" => Some("write (?i) at the start of the pattern instead"),
        "$and" | "$or" | "$nor" if !at_top => {
            Some("it joins whole filters: {$or: [{field: …}, {field: …}]}")
        }
        "$elemMatch" => Some("use $contains, or a condition on field.part"),
        "$like" => Some("use $prefix, $contains or $regex"),
        _ if at_top && OPERATORS.contains(&name) => {
            Some("it belongs to a field: {field: {$operator: operand}}")
        }
        _ => None,
    };
    if let Some(hint) = hint {
        let detail = format!("there is no operator {name:?} here; {hint}");
        return SelectError::new(Fault::UnknownOperator, at, detail);
    }
    let known: &[&str] = if at_top { &JOINERS } else { &OPERATORS };
    SelectError::unknown(Fault::UnknownOperator, at, ("operator", ""), name, known)
}
