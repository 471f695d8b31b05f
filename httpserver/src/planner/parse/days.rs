//! Days: which field of days is meant, and periods as they are said.

use super::{
    Attribute, Comparison, Concept, Condition, FieldKind, Parser, Place, Test, dates, words,
};
use crate::planner::dates::Period;

impl Parser<'_> {
    /// The field of days that is meant when none is named.
    pub(super) fn default_date(&mut self) -> Option<Place> {
        if let Some(place) = self.draft.date {
            return Some(place);
        }
        let figure = self
            .draft
            .aggregates
            .first()
            .map(|aggregate| aggregate.of.store());
        let last = match self.draft.conditions.last() {
            Some(Condition::Related {
                store,
                negated: true,
                ..
            }) => Some(*store),
            _ => None,
        };
        if let Some(place) = [figure, last]
            .into_iter()
            .flatten()
            .find_map(|store| self.date_of(store))
        {
            return Some(place);
        }
        let asked = self.near.or(self.draft.store)?;
        if let Some(place) = self.date_of(asked) {
            return Some(place);
        }
        let trade = self.trade_stores();
        let mut stores: Vec<(usize, bool, usize)> = (0..self.schema.stores.len())
            .filter_map(|store| {
                Some((self.distance(asked, store)?, !trade.contains(&store), store))
            })
            .collect();
        stores.sort_unstable();
        let found = stores
            .into_iter()
            .find_map(|(steps, _, store)| self.date_of(store).map(|place| (steps, place)));
        let (steps, place) = found?;
        self.doubt(if steps > 1 { 0.85 } else { 0.92 });
        Some(place)
    }

    pub(super) fn date_of(&self, store: usize) -> Option<Place> {
        let birth = Attribute::Birth.words();
        let dates: Vec<Place> = self
            .schema
            .places_of(store)
            .filter(|place| self.kind(*place) == Some(FieldKind::Date))
            .filter(|place| {
                !words::of_name(self.schema.field_name(*place))
                    .iter()
                    .any(|word| birth.contains(&word.as_str()))
            })
            .collect();
        let named = self
            .attribute_field(store, Attribute::Date)
            .map(|(_, place)| place);
        named
            .filter(|place| dates.contains(place))
            .or_else(|| dates.first().copied())
    }

    /// A test of a field of days that stands after it.
    pub(super) fn date_test(&mut self, place: Place) -> bool {
        let before = self.at;
        if let Some(test) = self.days(true) {
            self.push(place, test);
            return true;
        }
        self.at = before;
        false
    }

    /// A period without a field before it.
    pub(super) fn period(&mut self) -> bool {
        let before = self.at;
        let Some(test) = self.days(false) else {
            self.at = before;
            return false;
        };
        if let Some(place) = self.default_date() {
            self.push(place, test);
            return true;
        }
        self.at = before;
        false
    }

    /// Days as they are said: "since March", "between May and June", "last week". Bare years are taken where `field` says that
    /// days are expected, or after a word that says so.
    pub(super) fn days(&mut self, field: bool) -> Option<Test> {
        let day = |day: dates::Day| Some(day.to_string());
        let (concept, length) = match self.concept(self.at) {
            Some((concept, length)) => (Some(concept), length),
            None => (None, 0),
        };
        let at = self.at + length;
        let one = |parser: &mut Self, at: usize, years: bool| -> Option<Period> {
            let (period, length) = dates::period(&parser.tokens, at, parser.today, years)?;
            parser.at = at + length;
            Some(period)
        };
        let found = match concept {
            Some(Concept::Since | Concept::Compare(Comparison::Ge)) => {
                let period = one(self, at, true)?;
                Some(Test::Days(day(period.from), None))
            }
            Some(Concept::Before | Concept::Compare(Comparison::Lt)) => {
                if let Some((back, length)) = self.age(at) {
                    self.at = at + length;
                    return Some(Test::Days(None, day(back)));
                }
                let period = one(self, at, true)?;
                Some(Test::Days(None, day(period.from)))
            }
            Some(Concept::After | Concept::Compare(Comparison::Gt)) => {
                if let Some((back, length)) = self.age(at) {
                    self.at = at + length;
                    return Some(Test::Days(day(back), None));
                }
                let period = one(self, at, true)?;
                Some(Test::Days(day(period.to), None))
            }
            Some(Concept::Until | Concept::Compare(Comparison::Le)) => {
                let period = one(self, at, true)?;
                Some(Test::Days(None, day(period.to)))
            }
            Some(Concept::Between) => self.two_periods(at),
            Some(Concept::In) if self.lower(self.at) == "from" => {
                self.two_periods(at).or_else(|| {
                    let period = one(self, at, true)?;
                    Some(Test::Days(day(period.from), day(period.to)))
                })
            }
            Some(
                Concept::In
                | Concept::On
                | Concept::Of
                | Concept::For
                | Concept::Instead
                | Concept::Compare(Comparison::Eq)
                | Concept::Is
                | Concept::By,
            ) => {
                let replacing = concept == Some(Concept::Instead);
                let period = one(self, at, true)?;
                self.draft.replaces |= replacing;
                Some(Test::Days(day(period.from), day(period.to)))
            }
            _ => None,
        };
        found.or_else(|| self.bare_days(field))
    }

    pub(super) fn bare_days(&mut self, field: bool) -> Option<Test> {
        let (period, length) = dates::period(&self.tokens, self.at, self.today, field)?;
        self.at += length;
        Some(Test::Days(
            Some(period.from.to_string()),
            Some(period.to.to_string()),
        ))
    }

    /// "30 days", as in "older than 30 days": the day that was so long ago.
    pub(super) fn age(&self, at: usize) -> Option<(dates::Day, usize)> {
        let count = self
            .token(at)?
            .number()
            .filter(|count| count.fract() == 0.0 && *count < 10_000.0)?;
        let unit = self.time_unit(at + 1)?;
        let ago = usize::from(self.lower(at + 2) == "ago");
        Some((self.today.plus(-(count as i64), unit), 2 + ago))
    }

    /// "May and June 2024": the first takes its year from the second.
    pub(super) fn two_periods(&mut self, at: usize) -> Option<Test> {
        let (mut first, length) = dates::period(&self.tokens, at, self.today, true)?;
        let glue = at + length;
        if !["and", "to", "until", "till", "-", "through"].contains(&self.lower(glue)) {
            return None;
        }
        let (second, last) = dates::period(&self.tokens, glue + 1, self.today, true)?;
        let named_year = self
            .tokens
            .get(at..glue)?
            .iter()
            .any(|token| token.year().is_some());
        if !named_year {
            while first.from > second.from {
                first.from = first.from.plus(-1, dates::Unit::Year);
            }
            let months = first.from.plus(12, dates::Unit::Month);
            if months <= second.from {
                let mut from = first.from;
                while from.plus(12, dates::Unit::Month) <= second.from {
                    from = from.plus(1, dates::Unit::Year);
                }
                first.from = from;
            }
        }
        if first.from > second.from {
            return None;
        }
        self.at = glue + 1 + last;
        Some(Test::Days(
            Some(first.from.to_string()),
            Some(second.to.to_string()),
        ))
    }
}
