//! Residual conditions: those on fields of the value that no range of keys says. A cursor tests them on the stored document
//! before it gives an item to SQLite, so that what does not match never crosses the interface between the two.
//!
//! SQLite tests every condition again: nothing here may drop an item that SQLite would keep. How SQLite compares depends on the
//! affinities of both sides, and a table does not learn that of the other side. Numbers with numbers, and texts that are no
//! numbers with each other, compare the same by all affinities; wherever they could matter the answer is [`Verdict::Maybe`].
//! Rows are counted without SQLite only where no answer is that.

use std::cmp::Ordering;

use rusqlite::types::{Value, ValueRef};
use sop::document::Kind;
use sop::{DocumentRef, ItemRef};

use super::TableShared;
use super::seek::Arguments;
use super::values::near;
use crate::sql::Result;
use crate::sql::columns::Source;

/// Longer lists are left to SQLite, which looks values up in a tree.
const MAX_LIST: usize = 64;

/// A condition on a column, by the number of the argument that its value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Residual {
    pub column: usize,
    pub test: Test,
    /// None where nothing is compared.
    pub argument: Option<usize>,
}

/// What is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    OneOf,
    Like,
    IsNull,
    NotNull,
}

impl Test {
    /// As people write it, with a mark for the value.
    pub fn text(self) -> &'static str {
        match self {
            Self::Equal => "= ?",
            Self::NotEqual => "<> ?",
            Self::Less => "< ?",
            Self::LessOrEqual => "<= ?",
            Self::Greater => "> ?",
            Self::GreaterOrEqual => ">= ?",
            Self::OneOf => "in (?)",
            Self::Like => "like ?",
            Self::IsNull => "is null",
            Self::NotNull => "is not null",
        }
    }
}

/// Whether an item satisfies conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    No,
    /// SQLite knows.
    Maybe,
    Yes,
}

impl From<bool> for Verdict {
    fn from(is: bool) -> Self {
        if is { Self::Yes } else { Self::No }
    }
}

/// What a value is compared with.
#[derive(PartialEq)]
enum Operand {
    Null,
    Integer(i64),
    Real(f64),
    Text {
        text: String,
        numeric: bool,
    },
    List(Vec<Operand>),
    /// Anything else, or nothing.
    Other,
}

impl Operand {
    fn new(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) if !value.is_nan() => Self::Real(value),
            ValueRef::Text(text) => match std::str::from_utf8(text) {
                Ok(text) => Self::Text {
                    text: text.to_owned(),
                    numeric: may_be_number(text),
                },
                Err(_) => Self::Other,
            },
            ValueRef::Real(_) | ValueRef::Blob(_) => Self::Other,
        }
    }

    fn list(values: Option<Vec<Value>>) -> Self {
        match values {
            Some(values) if values.len() <= MAX_LIST => {
                Self::List(values.iter().map(|value| Self::new(value.into())).collect())
            }
            _ => Self::Other,
        }
    }
}

/// What is known of two values.
enum Compared {
    Known(Ordering),
    /// Not equal; which comes first depends.
    Unequal,
    Unknown,
}

/// Conditions with their values.
#[derive(Default, PartialEq)]
pub(super) struct Residuals(Vec<(Residual, Operand)>);

