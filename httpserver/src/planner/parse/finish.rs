//! What was understood, as a query.

use super::{Attribute, Condition, Draft, Extreme, FieldKind, Group, Parser, Place, Sorting, path};
use crate::planner::lexicon::Function;
use crate::planner::model::{Aggregate, Key, Measure, Query, Write};
use crate::planner::paths::labels;
use crate::planner::schema::Schema;

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Items are asked for.
    Query(Query),
    /// Something is to be changed.
    Write(Write),
}

impl Parser<'_> {
    /// Settles what was left open until the whole question was seen.
    pub(super) fn complete(&mut self) {
        if self.or {
            self.doubt(0.4);
        }
        if self.mode == super::Mode::Without || self.negated {
            self.draft
                .missing
                .get_or_insert_with(|| "what there is to be none of".to_owned());
        }
        if self.draft.summing && !self.draft.fields.is_empty() && self.draft.aggregates.is_empty() {
            let places = std::mem::take(&mut self.draft.fields);
            let (numbers, others): (Vec<Place>, Vec<Place>) =
                places.into_iter().partition(|place| self.is_number(*place));
            self.draft.fields = others;
            for place in numbers {
                self.draft.aggregates.push(Aggregate {
                    function: Function::Sum,
                    of: Measure::Field(place, false),
                });
            }
        }
        if !self.draft.groups.is_empty()
            && !self.draft.fields.is_empty()
            && self.draft.functions.is_empty()
        {
            let places = std::mem::take(&mut self.draft.fields);
            if places.iter().all(|place| self.is_number(*place)) && self.draft.aggregates.is_empty()
            {
                self.doubt(0.7);
                self.draft
                    .aggregates
                    .extend(places.into_iter().map(|place| Aggregate {
                        function: Function::Sum,
                        of: Measure::Field(place, false),
                    }));
            } else if !places
                .iter()
                .all(|place| self.draft.groups.contains(&Group::Field(*place)))
                && self.draft.order.is_empty()
            {
                self.draft.missing = Some("which figure is wanted of each group".to_owned());
            }
        }
        let bare = self.previous.is_some()
            && self.draft.aggregates.is_empty()
            && !self.draft.fields.is_empty();
        if bare
            && self.draft.fields.iter().all(|place| self.is_number(*place))
            && self.tokens.len() <= 2
        {
            // "total?": the field, or its sum.
            self.doubt(0.7);
        }
        let figures = self.draft.counting || !self.draft.aggregates.is_empty();
        if figures
            && !self.draft.fields.is_empty()
            && self.draft.order.is_empty()
            && self.draft.having.is_empty()
        {
            // A field that the figure does not need: something was not understood.
            self.doubt(0.6);
        }
        self.complete_functions();
        self.complete_order();
        if self.draft.counting {
            let store = self.draft.store;
            let of = store.map(|store| Aggregate {
                function: Function::Count,
                of: Measure::Items(store),
            });
            let has = of.is_some_and(|of| self.draft.aggregates.contains(&of));
            if !has {
                let others = std::mem::take(&mut self.draft.aggregates);
                self.draft.aggregates = of.into_iter().chain(others).collect();
            }
        }
    }

    /// Functions whose field was not named: that of the usual measure.
    fn complete_functions(&mut self) {
        if self.draft.functions.is_empty() {
            return;
        }
        let named = self
            .draft
            .fields
            .iter()
            .copied()
            .find(|place| self.is_number(*place));
        match named.or_else(|| self.usual_measure()) {
            Some(place) => {
                self.draft.fields.retain(|there| *there != place);
                self.aggregate_of(place);
                self.doubt(0.9);
            }
            None => self.draft.missing = Some("which field the figure is of".to_owned()),
        }
    }

    fn complete_order(&mut self) {
        let asked = self.draft.store;
        if let (Some((attribute, extreme)), Some(store)) = (self.draft.extreme, asked) {
            let by_date = |parser: &Self| parser.date_of(store).map(|place| (0, place));
            let named_date = self
                .draft
                .date
                .filter(|_| attribute == Attribute::Date)
                .map(|place| (0, place));
            let found = named_date
                .or_else(|| self.attribute_field(store, attribute))
                .or_else(|| {
                    if matches!(attribute, Attribute::Birth | Attribute::Date) {
                        by_date(self)
                    } else {
                        None
                    }
                });
            let grouped = !self.draft.aggregates.is_empty() && !self.draft.groups.is_empty();
            let descending = extreme == Extreme::Max;
            match found {
                _ if grouped || (self.follows_groups() && attribute == Attribute::Size) => {
                    self.draft.order.push((Sorting::Shown, descending));
                }
                Some((rank, place)) => {
                    if rank > 2 {
                        self.doubt(0.92);
                    }
                    self.draft.order.push((Sorting::Field(place), descending));
                }
                None if attribute == Attribute::Rating => self.by_rating(store, descending),
                None => self.draft.missing = Some("what they are compared by".to_owned()),
            }
        }
        if self.draft.alphabetical
            && let Some(store) = asked
        {
            let descending = self.draft.direction.unwrap_or(false);
            match labels(self.schema, store).first() {
                Some(place) => self.draft.order.push((Sorting::Field(*place), descending)),
                None => self.draft.missing = Some("what to sort by".to_owned()),
            }
        }
        if self.draft.top && self.draft.order.is_empty() {
            let descending = self.draft.direction.unwrap_or(true);
            let grouped =
                !self.draft.groups.is_empty() || self.follows_groups() || self.draft.counting;
            if grouped {
                self.draft.order.push((Sorting::Shown, descending));
            } else if !self.follows_order() {
                match self.usual_measure() {
                    Some(place) => {
                        self.doubt(0.85);
                        self.draft.order.push((Sorting::Field(place), descending));
                    }
                    None => {
                        self.draft.missing =
                            Some("what the first ones are the first by".to_owned());
                    }
                }
            }
        }
        if let (Some(descending), true) = (
            self.draft.direction,
            !self.draft.top && !self.draft.alphabetical && self.draft.order.is_empty(),
        ) {
            if self.previous.is_some() || !self.draft.groups.is_empty() {
                self.draft.order.push((Sorting::Shown, descending));
            } else {
                self.draft.missing = Some("what to sort by".to_owned());
            }
        }
    }

    fn follows_groups(&self) -> bool {
        self.previous
            .is_some_and(|previous| !previous.groups.is_empty())
    }

    fn follows_order(&self) -> bool {
        self.previous
            .is_some_and(|previous| !previous.order.is_empty())
    }

    /// Best rated: by the average of the ratings that others gave.
    fn by_rating(&mut self, store: usize, descending: bool) {
        let found = (0..self.schema.stores.len()).find_map(|other| {
            let (_, place) = self.attribute_field(other, Attribute::Rating)?;
            let way = path(self.schema, other, store, &[])?;
            way.iter().all(|edge| edge.forward).then_some(place)
        });
        match found {
            Some(place) => {
                let of = Measure::Field(place, false);
                let average = Aggregate {
                    function: Function::Avg,
                    of,
                };
                self.draft
                    .order
                    .push((Sorting::Aggregate(average), descending));
                self.draft.by_store = true;
            }
            None => self.draft.missing = Some("where ratings are".to_owned()),
        }
    }
}

