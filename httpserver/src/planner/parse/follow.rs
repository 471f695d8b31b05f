//! Questions that change the last one: "only the active ones", "sort by total", "now by month".

use super::{Concept, Condition, Draft, FieldKind, Group, Named, Parser};
use crate::planner::check;
use crate::planner::model::{Key, Query};
use crate::planner::schema::Schema;

impl Parser<'_> {
    /// Whether the question goes on from the last one.
    pub(super) fn is_follow_up(&self, names_store: bool) -> bool {
        let start = self.past_show(0);
        let begins =
            |concept: Concept| self.is(start, concept).is_some() || self.is(0, concept).is_some();
        let marked = [Concept::Only, Concept::Instead, Concept::Sort]
            .into_iter()
            .any(begins)
            || (matches!(
                self.lower(0),
                "and" | "now" | "but" | "by" | "per" | "without" | "with" | "not" | "excluding"
            ));
        let refers = (0..self.tokens.len()).any(|at| {
            self.is(at, Concept::Pronoun).is_some()
                && self.lower(at) != "there"
                && self.lower(at) != "it"
        });
        // What a question begins with that says nothing by itself: it is about what was asked last.
        let sorts = [0, start].into_iter().any(|at| {
            let phrase = self.is(at, Concept::Sort);
            phrase.is_some_and(|length| ["by", "on", "of"].contains(&self.lower(at + length - 1)))
        });
        let with = self.is(0, Concept::With).is_some() || self.is(0, Concept::Without).is_some();
        let theirs = self.refers_by_their();
        let goes_on = [
            "of", "from", "in", "by", "for", "on", "over", "under", "since", "before", "after",
            "last", "at",
        ];
        if names_store {
            let points = (0..self.tokens.len())
                .any(|at| ["those", "these", "them", "they"].contains(&self.lower(at)));
            let same = !self.names_other_store()
                && (self.lower(0) == "and"
                    || self.lower(0) == "now"
                    || refers
                    || begins(Concept::Only));
            return points || same || sorts || with || theirs || goes_on.contains(&self.lower(0));
        }
        marked || refers || theirs || self.says_little()
    }

    /// "their" before any store that it could be of in the same question.
    fn refers_by_their(&self) -> bool {
        let first = self.mentions.iter().find(|mention| !mention.verb);
        let before = first.map_or(self.tokens.len(), |mention| mention.at);
        (0..before).any(|at| self.is(at, Concept::Their).is_some())
            && self.literals.iter().all(|literal| literal.start > 0)
    }

    fn past_show(&self, mut at: usize) -> usize {
        while let Some((Concept::Show | Concept::Noise | Concept::And, length)) = self.concept(at) {
            at += length;
        }
        at
    }

    fn names_other_store(&self) -> bool {
        let last = self.previous.map(|previous| previous.store);
        self.mentions
            .iter()
            .any(|mention| Some(mention.store) != last)
    }

    /// Whether there is too little to stand alone: no field of another store than the last question's.
    fn says_little(&self) -> bool {
        let last = self.previous.map(|previous| previous.store);
        let of_last = |name: &crate::planner::names::Match| match &name.named {
            Named::Field(place) | Named::Value(place, _) => Some(place.store) == last,
            _ => false,
        };
        let places = 0..self.tokens.len();
        places
            .into_iter()
            .all(|at| !self.name_first(at) || self.names_at(at).iter().any(of_last))
            && self.literals.is_empty()
            && !(0..self.tokens.len())
                .any(|at| matches!(self.concept(at), Some((Concept::Money, _))))
    }
}

impl Draft {
    /// The last query with what this question says in it.
    pub(super) fn changed(&self, schema: &Schema, previous: &Query) -> Option<Query> {
        let mut query = previous.clone();
        for condition in &self.conditions {
            let same = |there: &Condition| replaces(schema, condition, there);
            query.conditions.retain(|there| !same(there));
            query.conditions.push(condition.clone());
        }
        if !self.groups.is_empty() {
            query.groups.clone_from(&self.groups);
            query
                .order
                .retain(|(key, _)| matches!(key, Key::Aggregate(_)));
            query.fields.clear();
        }
        let shows = !self.aggregates.is_empty();
        if shows {
            query.aggregates.clone_from(&self.aggregates);
            query.order.clear();
            query.having.clear();
            query.fields.clear();
            if self.groups.is_empty() && self.counting && !previous.aggregates.is_empty() {
                query.groups.clear();
            }
            if self.limit.is_none() {
                query.limit = None;
            }
        }
        if !self.fields.is_empty() && query.aggregates.is_empty() {
            query.fields.clone_from(&self.fields);
        } else if !shows && self.groups.is_empty() {
            // Beside figures stands what there is one of for each of them: "and their cities".
            for place in &self.fields {
                if !check::one_for_each(schema, &query, *place, &self.through) {
                    return None;
                }
                query.groups.push(Group::Field(*place));
            }
        }
        if !self.order.is_empty() {
            if !self
                .order
                .iter()
                .any(|(sorting, _)| *sorting == super::Sorting::Shown)
            {
                query.order.clear();
            }
            self.order_into(&mut query)?;
        }
        if self.limit.is_some() {
            query.limit = self.limit;
        }
        query.distinct |= self.distinct;
        query.beside.extend(self.beside.iter().copied());
        // A time of the last query goes on with the new one's figures only if it is named again.
        query
            .groups
            .dedup_by(|a, b| matches!((a, b), (Group::Time(x, _), Group::Time(y, _)) if x == y));
        self.settle(schema, &mut query)?;
        Some(query)
    }
}

/// Whether one condition is said instead of another: both are of one field, or both are names.
fn replaces(schema: &Schema, new: &Condition, old: &Condition) -> bool {
    match (new, old) {
        (Condition::Field { place: one, .. }, Condition::Field { place: other, .. }) => {
            let days = schema
                .field(*one)
                .is_some_and(|field| field.kind == FieldKind::Date);
            one == other
                && (days
                    || schema
                        .field(*one)
                        .is_some_and(|field| field.kind != FieldKind::List))
        }
        (Condition::Related { store: one, .. }, Condition::Related { store: other, .. }) => {
            one == other
        }
        _ => false,
    }
}
