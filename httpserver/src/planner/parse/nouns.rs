//! Stores, fields and values where they are named.

use super::{
    Aggregate, Beside, Comparison, Concept, Condition, FieldKind, Function, Group, Match, Mode,
    Named, Parser, Place, Test, Token, Value, path,
};
use crate::planner::model::Measure;
use crate::planner::paths::labels;

impl Parser<'_> {
    /// Takes the name that fits best here.
    pub(super) fn noun(&mut self) -> bool {
        let Some(found) = self.best_here() else {
            return false;
        };
        if found.score < 0.8 {
            self.doubt(0.93);
        }
        match found.named {
            Named::Store(store) => self.store_noun(store, &found),
            Named::Role(owner, relation) => self.role_noun(owner, relation, &found),
            Named::Field(place) => self.field_noun(place, &found),
            Named::Value(place, at) => self.value_noun(place, at, &found),
            Named::Prefix(places) => {
                self.at += found.length;
                self.prefix = places;
                self.take(Concept::To);
                true
            }
        }
    }

    /// The name at this place that fits best to what is around.
    pub(super) fn best_here(&mut self) -> Option<Match> {
        let mut ranked: Vec<(f32, Match)> = Vec::new();
        let role = self
            .names_at(self.at)
            .iter()
            .find(|name| matches!(name.named, Named::Role(..)))
            .map(|name| name.length);
        for name in self.names_at(self.at) {
            // A reference is spoken of by the item that it leads to.
            if matches!(name.named, Named::Field(place) if role == Some(name.length) && self.schema.is_reference(place))
            {
                continue;
            }
            let longer = 0.12 * (name.length as f32 - 1.0);
            let fits = match &name.named {
                Named::Store(store) => self.nearness(*store) * 0.3 + 0.06,
                Named::Role(owner, _) => self.nearness(*owner) * 0.3,
                Named::Field(place) => self.nearness(place.store) + self.fit(*place),
                Named::Value(place, _) => self.value_fit(*place),
                Named::Prefix(places) => {
                    let followed = self.value_follows(self.at + name.length, places);
                    let near = places
                        .first()
                        .map_or(-1.0, |place| self.nearness(place.store));
                    if followed { near + 0.15 } else { -1.0 }
                }
            };
            if fits > -0.9 {
                ranked.push((name.score + longer + fits, name.clone()));
            }
        }
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        let best = ranked.first()?.0;
        let mut close: Vec<Match> = ranked
            .iter()
            .filter(|(score, _)| best - score < 0.08)
            .map(|(_, name)| name.clone())
            .collect();
        close.truncate(3);
        let other_way = close.len() > 1
            && close
                .windows(2)
                .any(|two| matches!(two, [a, b] if Self::differ(a, b)));
        if other_way {
            self.doubt(0.92);
            let way = self.choose(close.len());
            return close.get(way).cloned();
        }
        close.first().cloned()
    }

    /// Whether two readings are of different stores, so that it matters which is taken.
    pub(super) fn differ(one: &Match, other: &Match) -> bool {
        let store = |name: &Match| match &name.named {
            Named::Field(place) | Named::Value(place, _) => Some(place.store),
            _ => None,
        };
        matches!((store(one), store(other)), (Some(a), Some(b)) if a != b)
    }

    pub(super) fn value_follows(&self, at: usize, places: &[Place]) -> bool {
        let after = (at..at + 4).find(|at| {
            !matches!(
                self.concept(*at),
                Some((Concept::To | Concept::In | Concept::Noise, _))
            )
        });
        let Some(after) = after else {
            return false;
        };
        self.names_at(after)
            .iter()
            .any(|name| matches!(name.named, Named::Value(place, _) if places.contains(&place)))
            || self.literals.iter().any(|literal| literal.start == after)
    }

    /// How near a store is to what is spoken of.
    pub(super) fn nearness(&self, store: usize) -> f32 {
        let asked = self.draft.store;
        let before = self
            .mentions
            .iter()
            .rev()
            .find(|mention| mention.at < self.at);
        let after = self.mentions.iter().find(|mention| mention.at > self.at);
        let next_to = before.is_some_and(|m| {
            m.store == store && self.past_noise(m.at + m.length) == self.at && !m.verb
        });
        let owner = after.is_some_and(|m| {
            m.store == store && m.at <= self.at + 5 && self.only_glue(self.at + 1, m.at)
        });
        if next_to {
            return 0.3;
        }
        if owner {
            return 0.28;
        }
        if self.near == Some(store) && self.near != asked {
            return 0.22;
        }
        if asked == Some(store) {
            return 0.18;
        }
        if self.mentions.iter().any(|mention| mention.store == store) {
            return 0.1;
        }
        let way = asked.map(|asked| self.distance(asked, store));
        match way {
            None => 0.0,
            Some(Some(steps)) => -0.06 * steps as f32,
            Some(None) => -1.0,
        }
    }

    /// Whether between two places there are only small words and fields: "name and price of all".
    pub(super) fn only_glue(&self, from: usize, to: usize) -> bool {
        (from..to).all(|at| {
            matches!(
                self.concept(at),
                Some((
                    Concept::Noise | Concept::Of | Concept::And | Concept::For | Concept::Each,
                    _
                ))
            ) || self
                .names_at(at)
                .iter()
                .any(|name| matches!(name.named, Named::Field(_)))
        })
    }

    /// How well a field fits to what is expected.
    pub(super) fn fit(&self, place: Place) -> f32 {
        let wants_number = !self.draft.functions.is_empty();
        let mut fit = 0.0;
        if wants_number {
            fit += if self.is_number(place) { 0.3 } else { -0.2 };
        }
        if self.schema.is_reference(place) {
            fit -= 0.15;
        }
        fit
    }

    pub(super) fn value_fit(&self, place: Place) -> f32 {
        if self.prefix.contains(&place) {
            return 0.6;
        }
        let is_list = self.kind(place) == Some(FieldKind::List);
        let near = self.nearness(place.store);
        if is_list && near < 0.1 {
            -1.0
        } else {
            near - 0.02
        }
    }

    pub(super) fn store_noun(&mut self, store: usize, found: &Match) -> bool {
        let start = self.at;
        self.at += found.length;
        let verb = self
            .mentions
            .iter()
            .any(|mention| mention.at == start && mention.verb);
        if self.is_possessive() {
            self.near = Some(store);
            self.at += 1;
            return true;
        }
        if self.identified(store, start) {
            self.near = Some(store);
            if self.is_possessive() {
                self.at += 1;
            }
            return true;
        }
        if self.take(Concept::Count) {
            let of = Aggregate {
                function: Function::Count,
                of: Measure::Items(store),
            };
            self.draft.aggregates.push(of);
            return true;
        }
        let without =
            self.mode == Mode::Without || (self.negated && self.draft.store != Some(store));
        if self.draft.store.is_none() {
            self.draft.store = Some(store);
        }
        let asked = self.draft.store;
        if asked == Some(store) && !without {
            self.near = Some(store);
            self.mode = Mode::Plain;
            return true;
        }
        self.near = Some(store);
        let definite = matches!(self.mode, Mode::With { definite: true, .. });
        if definite && !without && self.reaches(store) && self.nothing_follows() {
            // "with the invoices": beside what is asked for.
            self.mode = Mode::Plain;
            self.draft.beside.push(Beside {
                store,
                via: None,
                only: None,
            });
            return true;
        }
        if verb {
            self.draft.through.push(store);
            let trade = self.trade_stores();
            if trade.contains(&store) {
                self.draft.through.extend(trade);
            }
        }
        self.negated = false;
        self.mode = Mode::Plain;
        self.draft.conditions.push(Condition::Related {
            store,
            conditions: Vec::new(),
            negated: without,
            count: None,
        });
        true
    }

    /// Whether the rest of the question says nothing more of what was named last: "they have".
    fn nothing_follows(&self) -> bool {
        (self.at..self.tokens.len()).all(|at| {
            self.role_of_verb(at)
                || matches!(
                    self.concept(at),
                    Some((
                        Concept::Pronoun | Concept::That | Concept::Which | Concept::Noise,
                        _
                    ))
                )
        })
    }

    pub(super) fn is_possessive(&self) -> bool {
        self.lower(self.at) == "'s" && self.at + 1 < self.tokens.len()
    }

    /// "order 17", "user number 3": one item by its key.
    pub(super) fn identified(&mut self, store: usize, start: usize) -> bool {
        let Some(key) = self.schema.single_key(store) else {
            return false;
        };
        let said = ["number", "no", "nr", "#", "id", "with", "num"];
        let mut at = self.at;
        while said.contains(&self.lower(at)) {
            at += 1;
        }
        let sure = at > self.at && self.lower(at - 1) != "with";
        let one = self
            .token(start)
            .is_some_and(|token| token.stem == token.lower);
        let Some(token) = self.token(at).filter(|_| sure || one) else {
            return false;
        };
        let text = token.text.trim_start_matches('#').to_owned();
        let value = match self.kind(key) {
            Some(FieldKind::Integer) => text.parse::<i64>().ok().map(Value::Integer),
            Some(FieldKind::Text) if text.chars().any(|c| c.is_ascii_digit()) => {
                Some(Value::Text(text))
            }
            _ => None,
        };
        let Some(value) = value else {
            return false;
        };
        self.at = at + 1;
        self.push(key, Test::Compare(Comparison::Eq, value));
        true
    }

    pub(super) fn role_noun(&mut self, owner: usize, relation: usize, found: &Match) -> bool {
        let target = self
            .schema
            .store(owner)
            .and_then(|store| store.relations.get(relation))
            .map(|relation| relation.store);
        let Some(target) = target else {
            return false;
        };
        self.at += found.length;
        self.take(Concept::To);
        self.skip_noise();
        let literal = self
            .literals
            .iter()
            .find(|literal| literal.start == self.at)
            .cloned();
        let of_role = literal.and_then(|literal| {
            let hit = literal
                .hits
                .iter()
                .find(|hit| hit.places.iter().all(|(place, _)| place.store == target));
            hit.cloned().map(|hit| (hit, literal.length))
        });
        if let Some((hit, length)) = of_role {
            self.at += length;
            for (place, text) in &hit.places {
                let test = Test::Compare(Comparison::Eq, Value::Text(text.clone()));
                let via = Some((owner, relation));
                self.draft.conditions.push(Condition::Field {
                    place: *place,
                    via,
                    test,
                    negated: false,
                });
            }
            return true;
        }
        if let Some(number) = self.token(self.at).and_then(Token::number) {
            let field = self
                .schema
                .store(owner)
                .and_then(|store| store.relations.get(relation)?.fields.first().cloned());
            let place = self
                .schema
                .places_of(owner)
                .find(|place| Some(self.schema.field_name(*place)) == field.as_deref());
            if let Some(place) = place {
                self.at += 1;
                self.push(place, Test::Compare(Comparison::Eq, Value::number(number)));
                return true;
            }
        }
        self.draft.beside.push(Beside {
            store: target,
            via: Some((owner, relation)),
            only: None,
        });
        true
    }

    pub(super) fn field_noun(&mut self, place: Place, found: &Match) -> bool {
        let start = self.at;
        self.at += found.length;
        let kind = self.kind(place);
        if kind == Some(FieldKind::Bool) && !self.field_compared(place) {
            let negated =
                found.negated ^ std::mem::take(&mut self.negated) ^ (self.mode == Mode::Without);
            let test = Test::Compare(Comparison::Eq, Value::Bool(!negated));
            self.push(place, test);
            return true;
        }
        if !self.draft.functions.is_empty() && self.is_number(place) {
            self.aggregate_of(place);
            return true;
        }
        let made = kind == Some(FieldKind::Text)
            && self
                .token(start)
                .is_some_and(|token| token.lower.ends_with("ed"));
        if let Some(length) = self.is(self.at, Concept::By).filter(|_| made) {
            return self.text_test(place, length, Test::Contains);
        }
        if self.field_compared(place) {
            return true;
        }
        if self.mode == Mode::Without || (self.negated && self.mode != Mode::Plain) {
            self.negated = false;
            let optional = self.schema.field(place).is_some_and(|field| field.optional);
            let none = if self.is_number(place) && !optional {
                Test::Compare(Comparison::Eq, Value::Integer(0))
            } else {
                Test::Missing
            };
            self.push(place, none);
            return true;
        }
        if let Mode::With { article, definite } = self.mode {
            let optional = self.schema.field(place).is_some_and(|field| field.optional);
            if article || (optional && !definite && self.draft.fields.is_empty()) {
                self.negated = true;
                self.push(place, Test::Missing);
                return true;
            }
        }
        if kind == Some(FieldKind::Date)
            && self.draft.fields.is_empty()
            && (found.verb || (found.length == 1 && self.date_verb(start)))
        {
            self.draft.date = Some(place);
            return true;
        }
        for place in self.all_of(place, start, found) {
            if !self.draft.fields.contains(&place) {
                self.draft.fields.push(place);
            }
        }
        true
    }

    /// Whether a word is the verb of a date: placed, joined, hired, born.
    pub(super) fn date_verb(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| {
            token.lower.ends_with("ed") || token.lower.ends_with("en") || token.lower == "born"
        })
    }

    /// The field; or where "name" is asked for and there are first and last names, both.
    pub(super) fn all_of(&self, place: Place, start: usize, found: &Match) -> Vec<Place> {
        let labels = labels(self.schema, place.store);
        let name = self.token(start).is_some_and(|token| token.stem == "name")
            && found.length == 1
            && found.score < 0.95;
        if name && labels.contains(&place) {
            labels
        } else {
            vec![place]
        }
    }

    /// The field of a store that is named at a place.
    pub(super) fn field_of(&self, store: usize, at: usize) -> Option<(Place, usize)> {
        self.names_at(at).iter().find_map(|name| match name.named {
            Named::Field(place) if place.store == store && name.score >= 0.8 => {
                Some((place, name.length))
            }
            _ => None,
        })
    }

    /// A time that nobody named, of which what is counted may have several, is a guess.
    fn doubt_apart(&mut self, date: Place) {
        let figure = self
            .draft
            .aggregates
            .first()
            .map(|figure| figure.of.store());
        let Some(counted) = figure.or(self.draft.store) else {
            return;
        };
        let way = path(self.schema, counted, date.store, &self.draft.through);
        if self.draft.date.is_none() && way.is_some_and(|way| way.iter().any(|edge| !edge.forward))
        {
            self.doubt(0.8);
        }
    }

    /// A group that a name here stands for.
    pub(super) fn group_here(&mut self) -> Option<Group> {
        self.skip_noise();
        let unit = self.time_unit(self.at);
        let date_field = self
            .names_at(self.at)
            .iter()
            .any(|name| matches!(name.named, Named::Field(place) if self.schema.is_key(place)));
        if let (Some(unit), false) = (unit, date_field)
            && let Some(place) = self.default_date()
        {
            self.at += 1;
            self.doubt_apart(place);
            return Some(Group::Time(place, unit));
        }
        let found = self.best_here()?;
        let group = match found.named {
            Named::Store(store) => match self.field_of(store, self.at + found.length) {
                // "per customer country".
                Some((place, length)) => {
                    self.at += length;
                    Group::Field(place)
                }
                None => {
                    self.near = Some(store);
                    Group::Store(store, None)
                }
            },
            Named::Role(owner, relation) => {
                let target = self.schema.store(owner)?.relations.get(relation)?.store;
                Group::Store(target, Some((owner, relation)))
            }
            Named::Field(place) => match (self.time_unit(self.at + found.length), self.kind(place))
            {
                (Some(unit), Some(FieldKind::Date)) => {
                    self.at += 1;
                    Group::Time(place, unit)
                }
                _ => Group::Field(place),
            },
            _ => return None,
        };
        let reached = match group {
            Group::Store(store, _) => self
                .draft
                .store
                .is_none_or(|asked| path(self.schema, asked, store, &[]).is_some()),
            _ => true,
        };
        if !reached {
            return None;
        }
        self.at += found.length;
        Some(group)
    }
}
