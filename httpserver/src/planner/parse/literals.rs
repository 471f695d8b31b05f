//! What the question names that the schema does not: names of people and things, found by looking them up; and which
//! store is asked for.

use super::{
    Concept, FieldKind, Form, Hit, Literal, Mention, Named, Parser, Place, Test, Value, words,
};
use crate::planner::lexicon::{Comparison, MONEY};
use crate::planner::model::Condition;
use crate::planner::paths::{is_person, labels};

/// The longest name, in tokens.
const MAX_NAME: usize = 8;
/// The most names that are looked up.
const MAX_LOOKUPS: usize = 24;

impl Parser<'_> {
    /// Notes each store that is named, in their order.
    pub(super) fn find_mentions(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let mut step = 1;
            if self.name_first(at) {
                let best = self
                    .names_at(at)
                    .iter()
                    .map(|name| name.length)
                    .max()
                    .unwrap_or(1);
                let of_length = self.names_at(at).iter().filter(|name| name.length == best);
                let top = of_length.clone().map(|name| name.score).fold(0.0, f32::max);
                let store = of_length
                    .clone()
                    .find(|name| matches!(name.named, Named::Store(_)) && name.score >= top);
                if let Some(name) = store
                    && let Named::Store(store) = name.named
                {
                    let verb = name.verb
                        && self
                            .token(at)
                            .is_some_and(|t| t.lower.ends_with("ed") || t.lower.ends_with("ing"));
                    let length = name.length;
                    self.mentions.push(Mention {
                        at,
                        length,
                        store,
                        verb,
                    });
                } else if let Some(Named::Value(place, _)) = of_length
                    .clone()
                    .find(|name| name.score >= top)
                    .map(|name| &name.named)
                    && self
                        .token(at + best - 1)
                        .is_some_and(|token| token.stem != token.lower)
                    && self.mentions.is_empty()
                {
                    // A kind of them in the plural stands for them: "admins".
                    let store = place.store;
                    self.mentions.push(Mention {
                        at,
                        length: best,
                        store,
                        verb: false,
                    });
                }
                step = best;
            } else if let Some((_, length)) = self.concept(at) {
                step = length;
            }
            at += step;
        }
    }

    /// Looks up runs of words that are written like names, or that nothing else explains.
    pub(super) fn find_literals(&mut self) {
        let (mut at, mut lookups) = (0, 0);
        while at < self.tokens.len() {
            let longest = self.longest_run(at);
            let mut taken = 1;
            for length in (1..=longest).rev() {
                if !self.may_be_name(at, length) || lookups >= MAX_LOOKUPS {
                    continue;
                }
                lookups += 1;
                let hits = self.lookup.find(&self.text(at, length));
                if !hits.is_empty() {
                    self.literals.push(Literal {
                        start: at,
                        length,
                        hits,
                    });
                    taken = length;
                    break;
                }
            }
            at += taken;
        }
    }

    /// Whether a token can begin or end a name that is looked up.
    fn is_edge(&self, at: usize) -> bool {
        let Some(token) = self.token(at) else {
            return false;
        };
        match token.form {
            Form::Quoted => true,
            Form::Word => {
                let known = self.concept(at).is_some()
                    || self.best_name(at).is_some()
                    || self.time_unit(at).is_some();
                let code = token.text.chars().any(|c| c.is_ascii_digit())
                    && token.text.chars().any(char::is_alphabetic);
                !known || code || (token.is_capital() && at > 0)
            }
            _ => false,
        }
    }

    fn longest_run(&self, at: usize) -> usize {
        if !self.is_edge(at) {
            return 0;
        }
        let joins = [
            "and", "of", "the", "de", "von", "van", "to", "for", "&", "in", "a", "la", "du", "da",
            "on", "-",
        ];
        let mut length = 1;
        let mut end = 1;
        while end < MAX_NAME {
            if self.is_edge(at + end) {
                length = end + 1;
            } else if !joins.contains(&self.lower(at + end))
                && self
                    .token(at + end)
                    .is_none_or(|token| token.number().is_none())
            {
                break;
            }
            end += 1;
        }
        length
    }

    /// Whether it is worth a look: its ends are, and it is no name of the schema or frequent value by itself.
    fn may_be_name(&self, at: usize, length: usize) -> bool {
        if !self.is_edge(at + length - 1) {
            return false;
        }
        let sure =
            |name: &&crate::planner::names::Match| name.length >= length && name.score >= 0.95;
        let plain = self
            .tokens
            .get(at..at + length)
            .unwrap_or_default()
            .iter()
            .all(|token| {
                token.form == Form::Word
                    && !token.is_capital()
                    && !token.text.chars().any(|c| c.is_ascii_digit())
            });
        if plain && !self.expects_name(at) {
            return false;
        }
        let known = self.names_at(at).iter().any(|name| sure(&name));
        let quoted = self
            .token(at)
            .is_some_and(|token| token.form == Form::Quoted);
        let code = self
            .token(at)
            .is_some_and(|token| token.text.chars().any(|c| c.is_ascii_digit()));
        let text_follows = at > 0 && self.takes_text(at - 1) && !code;
        !(known || text_follows || (quoted && length > 1))
    }

    /// Whether what stands before a place says that a name may come: "by", "in", "album".
    fn expects_name(&self, at: usize) -> bool {
        let Some(mut before) = at.checked_sub(1) else {
            return true;
        };
        while before > 0 && ["the", "a", "an"].contains(&self.lower(before)) {
            before -= 1;
        }
        let small = [
            Concept::By,
            Concept::Of,
            Concept::In,
            Concept::On,
            Concept::For,
            Concept::To,
            Concept::Named,
            Concept::Is,
            Concept::Or,
            Concept::And,
            Concept::Instead,
            Concept::Only,
            Concept::Not,
        ];
        let ends = |concept: Concept| {
            (1..=3_usize).any(|length| {
                (before + 1)
                    .checked_sub(length)
                    .is_some_and(|start| self.is(start, concept) == Some(length))
            })
        };
        small.into_iter().any(ends)
            || self
                .mentions
                .iter()
                .any(|mention| mention.at + mention.length == before + 1)
    }

    /// Whether the phrase that ends at a token takes whatever text comes next.
    fn takes_text(&self, at: usize) -> bool {
        (0..=2_usize).any(|back| {
            let start = at.checked_sub(back);
            start.is_some_and(|start| {
                let found = self.concept(start);
                matches!(found, Some((Concept::Contains | Concept::Starts | Concept::Ends, length)) if start + length == at + 1)
            })
        })
    }

    pub(super) fn text(&self, at: usize, length: usize) -> String {
        let words: Vec<&str> = self
            .tokens
            .get(at..at + length)
            .unwrap_or_default()
            .iter()
            .map(|token| token.text.as_str())
            .collect();
        words.join(" ").replace(" ,", ",")
    }

    /// Finds the store that the question asks for.
    pub(super) fn find_store(&mut self) {
        let named = self
            .mentions
            .iter()
            .find(|mention| !mention.verb && !self.is_grouping(mention.at));
        let figures = (0..self.tokens.len()).any(|at| {
            let concept = self.concept(at).map(|(concept, _)| concept);
            matches!(
                concept,
                Some(
                    Concept::Count
                        | Concept::HowMuch
                        | Concept::Aggregate(_)
                        | Concept::Money
                        | Concept::Total
                )
            )
        });
        // "every user" is all of them, unless there is a figure for each.
        let every = self
            .mentions
            .iter()
            .find(|mention| !mention.verb && !figures);
        let named = named.or(every).map(|mention| mention.store);
        let follows = self.previous.is_some() && self.is_follow_up(named.is_some());
        if follows {
            return self.go_on();
        }
        let likeliest = named.or_else(|| self.likeliest_store());
        if named.is_none() && self.may_go_on(likeliest) && self.choose(2) == 0 {
            return self.go_on();
        }
        self.previous = None;
        self.draft.store = likeliest;
    }

    /// Goes on from the last question.
    fn go_on(&mut self) {
        if let Some(previous) = self.previous {
            self.draft.store = Some(previous.store);
            self.near = Some(previous.store);
            self.draft.replaces = true;
        }
    }

    /// Whether a question that names no store may be about what was asked last as well as about everything: both are
    /// offered.
    fn may_go_on(&mut self, likeliest: Option<usize>) -> bool {
        let (Some(previous), Some(store)) = (self.previous, likeliest) else {
            return false;
        };
        let related = self.distance(previous.store, store).is_some();
        let may = related && !previous.conditions.is_empty() && self.literals.is_empty();
        if may {
            self.doubt(0.74);
        }
        may
    }

    /// Whether what stands before a place says that rows are put together by it.
    fn is_grouping(&self, at: usize) -> bool {
        let mut before = at;
        while let Some(previous) = before.checked_sub(1) {
            if !matches!(self.concept(previous), Some((Concept::Noise, _))) {
                break;
            }
            before = previous;
        }
        let ends_here = |concept: Concept| {
            (1..=4_usize).any(|length| {
                before
                    .checked_sub(length)
                    .is_some_and(|start| self.is(start, concept) == Some(length))
            })
        };
        ends_here(Concept::Per) || ends_here(Concept::Each) || ends_here(Concept::By)
    }

    /// The store whose fields and values explain most of the question.
    fn likeliest_store(&self) -> Option<usize> {
        let asks_person = matches!(self.concept(self.past_noise(0)), Some((Concept::Who, _)));
        let mut best: Option<(f32, usize)> = None;
        for (store, there) in self.schema.stores.iter().enumerate() {
            let mut score = self.explained(store);
            if asks_person && score > 0.0 && self.is_person(store) {
                score += 0.5;
            }
            let few_items_first = score - (there.count as f32).log10().max(0.0) * 0.001;
            if score > 0.5 && best.is_none_or(|(other, _)| few_items_first > other) {
                best = Some((few_items_first, store));
            }
        }
        best.map(|(_, store)| store)
    }

    fn explained(&self, store: usize) -> f32 {
        let mut score = 0.0;
        let mut at = 0;
        while at < self.tokens.len() {
            if let Some(literal) = self.literals.iter().find(|literal| literal.start == at) {
                let here = literal.hits.iter().any(|hit| {
                    hit.places
                        .first()
                        .is_some_and(|(place, _)| place.store == store)
                });
                score += if here { 1.0 } else { 0.0 };
                at += literal.length;
                continue;
            }
            if self.name_first(at) {
                let length = self.best_name(at).map_or(1, |name| name.length);
                let of_store = self.names_at(at).iter().filter(|name| match &name.named {
                    Named::Field(place) | Named::Value(place, _) => place.store == store,
                    _ => false,
                });
                score += of_store
                    .map(|name| name.score * name.length as f32)
                    .fold(0.0, f32::max);
                at += length;
                continue;
            }
            match self.concept(at) {
                Some((Concept::Money, length)) => {
                    score += if self.money_field(store).is_some() {
                        0.9
                    } else {
                        0.0
                    };
                    at += length;
                }
                Some((
                    Concept::Attribute(attribute)
                    | Concept::Compared(attribute, _)
                    | Concept::Extreme(attribute, _),
                    length,
                )) => {
                    let rank = self.attribute_field(store, attribute).map(|(rank, _)| rank);
                    score += rank.map_or(0.0, |rank| 0.8 - 0.05 * rank as f32);
                    at += length;
                }
                Some((_, length)) => at += length,
                None => at += 1,
            }
        }
        score
    }

    /// Whether the items of a store look like people.
    pub(super) fn is_person(&self, store: usize) -> bool {
        is_person(self.schema, store)
    }

    /// The field of a store with money that came in.
    pub(super) fn money_field(&self, store: usize) -> Option<Place> {
        let numbers: Vec<Place> = self
            .schema
            .places_of(store)
            .filter(|place| self.is_number(*place))
            .collect();
        MONEY.iter().find_map(|money| {
            let fits = |place: &&Place| {
                words::of_name(self.schema.field_name(**place))
                    .last()
                    .is_some_and(|word| word == money)
            };
            numbers.iter().find(fits).copied()
        })
    }

    /// Takes a name that was looked up.
    pub(super) fn literal(&mut self) -> bool {
        let Some(literal) = self
            .literals
            .iter()
            .find(|literal| literal.start == self.at)
            .cloned()
        else {
            return false;
        };
        let ranked = self.ranked(&literal);
        let Some((first, _)) = ranked.first() else {
            return false;
        };
        let close = ranked
            .iter()
            .filter(|(_, score)| ranked.first().is_some_and(|(_, best)| best - score < 0.25))
            .count();
        let hit = if ranked.len() > 1 {
            if close > 1 {
                self.doubt(0.9);
            }
            let way = self.choose(ranked.len().min(3));
            ranked
                .get(way)
                .map_or_else(|| first.clone(), |(hit, _)| hit.clone())
        } else {
            first.clone()
        };
        self.at += literal.length;
        self.hit(&hit);
        true
    }

    /// The condition that a name that was looked up makes; with "or" and another one, either.
    fn hit(&mut self, hit: &Hit) {
        let negated = std::mem::take(&mut self.negated);
        let conditions: Vec<Condition> = hit
            .places
            .iter()
            .map(|(place, text)| Condition::Field {
                place: *place,
                via: None,
                test: if hit.whole {
                    Test::Compare(Comparison::Eq, Value::Text(text.clone()))
                } else {
                    Test::FirstWord(text.clone())
                },
                negated: false,
            })
            .collect();
        let store = hit.places.first().map(|(place, _)| place.store);
        if !hit.whole {
            self.doubt(0.95);
        }
        if let (None, Some(store)) = (self.draft.store, store) {
            self.draft.store = Some(store);
        }
        let said = self.mentions.iter().any(|mention| !mention.verb)
            || !self.draft.fields.is_empty()
            || !self.draft.aggregates.is_empty();
        if !said && !store.is_some_and(|store| self.is_person(store)) {
            // Only a name, and of something that many words are names of.
            self.doubt(0.6);
        }
        if negated {
            self.draft.conditions.push(Condition::All {
                conditions,
                negated,
            });
        } else {
            for condition in conditions {
                self.add(condition);
            }
        }
        self.mode = super::Mode::Plain;
        self.prefix.clear();
    }

    /// Where a name may be meant, likeliest first.
    fn ranked(&self, literal: &Literal) -> Vec<(Hit, f32)> {
        let asked = self.draft.store;
        let before = self
            .mentions
            .iter()
            .rev()
            .find(|mention| mention.at + mention.length <= literal.start);
        let called = |mention: &&Mention| {
            let end = mention.at + mention.length;
            let glue = matches!(self.concept(end), Some((Concept::Named, _)))
                || ["'s", "is"].contains(&self.lower(end));
            let plural = self
                .token(end - 1)
                .is_some_and(|token| token.stem != token.lower);
            (end == literal.start && !plural) || (glue && end + 1 == literal.start)
        };
        let adjacent = before.filter(called);
        let by = literal
            .start
            .checked_sub(1)
            .is_some_and(|at| self.is(at, Concept::By).is_some());
        let mut ranked: Vec<(Hit, f32)> = Vec::new();
        for hit in &literal.hits {
            let Some((place, _)) = hit.places.first() else {
                continue;
            };
            let mut score = if hit.whole { 1.0 } else { 0.6 };
            let way = asked.and_then(|asked| self.distance(asked, place.store));
            match (asked, way) {
                (Some(_), None) => continue,
                (_, way) => score -= 0.05 * way.unwrap_or(0) as f32,
            }
            if adjacent.is_some_and(|mention| mention.store == place.store) {
                score += 0.6;
            } else if self
                .mentions
                .iter()
                .any(|mention| mention.store == place.store)
            {
                score += if by { 0.0 } else { 0.15 };
            }
            let is_label = labels(self.schema, place.store).contains(place);
            let possible_owner = self.is_person(place.store);
            score += if is_label { 0.2 } else { 0.0 };
            score += if possible_owner && is_label {
                0.35
            } else {
                0.0
            };
            if by && asked == Some(place.store) && !possible_owner {
                score -= 0.3;
            }
            if self.schema.is_key(*place) && self.kind(*place) == Some(FieldKind::Text) {
                score += 0.3;
            }
            // Where the same name is in several stores, that with fewer items is more likely what others belong to.
            let count = self
                .schema
                .store(place.store)
                .map_or(0, |store| store.count);
            score -= (count as f32 + 1.0).log10() * 0.05;
            ranked.push((hit.clone(), score));
        }
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        ranked
    }
}
