//! Phrases: what is asked for, in which order, how much of it, put together by what.

use super::{Attribute, Beside, Concept, Extreme, FieldKind, Mode, Named, Parser, Place, Test};
use crate::planner::lexicon;
use crate::planner::paths::labels;

impl Parser<'_> {
    /// Takes the phrase at this place.
    #[expect(clippy::too_many_lines, reason = "one arm for each meaning")]
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
            Concept::Which => {
                self.draft.asked_which |= self.draft.fields.is_empty();
                true
            }
            Concept::Show
            | Concept::And
            | Concept::Pronoun
            | Concept::Who
            | Concept::That
            | Concept::Is
            | Concept::Anything
            | Concept::Only
            | Concept::Of
            | Concept::To
            | Concept::On
            | Concept::For => true,
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
    pub(super) fn or(&mut self) -> bool {
        self.or = true;
        true
    }

    pub(super) fn how_much(&mut self) -> bool {
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

    /// "costs", "weighs": compared with what follows, or asked for.
    pub(super) fn attribute(&mut self, attribute: Attribute) -> bool {
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

    pub(super) fn between_numbers(&mut self) -> bool {
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
        // "between 3 and 4 minutes".
        let unit = lexicon::measure(self.lower(self.at + 4));
        let of_unit = unit.and_then(|(fields, _)| self.field_with(fields));
        match (place.or(field.map(|(place, _)| place)).or(of_unit), field) {
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
    pub(super) fn of_label(&mut self, concept: Concept) -> bool {
        let Some(store) = self.near.or(self.draft.store) else {
            return false;
        };
        let next = self.past_noise(self.at);
        let other = self
            .mentions
            .iter()
            .any(|mention| mention.at == next && mention.store != store)
            || self.literals.iter().any(|literal| literal.start == next)
            // A value of something else: "that contain Jazz tracks".
            || self.names_at(next).iter().any(|name| {
                let end = next + name.length;
                let followed = |mention: &super::Mention| mention.at == end && mention.store != store;
                matches!(name.named, Named::Value(..))
                    && name.score >= 0.95
                    && self.mentions.iter().any(followed)
            });
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

    pub(super) fn named(&mut self) -> bool {
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
    pub(super) fn their(&mut self) -> bool {
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
}