impl Residuals {
    pub fn new(residuals: &[Residual], arguments: &impl Arguments) -> Self {
        let operand = |residual: &Residual| match (residual.test, residual.argument) {
            (_, None) => Operand::Other,
            (Test::OneOf, Some(at)) => Operand::list(arguments.list(at)),
            (_, Some(at)) => arguments.value(at).map_or(Operand::Other, Operand::new),
        };
        let with = |residual: &Residual| (*residual, operand(residual));
        Self(residuals.iter().map(with).collect())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an item satisfies all of them.
    #[inline]
    pub fn verdict(&self, table: &TableShared, item: &ItemRef<'_>) -> Result<Verdict> {
        let document = item.value()?;
        let mut all = Verdict::Yes;
        for (residual, operand) in &self.0 {
            let value = match table.columns.get(residual.column).map(|c| &c.source) {
                Some(Source::Field(name)) => match table.places.get(residual.column) {
                    Some(place) => near(document, name, place),
                    None => document.get(name),
                },
                Some(Source::Path(path)) => path
                    .iter()
                    .try_fold(document, |value, name| value.get(name)),
                Some(Source::Value) => Some(document),
                _ => return Ok(Verdict::Maybe),
            };
            match verdict(residual.test, value, operand) {
                Verdict::No => return Ok(Verdict::No),
                Verdict::Maybe => all = Verdict::Maybe,
                Verdict::Yes => {}
            }
        }
        Ok(all)
    }
}

#[inline]
fn verdict(test: Test, value: Option<DocumentRef<'_>>, operand: &Operand) -> Verdict {
    let Some(value) = value.filter(|value| value.kind() != Kind::Null) else {
        return (test == Test::IsNull).into();
    };
    match (test, operand) {
        (Test::IsNull, _) => is_value(value).map_or(Verdict::Maybe, |is| (!is).into()),
        (Test::NotNull, _) => is_value(value).map_or(Verdict::Maybe, Verdict::from),
        // Nothing is true of null.
        (_, Operand::Null) => Verdict::No,
        (Test::Like, operand) => is_like(value, operand),
        (Test::OneOf, Operand::List(operands)) => {
            let of = |operand| verdict(Test::Equal, Some(value), operand);
            let mut any = Verdict::No;
            for verdict in operands.iter().map(of) {
                match verdict {
                    Verdict::Yes => return Verdict::Yes,
                    Verdict::Maybe => any = Verdict::Maybe,
                    Verdict::No => {}
                }
            }
            any
        }
        (test, operand) => holds(test, &compare(value, operand)),
    }
}

/// Whether a value that is stored is one for SQLite, too: what is no number is null there.
fn is_value(value: DocumentRef<'_>) -> Option<bool> {
    match value.kind() {
        Kind::Float | Kind::Number => value.as_f64().filter(|v| !v.is_nan()).map(|_| true),
        _ => Some(true),
    }
}

#[inline]
fn holds(test: Test, compared: &Compared) -> Verdict {
    match (compared, test) {
        (Compared::Known(order), Test::Equal) => order.is_eq().into(),
        (Compared::Known(order), Test::NotEqual) => order.is_ne().into(),
        (Compared::Known(order), Test::Less) => order.is_lt().into(),
        (Compared::Known(order), Test::LessOrEqual) => order.is_le().into(),
        (Compared::Known(order), Test::Greater) => order.is_gt().into(),
        (Compared::Known(order), Test::GreaterOrEqual) => order.is_ge().into(),
        (Compared::Unequal, Test::Equal) => Verdict::No,
        (Compared::Unequal, Test::NotEqual) => Verdict::Yes,
        _ => Verdict::Maybe,
    }
}

#[inline]
fn compare(value: DocumentRef<'_>, operand: &Operand) -> Compared {
    let number = |order: Option<Ordering>| order.map_or(Compared::Unknown, Compared::Known);
    match (value.kind(), operand) {
        (Kind::Float | Kind::Number, Operand::Real(other)) => {
            number(value.as_f64().and_then(|value| value.partial_cmp(other)))
        }
        (Kind::Float | Kind::Number, Operand::Integer(other)) => number(
            value
                .as_f64()
                .and_then(|value| compare_mixed(*other, value).map(Ordering::reverse)),
        ),
        (Kind::Int | Kind::Bool, Operand::Integer(other)) => {
            number(integer(value).map(|value| value.cmp(other)))
        }
        (Kind::Int | Kind::Bool, Operand::Real(other)) => {
            number(integer(value).and_then(|value| compare_mixed(value, *other)))
        }
        (
            Kind::String,
            Operand::Text {
                text: other,
                numeric,
            },
        ) => match value.as_str() {
            Some(text) => compare_texts(text, other, *numeric),
            None => Compared::Unknown,
        },
        (Kind::String, Operand::Integer(_) | Operand::Real(_)) => match value.as_str() {
            Some(text) if !may_be_number(text) => Compared::Unequal,
            _ => Compared::Unknown,
        },
        (
            Kind::Int | Kind::Bool | Kind::Float | Kind::Number,
            Operand::Text { numeric: false, .. },
        ) => Compared::Unequal,
        _ => Compared::Unknown,
    }
}

fn integer(value: DocumentRef<'_>) -> Option<i64> {
    value.as_i64().or_else(|| value.as_bool().map(i64::from))
}

/// An integer with a double, exactly.
pub(super) fn compare_mixed(integer: i64, real: f64) -> Option<Ordering> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if real.is_nan() {
        return None;
    }
    if real >= LIMIT {
        return Some(Ordering::Less);
    }
    if real < -LIMIT {
        return Some(Ordering::Greater);
    }
    let whole = real.trunc();
    let order = integer.cmp(&(whole as i64));
    Some(order.then_with(|| whole.total_cmp(&real)))
}

#[inline]
fn compare_texts(text: &str, other: &str, other_numeric: bool) -> Compared {
    if text == other {
        return Compared::Known(Ordering::Equal);
    }
    match (may_be_number(text), other_numeric) {
        (false, false) => Compared::Known(text.as_bytes().cmp(other.as_bytes())),
        // As numbers both may be the same.
        (true, true) => Compared::Unknown,
        _ => Compared::Unequal,
    }
}

/// Whether SQLite could take a text for a number: at least where it does, as every number of its reads here.
fn may_be_number(text: &str) -> bool {
    let text = text.trim();
    let starts = |byte: &u8| byte.is_ascii_digit() || b"+-.iInN".contains(byte);
    text.as_bytes().first().is_some_and(starts) && text.parse::<f64>().is_ok()
}

fn is_like(value: DocumentRef<'_>, operand: &Operand) -> Verdict {
    match (value.as_str(), operand) {
        // SQLite's texts end at a zero byte there.
        (Some(text), Operand::Text { text: pattern, .. })
            if !text.contains('\0') && !pattern.contains('\0') =>
        {
            fits(pattern, text).into()
        }
        _ => Verdict::Maybe,
    }
}

/// Whether a text fits a pattern of `LIKE`: `%` is any text, `_` one character, ASCII letters of either case are the same.
fn fits(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on when what follows the last `%` does not fit.
    let mut again = None;
    loop {
        let mut ahead = pattern.clone();
        let mut rest = text.clone();
        match (ahead.next(), rest.next()) {
            (Some('%'), _) => {
                again = Some((ahead.clone(), text.clone()));
                pattern = ahead;
                continue;
            }
            (Some(wanted), Some(found)) if wanted == '_' || wanted.eq_ignore_ascii_case(&found) => {
                (pattern, text) = (ahead, rest);
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((behind, from)) = &mut again else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        (pattern, text) = (behind.clone(), from.clone());
    }
}

#[cfg(test)]
mod tests;