impl Draft {
    /// The query or the change; none where nothing is asked for.
    pub fn answer(&self, schema: &Schema, previous: Option<&Query>) -> Option<Answer> {
        if let Some(write) = &self.write {
            return Some(Answer::Write(write.clone()));
        }
        let query = match previous.filter(|_| self.replaces) {
            Some(previous) => self.changed(schema, previous)?,
            None => self.query(schema)?,
        };
        Some(Answer::Query(query))
    }

    /// Whether it goes on from the last question.
    pub fn follows(&self) -> bool {
        self.replaces
    }

    /// The stores that the ways between others go through.
    pub fn through(&self) -> &[usize] {
        &self.through
    }

    fn query(&self, schema: &Schema) -> Option<Query> {
        let mut query = Query {
            store: self.store?,
            fields: self.fields.clone(),
            distinct: self.distinct,
            conditions: self.conditions.clone(),
            groups: self.groups.clone(),
            aggregates: self.aggregates.clone(),
            limit: self.limit,
            beside: self.beside.clone(),
            ..Query::default()
        };
        self.order_into(&mut query)?;
        for (of, comparison, value) in &self.having {
            let at = aggregate_at(&mut query, *of);
            query.having.push((at, *comparison, value.clone()));
        }
        self.settle(schema, &mut query)?;
        Some(query)
    }

