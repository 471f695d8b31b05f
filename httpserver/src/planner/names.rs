//! Which names of the schema the words of a question may mean.
//!
//! A match says how sure it is: 1 for the name as it is, less for part of it, for a word that means alike, for a slip of
//! the pen. Which of several is meant, the parser decides from what stands around.

use std::collections::HashMap;

use super::lexicon::{alike, concepts};
use super::schema::{FieldKind, Place, Schema};
use super::token::{Form, Token, tokens};
use super::words;

/// What a name is of.
#[derive(Clone, Debug, PartialEq)]
pub enum Named {
    /// A store.
    Store(usize),
    /// A store by a reference to it: the store that refers, and the reference's place there.
    Role(usize, usize),
    /// A field.
    Field(Place),
    /// One of the frequent values of a field.
    Value(Place, usize),
    /// The first word of the names of several fields.
    Prefix(Vec<Place>),
}

/// A name at a place in the question.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// What is named.
    pub named: Named,
    /// How many tokens it takes.
    pub length: usize,
    /// How sure it is, up to 1.
    pub score: f32,
    /// Whether another form of the word was used: `ordered` for `orders`.
    pub verb: bool,
    /// Whether it has a negation before: `inactive`.
    pub negated: bool,
}

/// A way to say a name.
struct Variant {
    words: Vec<String>,
    named: Named,
    score: f32,
}

/// How sure a word stands for another.
#[derive(Clone, Copy)]
struct Likeness {
    score: f32,
    verb: bool,
    negated: bool,
}

const SURE: Likeness = Likeness {
    score: 1.0,
    verb: false,
    negated: false,
};

/// Units at the end of a field's name, and other words that people leave out.
const UNITS: [&str; 14] = [
    "kg", "g", "ms", "cm", "mm", "m", "km", "usd", "eur", "gbp", "at", "on", "utc", "pct",
];

/// The names that may begin at each token.
pub fn matches(schema: &Schema, tokens: &[Token]) -> Vec<Vec<Match>> {
    let variants = variants(schema);
    let mut by_first: HashMap<&str, Vec<&Variant>> = HashMap::new();
    for variant in &variants {
        if let Some(first) = variant.words.first() {
            by_first.entry(first).or_default().push(variant);
        }
    }
    let vocabulary: Vec<&str> = {
        let mut words: Vec<&str> = variants
            .iter()
            .flat_map(|v| v.words.iter().map(String::as_str))
            .collect();
        words.sort_unstable();
        words.dedup();
        words
    };
    let like: Vec<HashMap<&str, Likeness>> = (0..tokens.len())
        .map(|at| likenesses(tokens, at, &vocabulary))
        .collect();
    let values = values(schema);
    (0..tokens.len())
        .map(|at| {
            let mut found = Vec::new();
            for first in like.get(at).into_iter().flat_map(HashMap::keys) {
                for variant in by_first.get(first).into_iter().flatten() {
                    found.extend(fit(variant, &like, at));
                }
            }
            found.extend(values_at(&values, tokens, at));
            found.extend(two_with_one_end(schema, tokens, at));
            found.sort_by(|a, b| b.length.cmp(&a.length).then(b.score.total_cmp(&a.score)));
            found
        })
        .collect()
}

fn fit(variant: &Variant, like: &[HashMap<&str, Likeness>], at: usize) -> Option<Match> {
    let mut score = variant.score;
    let mut verb = false;
    let mut negated = false;
    for (step, word) in variant.words.iter().enumerate() {
        let likeness = like.get(at + step)?.get(word.as_str())?;
        score *= likeness.score;
        verb |= likeness.verb;
        negated |= likeness.negated;
    }
    Some(Match {
        named: variant.named.clone(),
        length: variant.words.len(),
        score,
        verb,
        negated,
    })
}

/// The words of the schema that a token may stand for.
fn likenesses<'v>(
    tokens: &[Token],
    at: usize,
    vocabulary: &[&'v str],
) -> HashMap<&'v str, Likeness> {
    let Some(token) = tokens.get(at) else {
        return HashMap::new();
    };
    if token.form != Form::Word {
        return HashMap::new();
    }
    let known = !concepts(tokens, at).is_empty();
    let mut found: HashMap<&str, Likeness> = HashMap::new();
    for word in vocabulary {
        let likeness = likeness(token, word, known);
        if let Some(likeness) = likeness {
            found.insert(word, likeness);
        }
    }
    // A slip is only thought of where nothing else fits.
    if found.values().any(|there| there.score > 0.75) {
        found.retain(|_, there| there.score > 0.75);
    }
    found
}

