//! From tokens to a query.
//!
//! The parser goes through the question once, from left to right. At each place the longest phrase or name that fits is
//! taken; which of several names is meant depends on what is near. Every token has to be explained: what is left over is
//! in [`Draft::unknown`], and a question with such words is not answered.

mod asking;
mod days;
mod figures;
mod finish;
mod follow;
mod literals;
mod nouns;
mod numbers;
mod ordering;
mod values;
mod write;

use super::Hit;
use super::Lookup;
use super::dates::{self, Day, Unit};
use super::lexicon::{Attribute, Comparison, Concept, Extreme, Function, TRADES, concepts};
use super::model::{Aggregate, Beside, Condition, Group, Query, Test, Value, Write};
use super::names::{Match, Named, matches};
use super::paths::path;
use super::schema::{FieldKind, Place, Schema};
use super::token::{Form, Token};
use super::words;

pub use finish::Answer;

/// A name in the question that is none of the schema, with where it was found.
#[derive(Clone, Debug)]
pub struct Literal {
    start: usize,
    length: usize,
    hits: Vec<Hit>,
}

/// A store that the question names.
#[derive(Clone, Copy, Debug)]
struct Mention {
    at: usize,
    length: usize,
    store: usize,
    verb: bool,
}

/// What a sort or a "by" is of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sorting {
    Field(Place),
    Aggregate(Aggregate),
    /// The aggregate that is shown.
    Shown,
}

/// What the last preposition or verb says of a field that follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Plain,
    With {
        article: bool,
        definite: bool,
    },
    Without,
}

/// What was understood so far.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a mark that a phrase leaves, none excludes another"
)]
#[derive(Clone, Debug, Default)]
pub struct Draft {
    store: Option<usize>,
    fields: Vec<Place>,
    asked_which: bool,
    distinct: bool,
    conditions: Vec<Condition>,
    functions: Vec<Function>,
    counting: bool,
    aggregates: Vec<Aggregate>,
    groups: Vec<Group>,
    having: Vec<(Aggregate, Comparison, Value)>,
    order: Vec<(Sorting, bool)>,
    extreme: Option<(Attribute, Extreme)>,
    direction: Option<bool>,
    alphabetical: bool,
    limit: Option<u64>,
    top: bool,
    /// Each item of the store that is asked for is a group: "customers by revenue".
    by_store: bool,
    summing: bool,
    money: bool,
    beside: Vec<Beside>,
    through: Vec<usize>,
    date: Option<Place>,
    write: Option<Write>,
    /// Words that nothing explains.
    pub unknown: Vec<String>,
    /// What would have to be said, where something is missing.
    pub missing: Option<String>,
    /// How sure all of it is, up to 1.
    pub confidence: f32,
    replaces: bool,
}

/// A choice that could have gone another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// How many ways there were.
    pub ways: usize,
}

/// The parser.
pub struct Parser<'a> {
    schema: &'a Schema,
    lookup: &'a dyn Lookup,
    tokens: Vec<Token>,
    names: Vec<Vec<Match>>,
    literals: Vec<Literal>,
    mentions: Vec<Mention>,
    today: Day,
    at: usize,
    near: Option<usize>,
    mode: Mode,
    negated: bool,
    or: bool,
    number: Option<f64>,
    prefix: Vec<Place>,
    attribute: Option<Attribute>,
    draft: Draft,
    previous: Option<&'a Query>,
    /// Which way to go at each choice; the first where nothing is said.
    ways: Vec<usize>,
    /// The choices met.
    pub choices: Vec<Choice>,
}

impl<'a> Parser<'a> {
    /// A parser of one question.
    pub fn new(
        schema: &'a Schema,
        lookup: &'a dyn Lookup,
        tokens: &[Token],
        today: Day,
        previous: Option<&'a Query>,
        ways: &[usize],
    ) -> Self {
        let mut parser = Self {
            schema,
            lookup,
            tokens: tokens.to_vec(),
            names: matches(schema, tokens),
            literals: Vec::new(),
            mentions: Vec::new(),
            today,
            at: 0,
            near: None,
            mode: Mode::Plain,
            negated: false,
            or: false,
            number: None,
            prefix: Vec::new(),
            attribute: None,
            draft: Draft {
                confidence: 1.0,
                ..Draft::default()
            },
            previous,
            ways: ways.to_vec(),
            choices: Vec::new(),
        };
        parser.find_mentions();
        parser.find_literals();
        parser
    }