    /// Money of a whole order says nothing of one of its lines: where the question is about what is in the lines, price
    /// times quantity of the lines is added up.
    fn money_by_line(schema: &Schema, query: &mut Query) -> Option<()> {
        let [only] = query.aggregates.as_slice() else {
            return Some(());
        };
        let Measure::Field(money, false) = only.of else {
            return Some(());
        };
        let mut about: Vec<usize> = query
            .groups
            .iter()
            .map(|group| group_store(*group))
            .collect();
        about.extend(places(&query.conditions).iter().map(|place| place.store));
        let to_one = |from: usize, to: usize| {
            path(schema, from, to, &[]).is_some_and(|way| way.iter().all(|edge| edge.forward))
        };
        if about.iter().all(|store| to_one(money.store, *store)) {
            return Some(());
        }
        let has = |store: usize, words: &[&str]| {
            schema.places_of(store).find(|place| {
                let number = schema
                    .field(*place)
                    .is_some_and(crate::planner::schema::Field::is_number);
                let name = super::words::of_name(schema.field_name(*place));
                number
                    && name
                        .last()
                        .is_some_and(|last| words.contains(&last.as_str()))
            })
        };
        let line = (0..schema.stores.len()).find_map(|store| {
            let fits = store != money.store
                && to_one(store, money.store)
                && about.iter().all(|about| to_one(store, *about));
            let price = has(store, &["price", "cost"]).filter(|_| fits)?;
            Some((price, has(store, &["quantity", "qty", "unit", "count"])?))
        });
        let (price, quantity) = line?;
        if only.function != Function::Sum {
            return None;
        }
        query.store = price.store;
        for aggregate in &mut query.aggregates {
            aggregate.of = Measure::Product(price, quantity);
        }
        Some(())
    }

    pub(super) fn order_into(&self, query: &mut Query) -> Option<()> {
        let mut by_aggregate = false;
        for (sorting, descending) in &self.order {
            let key = match *sorting {
                Sorting::Field(place) => match query.groups.iter().position(|group| matches!(*group, Group::Field(there) | Group::Time(there, _) if there == place)) {
                    Some(at) => Key::Group(at),
                    None => match query.aggregates.iter().position(|a| a.of == Measure::Field(place, false)) {
                        Some(at) => Key::Aggregate(at),
                        None => Key::Field(place),
                    },
                },
                Sorting::Aggregate(of) => {
                    by_aggregate = true;
                    Key::Aggregate(aggregate_at(query, of))
                }
                Sorting::Shown => {
                    if query.aggregates.is_empty() {
                        query.order.first().map(|(key, _)| *key)?
                    } else {
                        Key::Aggregate(0)
                    }
                }
            };
            query.order.retain(|(there, _)| *there != key);
            query.order.push((key, *descending));
        }
        // "top 5 customers by revenue": each of what is asked for is a group.
        if by_aggregate && query.groups.is_empty() {
            if query.fields.is_empty() {
                query.groups.push(Parser::store_group(query.store));
            } else {
                let fields = std::mem::take(&mut query.fields);
                query.groups.extend(fields.into_iter().map(Group::Field));
            }
        }
        Some(())
    }