fn likeness(token: &Token, word: &str, known: bool) -> Option<Likeness> {
    if token.stem == word || token.lower == word {
        return Some(SURE);
    }
    let parts = token.lower.replace(['_', '-', '.'], "");
    if parts.len() != token.lower.len() && parts == word {
        return Some(SURE);
    }
    let root = words::root(word);
    let verb = token.lower.ends_with("ed") || token.lower.ends_with("ing");
    if token.root == root && root.len() > if verb { 2 } else { 3 } {
        return Some(Likeness {
            score: 0.92,
            verb: true,
            ..SURE
        });
    }
    if alike(&token.stem, word) || alike(&token.root, word) {
        return Some(Likeness { score: 0.8, ..SURE });
    }
    let bare = ["in", "un", "non-", "non", "dis"]
        .iter()
        .find_map(|prefix| token.lower.strip_prefix(prefix));
    if bare.is_some_and(|bare| bare == word && bare.len() > 3) {
        return Some(Likeness {
            score: 0.95,
            negated: true,
            ..SURE
        });
    }
    let slip = !known && (words::is_slip(&token.stem, word) || words::is_slip(&token.lower, word));
    slip.then_some(Likeness {
        score: 0.72,
        ..SURE
    })
}

fn variants(schema: &Schema) -> Vec<Variant> {
    let mut found = Vec::new();
    let mut add = |words: &[String], named: Named, score: f32| {
        if !words.is_empty() && words.iter().any(|word| word.len() > 1) {
            found.push(Variant {
                words: words.to_vec(),
                named,
                score,
            });
        }
    };
    for (at, store) in schema.stores.iter().enumerate() {
        let own = words::of_name(&store.name);
        add(&own, Named::Store(at), 1.0);
        if let (true, Some(last)) = (own.len() > 1, own.last()) {
            add(std::slice::from_ref(last), Named::Store(at), 0.7);
        }
        if own.len() > 1 {
            add(&[own.concat()], Named::Store(at), 0.98);
        }
        for (number, relation) in store.relations.iter().enumerate() {
            let [field] = relation.fields.as_slice() else {
                continue;
            };
            let mut role = words::of_name(field);
            let target = schema
                .store(relation.store)
                .map(|store| words::of_name(&store.name));
            if role
                .last()
                .is_some_and(|last| ["id", "key", "no", "nr"].contains(&last.as_str()))
            {
                role.pop();
            }
            if Some(&role) != target.as_ref() {
                add(&role, Named::Role(at, number), 0.97);
                if let (true, Some(last)) = (role.len() > 1, role.last()) {
                    add(std::slice::from_ref(last), Named::Role(at, number), 0.7);
                }
            }
        }
        for place in schema.places_of(at) {
            field_variants(schema, place, &own, &mut add);
        }
        for (prefix, places) in prefixes(schema, at) {
            add(&prefix, Named::Prefix(places), 0.9);
        }
    }
    found
}

fn field_variants(
    schema: &Schema,
    place: Place,
    store: &[String],
    add: &mut impl FnMut(&[String], Named, f32),
) {
    let name = schema.field_name(place);
    let named = || Named::Field(place);
    let all = words::of_name(name);
    add(&all, named(), 1.0);
    if all.len() > 1 {
        add(&[all.concat()], named(), 0.98);
    }
    let without_store = all.strip_prefix(store).filter(|rest| !rest.is_empty());
    if let Some(rest) = without_store.filter(|rest| *rest != ["id"]) {
        add(rest, named(), 0.97);
    }
    if let Some((_, inner)) = name.rsplit_once('.') {
        add(&words::of_name(inner), named(), 0.95);
    }
    let Some((last, start)) = all.split_last() else {
        return;
    };
    if start.is_empty() {
        return;
    }
    if UNITS.contains(&last.as_str()) {
        add(start, named(), 0.97);
    } else if last == "date" || last == "time" {
        add(start, named(), 0.9);
    }
    if last != "id" && without_store.is_none() {
        add(std::slice::from_ref(last), named(), 0.85);
    }
}

/// First words that several fields of a store share.
fn prefixes(schema: &Schema, store: usize) -> Vec<(Vec<String>, Vec<Place>)> {
    let mut groups: Vec<(Vec<String>, Vec<Place>)> = Vec::new();
    for place in schema.places_of(store) {
        let name = schema.field_name(place);
        let prefix = match name.split_once('.') {
            Some((outer, _)) => words::of_name(outer),
            None => words::of_name(name).into_iter().take(1).collect(),
        };
        match groups.iter_mut().find(|(there, _)| *there == prefix) {
            Some((_, places)) => places.push(place),
            None => groups.push((prefix, vec![place])),
        }
    }
    groups.retain(|(_, places)| places.len() > 1);
    groups
}

/// A frequent value in small letters, taken apart.
struct KnownValue {
    words: Vec<Token>,
    place: Place,
    at: usize,
}

