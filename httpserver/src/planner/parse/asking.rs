//! Phrases: what is asked for, in which order, how much of it, put together by what.

use super::{
    Aggregate, Attribute, Beside, Comparison, Concept, Condition, Extreme, FieldKind, Form,
    Function, Group, Mode, Named, Parser, Place, Sorting, Test, Value, words,
};
use crate::planner::lexicon::UNITS;
use crate::planner::model::Measure;
use crate::planner::paths::labels;

impl Parser<'_> {
    /// Takes the phrase at this place.
    pub(super) fn phrase(&mut self) -> bool {
        let Some((concept, length)) = self.concept(self.at) else {
            return false;
        };
        let start = self.at;
        self.at += length;
        match concept {
            Concept::Noise => {
                // "with the", "with a": which of them matters.
                if let Mode::With { article, definite } = self.mode {
                    let word = self.lower(start);
                    self.mode = Mode::With {
                        article: article || ["a", "an", "any", "some"].contains(&word),
                        definite: definite || ["the", "their"].contains(&word),
                    };
                }
                true
            }
            Concept::Show
            | Concept::And
            | Concept::Pronoun
            | Concept::Who
            | Concept::That
            | Concept::Is => true,
            Concept::Anything => true,
            Concept::Which => {
                self.draft.asked_which |= self.draft.fields.is_empty();
                true
            }
            Concept::Of | Concept::To | Concept::On | Concept::For => true,
            Concept::In | Concept::Where => {
                self.mode = Mode::Plain;
                true
            }
            Concept::Or => !self.draft.conditions.is_empty() && self.or(),
            Concept::Count => self.count(),
            Concept::HowMuch => self.how_much(),
            Concept::Aggregate(function) => {
                self.draft.functions.push(function);
                true
            }
            Concept::Total => self.total(),
            Concept::Altogether => {
                self.draft.summing = true;
                true
            }
            Concept::By => self.by(),
            Concept::Per => self.grouped(),
            Concept::Each => self.each(),
            Concept::Sort => self.sort(),
            Concept::Alphabetical => {
                self.draft.alphabetical = true;
                true
            }
            Concept::Ascending => self.direct(false),
            Concept::Descending => self.direct(true),
            Concept::Top => self.top(true),
            Concept::Bottom => self.top(false),
            Concept::Best => self.best(),
            Concept::First => self.first(),
            Concept::Last => self.last(),
            Concept::Limit => self.limit(),
            Concept::Extreme(attribute, extreme) => self.extreme(attribute, extreme),
            Concept::Most => self.most(true),
            Concept::Least => self.most(false),
            Concept::Compared(attribute, comparison) => self.compare(comparison, Some(attribute)),
            Concept::Attribute(attribute) => self.attribute(attribute),
            Concept::Compare(comparison) => {
                let attribute = self.attribute.take();
                self.compare(comparison, attribute)
            }
            Concept::Between => self.between_numbers(),
            Concept::Not => {
                self.negated = !self.negated;
                true
            }
            Concept::Without => {
                self.mode = Mode::Without;
                true
            }
            Concept::With => {
                self.mode = Mode::With {
                    article: false,
                    definite: false,
                };
                true
            }
            Concept::Contains | Concept::Starts | Concept::Ends => self.of_label(concept),
            Concept::Named => self.named(),
            Concept::Missing
            | Concept::Present
            | Concept::Since
            | Concept::Before
            | Concept::After
            | Concept::Until => false,
            Concept::Distinct => {
                self.draft.distinct = true;
                true
            }
            Concept::Only => true,
            Concept::Instead => {
                self.draft.replaces = true;
                true
            }
            Concept::Their => self.their(),
            Concept::Money => self.money(),
            Concept::Units => self.units(),
            Concept::Trade => self.trade(),
        }
    }

    /// "or" between conditions that are not values of one field is not understood.
    fn or(&mut self) -> bool {
        self.or = true;
        true
    }

    fn count(&mut self) -> bool {
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
        let store = self
            .names_at(self.at)
            .iter()
            .any(|name| matches!(name.named, Named::Store(_)) && name.score >= 0.9);
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

    fn plural_here(&self) -> bool {
        self.token(self.at)
            .is_some_and(|token| token.stem != token.lower)
    }

    /// The field named here that fits best.
    fn best_field(&mut self) -> Option<(Place, usize)> {
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

    fn how_much(&mut self) -> bool {
        let at = self.past_noise(self.at);
        let price = (at..self.tokens.len()).any(|at| {
            matches!(
                self.concept(at),
                Some((Concept::Attribute(Attribute::Price), _))
            )
        });
        if !price {
            self.draft.summing = true;
        }
        true
    }

    /// "total": the sum of what follows; or the field of that name.
    fn total(&mut self) -> bool {
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
    fn having_after(&mut self) {
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
        if crate::planner::lexicon::measure(self.lower(self.at)).is_some() {
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

    /// "by": sorted by it, put together by it, or made by somebody.
    fn by(&mut self) -> bool {
        self.skip_noise();
        if self.literals.iter().any(|literal| literal.start == self.at) {
            return true;
        }
        if self.draft.top
            || self.draft.limit.is_some()
                && self.draft.extreme.is_none()
                && self.draft.groups.is_empty()
        {
            if let Some(sorting) = self.sorting() {
                let descending = self
                    .direction_here()
                    .unwrap_or(self.draft.direction.unwrap_or(true));
                self.draft.order.push((sorting, descending));
                return true;
            }
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
    fn condition_after(&self, at: usize) -> bool {
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

    fn each(&mut self) -> bool {
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

    fn direction_here(&mut self) -> Option<bool> {
        let _ = self.is(self.at, Concept::And).is_none()
            && self.lower(self.at) == "in"
            && self.take(Concept::In);
        if self.take(Concept::Descending) {
            return Some(true);
        }
        self.take(Concept::Ascending).then_some(false)
    }

    fn direct(&mut self, descending: bool) -> bool {
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

    fn sorted_field(&mut self) -> Option<Sorting> {
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
        if let Some((place, length)) = self.best_field() {
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

    /// An aggregate that is named: "number of orders", "total spent", "average price".
    fn measure(&mut self) -> Option<Aggregate> {
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
                    self.at += length
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
    fn ends_at(&self, at: usize) -> bool {
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

    fn top(&mut self, descending: bool) -> bool {
        self.draft.top = true;
        self.draft.direction = Some(descending);
        if let Some(number) = self.row_number() {
            self.draft.limit = Some(number);
        } else if let Some(number) = self.number.take() {
            self.draft.limit = Some(number as u64);
        }
        true
    }

    fn row_number(&mut self) -> Option<u64> {
        let number = self
            .token(self.at)?
            .number()
            .filter(|n| n.fract() == 0.0 && *n >= 1.0 && *n < 1e9)?;
        self.at += 1;
        Some(number as u64)
    }

    fn best(&mut self) -> bool {
        self.top(true);
        true
    }

    fn first(&mut self) -> bool {
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

    fn last(&mut self) -> bool {
        if let Some(number) = self.row_number() {
            self.number = Some(number as f64);
        }
        self.extreme(Attribute::Date, Extreme::Max)
    }

    fn limit(&mut self) -> bool {
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
    fn extreme(&mut self, attribute: Attribute, extreme: Extreme) -> bool {
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
                self.concept(self.at + length)
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

    fn plural_at(&self, at: usize) -> bool {
        self.token(at)
            .is_some_and(|token| token.stem != token.lower)
    }

    /// So many rows; one where one is asked for; a page where nobody says how many.
    fn set_limit(&mut self, number: Option<f64>) {
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
    fn most(&mut self, largest: bool) -> bool {
        let number = self.number.take();
        self.skip_noise();
        let before = self.at;
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
        match self.best_field().filter(|(place, _)| {
            self.is_number(*place) || self.kind(*place) == Some(FieldKind::Date)
        }) {
            Some((place, length)) => {
                self.at += length;
                self.draft.order.push((Sorting::Field(place), largest));
                self.set_limit(number);
                true
            }
            None => false,
        }
    }

    /// "costs", "weighs": compared with what follows, or asked for.
    fn attribute(&mut self, attribute: Attribute) -> bool {
        let at = self.past_noise(self.at);
        if matches!(
            self.concept(at),
            Some((Concept::Compare(_) | Concept::Between, _))
        ) {
            self.attribute = Some(attribute);
            self.at = at;
            return true;
        }
        let Some(store) = self.draft.store else {
            return false;
        };
        let Some((_, place)) = self.attribute_field(store, attribute) else {
            return false;
        };
        if self.token(at).is_some_and(|token| token.number().is_some()) {
            return self.number_test(place);
        }
        if !self.draft.functions.is_empty() {
            self.aggregate_of(place);
            return true;
        }
        if !self.draft.fields.contains(&place) {
            self.draft.fields.push(place);
        }
        true
    }

    fn between_numbers(&mut self) -> bool {
        self.at -= 1;
        let store = self.near.or(self.draft.store);
        let attribute = self.attribute.take();
        let place = attribute
            .and_then(|attribute| self.attribute_field(store?, attribute))
            .map(|(_, place)| place);
        // "between 10 and 15 in price": the field stands behind.
        let behind = self.past_noise(self.at + 4);
        let behind = if matches!(self.concept(behind), Some((Concept::In | Concept::Of, _))) {
            behind + 1
        } else {
            behind
        };
        let field = self
            .names_at(behind)
            .iter()
            .find_map(|name| match name.named {
                Named::Field(place) if self.is_number(place) && Some(place.store) == store => {
                    Some((place, name.length))
                }
                _ => None,
            });
        match (place.or(field.map(|(place, _)| place)), field) {
            (Some(place), field) => {
                let done = self.number_test(place);
                if let (true, Some((_, length)), None) = (done, field, attribute) {
                    self.at = behind + length;
                }
                done
            }
            (None, _) => match self.usual_measure() {
                Some(place) => self.number_test(place),
                None => false,
            },
        }
    }

    /// "contains x" where no field is named: the name of the item, or its text.
    fn of_label(&mut self, concept: Concept) -> bool {
        let Some(store) = self.near.or(self.draft.store) else {
            return false;
        };
        let next = self.past_noise(self.at);
        let other = self
            .mentions
            .iter()
            .any(|mention| mention.at == next && mention.store != store)
            || self.literals.iter().any(|literal| literal.start == next);
        if concept == Concept::Contains && other {
            return true;
        }
        let place = match labels(self.schema, store).as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let texts = || {
            let longest = |place: &Place| {
                self.kind(*place) == Some(FieldKind::Text)
                    && !self.schema.is_key(*place)
                    && !self.schema.is_reference(*place)
            };
            self.schema.places_of(store).find(longest)
        };
        let Some(place) = place.or_else(texts) else {
            return false;
        };
        let test = match concept {
            Concept::Contains => Test::Contains,
            Concept::Starts => Test::Starts,
            _ => Test::Ends,
        };
        self.text_test(place, 0, test)
    }

    fn named(&mut self) -> bool {
        let Some(store) = self.near.or(self.draft.store) else {
            return false;
        };
        if self.literals.iter().any(|literal| literal.start == self.at) {
            return true;
        }
        let known = self
            .names_at(self.at)
            .iter()
            .find_map(|name| match name.named {
                Named::Value(place, at)
                    if place.store == store && labels(self.schema, store).contains(&place) =>
                {
                    Some((place, at, name.length))
                }
                _ => None,
            });
        if let Some((place, at, length)) = known {
            self.at += length;
            self.value_or_more(place, at);
            return true;
        }
        let Some(place) = labels(self.schema, store).first().copied() else {
            return false;
        };
        let text = self.free_text();
        if text.is_empty() {
            return false;
        }
        self.doubt(0.9);
        self.push(place, Test::FirstWord(text));
        true
    }

    /// "their orders", "with their last order".
    fn their(&mut self) -> bool {
        let mut only = None;
        let mut at = self.past_noise(self.at);
        match self.concept(at) {
            Some((Concept::Last | Concept::Extreme(Attribute::Date, Extreme::Max), length)) => {
                only = Some(true);
                at += length;
            }
            Some((Concept::First | Concept::Extreme(Attribute::Date, Extreme::Min), length)) => {
                only = Some(false);
                at += length;
            }
            _ => {}
        }
        let found = self.names_at(at).iter().find_map(|name| match name.named {
            Named::Store(store) if name.score >= 0.7 && Some(store) != self.draft.store => {
                Some((store, None, name.length))
            }
            Named::Role(owner, relation) => {
                let target = self.schema.store(owner)?.relations.get(relation)?.store;
                Some((target, Some((owner, relation)), name.length))
            }
            _ => None,
        });
        let Some((store, via, length)) = found else {
            self.mode = Mode::With {
                article: false,
                definite: true,
            };
            return true;
        };
        self.at = at + length;
        let only = match only {
            Some(largest) => match self.date_of(store) {
                Some(place) => Some((place, largest)),
                None => return false,
            },
            None => None,
        };
        if self.lower(self.at) == "'s" {
            self.at += 1;
            self.near = Some(store);
            self.mode = Mode::With {
                article: false,
                definite: true,
            };
            return true;
        }
        self.draft.beside.push(Beside { store, via, only });
        true
    }

    fn money_aggregate(&mut self, function: Function) -> Option<Aggregate> {
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

    fn units_aggregate(&self) -> Option<Aggregate> {
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

    fn money(&mut self) -> bool {
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

    fn units(&mut self) -> bool {
        let aggregate = self.units_aggregate();
        self.draft.aggregates.extend(aggregate);
        aggregate.is_some()
    }

    /// Bought, sold: the way goes through orders and such.
    fn trade(&mut self) -> bool {
        let stores = self.trade_stores();
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
