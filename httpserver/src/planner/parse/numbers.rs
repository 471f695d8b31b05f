//! Numbers and days: comparisons, limits, periods.

use super::{
    Aggregate, Attribute, Comparison, Concept, Condition, FieldKind, Form, Function, Group, Mode,
    Named, Parser, Place, Test, Token, Value, words,
};
use crate::planner::lexicon;
use crate::planner::model::Measure;

impl Parser<'_> {
    /// A test of a number field that stands after it: "over 10", "between 1 and 2", "5".
    pub(super) fn number_test(&mut self, place: Place) -> bool {
        let before = self.at;
        if self.take(Concept::Between) {
            if let Some(mut test) = self.between() {
                let factor = self.skip_measure();
                if let (Test::Between(Value::Integer(low), Value::Integer(high)), true) =
                    (&test, factor > 0.0)
                {
                    let scaled =
                        |number: i64| Value::number(self.scaled(place, number as f64, factor));
                    test = Test::Between(scaled(*low), scaled(*high));
                }
                self.push(place, test);
                return true;
            }
            self.at = before;
            return false;
        }
        let comparison = match self.concept(self.at) {
            Some((Concept::Compare(comparison) | Concept::Compared(_, comparison), length)) => {
                self.at += length;
                comparison
            }
            _ => Comparison::Eq,
        };
        let number = self.number_here();
        let names_next = self.names_at(self.at + 1).iter().any(|name| matches!(name.named, Named::Field(other) if other != place && self.is_number(other)));
        let Some(number) = number.filter(|_| !(names_next && comparison == Comparison::Eq)) else {
            self.at = before;
            return false;
        };
        self.at += 1;
        let factor = self.skip_measure();
        let number = if factor > 0.0 {
            self.scaled(place, number, factor)
        } else {
            number
        };
        self.push(place, Test::Compare(comparison, Value::number(number)));
        true
    }

    /// The number that comes next, which is not taken yet; "a dollar" is one.
    pub(super) fn number_here(&mut self) -> Option<f64> {
        let one = ["a", "an"].contains(&self.lower(self.at))
            && lexicon::measure(self.lower(self.at + 1)).is_some();
        if one {
            return Some(1.0);
        }
        self.skip_noise();
        self.token(self.at)?.number()
    }

    /// Two numbers with "and" between them.
    pub(super) fn between(&mut self) -> Option<Test> {
        let low = self.token(self.at)?.number()?;
        let glue = ["and", "to", "-"].contains(&self.lower(self.at + 1));
        let high = self.token(self.at + 2).filter(|_| glue)?.number()?;
        self.at += 3;
        Some(Test::Between(Value::number(low), Value::number(high)))
    }

    /// Takes "kg", "dollars" and such; the factor that it stands for, 0 if there was none.
    pub(super) fn skip_measure(&mut self) -> f64 {
        match lexicon::measure(self.lower(self.at)) {
            Some((_, factor)) => {
                self.at += 1;
                factor
            }
            None => 0.0,
        }
    }

    /// A time in the unit of the field.
    pub(super) fn scaled(&self, place: Place, number: f64, factor: f64) -> f64 {
        if factor <= 1.0 {
            return number;
        }
        let words = words::of_name(self.schema.field_name(place));
        let has = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
        let unit = if has(&["millisecond", "ms"]) {
            1.0
        } else if has(&["minute", "min"]) {
            60_000.0
        } else if has(&["hour"]) {
            3_600_000.0
        } else {
            1_000.0
        };
        number * factor / unit
    }

    /// A comparison without a field before it: what it is of stands after the number, or goes without saying.
    pub(super) fn compare(&mut self, comparison: Comparison, attribute: Option<Attribute>) -> bool {
        let before = self.at;
        let comparison = if std::mem::take(&mut self.negated) {
            comparison.negated()
        } else {
            comparison
        };
        if let Some(place) = attribute
            .filter(|a| *a == Attribute::Date)
            .and_then(|_| self.default_date())
        {
            return self.date_test(place);
        }
        let Some(number) = self.number_here() else {
            return self.compared_value(comparison, before);
        };
        self.at += 1;
        let test = Test::Compare(comparison, Value::number(number));
        self.number_of_something(test, number, comparison, attribute)
    }

    /// "other than X": what is not to be.
    pub(super) fn compared_value(&mut self, comparison: Comparison, before: usize) -> bool {
        if comparison == Comparison::Ne {
            self.negated = true;
            return true;
        }
        self.at = before;
        false
    }

    /// Finds what a number is of: the unit or field after it, items of another store, or the usual field.
    pub(super) fn number_of_something(
        &mut self,
        test: Test,
        number: f64,
        comparison: Comparison,
        attribute: Option<Attribute>,
    ) -> bool {
        let after = self.at;
        if let Some((fields, factor)) = lexicon::measure(self.lower(after)) {
            let asked = self.draft.store;
            let place = attribute
                .and_then(|a| self.attribute_field(asked?, a))
                .map(|(_, place)| place);
            if let Some(place) = place.or_else(|| self.field_with(fields)) {
                self.at += 1;
                let number = self.scaled(place, number, factor);
                self.push(place, Test::Compare(comparison, Value::number(number)));
                return true;
            }
        }
        if attribute.is_none() {
            let mut at = self.past_noise(after);
            if matches!(self.concept(at), Some((Concept::In | Concept::Of, _))) {
                at = self.past_noise(at + 1);
            }
            let mut fields: Vec<(Place, usize)> = self
                .names_at(at)
                .iter()
                .filter_map(|name| match name.named {
                    Named::Field(place) if self.is_number(place) && self.reaches(place.store) => {
                        Some((place, name.length))
                    }
                    _ => None,
                })
                .collect();
            fields.sort_by_key(|(place, length)| {
                (
                    Some(place.store) != self.draft.store,
                    std::cmp::Reverse(*length),
                )
            });
            let field = fields.first().copied();
            let store = self.names_at(at).iter().find_map(|name| match name.named {
                Named::Store(store)
                    if Some(store) != self.draft.store || !self.draft.fields.is_empty() =>
                {
                    Some((store, name.length))
                }
                _ => None,
            });
            let field_wins = match (field, store) {
                (Some((place, _)), Some((store, _))) => {
                    place.store == store || self.draft.store == Some(place.store)
                }
                (Some(_), None) => true,
                _ => false,
            };
            if let (Some((place, length)), true) = (field, field_wins) {
                self.at = at + length;
                self.push(place, test);
                return true;
            }
            if let Some((store, length)) = store {
                self.at = at + length;
                return self.so_many(store, comparison, number);
            }
        }
        let place = match attribute {
            Some(attribute) => self
                .draft
                .store
                .and_then(|store| self.attribute_field(store, attribute))
                .map(|(_, place)| place),
            None => self.usual_measure(),
        };
        if let Some(place) = place {
            self.push(place, test);
        } else {
            self.draft.missing = Some(format!("which field is compared with {number}"));
        }
        true
    }

    pub(super) fn reaches(&self, store: usize) -> bool {
        self.draft
            .store
            .is_none_or(|asked| self.distance(asked, store).is_some_and(|steps| steps <= 1))
    }

    /// "with more than 3 orders".
    pub(super) fn so_many(&mut self, store: usize, comparison: Comparison, number: f64) -> bool {
        self.mode = Mode::Plain;
        if self.draft.store == Some(store) || !self.draft.fields.is_empty() {
            // "countries with more than 4 customers".
            let places = std::mem::take(&mut self.draft.fields);
            self.draft
                .groups
                .extend(places.into_iter().map(Group::Field));
            let of = Aggregate {
                function: Function::Count,
                of: Measure::Items(store),
            };
            self.draft.aggregates.push(of);
            self.draft
                .having
                .push((of, comparison, Value::number(number)));
            return true;
        }
        self.draft.conditions.push(Condition::Related {
            store,
            conditions: Vec::new(),
            negated: false,
            count: Some((comparison, number as i64)),
        });
        true
    }

    /// A number by itself: so many rows, a value of the field after it, or the key of the store before it.
    pub(super) fn counted(&mut self) -> bool {
        let Some(number) = self.token(self.at).and_then(Token::number) else {
            return false;
        };
        if self.bare_year() {
            return true;
        }
        let after = self.past_noise(self.at + 1);
        let hyphen = self
            .token(self.at)
            .is_some_and(|token| token.form == Form::Word);
        let field = self
            .names_at(after)
            .iter()
            .find_map(|name| match name.named {
                Named::Field(place) if self.is_number(place) && self.nearness_ok(place) => {
                    Some((place, name.length))
                }
                _ => None,
            });
        let superlative = matches!(
            self.concept(after),
            Some((
                Concept::Extreme(..)
                    | Concept::Best
                    | Concept::Most
                    | Concept::Least
                    | Concept::Last
                    | Concept::First
                    | Concept::Top,
                _
            ))
        );
        if superlative {
            self.number = Some(number);
            self.at += 1;
            return true;
        }
        if let Some((place, length)) = field.filter(|_| !hyphen || number > 0.0) {
            self.at = after + length;
            self.push(place, Test::Compare(Comparison::Eq, Value::number(number)));
            return true;
        }
        if number.fract() != 0.0 || number < 1.0 || self.draft.limit.is_some() {
            return false;
        }
        self.at += 1;
        self.draft.limit = Some(number as u64);
        true
    }

    /// A year by itself, where no store follows that there could be so many of.
    pub(super) fn bare_year(&mut self) -> bool {
        let counts = self
            .mentions
            .iter()
            .any(|mention| mention.at > self.at && mention.at <= self.at + 2);
        if counts || self.token(self.at).and_then(Token::year).is_none() {
            return false;
        }
        let (Some(test), Some(place)) = (self.bare_days(true), self.default_date()) else {
            return false;
        };
        self.doubt(0.9);
        self.push(place, test);
        true
    }

    pub(super) fn nearness_ok(&self, place: Place) -> bool {
        self.draft.store == Some(place.store) || self.near == Some(place.store)
    }

    /// The field of the store that is asked for that has one of these words in its name.
    pub(super) fn field_with(&self, fields: &[&str]) -> Option<Place> {
        let store = self.near.or(self.draft.store)?;
        fields.iter().find_map(|word| {
            let mut places = self
                .schema
                .places_of(store)
                .filter(|place| self.is_number(*place));
            places.find(|place| {
                words::of_name(self.schema.field_name(*place))
                    .iter()
                    .any(|there| there == word)
            })
        })
    }

    /// The field that a number is compared with when nobody says which: money, if there is one such field.
    pub(super) fn usual_measure(&mut self) -> Option<Place> {
        let near = self.near.or(self.draft.store)?;
        let words = [
            "total", "amount", "price", "cost", "value", "salary", "score", "rating", "star",
        ];
        let found = self.field_with(&words)?;
        let numbers = self
            .schema
            .places_of(near)
            .filter(|place| self.is_number(*place) && !self.schema.is_key(*place))
            .count();
        self.doubt(if numbers > 1 { 0.88 } else { 0.97 });
        Some(found)
    }

    /// The field of a store that an attribute is about, and how far down in the list of its words it was found.
    pub(super) fn attribute_field(
        &self,
        store: usize,
        attribute: Attribute,
    ) -> Option<(usize, Place)> {
        let dates = matches!(attribute, Attribute::Date | Attribute::Birth);
        let fits = |place: &Place| {
            if dates {
                self.kind(*place) == Some(FieldKind::Date)
            } else {
                self.is_number(*place)
            }
        };
        let places: Vec<Place> = self.schema.places_of(store).filter(fits).collect();
        attribute
            .words()
            .iter()
            .enumerate()
            .find_map(|(rank, word)| {
                let has = |place: &&Place| {
                    words::of_name(self.schema.field_name(**place))
                        .iter()
                        .any(|there| there == word || words::root(there) == words::root(word))
                };
                places.iter().find(has).map(|place| (rank, *place))
            })
    }
}
