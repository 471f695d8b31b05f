//! Sentences that change items: set, change, mark, rename, add, delete.

use super::{Concept, Condition, FieldKind, Form, Mention, Named, Parser, Place, Value};
use crate::planner::model::Write;
use crate::planner::paths::labels;
use crate::planner::words;

const SET: [&str; 13] = [
    "set", "change", "update", "modify", "mark", "make", "rename", "raise", "lower", "increase",
    "decrease", "reduce", "clear",
];
const DELETE: [&str; 3] = ["delete", "remove", "erase"];
const ADD: [&str; 3] = ["add", "insert", "create"];

/// What a field is set to; none clears it.
struct Set(Option<Value>);

impl Parser<'_> {
    fn verb(&self) -> usize {
        let polite = [
            "please", "can", "could", "you", "now", "i", "want", "to", "would", "like",
        ];
        (0..self.tokens.len())
            .find(|at| !polite.contains(&self.lower(*at)))
            .unwrap_or(0)
    }

    /// Whether the sentence begins with a verb that changes something.
    pub(super) fn begins_write(&self) -> bool {
        let verb = self.lower(self.verb());
        [&SET[..], &DELETE, &ADD]
            .iter()
            .any(|verbs| verbs.contains(&verb))
            || self.flag().is_some()
    }

    /// The verb of a field that is true or false, and what it makes of it: "activate", "deactivate", "discontinue".
    fn flag(&self) -> Option<(Place, bool)> {
        let at = self.verb();
        let verb = self.lower(at);
        let store = self.mentions.iter().find(|mention| mention.at > at)?.store;
        if verb.ends_with("ed") || verb.ends_with("ing") {
            return None;
        }
        let plain = |word: &str| {
            let root = words::root(word);
            root.strip_suffix("at").unwrap_or(&root).to_owned()
        };
        let flags = self
            .schema
            .places_of(store)
            .filter(|place| self.kind(*place) == Some(FieldKind::Bool));
        let fits = |place: Place, verb: &str| {
            let name = words::of_name(self.schema.field_name(place));
            matches!(name.as_slice(), [word] if *word != verb && plain(word) == plain(verb))
        };
        let mut flags = flags.flat_map(|place| {
            let turned = ["de", "dis", "un", "in"].into_iter();
            let turned = turned.filter_map(|prefix| verb.strip_prefix(prefix));
            let off = turned.filter(move |verb| fits(place, verb)).map(|_| false);
            let on = fits(place, verb).then_some(true);
            on.into_iter()
                .chain(off)
                .map(move |value| (place, value))
                .collect::<Vec<_>>()
        });
        flags.next()
    }

    /// Sets a field that is true or false of the items that follow.
    fn set_flag(&mut self, place: Place, value: bool) -> bool {
        let Some((store, conditions)) = self.conditions(self.at, self.tokens.len()) else {
            return false;
        };
        let set = vec![(place, Some(Value::Bool(value)))];
        self.draft.write = Some(Write::Update {
            store,
            conditions,
            set,
        });
        store == place.store
    }

    /// Reads the sentence.
    pub(super) fn write(&mut self) {
        self.previous = None;
        self.at = self.verb();
        let verb = self.lower(self.at).to_owned();
        let flag = self.flag();
        self.at += 1;
        let done = if let Some((place, value)) = flag {
            self.set_flag(place, value)
        } else if DELETE.contains(&verb.as_str()) {
            self.delete()
        } else if ADD.contains(&verb.as_str()) {
            self.insert()
        } else {
            self.set(&verb)
        };
        if !done && self.draft.missing.is_none() {
            self.draft.missing = Some("which items are to be changed, and how".to_owned());
        }
    }

    /// The conditions that tokens up to `end` make, with the store that they are on.
    fn conditions(&mut self, from: usize, end: usize) -> Option<(usize, Vec<Condition>)> {
        let rest = self.tokens.split_off(end.min(self.tokens.len()));
        let names_after = self.names.split_off(end.min(self.names.len()));
        let mentions: Vec<Mention> = self.mentions.clone();
        self.mentions
            .retain(|mention| mention.at >= from && mention.at < end);
        self.at = from;
        self.find_store();
        while self.at < self.tokens.len() {
            let before = self.at;
            self.step();
            if self.at == before {
                self.unknown();
            }
        }
        self.tokens.extend(rest);
        self.names.extend(names_after);
        self.mentions = mentions;
        let plain = self.draft.aggregates.is_empty()
            && self.draft.groups.is_empty()
            && self.draft.order.is_empty()
            && self.draft.limit.is_none()
            && self.draft.functions.is_empty()
            && self.draft.extreme.is_none()
            && !self.draft.counting;
        if !plain || !self.draft.fields.is_empty() {
            self.draft.missing = Some(
                "which items are meant: only conditions on their fields are taken here".to_owned(),
            );
            return None;
        }
        let store = self.draft.store?;
        let own = |condition: &Condition| matches!(condition, Condition::Field { place, .. } if place.store == store);
        if !self.draft.conditions.iter().all(own) {
            self.draft.missing =
                Some("which items are meant: only their own fields are taken here".to_owned());
            return None;
        }
        let conditions = std::mem::take(&mut self.draft.conditions);
        let whole = (from..end).any(|at| ["all", "every"].contains(&self.lower(at)));
        if conditions.is_empty()
            && !(whole && self.mentions.iter().any(|m| m.at >= from && m.at < end))
        {
            self.draft.missing =
                Some("which items are meant; say \"all\" for every one of a store".to_owned());
            return None;
        }
        if conditions.is_empty() {
            self.doubt(0.8);
        }
        Some((store, conditions))
    }

    fn delete(&mut self) -> bool {
        let Some((store, conditions)) = self.conditions(self.at, self.tokens.len()) else {
            return false;
        };
        self.draft.write = Some(Write::Delete { store, conditions });
        true
    }

    /// The first place from `from` on with one of these words.
    fn word(&self, from: usize, words: &[&str]) -> Option<usize> {
        (from..self.tokens.len()).find(|at| words.contains(&self.lower(*at)))
    }

    /// - `set FIELD to VALUE for ITEMS`, `change FIELD of ITEMS to VALUE`, `rename ITEMS to VALUE`
    /// - `update ITEMS set FIELD to VALUE`, `mark ITEMS as VALUE`, `make ITEMS VALUE`
    fn set(&mut self, verb: &str) -> bool {
        let from = self.at;
        let end = self.tokens.len();
        if verb == "mark" {
            return self
                .word(from, &["as"])
                .is_some_and(|to| self.become_value((from, to), to + 1));
        }
        if verb == "make" {
            return (from + 1..end)
                .rev()
                .any(|at| self.is_state(at) && self.become_value((from, at), at));
        }
        if verb == "rename" {
            let Some(to) = self.word(from, &["to", "as"]) else {
                return false;
            };
            let Some((store, conditions)) = self.conditions(from, to) else {
                return false;
            };
            let Some(place) = labels(self.schema, store).first().copied() else {
                return false;
            };
            self.at = to + 1;
            let value = self.value_to_end(place, end);
            return self.update(store, conditions, place, value);
        }
        if verb == "clear" {
            return self.clear(from, end);
        }
        if let Some(set) = self.word(from, &["set"]) {
            return self.field_and_value(set + 1, end, (from, set));
        }
        let Some(to) = self.word(from, &["to", "=", "as"]) else {
            return false;
        };
        if let Some(items) = self.word(to, &["for", "of", "on", "where", "in"]) {
            return self.field_and_value(from, items, (items + 1, end));
        }
        let Some(of) = self.word(from, &["of", "for", "on"]).filter(|of| *of < to) else {
            // "set order 5 status to paid": the items stand before the field.
            let field = (from + 1..to).rev().find(|at| {
                self.names_at(*at)
                    .iter()
                    .any(|name| matches!(name.named, Named::Field(_)) && at + name.length == to)
            });
            return field.is_some_and(|field| self.field_and_value(field, end, (from, field)));
        };
        let Some((store, conditions)) = self.conditions(of + 1, to) else {
            return false;
        };
        let Some(place) = self.field_between(store, from, of) else {
            return false;
        };
        self.at = to + 1;
        let value = self.value_to_end(place, end);
        self.update(store, conditions, place, value)
    }

    /// `clear FIELD of ITEMS`
    fn clear(&mut self, from: usize, end: usize) -> bool {
        let Some(of) = self.word(from, &["of", "for", "from", "on"]) else {
            return false;
        };
        let Some((store, conditions)) = self.conditions(of + 1, end) else {
            return false;
        };
        let Some(place) = self.field_between(store, from, of) else {
            return false;
        };
        self.update(store, conditions, place, Some(Set(None)))
    }

    /// `FIELD to VALUE` between two places, with the items between two others.
    fn field_and_value(&mut self, from: usize, end: usize, items: (usize, usize)) -> bool {
        let Some(to) = self.word(from, &["to", "=", "as"]).filter(|to| *to < end) else {
            return false;
        };
        let Some((store, conditions)) = self.conditions(items.0, items.1) else {
            return false;
        };
        let Some(place) = self.field_between(store, from, to) else {
            return false;
        };
        self.at = to + 1;
        let value = self.value_to_end(place, end);
        self.update(store, conditions, place, value)
    }

    /// The field of a store that all words between two places name.
    fn field_between(&mut self, store: usize, from: usize, to: usize) -> Option<Place> {
        let from = self.past_noise(from);
        let found = self
            .names_at(from)
            .iter()
            .find_map(|name| match name.named {
                Named::Field(place)
                    if place.store == store && self.past_noise(from + name.length) >= to =>
                {
                    Some((place, name.score))
                }
                _ => None,
            });
        let Some((place, score)) = found else {
            self.draft.missing = Some(format!(
                "which field of {} is to be set",
                self.schema.store_name(store)
            ));
            return None;
        };
        if score < 0.9 {
            self.doubt(0.9);
        }
        Some(place)
    }

    /// The value that the tokens up to `end` are, of the kind that the field has.
    fn value_to_end(&mut self, place: Place, end: usize) -> Option<Set> {
        let start = if ["a", "an", "the"].contains(&self.lower(self.at))
            && self.kind(place) != Some(FieldKind::Text)
        {
            self.at + 1
        } else {
            self.at
        };
        let length = end.checked_sub(start).filter(|length| *length > 0)?;
        let text = self.text(start, length);
        if length == 1 && ["null", "nothing", "empty", "none"].contains(&self.lower(start)) {
            return Some(Set(None));
        }
        let value = match self.kind(place)? {
            FieldKind::Integer | FieldKind::Number => {
                let number = self.token(start)?.number()?;
                let unit = length == 2
                    && crate::planner::lexicon::measure(self.lower(start + 1)).is_some();
                (length == 1 || unit).then(|| Value::number(number))?
            }
            FieldKind::Bool => match self.lower(start) {
                "true" | "yes" | "on" => Value::Bool(true),
                "false" | "no" | "off" => Value::Bool(false),
                _ => return None,
            },
            FieldKind::Text => {
                let values = self
                    .schema
                    .field(place)
                    .map(|field| field.values.clone())
                    .unwrap_or_default();
                let known = values
                    .into_iter()
                    .find(|value| value.to_lowercase() == text.to_lowercase());
                Value::Text(known.unwrap_or(text))
            }
            FieldKind::Date => match self.token(start)?.form {
                Form::Day(day) if length == 1 => Value::Text(day.to_string()),
                _ => return None,
            },
            FieldKind::List | FieldKind::Other => return None,
        };
        Some(Set(Some(value)))
    }

    fn update(
        &mut self,
        store: usize,
        conditions: Vec<Condition>,
        place: Place,
        value: Option<Set>,
    ) -> bool {
        let Some(Set(value)) = value else {
            let name = self.schema.field_name(place);
            self.draft.missing = Some(format!(
                "what {name} is to be: it takes another kind of value"
            ));
            return false;
        };
        if self.schema.is_key(place) {
            self.draft.missing = Some("how keys are to be changed".to_owned());
            return false;
        }
        let set = vec![(place, value)];
        self.draft.write = Some(Write::Update {
            store,
            conditions,
            set,
        });
        true
    }

    /// Whether a word is a frequent value, or true or false of a field.
    fn is_state(&self, at: usize) -> bool {
        self.names_at(at).iter().any(|name| match name.named {
            Named::Value(..) => at + name.length == self.tokens.len(),
            Named::Field(place) => {
                self.kind(place) == Some(FieldKind::Bool) && at + name.length == self.tokens.len()
            }
            _ => false,
        })
    }

    /// `mark ITEMS as VALUE`: the field is the one that has such values.
    fn become_value(&mut self, items: (usize, usize), at: usize) -> bool {
        let mut end = items.1;
        while end > items.0 && ["a", "an", "the", "to", "be", "not"].contains(&self.lower(end - 1))
        {
            end -= 1;
        }
        let not = (end..at).any(|at| self.lower(at) == "not") || self.lower(at) == "not";
        let Some((store, conditions)) = self.conditions(items.0, end) else {
            return false;
        };
        let mut at = at;
        while ["a", "an", "the", "not"].contains(&self.lower(at)) {
            at += 1;
        }
        let found = self.names_at(at).iter().find_map(|name| {
            let whole = at + name.length == self.tokens.len();
            match name.named {
                Named::Field(place)
                    if whole
                        && place.store == store
                        && self.kind(place) == Some(FieldKind::Bool) =>
                {
                    Some((place, Value::Bool(!(name.negated ^ not))))
                }
                Named::Value(place, value) if whole && place.store == store && !not => {
                    let text = self.schema.field(place)?.values.get(value)?.clone();
                    Some((place, Value::Text(text)))
                }
                _ => None,
            }
        });
        match found {
            Some((place, value)) => self.update(store, conditions, place, Some(Set(Some(value)))),
            None => false,
        }
    }

    /// `add a STORE named X with FIELD VALUE and FIELD VALUE`.
    fn insert(&mut self) -> bool {
        let mention = self
            .mentions
            .iter()
            .find(|mention| self.past_noise_new(self.at) >= mention.at)
            .copied();
        let Some(mention) = mention else {
            self.draft.missing = Some("which store the new item is for".to_owned());
            return false;
        };
        let store = mention.store;
        self.draft.store = Some(store);
        self.near = Some(store);
        let Some(key) = self.schema.store(store).and_then(|store| store.next_key) else {
            self.draft.missing = Some(format!(
                "the key of the new item of {}",
                self.schema.store_name(store)
            ));
            return false;
        };
        let mut fields: Vec<(Place, Value)> = Vec::new();
        let mut at = mention.at + mention.length;
        while at < self.tokens.len() {
            if matches!(
                self.concept(at),
                Some((
                    Concept::With | Concept::And | Concept::Where | Concept::Of | Concept::Noise,
                    _
                ))
            ) {
                at += self.concept(at).map_or(1, |(_, length)| length);
                continue;
            }
            let (place, length) = match self.concept(at) {
                Some((Concept::Named, length)) => match labels(self.schema, store).as_slice() {
                    [one] => (Some(*one), length),
                    _ => (None, length),
                },
                _ => self
                    .names_at(at)
                    .iter()
                    .find_map(|name| match name.named {
                        Named::Field(place) if place.store == store => {
                            Some((Some(place), name.length))
                        }
                        _ => None,
                    })
                    .unwrap_or((None, 1)),
            };
            let Some(place) = place else {
                let word = self.text(at, length);
                self.draft.unknown.push(word);
                return true;
            };
            at += length;
            if ["to", "=", "is", "of", "as", ":"].contains(&self.lower(at)) {
                at += 1;
            }
            let end = (at + 1..self.tokens.len())
                .find(|end| {
                    let quoted = self
                        .token(at)
                        .is_some_and(|token| token.form == Form::Quoted);
                    let next = *end;
                    quoted
                        || matches!(
                            self.concept(next),
                            Some((Concept::With | Concept::And | Concept::Where, _))
                        )
                })
                .unwrap_or(self.tokens.len());
            self.at = at;
            let Some(Set(Some(value))) = self.value_to_end(place, end) else {
                self.draft.missing = Some(format!(
                    "the {} of the new item",
                    self.schema.field_name(place)
                ));
                return false;
            };
            fields.push((place, value));
            at = end;
        }
        if fields.is_empty() {
            self.draft.missing = Some("the fields of the new item".to_owned());
            return false;
        }
        let key = Value::Integer(key);
        self.draft.write = Some(Write::Insert { store, key, fields });
        true
    }

    fn past_noise_new(&self, mut at: usize) -> usize {
        while self.lower(at) == "new" || matches!(self.concept(at), Some((Concept::Noise, _))) {
            at += 1;
        }
        at
    }
}