    /// Which of several ways to go.
    fn choose(&mut self, ways: usize) -> usize {
        let chosen = self.ways.get(self.choices.len()).copied().unwrap_or(0);
        self.choices.push(Choice { ways });
        chosen.min(ways.saturating_sub(1))
    }

    fn doubt(&mut self, factor: f32) {
        self.draft.confidence *= factor;
    }

    fn token(&self, at: usize) -> Option<&Token> {
        self.tokens.get(at)
    }

    fn lower(&self, at: usize) -> &str {
        self.token(at).map_or("", |token| token.lower.as_str())
    }

    /// The longest phrase at a place.
    fn concept(&self, at: usize) -> Option<(Concept, usize)> {
        concepts(&self.tokens, at).first().copied()
    }

    /// The length of a phrase of this meaning at a place.
    fn is(&self, at: usize, concept: Concept) -> Option<usize> {
        let all = concepts(&self.tokens, at);
        all.into_iter()
            .find(|(there, _)| *there == concept)
            .map(|(_, length)| length)
    }

    /// Takes a phrase of this meaning if it stands here.
    fn take(&mut self, concept: Concept) -> bool {
        let length = self.is(self.at, concept);
        self.at += length.unwrap_or(0);
        length.is_some()
    }

    /// Where the first token is that has a meaning, from a place on.
    fn past_noise(&self, mut at: usize) -> usize {
        while let Some((Concept::Noise, length)) = self.concept(at) {
            if self.best_name(at).is_some_and(|name| name.score >= 0.9) {
                break;
            }
            at += length;
        }
        at
    }

    fn skip_noise(&mut self) {
        self.at = self.past_noise(self.at);
    }

    fn best_name(&self, at: usize) -> Option<&Match> {
        self.names.get(at)?.first()
    }

    fn names_at(&self, at: usize) -> &[Match] {
        self.names.get(at).map_or(&[], Vec::as_slice)
    }

    /// Whether a name goes before the phrase at a place.
    fn name_first(&self, at: usize) -> bool {
        let Some(name) = self.best_name(at) else {
            return false;
        };
        match self.concept(at) {
            None => true,
            Some((
                Concept::Total
                | Concept::Named
                | Concept::Attribute(_)
                | Concept::Extreme(..)
                | Concept::Best,
                length,
            )) => name.length > length,
            Some((Concept::Money | Concept::Units, length)) => {
                name.length > length || (name.length == length && name.score > 0.97)
            }
            Some((_, length)) => {
                name.length > length || (name.length == length && name.score >= 0.9)
            }
        }
    }

    /// Goes through the question.
    pub fn parse(mut self) -> (Draft, Vec<Choice>) {
        if self.begins_write() {
            self.write();
            return (self.draft, self.choices);
        }
        self.find_store();
        while self.at < self.tokens.len() {
            let before = self.at;
            self.step();
            if self.at == before {
                self.unknown();
            }
        }
        self.complete();
        (self.draft, self.choices)
    }

    fn step(&mut self) {
        if self.part_of_text() || self.literal() || self.period() {
            return;
        }
        if self.name_first(self.at) && self.noun() {
            return;
        }
        if self
            .token(self.at)
            .is_some_and(|token| token.number().is_some())
            && self.counted()
        {
            return;
        }
        let before = self.at;
        if self.phrase() {
            return;
        }
        // A phrase that is none here explains none of its words.
        self.at = before;
        if self.noun() || self.counted() || self.role_verb() {
            return;
        }
        self.unknown();
    }

    /// "supported by", "they support": the verb of the one reference between two stores that are spoken of.
    fn role_verb(&mut self) -> bool {
        let found = self.role_of_verb(self.at);
        self.at += usize::from(found);
        found
    }

    fn role_of_verb(&self, at: usize) -> bool {
        let Some(token) = self.token(at).filter(|token| token.form == Form::Word) else {
            return false;
        };
        let root = words::root(&token.lower);
        let spoken = |store: usize| {
            let of_store = |hit: &Hit| hit.places.iter().all(|(place, _)| place.store == store);
            self.draft.store == Some(store)
                || self.mentions.iter().any(|mention| mention.store == store)
                || self
                    .literals
                    .iter()
                    .any(|literal| literal.hits.iter().any(of_store))
        };
        let named = |field: &String| {
            let words = words::of_name(field);
            words.iter().any(|word| words::root(word) == root)
        };
        let stores = self.schema.stores.iter().enumerate();
        root.chars().count() > 3
            && stores.into_iter().any(|(owner, store)| {
                let relations = &store.relations;
                relations.iter().any(|relation| {
                    let alone = relations.iter().filter(|one| one.store == relation.store);
                    relation.store != owner
                        && alone.count() == 1
                        && relation.fields.iter().any(named)
                        && spoken(owner)
                        && spoken(relation.store)
                })
            })
    }