fn values(schema: &Schema) -> HashMap<String, Vec<KnownValue>> {
    let mut found: HashMap<String, Vec<KnownValue>> = HashMap::new();
    for place in schema.places() {
        for (at, value) in schema
            .field(place)
            .into_iter()
            .flat_map(|field| field.values.iter().enumerate())
        {
            let words = tokens(value);
            if let Some(first) = words.first() {
                let first = first
                    .lower
                    .chars()
                    .next()
                    .map_or_else(String::new, String::from);
                found
                    .entry(first)
                    .or_default()
                    .push(KnownValue { words, place, at });
            }
        }
    }
    found
}

fn values_at(values: &HashMap<String, Vec<KnownValue>>, tokens: &[Token], at: usize) -> Vec<Match> {
    let Some(token) = tokens.get(at) else {
        return Vec::new();
    };
    let first = token
        .lower
        .chars()
        .next()
        .map_or_else(String::new, String::from);
    let known = !concepts(tokens, at).is_empty();
    let found = values
        .get(&first)
        .into_iter()
        .flatten()
        .filter_map(|value| {
            let rest = tokens.get(at..at + value.words.len())?;
            let short = known && value.words.len() == 1 && token.lower.chars().count() < 4;
            if short
                && value
                    .words
                    .first()
                    .is_some_and(|word| word.text != token.text)
            {
                return None;
            }
            let mut score: f32 = 1.0;
            for (there, word) in rest.iter().zip(&value.words) {
                score *= if there.lower == word.lower {
                    1.0
                } else if there.stem == word.stem {
                    0.98
                } else if !known && words::is_slip(&there.lower, &word.lower) && !there.is_capital()
                {
                    0.74
                } else {
                    return None;
                };
            }
            Some(Match {
                named: Named::Value(value.place, value.at),
                length: value.words.len(),
                score,
                verb: false,
                negated: false,
            })
        });
    found.collect()
}

/// "first and last name": the field of the first word, where the other follows.
fn two_with_one_end(schema: &Schema, tokens: &[Token], at: usize) -> Vec<Match> {
    let stem = |at: usize| tokens.get(at).map_or("", |token| token.stem.as_str());
    if !["and", ",", "or"].contains(&stem(at + 1)) {
        return Vec::new();
    }
    let found = schema.places().filter(|place| {
        let words = words::of_name(schema.field_name(*place));
        let kind = schema.field(*place).map(|field| field.kind);
        let [first, last] = words.as_slice() else {
            return false;
        };
        kind == Some(FieldKind::Text)
            && first == stem(at)
            && last == stem(at + 3)
            && stem(at + 2) != last
    });
    found
        .map(|place| Match {
            named: Named::Field(place),
            length: 1,
            score: 1.0,
            verb: false,
            negated: false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::schema::{Field, Store};

    fn schema() -> Schema {
        let field = |name: &str, values: &[&str]| Field {
            name: name.to_owned(),
            kind: FieldKind::Text,
            key: false,
            optional: false,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let fields = vec![
            field("FirstName", &[]),
            field("LastName", &[]),
            field("home.city", &["New York", "US"]),
        ];
        Schema {
            database: "d".to_owned(),
            stores: vec![Store {
                name: "StaffMembers".to_owned(),
                fields,
                ..Store::default()
            }],
        }
    }

    fn best(text: &str) -> Option<Match> {
        matches(&schema(), &tokens(text)).first()?.first().cloned()
    }

    #[test]
    fn names_are_found_by_stems_parts_and_slips() {
        for (text, length) in [
            ("staff members", 2),
            ("staffmember", 1),
            ("Staff_Members", 1),
            ("members", 1),
        ] {
            let found = best(text).unwrap();
            assert_eq!(
                (found.named, found.length),
                (Named::Store(0), length),
                "{text}"
            );
        }
        let city = Place { store: 0, field: 2 };
        assert_eq!(best("cities").unwrap().named, Named::Field(city));
        assert!(best("staff membrs").unwrap().score < best("staff members").unwrap().score);
        assert_eq!(best("nothing"), None);
    }

    #[test]
    fn values_are_found_whole_and_short_words_are_not_values() {
        let city = Place { store: 0, field: 2 };
        assert_eq!(best("new york").unwrap().named, Named::Value(city, 0));
        assert_eq!(best("new"), None);
        assert_eq!(best("us"), None);
        assert_eq!(best("US").unwrap().named, Named::Value(city, 1));
    }

    #[test]
    fn two_names_may_share_their_last_word() {
        let found = matches(&schema(), &tokens("first and last names"));
        let first = Named::Field(Place { store: 0, field: 0 });
        assert!(
            found[0]
                .iter()
                .any(|name| name.named == first && name.length == 1)
        );
    }
}
