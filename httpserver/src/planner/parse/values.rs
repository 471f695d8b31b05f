//! Values of fields: what is said of a field after it, and frequent values where they are named.

use super::{Comparison, Concept, FieldKind, Form, Match, Mode, Named, Parser, Place, Test, Value};
use crate::planner::schema::Field;

impl Parser<'_> {
    /// Takes what is said of a field after it: a comparison, a value, a day, that it is missing.
    pub(super) fn field_compared(&mut self, place: Place) -> bool {
        let before = self.at;
        let kind = self.kind(place);
        let negated_before = self.negated;
        if matches!(
            self.concept(self.at),
            Some((Concept::Is | Concept::Of | Concept::In | Concept::That, _))
        ) && kind != Some(FieldKind::Date)
        {
            // "with a total of 5", "status is paid", "company in (…)".
            self.at += self.concept(self.at).map_or(0, |(_, length)| length);
        } else if let Some(length) = self.is(self.at, Concept::Is) {
            self.at += length;
        }
        if let Some((Concept::Not, length)) = self.concept(self.at) {
            self.at += length;
            self.negated = true;
        }
        while self
            .concept(self.at)
            .is_some_and(|(c, _)| c == Concept::Noise)
            && self.at < before + 4
            && self.lower(self.at) != "."
        {
            self.at += 1;
        }
        let done = self.tested(place, kind);
        if !done {
            self.at = before;
            self.negated = negated_before;
        }
        done
    }

    pub(super) fn tested(&mut self, place: Place, kind: Option<FieldKind>) -> bool {
        match self.concept(self.at) {
            Some((Concept::Missing, length)) => {
                self.at += length;
                self.push(place, Test::Missing);
                return true;
            }
            Some((Concept::Present, length)) => {
                self.at += length;
                self.negated = !self.negated;
                self.push(place, Test::Missing);
                return true;
            }
            Some((Concept::Contains, length)) => {
                return self.text_test(place, length, Test::Contains);
            }
            Some((Concept::Starts, length)) => return self.text_test(place, length, Test::Starts),
            Some((Concept::Ends, length)) => return self.text_test(place, length, Test::Ends),
            _ => {}
        }
        match kind {
            Some(FieldKind::Integer | FieldKind::Number)
                if !self.schema.is_reference(place) || self.negated =>
            {
                self.number_test(place)
            }
            Some(FieldKind::Integer | FieldKind::Number) => self.number_test(place),
            Some(FieldKind::Date) => self.date_test(place),
            Some(FieldKind::Bool) => self.bool_test(place),
            Some(FieldKind::Text | FieldKind::List) => self.value_test(place),
            _ => false,
        }
    }

    pub(super) fn bool_test(&mut self, place: Place) -> bool {
        if let Some((Concept::Compare(_), length)) = self.concept(self.at) {
            self.at += length;
        }
        let value = match self.lower(self.at) {
            "true" | "yes" | "1" => true,
            "false" | "no" | "0" => false,
            _ => return false,
        };
        self.at += 1;
        self.push(place, Test::Compare(Comparison::Eq, Value::Bool(value)));
        true
    }

    /// A value of a text field: a frequent one, one in quotes, or whatever stands after "is" and "=".
    pub(super) fn value_test(&mut self, place: Place) -> bool {
        let start = self.at;
        let mut explicit = start.checked_sub(1).is_some_and(|at| {
            self.is(at, Concept::Is).is_some() || self.is(at, Concept::Not).is_some()
        });
        if let Some((Concept::Compare(comparison @ (Comparison::Eq | Comparison::Ne)), length)) =
            self.concept(self.at)
        {
            self.at += length;
            self.negated ^= comparison == Comparison::Ne;
            explicit = true;
        }
        if self.lower(self.at) == ":" {
            self.at += 1;
            explicit = true;
        }
        let list = self.kind(place) == Some(FieldKind::List);
        let known = self
            .names_at(self.at)
            .iter()
            .find_map(|name| match name.named {
                Named::Value(there, at) if there == place && name.score > 0.9 => {
                    Some((at, name.length))
                }
                _ => None,
            });
        if let Some((at, length)) = known {
            self.at += length;
            self.value_or_more(place, at);
            return true;
        }
        if self
            .token(self.at)
            .is_some_and(|token| token.form == Form::Quoted)
            || (explicit && !list)
        {
            let text = self.free_text();
            if !text.is_empty() {
                self.push(place, Test::Compare(Comparison::Eq, Value::Text(text)));
                return true;
            }
        }
        false
    }

    /// "contains x", "starts with x".
    pub(super) fn text_test(
        &mut self,
        place: Place,
        length: usize,
        test: fn(String) -> Test,
    ) -> bool {
        self.at += length;
        let kinds = [Some(FieldKind::Text), Some(FieldKind::List)];
        if !kinds.contains(&self.kind(place)) {
            return false;
        }
        for word in ["the", "word", "letter", "letters", "text", "a"] {
            if self.lower(self.at) == word && self.at + 1 < self.tokens.len() {
                self.at += 1;
            }
        }
        let text = self.free_text();
        if text.is_empty() {
            return false;
        }
        self.push(place, test(text));
        true
    }

    /// "with a word in the title": part of a text, not the value of something else.
    pub(super) fn part_of_text(&mut self) -> bool {
        let is_word = self
            .token(self.at)
            .is_some_and(|token| matches!(token.form, Form::Word | Form::Quoted));
        let small =
            matches!(self.concept(self.at), Some((concept, _)) if concept != Concept::Money);
        let glue = ["in", "inside", "within"].contains(&self.lower(self.at + 1));
        if self.mode == Mode::Plain || !is_word || small || !glue {
            return false;
        }
        let after = self.past_noise(self.at + 2);
        let asked = self.draft.store;
        let field = self
            .names_at(after)
            .iter()
            .find_map(|name| match name.named {
                Named::Field(place)
                    if Some(place.store) == asked && self.kind(place) == Some(FieldKind::Text) =>
                {
                    Some((place, name.length))
                }
                _ => None,
            });
        let long = |place: Place| {
            self.schema
                .field(place)
                .is_some_and(|field| field.values.is_empty())
        };
        let Some((place, length)) = field.filter(|(place, _)| long(*place)) else {
            return false;
        };
        let text = self.text(self.at, 1);
        self.at = after + length;
        self.negated |= self.mode == Mode::Without;
        self.push(place, Test::Contains(text));
        true
    }

    /// Text as it stands, up to the next small word.
    pub(super) fn free_text(&mut self) -> String {
        if let Some(token) = self
            .token(self.at)
            .filter(|token| token.form == Form::Quoted)
        {
            let text = token.text.clone();
            self.at += 1;
            return text;
        }
        let start = self.at;
        while self.at < self.tokens.len() {
            let structural = self.concept(self.at).is_some_and(|(concept, _)| {
                !matches!(
                    concept,
                    Concept::Noise
                        | Concept::Trade
                        | Concept::Money
                        | Concept::Units
                        | Concept::Show
                ) && self.at > start
            });
            if structural {
                break;
            }
            self.at += 1;
        }
        self.text(start, self.at - start)
    }

    pub(super) fn value_noun(&mut self, place: Place, at: usize, found: &Match) -> bool {
        self.at += found.length;
        if self.kind(place) == Some(FieldKind::List) {
            let value = self
                .schema
                .field(place)
                .and_then(|field| field.values.get(at))
                .cloned();
            self.push(place, Test::Contains(value.unwrap_or_default()));
            return true;
        }
        if self.mode == Mode::Without {
            self.negated = true;
        }
        self.value_or_more(place, at);
        // "Music category", "Jazz genre": what was named is said again.
        let again = self.past_noise(self.at);
        let repeats = self.names_at(again).iter().find(|name| match name.named {
            Named::Field(there) => there == place,
            Named::Store(store) => store == place.store && Some(store) != self.draft.store,
            _ => false,
        });
        if let Some(length) = repeats.map(|name| name.length) {
            self.at = again + length;
        }
        true
    }

    /// A value of a field, and those that follow with "or".
    pub(super) fn value_or_more(&mut self, place: Place, at: usize) {
        let values = |field: Option<&Field>, at: usize| {
            field.and_then(|field| field.values.get(at)).cloned()
        };
        let mut found: Vec<Value> = values(self.schema.field(place), at)
            .map(Value::Text)
            .into_iter()
            .collect();
        loop {
            let mut next = self.at;
            let mut or = false;
            while let Some((
                concept @ (Concept::Or | Concept::And | Concept::In | Concept::Noise),
                length,
            )) = self.concept(next)
            {
                or |= concept == Concept::Or;
                next += length;
            }
            if next == self.at {
                break;
            }
            let same = self
                .names_at(next)
                .iter()
                .find_map(|name| match name.named {
                    Named::Value(there, at) if there == place => Some((at, name.length)),
                    _ => None,
                });
            if let Some((at, length)) = same {
                found.extend(values(self.schema.field(place), at).map(Value::Text));
                self.at = next + length;
            } else if or
                && self.concept(next).is_none()
                && self.best_name(next).is_none()
                && self.token(next).is_some()
            {
                // A value that no item has: it is said by its place beside one that some have.
                self.at = next;
                let text = self.free_text();
                found.push(Value::Text(text));
                self.doubt(0.85);
            } else {
                break;
            }
        }
        if self.kind(place) == Some(FieldKind::List) {
            for value in found {
                if let Value::Text(text) = value {
                    self.push(place, Test::Contains(text));
                }
            }
            return;
        }
        let test = match found.as_slice() {
            [one] => Test::Compare(Comparison::Eq, one.clone()),
            _ => Test::In(found),
        };
        self.push(place, test);
        self.prefix.clear();
    }
}