    fn unknown(&mut self) {
        if let Some(token) = self.token(self.at) {
            if token.form != Form::Sign {
                let text = token.text.clone();
                self.draft.unknown.push(text);
            }
            self.at += 1;
        }
    }

    /// Stores that look like records of buying and selling.
    fn trade_stores(&self) -> Vec<usize> {
        let is_trade = |store: &super::schema::Store| {
            let words = words::of_name(&store.name);
            words.iter().any(|word| TRADES.contains(&word.as_str()))
        };
        let stores = self.schema.stores.iter().enumerate();
        stores
            .filter(|(_, store)| is_trade(store))
            .map(|(at, _)| at)
            .collect()
    }

    fn distance(&self, from: usize, to: usize) -> Option<usize> {
        path(self.schema, from, to, &self.draft.through).map(|way| way.len())
    }

    fn kind(&self, place: Place) -> Option<FieldKind> {
        self.schema.field(place).map(|field| field.kind)
    }

    fn is_number(&self, place: Place) -> bool {
        self.schema
            .field(place)
            .is_some_and(super::schema::Field::is_number)
            && !self.schema.is_reference(place)
    }

    fn push(&mut self, place: Place, test: Test) {
        let negated = std::mem::take(&mut self.negated);
        self.mode = Mode::Plain;
        let condition = Condition::Field {
            place,
            via: None,
            test,
            negated,
        };
        self.add(condition);
    }

    /// Adds a condition: of what there is to be none of, to what was said last with "or", or by itself.
    fn add(&mut self, condition: Condition) {
        let or = std::mem::take(&mut self.or);
        let asked = self.draft.store;
        let belongs = match (self.draft.conditions.last(), &condition) {
            (
                Some(Condition::Related {
                    store,
                    negated: true,
                    ..
                }),
                Condition::Field { place, .. },
            ) => {
                let open = !self.negation_is_closed();
                *store == place.store || (open && self.is_beyond(asked, *store, place.store))
            }
            _ => false,
        };
        match (self.draft.conditions.last_mut(), &condition) {
            (
                Some(Condition::Related {
                    conditions,
                    negated: true,
                    ..
                }),
                Condition::Field { .. },
            ) if belongs => {
                conditions.push(condition);
            }
            (
                Some(Condition::Field {
                    place: last,
                    test,
                    negated: false,
                    ..
                }),
                Condition::Field {
                    place,
                    test: Test::Compare(Comparison::Eq, value @ Value::Text(_)),
                    negated: false,
                    ..
                },
            ) if last == place
                && matches!(
                    test,
                    Test::In(_) | Test::Compare(Comparison::Eq, Value::Text(_))
                ) =>
            {
                // Two values of one field: either of them.
                let mut values = match test {
                    Test::In(values) => std::mem::take(values),
                    Test::Compare(_, first) => vec![first.clone()],
                    _ => Vec::new(),
                };
                values.push(value.clone());
                *test = Test::In(values);
            }
            _ => {
                if or {
                    self.doubt(0.4);
                }
                self.draft.conditions.push(condition);
            }
        }
    }

    /// Whether what there is to be none of has been left: "without orders who", "and".
    fn negation_is_closed(&self) -> bool {
        let not = |at: &usize| {
            matches!(
                self.concept(*at),
                Some((Concept::Without | Concept::Not, _))
            )
        };
        let leaves = |at: usize| {
            matches!(
                self.concept(at),
                Some((
                    Concept::Which | Concept::Who | Concept::That | Concept::And | Concept::Where,
                    _
                ))
            )
        };
        let since = (0..self.at).rev().find(not);
        since.is_some_and(|since| (since + 1..self.at).any(leaves))
    }

    /// "never bought Jazz": what is reached through what there is to be none of belongs to it.
    fn is_beyond(&self, asked: Option<usize>, none: usize, there: usize) -> bool {
        let steps = |from: usize| path(self.schema, from, there, &[]).map(|way| way.len());
        let far = asked.and_then(steps).filter(|far| *far > 0);
        matches!((steps(none), far), (Some(near), Some(far)) if near <= far)
    }

    fn time_unit(&self, at: usize) -> Option<Unit> {
        dates::unit(self.lower(at))
    }
}
