//! What rows are put together by, in which order they come, and how many of them.

use super::{
    Aggregate, Attribute, Concept, Extreme, FieldKind, Function, Group, Mode, Named, Parser,
    Sorting,
};
use crate::planner::model::Measure;
use crate::planner::paths::path;

impl Parser<'_> {
    /// "by": sorted by it, put together by it, or made by somebody.
    pub(super) fn by(&mut self) -> bool {
        self.skip_noise();
        if self.literals.iter().any(|literal| literal.start == self.at) {
            return true;
        }
        let ranks = self.draft.top
            || (self.draft.limit.is_some()
                && self.draft.extreme.is_none()
                && self.draft.groups.is_empty());
        if ranks && let Some(sorting) = self.sorting() {
            let direction = self.direction_here();
            let descending = direction.unwrap_or(self.draft.direction.unwrap_or(true));
            self.draft.order.push((sorting, descending));
            return true;
        }
        let aggregated = self.draft.counting
            || self.draft.summing
            || !self.draft.aggregates.is_empty()
            || !self.draft.functions.is_empty();
        let value = self
            .names_at(self.at)
            .iter()
            .any(|name| matches!(name.named, Named::Value(..)) && name.score >= 0.97);
        if value && !aggregated {
            return true;
        }
        let number = self
            .names_at(self.at)
            .iter()
            .find_map(|name| match name.named {
                Named::Field(place) if self.is_number(place) && name.score > 0.7 => Some(()),
                _ => None,
            });
        let store = self
            .names_at(self.at)
            .iter()
            .any(|name| matches!(name.named, Named::Store(_)) && name.score > 0.9);
        if number.is_some() && !aggregated && !store {
            return self.sort();
        }
        let followed = store && !aggregated && self.condition_after(self.at + 1);
        if followed {
            return true;
        }
        self.grouped()
    }

    /// Whether a condition begins at a place: "by users in London".
    pub(super) fn condition_after(&self, at: usize) -> bool {
        matches!(
            self.concept(at),
            Some((
                Concept::In | Concept::With | Concept::Which | Concept::Where | Concept::Named,
                _
            ))
        ) || self.token(at).is_some_and(|token| token.number().is_some())
    }

    /// Groups, with "and" between them.
    pub(super) fn grouped(&mut self) -> bool {
        let Some(group) = self.group_here() else {
            return false;
        };
        self.draft.groups.push(group);
        while let Some(length) = self.is(self.at, Concept::And) {
            let before = self.at;
            self.at += length;
            let _ = self.take(Concept::By) || self.take(Concept::Per);
            let Some(group) = self.group_here() else {
                self.at = before;
                break;
            };
            self.draft.groups.push(group);
        }
        true
    }

    pub(super) fn each(&mut self) -> bool {
        let before = self.at;
        let known = self.draft.groups.len();
        if self.grouped()
            && self
                .draft
                .groups
                .get(known)
                .is_none_or(|group| Some(*group) != self.draft.store.map(Self::store_group))
        {
            return true;
        }
        self.draft.groups.truncate(known);
        self.at = before;
        true
    }

    /// The keys after "sort by".
    pub(super) fn sort(&mut self) -> bool {
        let _ = self.take(Concept::By);
        let mut any = false;
        loop {
            self.skip_noise();
            let Some(sorting) = self.sorting() else {
                break;
            };
            let descending = self.direction_here();
            self.draft
                .order
                .push((sorting, descending.unwrap_or(false)));
            any = true;
            let Some(length) = self.is(self.at, Concept::And) else {
                break;
            };
            if !self
                .names_at(self.at + length)
                .iter()
                .any(|name| matches!(name.named, Named::Field(_)))
            {
                break;
            }
            self.at += length;
        }
        any || matches!(
            self.concept(self.at),
            Some((
                Concept::Alphabetical | Concept::Ascending | Concept::Descending,
                _
            ))
        )
    }

    pub(super) fn direction_here(&mut self) -> Option<bool> {
        let _ = self.is(self.at, Concept::And).is_none()
            && self.lower(self.at) == "in"
            && self.take(Concept::In);
        if self.take(Concept::Descending) {
            return Some(true);
        }
        self.take(Concept::Ascending).then_some(false)
    }

    pub(super) fn direct(&mut self, descending: bool) -> bool {
        match self.draft.order.last_mut() {
            Some((_, there)) => *there = descending,
            None => self.draft.direction = Some(descending),
        }
        true
    }

    /// What is sorted by: an aggregate, a field, what is shown.
    pub(super) fn sorting(&mut self) -> Option<Sorting> {
        self.skip_noise();
        let before = self.at;
        let found = self.measure().map(Sorting::Aggregate).or_else(|| {
            self.at = before;
            self.sorted_field()
        });
        if found.is_none() {
            self.at = before;
        }
        found
    }

    pub(super) fn sorted_field(&mut self) -> Option<Sorting> {
        if self.token(self.at).is_some_and(|token| {
            ["that", "it", "this", "count", "number"].contains(&token.lower.as_str())
        }) {
            self.at += 1;
            return Some(Sorting::Shown);
        }
        let store = self
            .names_at(self.at)
            .iter()
            .find_map(|name| match name.named {
                Named::Store(store) if name.score > 0.9 && self.draft.store != Some(store) => {
                    Some((store, name.length))
                }
                _ => None,
            });
        // "album title".
        let of_store = store.and_then(|(store, length)| {
            let (place, more) = self.field_of(store, self.at + length)?;
            Some((place, length + more))
        });
        if let Some((place, length)) = of_store.or_else(|| self.best_field()) {
            self.at += length;
            return Some(Sorting::Field(place));
        }
        if let Some((store, length)) = store {
            self.at += length;
            return Some(Sorting::Aggregate(Aggregate {
                function: Function::Count,
                of: Measure::Items(store),
            }));
        }
        if self.time_unit(self.at).is_some() {
            let place = self.default_date()?;
            self.at += 1;
            return Some(Sorting::Field(place));
        }
        None
    }

    pub(super) fn top(&mut self, descending: bool) -> bool {
        self.draft.top = true;
        self.draft.direction = Some(descending);
        if let Some(number) = self.row_number() {
            self.draft.limit = Some(number);
        } else if let Some(number) = self.number.take() {
            self.draft.limit = Some(number as u64);
        }
        true
    }

    pub(super) fn row_number(&mut self) -> Option<u64> {
        let number = self
            .token(self.at)?
            .number()
            .filter(|n| n.fract() == 0.0 && *n >= 1.0 && *n < 1e9)?;
        self.at += 1;
        Some(number as u64)
    }

    pub(super) fn best(&mut self) -> bool {
        self.top(true);
        true
    }

    pub(super) fn first(&mut self) -> bool {
        if self.draft.date.is_some() && self.token(self.at).is_none() {
            self.at -= 1;
            self.at += 1;
            return self.extreme(Attribute::Date, Extreme::Min);
        }
        match self
            .row_number()
            .or_else(|| self.number.take().map(|number| number as u64))
        {
            Some(number) => {
                self.draft.limit = Some(number);
                true
            }
            None => self.extreme(Attribute::Date, Extreme::Min),
        }
    }

    pub(super) fn last(&mut self) -> bool {
        if let Some(number) = self.row_number() {
            self.number = Some(number as f64);
        }
        self.extreme(Attribute::Date, Extreme::Max)
    }

    pub(super) fn limit(&mut self) -> bool {
        let _ = self.take(Concept::To);
        match self.row_number() {
            Some(number) => {
                self.draft.limit = Some(number);
                true
            }
            None => false,
        }
    }

    /// "cheapest", "the 3 longest", "lowest total".
    pub(super) fn extreme(&mut self, attribute: Attribute, extreme: Extreme) -> bool {
        let mut number = self.number.take();
        if let Some(after) = self.row_number() {
            number = Some(after as f64);
        }
        if number.is_none() && self.lower(self.at) == "first" {
            // "newest first": only the order.
            self.at += 1;
            self.draft.extreme = Some((attribute, extreme));
            return true;
        }
        // "smallest and largest total" are two functions of one field.
        if let Some(length) = self.is(self.at, Concept::And)
            && let Some((Concept::Extreme(..) | Concept::Aggregate(_), _)) =
                self.concept(self.past_noise(self.at + length))
        {
            self.draft.functions.push(function(extreme));
            self.at += length;
            return true;
        }
        let with = self.mode != Mode::Plain;
        let mut at = self.past_noise(self.at);
        let store = self
            .names_at(at)
            .iter()
            .find(|name| matches!(name.named, Named::Store(_)) && name.score >= 0.9)
            .map(|name| name.length);
        at = self.past_noise(at + store.unwrap_or(0));
        let field = self.names_at(at).iter().any(|name| matches!(name.named, Named::Field(place) if self.is_number(place) || self.kind(place) == Some(FieldKind::Date)) && name.score > 0.75);
        if field && number.is_none() && !with && !(store.is_some() && self.plural_at(at)) {
            self.draft.functions.push(function(extreme));
            return true;
        }
        if let (true, None) = (field, store) {
            self.skip_noise();
            if let Some((place, length)) = self.best_field() {
                self.at += length;
                self.draft
                    .order
                    .push((Sorting::Field(place), extreme == Extreme::Max));
                self.set_limit(number);
                return true;
            }
        }
        self.draft.extreme = Some((attribute, extreme));
        self.set_limit(number);
        true
    }

    pub(super) fn plural_at(&self, at: usize) -> bool {
        self.token(at)
            .is_some_and(|token| token.stem != token.lower)
    }

    /// So many rows; one where one is asked for; a page where nobody says how many.
    pub(super) fn set_limit(&mut self, number: Option<f64>) {
        self.mode = Mode::Plain;
        if let Some(number) = number {
            self.draft.limit = Some(number as u64);
            return;
        }
        if self.draft.limit.is_some() {
            return;
        }
        let keeps = self.previous.and_then(|previous| previous.limit);
        if self.draft.replaces && keeps.is_some() {
            return;
        }
        let many = self.mentions.iter().any(|mention| {
            Some(mention.store) == self.draft.store
                && mention.at >= self.at
                && self.plural_at(mention.at + mention.length - 1)
        });
        self.draft.limit = Some(if many { 10 } else { 1 });
        if many {
            self.doubt(0.9);
        }
    }

    /// "most orders", "most money", "most helpful".
    pub(super) fn most(&mut self, largest: bool) -> bool {
        let mut number = self.number.take();
        self.skip_noise();
        let before = self.at;
        // "users with the most orders" are several.
        let several = self.mentions.iter().any(|mention| {
            Some(mention.store) == self.draft.store
                && !mention.verb
                && mention.at < before
                && self.plural_at(mention.at + mention.length - 1)
        });
        let open = number.is_none() && self.draft.limit.is_none() && !self.draft.replaces;
        if several && open {
            number = Some(10.0);
            self.doubt(0.9);
        }
        let aggregate = if self.take(Concept::Money) {
            self.money_aggregate(Function::Sum)
        } else if self.take(Concept::Units) {
            self.units_aggregate()
        } else {
            None
        };
        let aggregate = aggregate.or_else(|| {
            self.at = before;
            let store = self
                .names_at(before)
                .iter()
                .find_map(|name| match name.named {
                    Named::Store(store) if name.score >= 0.7 => Some((store, name.length)),
                    _ => None,
                });
            let (store, length) = store?;
            self.at = before + length;
            let of = Measure::Items(store);
            Some(Aggregate {
                function: Function::Count,
                of,
            })
        });
        self.mode = Mode::Plain;
        if let Some(aggregate) = aggregate {
            self.draft
                .order
                .push((Sorting::Aggregate(aggregate), largest));
            self.draft.by_store = true;
            self.set_limit(number);
            return true;
        }
        let field = self.best_field().filter(|(place, _)| {
            self.is_number(*place) || self.kind(*place) == Some(FieldKind::Date)
        });
        if let Some((place, length)) = field {
            self.at += length;
            self.draft.order.push((Sorting::Field(place), largest));
            self.set_limit(number);
            return true;
        }
        // "the most sold article", "sold the most": by the pieces of it; "spent the most": by that.
        let ends = self.ends_at(self.at);
        let spent = (ends && self.draft.money)
            .then(|| self.draft.aggregates.pop())
            .flatten();
        let traded = self.take(Concept::Trade) || (ends && !self.draft.through.is_empty());
        let by = spent.or_else(|| self.units_aggregate().filter(|_| traded));
        let Some(by) = by else {
            return false;
        };
        self.of_person();
        self.draft.order.push((Sorting::Aggregate(by), largest));
        self.draft.by_store = true;
        self.set_limit(number);
        true
    }

    /// "who spent the most": people are asked for, whatever their figures are of.
    fn of_person(&mut self) {
        let asks = matches!(self.concept(self.past_noise(0)), Some((Concept::Who, _)));
        let Some(asked) = self
            .draft
            .store
            .filter(|asked| asks && !self.is_person(*asked))
        else {
            return;
        };
        let people = (0..self.schema.stores.len()).filter(|store| self.is_person(*store));
        let near = people.filter_map(|store| {
            let way = path(self.schema, asked, store, &[])?;
            way.iter()
                .all(|edge| edge.forward)
                .then_some((way.len(), store))
        });
        if let Some((_, store)) = near.min() {
            self.draft.store = Some(store);
        }
    }

    /// The group that a store makes.
    pub(super) fn store_group(store: usize) -> Group {
        Group::Store(store, None)
    }
}

fn function(extreme: Extreme) -> Function {
    match extreme {
        Extreme::Min => Function::Min,
        Extreme::Max => Function::Max,
    }
}