    /// Puts the query on the store that its figures are of, and leaves out what says nothing.
    pub(super) fn settle(&self, schema: &Schema, query: &mut Query) -> Option<()> {
        let grouped = !query.groups.is_empty();
        if grouped && query.aggregates.is_empty() {
            query.aggregates.push(Aggregate {
                function: Function::Count,
                of: Measure::Items(query.store),
            });
        }
        if grouped {
            // Fields beside groups are groups too; what orders a group has to be one of its figures.
            query.fields.clear();
        }
        let asked = query.store;
        if let Some(first) = query.aggregates.first() {
            let stores: Vec<usize> = query
                .aggregates
                .iter()
                .map(|aggregate| aggregate.of.store())
                .collect();
            let counted = stores
                .iter()
                .all(|store| *store == asked || query.aggregates.len() == 1);
            query.store = first.of.store();
            if stores.iter().any(|store| *store != query.store) && !counted {
                // Figures of different stores don't stand in one row.
                let one = query
                    .aggregates
                    .iter()
                    .find(|aggregate| aggregate.of.store() != asked)
                    .copied()?;
                query.store = one.of.store();
                let same = query
                    .aggregates
                    .iter()
                    .all(|aggregate| aggregate.of.store() == query.store);
                if !same {
                    return None;
                }
            }
            query.beside.clear();
            query.fields.clear();
        }
        if self.money {
            Self::money_by_line(schema, query)?;
        }
        let base = query.store;
        let through = &self.through;
        let used = places(&query.conditions);
        let group_stores: Vec<usize> = query
            .groups
            .iter()
            .map(|group| group_store(*group))
            .collect();
        query.conditions.retain(|condition| match condition {
            Condition::Related {
                store,
                conditions,
                negated: false,
                count: None,
            } if conditions.is_empty() => {
                let on_the_way = used.iter().any(|place| {
                    place.store == *store
                        || path(schema, base, place.store, through)
                            .is_some_and(|way| way.iter().any(|edge| edge.to == *store))
                });
                let to_one = path(schema, base, *store, through)
                    .is_some_and(|way| way.iter().all(|edge| edge.forward));
                !(on_the_way || *store == base || to_one || group_stores.contains(store))
            }
            _ => true,
        });
        let elsewhere =
            !query.fields.is_empty() && query.fields.iter().all(|place| place.store != query.store);
        if query.aggregates.is_empty()
            && elsewhere
            && !query.distinct
            && self.beside.is_empty()
            && !self.asked_which
        {
            // Fields of others stand beside what they belong to.
            let keys = schema
                .places_of(query.store)
                .filter(|place| schema.is_key(*place));
            let own: Vec<Place> = keys.chain(labels(schema, query.store)).collect();
            query.fields.splice(0..0, own);
        }
        if query.aggregates.is_empty()
            && self.asked_which
            && !query.fields.is_empty()
            && query.order.is_empty()
        {
            let few = |place: &Place| {
                schema
                    .field(*place)
                    .is_some_and(|field| field.kind == FieldKind::Text && !field.key)
                    && !labels(schema, place.store).contains(place)
            };
            let one_item = query.conditions.iter().any(|condition| matches!(condition, Condition::Field { place, .. } if schema.is_key(*place)));
            query.distinct |= query.fields.iter().all(few) && !one_item && query.limit.is_none();
        }
        Some(())
    }
}

fn group_store(group: Group) -> usize {
    match group {
        Group::Field(place) | Group::Time(place, _) => place.store,
        Group::Store(store, _) => store,
    }
}

fn places(conditions: &[Condition]) -> Vec<Place> {
    let mut found = Vec::new();
    for condition in conditions {
        match condition {
            Condition::Field { place, .. } => found.push(*place),
            Condition::All { conditions, .. } => found.extend(places(conditions)),
            Condition::Related { .. } => {}
        }
    }
    found
}

/// The place of an aggregate among those that are shown; added where it is not.
fn aggregate_at(query: &mut Query, of: Aggregate) -> usize {
    if let Some(at) = query.aggregates.iter().position(|there| *there == of) {
        return at;
    }
    query.aggregates.push(of);
    query.aggregates.len() - 1
}
