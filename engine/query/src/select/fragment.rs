//! Pieces of a statement.
//!
//! Always true: the text of a piece is made of text that this crate has written, quoted identifiers and `?`; its
//! parameters stand in the order of their `?`.

use crate::sql::Value;
use crate::sql::quote_name;

/// How tightly the outermost operator of a piece binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    /// `=`, `IN`, `IS`, `BETWEEN`, `REGEXP`.
    Comparison,
    Atom,
}

/// A piece.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sql {
    text: String,
    params: Vec<Value>,
    level: Level,
}

/// Terms that are joined one after the other; more become a balanced tree, because `SQLite` bounds the depth.
const LINEAR_TERMS: usize = 16;

impl Sql {
    pub fn new(text: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            params: Vec::new(),
            level: Level::Atom,
        }
    }

    /// A quoted identifier.
    pub fn name(name: &str) -> Self {
        Self {
            text: quote_name(name),
            params: Vec::new(),
            level: Level::Atom,
        }
    }

    pub fn param(value: Value) -> Self {
        Self {
            text: "?".to_owned(),
            params: vec![value],
            level: Level::Atom,
        }
    }

    /// This with more text.
    pub fn then(mut self, text: &'static str) -> Self {
        self.text.push_str(text);
        self
    }

    /// This with another piece.
    pub fn and_then(mut self, other: Self) -> Self {
        self.text.push_str(&other.text);
        self.params.extend(other.params);
        self
    }

    pub fn then_param(self, value: Value) -> Self {
        self.and_then(Self::param(value))
    }

    pub fn then_name(self, name: &str) -> Self {
        self.and_then(Self::name(name))
    }

    /// Pieces with commas between.
    pub fn list(pieces: impl IntoIterator<Item = Self>) -> Self {
        Self::joined(pieces, ", ")
    }

    fn joined(pieces: impl IntoIterator<Item = Self>, between: &'static str) -> Self {
        let mut pieces = pieces.into_iter();
        let Some(first) = pieces.next() else {
            return Self::new("");
        };
        pieces.fold(first, |all, piece| all.then(between).and_then(piece))
    }

    pub fn comparison(mut self) -> Self {
        self.level = Level::Comparison;
        self
    }

    pub fn atom(mut self) -> Self {
        self.level = Level::Atom;
        self
    }

    fn in_parentheses(self) -> Self {
        Self {
            text: format!("({})", self.text),
            params: self.params,
            level: Level::Atom,
        }
    }

    /// This as an operand of an operator that binds as tightly as `level`.
    fn within(self, level: Level) -> Self {
        if self.level <= level {
            self.in_parentheses()
        } else {
            self
        }
    }

    pub fn all(terms: Vec<Self>) -> Self {
        Self::chain(terms, Level::And)
    }

    pub fn any(terms: Vec<Self>) -> Self {
        Self::chain(terms, Level::Or)
    }

    fn chain(mut terms: Vec<Self>, level: Level) -> Self {
        let (between, neutral) = match level {
            Level::Or => (" OR ", "FALSE"),
            _ => (" AND ", "TRUE"),
        };
        // A term of the same kind needs no parentheses: AND and OR may be grouped as one likes.
        let inner = |term: Self| {
            let outer = if level == Level::Or {
                Level::And
            } else {
                Level::Or
            };
            if term.level == level {
                term
            } else {
                term.within(outer)
            }
        };
        match terms.len() {
            0 => Self::new(neutral),
            1 => terms.remove(0),
            2..=LINEAR_TERMS => {
                let mut sql = Self::joined(terms.into_iter().map(inner), between);
                sql.level = level;
                sql
            }
            count => {
                let half = terms.split_off(count / 2);
                let one = Self::chain(terms, level).in_parentheses();
                let other = Self::chain(half, level).in_parentheses();
                let mut sql = one.then(between).and_then(other);
                sql.level = level;
                sql
            }
        }
    }

    /// True where this is false or unknown.
    pub fn negated(self) -> Self {
        self.within(Level::Comparison)
            .then(" IS NOT TRUE")
            .comparison()
    }

    pub fn params(&self) -> usize {
        self.params.len()
    }

    pub fn into_parts(self) -> (String, Vec<Value>) {
        (self.text, self.params)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(number: i64) -> Sql {
        Sql::name("a")
            .then(" = ")
            .then_param(Value::Integer(number))
            .comparison()
    }

    #[test]
    fn parentheses_stand_where_they_are_needed() {
        let both = Sql::all(vec![term(1), term(2)]);
        let either = Sql::any(vec![term(1), both.clone()]);
        assert_eq!(either.text, r#""a" = ? OR ("a" = ? AND "a" = ?)"#);
        let all = Sql::all(vec![either, both, term(3).negated()]);
        assert_eq!(
            all.text,
            r#"("a" = ? OR ("a" = ? AND "a" = ?)) AND "a" = ? AND "a" = ? AND ("a" = ?) IS NOT TRUE"#
        );
        let numbers: Vec<_> = [1, 1, 2, 1, 2, 3].map(Value::Integer).into();
        assert_eq!(all.params, numbers);
    }

    #[test]
    fn many_terms_make_a_shallow_tree() {
        let all = Sql::any((0..1_000).map(term).collect());
        assert_eq!(all.params.len(), 1_000);
        let deepest = all.text.chars().scan(0_i32, |depth, c| {
            *depth += i32::from(c == '(') - i32::from(c == ')');
            Some(*depth)
        });
        assert!(deepest.max().unwrap() < 10);
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        assert_eq!(Sql::name("a\" OR 1 --").text, "\"a\"\" OR 1 --\"");
    }
}
