//! Figures: how many, sums and other functions, money and pieces, and conditions on them.

use super::{
    Aggregate, Concept, Condition, FieldKind, Form, Function, Group, Mode, Named, Parser, Place,
    Value, words,
};
use crate::planner::lexicon;
use crate::planner::lexicon::UNITS;
use crate::planner::model::Measure;

impl Parser<'_> {
    pub(super) fn count(&mut self) -> bool {
        if !self.draft.functions.is_empty() {
            self.draft.missing = Some("how figures of figures are meant".to_owned());
        }
        self.skip_noise();
        let distinct = self.take(Concept::Distinct);
        self.skip_noise();
        let found = self
            .names_at(self.at)
            .iter()
            .find_map(|name| match name.named {
                Named::Field(place)
                    if name.score > 0.8 && self.kind(place) != Some(FieldKind::Bool) =>
                {
                    Some((place, name.length))
                }
                _ => None,
            });
        let named = self
            .names_at(self.at)
            .iter()
            .find_map(|name| match name.named {
                Named::Store(store) if name.score >= 0.9 => Some((store, name.length)),
                _ => None,
            });
        let store = named.is_some();
        if let Some((other, length)) = named
            && self.draft.replaces
            && self.draft.store != Some(other)
        {
            // "how many orders do they have": those of what was asked last.
            self.at += length;
            self.draft.aggregates.push(Aggregate {
                function: Function::Count,
                of: Measure::Items(other),
            });
            self.near = Some(other);
            return true;
        }
        match found.filter(|_| distinct || !store) {
            Some(_) if distinct || self.plural_here() => {
                let (place, length) = self
                    .best_field()
                    .unwrap_or((Place { store: 0, field: 0 }, 0));
                if length == 0 {
                    return false;
                }
                self.at += length;
                self.draft.aggregates.push(Aggregate {
                    function: Function::Count,
                    of: Measure::Field(place, true),
                });
            }
            _ => self.draft.counting = true,
        }
        true
    }

    pub(super) fn plural_here(&self) -> bool {
        self.token(self.at)
            .is_some_and(|token| token.stem != token.lower)
    }

    /// The field named here that fits best.
    pub(super) fn best_field(&mut self) -> Option<(Place, usize)> {
        let asked = self.draft.store;
        let mut best: Option<(f32, Place, usize)> = None;
        for name in self.names_at(self.at) {
            if let Named::Field(place) = name.named {
                let steps = asked.map_or(Some(0), |asked| self.distance(asked, place.store));
                let near = match steps {
                    None => continue,
                    Some(steps) => 0.2 - 0.08 * steps as f32,
                };
                let wants_number = !self.draft.functions.is_empty() && self.is_number(place);
                let score = name.score
                    + near
                    + 0.12 * name.length as f32
                    + if wants_number { 0.3 } else { 0.0 };
                if best.is_none_or(|(other, ..)| score > other) {
                    best = Some((score, place, name.length));
                }
            }
        }
        best.map(|(_, place, length)| (place, length))
    }

    /// "total": the sum of what follows; or the field of that name.
    pub(super) fn total(&mut self) -> bool {
        let at = self.past_noise(self.at);
        let of_number = self
            .names_at(at)
            .iter()
            .any(|name| matches!(name.named, Named::Field(place) if self.is_number(place)));
        let sum_follows =
            of_number || matches!(self.concept(at), Some((Concept::Money | Concept::Units, _)));
        let before = self.at - 1;
        let field = self.names_at(before).iter().any(|name| {
            matches!(name.named, Named::Field(place) if self.is_number(place)) && name.score > 0.9
        });
        let expects = !self.draft.functions.is_empty()
            || self.mode != Mode::Plain
            || before.checked_sub(1).is_some_and(|b| {
                self.best_name(b)
                    .is_some_and(|n| matches!(n.named, Named::Store(_)))
            });
        if sum_follows && !(expects && field) {
            self.draft.functions.push(Function::Sum);
            return true;
        }
        if field {
            let of = self.take(Concept::Of);
            if of && !expects {
                let whole =
                    self.is(self.at, Concept::Noise).is_some() || self.best_name(self.at).is_some();
                self.at = before;
                if whole {
                    self.draft.functions.push(Function::Sum);
                }
            }
            self.at = before;
            return self.noun();
        }
        self.draft.summing = true;
        true
    }

    pub(super) fn aggregate_of(&mut self, place: Place) {
        let functions = std::mem::take(&mut self.draft.functions);
        for function in &functions {
            self.draft.aggregates.push(Aggregate {
                function: *function,
                of: Measure::Field(place, false),
            });
        }
        self.having_after();
        // "average price and weight".
        let next = self
            .is(self.at, Concept::And)
            .map(|length| self.at + length);
        let more = next.and_then(|next| {
            let of_number = self
                .names_at(next)
                .iter()
                .find_map(|name| match name.named {
                    Named::Field(other) if other.store == place.store && self.is_number(other) => {
                        Some((other, name.length))
                    }
                    _ => None,
                });
            of_number.map(|(other, length)| (other, next + length))
        });
        if let Some((other, end)) = more {
            self.at = end;
            self.draft.functions = functions;
            self.aggregate_of(other);
        }
    }

    /// "with an average rating above 4", "spent more than 40": a condition on the figure of each.
    pub(super) fn having_after(&mut self) {
        let Some((Concept::Compare(comparison), length)) = self.concept(self.at) else {
            return;
        };
        let (Some(of), Some(store)) = (self.draft.aggregates.last().copied(), self.draft.store)
        else {
            return;
        };
        let before = self.at;
        self.at += length;
        let Some(number) = self.number_here() else {
            self.at = before;
            return;
        };
        self.at += 1;
        if lexicon::measure(self.lower(self.at)).is_some() {
            self.at += 1;
        }
        self.mode = Mode::Plain;
        self.draft
            .having
            .push((of, comparison, Value::number(number)));
        if self.draft.groups.is_empty() {
            let fields = std::mem::take(&mut self.draft.fields);
            self.draft
                .groups
                .extend(fields.into_iter().map(Group::Field));
        }
        if self.draft.groups.is_empty() {
            if of.of.store() == store {
                self.draft.missing = Some("of what each the figure is".to_owned());
            }
            self.draft.groups.push(Self::store_group(store));
        }
    }

    /// An aggregate that is named: "number of orders", "total spent", "average price".
    pub(super) fn measure(&mut self) -> Option<Aggregate> {
        let mut function = None;
        let mut counting = false;
        loop {
            match self.concept(self.at) {
                Some((Concept::Aggregate(f), length)) => {
                    function = Some(f);
                    self.at += length;
                }
                Some((Concept::Total, length)) if !self.ends_at(self.at + length) => {
                    function = Some(Function::Sum);
                    self.at += length;
                }
                Some((Concept::Count, length)) => {
                    counting = true;
                    self.at += length;
                }
                Some((Concept::Noise | Concept::Of, length)) if function.is_some() || counting => {
                    self.at += length;
                }
                _ => break,
            }
        }
        if self.take(Concept::Money) {
            return self.money_aggregate(function.unwrap_or(Function::Sum));
        }
        if self.take(Concept::Units) {
            return self.units_aggregate();
        }
        if counting {
            let store = self
                .names_at(self.at)
                .iter()
                .find_map(|name| match name.named {
                    Named::Store(store) => Some((store, name.length)),
                    _ => None,
                });
            let (store, length) = store?;
            self.at += length;
            let of = Measure::Items(store);
            return Some(Aggregate {
                function: Function::Count,
                of,
            });
        }
        let function = function?;
        let (place, length) = self.best_field()?;
        self.at += length;
        let of = Measure::Field(place, false);
        Some(Aggregate { function, of })
    }

    /// Whether the question, or what is sorted by, ends at a place.
    pub(super) fn ends_at(&self, at: usize) -> bool {
        self.token(at).is_none_or(|token| token.form == Form::Sign)
            || matches!(
                self.concept(at),
                Some((
                    Concept::Descending
                        | Concept::Ascending
                        | Concept::Limit
                        | Concept::And
                        | Concept::In,
                    _
                ))
            )
    }

    pub(super) fn money_aggregate(&mut self, function: Function) -> Option<Aggregate> {
        let asked = self.draft.store?;
        let mut stores: Vec<(usize, usize)> = (0..self.schema.stores.len())
            .filter(|store| self.money_field(*store).is_some())
            .filter_map(|store| Some((self.distance(asked, store)?, store)))
            .collect();
        stores.sort_unstable();
        let (_, store) = stores.first()?;
        let place = self.money_field(*store)?;
        self.draft.money = true;
        let of = Measure::Field(place, false);
        Some(Aggregate { function, of })
    }

    pub(super) fn units_aggregate(&self) -> Option<Aggregate> {
        let asked = self.draft.store?;
        let mut found: Vec<(usize, Place)> = self
            .schema
            .places()
            .filter(|place| self.is_number(*place))
            .filter(|place| {
                words::of_name(self.schema.field_name(*place))
                    .iter()
                    .any(|word| UNITS.contains(&word.as_str()))
            })
            // The price of a unit is none.
            .filter(|place| {
                let words = words::of_name(self.schema.field_name(*place));
                !words
                    .iter()
                    .any(|word| ["price", "cost"].contains(&word.as_str()))
            })
            .filter_map(|place| Some((self.distance(asked, place.store)?, place)))
            .collect();
        found.sort_unstable();
        let (_, place) = found.first()?;
        let of = Measure::Field(*place, false);
        Some(Aggregate {
            function: Function::Sum,
            of,
        })
    }

    pub(super) fn money(&mut self) -> bool {
        let functions = std::mem::take(&mut self.draft.functions);
        let functions = if functions.is_empty() {
            vec![Function::Sum]
        } else {
            functions
        };
        for function in functions {
            match self.money_aggregate(function) {
                Some(aggregate) if self.draft.aggregates.contains(&aggregate) => {}
                Some(aggregate) => self.draft.aggregates.push(aggregate),
                None => return false,
            }
        }
        self.draft.summing = false;
        self.draft.money = true;
        self.having_after();
        true
    }

    pub(super) fn units(&mut self) -> bool {
        let aggregate = self.units_aggregate();
        self.draft.aggregates.extend(aggregate);
        aggregate.is_some()
    }

    /// Bought, sold: the way goes through orders and such.
    pub(super) fn trade(&mut self) -> bool {
        let stores = self.trade_stores();
        if self.lower(self.at) == "nothing" {
            self.at += 1;
            self.mode = Mode::Without;
        }
        if self.mode == Mode::Without {
            let asked = self.draft.store;
            let mut near: Vec<(usize, usize)> = stores
                .iter()
                .filter_map(|store| Some((self.distance(asked?, *store)?, *store)))
                .filter(|(steps, _)| *steps > 0)
                .collect();
            near.sort_unstable();
            let Some((_, store)) = near.first().copied() else {
                return false;
            };
            self.mode = Mode::Plain;
            self.draft.conditions.push(Condition::Related {
                store,
                conditions: Vec::new(),
                negated: true,
                count: None,
            });
            return true;
        }
        let others = self
            .mentions
            .iter()
            .any(|mention| Some(mention.store) != self.draft.store);
        if self.draft.asked_which
            && !others
            && self.at >= self.tokens.len()
            && !self.draft.conditions.is_empty()
            && self.draft.order.is_empty()
        {
            self.draft.missing =
                Some("of which store that is to be shown which was bought or sold".to_owned());
        }
        if !stores.is_empty() {
            self.draft.through.extend(stores);
            return true;
        }
        false
    }
}
