//! Tokens in place of names, on the way to a model and back.
//!
//! A token is the session's random tag and a number, such as `n_qkzm_12`: an identifier, so that it can stand in
//! SQL. Whole words are replaced, whatever their case. Stems and plurals of names in what a person writes are
//! not: this hides the names of a schema, not what people say about it.

use std::collections::HashMap;

use serde_json::Value;

use super::saved::MaskedNames;

/// Longest text at the end of a portion that is held back because it may be the beginning of a token.
const HELD: usize = 40;
/// Most names that are replaced.
const MAX_NAMES: usize = 4_000;

/// Replaces names by tokens and back; without names it changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    tag: String,
    names: Vec<String>,
    /// Places of names by their first character in lower case, the longest name first.
    by_first: HashMap<char, Vec<usize>>,
    held: String,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

impl Mask {
    /// With the names of a session and further ones; those that were known keep their tokens.
    pub fn new(known: &mut MaskedNames, further: impl IntoIterator<Item = String>) -> Self {
        for name in further {
            let is_new = !known
                .names
                .iter()
                .any(|old| old.eq_ignore_ascii_case(&name));
            if is_new && !name.is_empty() && known.names.len() < MAX_NAMES {
                known.names.push(name);
            }
        }
        let mut mask = Self {
            tag: known.tag.clone(),
            names: known.names.clone(),
            ..Self::default()
        };
        for (place, name) in mask.names.iter().enumerate() {
            if let Some(first) = name.chars().next() {
                mask.by_first.entry(lower(first)).or_default().push(place);
            }
        }
        let names = &mask.names;
        let length = |place: &usize| names.get(*place).map_or(0, String::len);
        for places in mask.by_first.values_mut() {
            places.sort_by_key(|place| std::cmp::Reverse(length(place)));
        }
        mask
    }

    /// A tag for a session, from random bytes.
    pub fn tag(random: &[u8]) -> String {
        let letters = random.iter().take(5);
        let letters: String = letters.map(|byte| char::from(b'a' + byte % 26)).collect();
        format!("n_{letters}_")
    }

    /// Whether nothing is replaced.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The same text with tokens for names.
    pub fn hide(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        let mut before = ' ';
        while let Some(c) = rest.chars().next() {
            let found = if is_word(before) {
                None
            } else {
                self.name_at(rest, c)
            };
            if let Some((place, length)) = found {
                out.push_str(&self.token(place));
                before = 'x';
                rest = rest.get(length..).unwrap_or_default();
            } else {
                out.push(c);
                before = c;
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
        out
    }

    /// The longest name that `text` begins with as a whole word, and its length there in bytes.
    fn name_at(&self, text: &str, first: char) -> Option<(usize, usize)> {
        let places = self.by_first.get(&lower(first))?;
        places.iter().find_map(|&place| {
            let length = prefix_length(text, self.names.get(place)?)?;
            let next = text.get(length..)?.chars().next();
            (!next.is_some_and(is_word)).then_some((place, length))
        })
    }

    fn token(&self, place: usize) -> String {
        format!("{}{place}", self.tag)
    }

    /// The same text with names for tokens.
    pub fn show(&self, text: &str) -> String {
        if self.is_empty() || !text.contains(&self.tag) {
            return text.to_owned();
        }
        let mut parts = text.split(self.tag.as_str());
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = part.split_at(digits);
            let place = number.parse::<usize>().ok();
            if let Some(name) = place.and_then(|place| self.names.get(place)) {
                out.push_str(name);
            } else {
                out.push_str(&self.tag);
                out.push_str(number);
            }
            out.push_str(rest);
        }
        out
    }

    /// The same value with names for tokens in all its texts; field names of arguments are those of tools.
    pub fn show_json(&self, value: Value) -> Value {
        if self.is_empty() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.show(&text)),
            Value::Array(values) => values
                .into_iter()
                .map(|value| self.show_json(value))
                .collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (self.show(&name), self.show_json(value)))
                .collect(),
            other => other,
        }
    }

    /// A further portion of a text that comes in pieces, with names for tokens; its last word is held back.
    pub fn show_more(&mut self, more: &str) -> String {
        if self.is_empty() {
            return more.to_owned();
        }
        self.held.push_str(more);
        let word = self.held.trim_end_matches(is_word).len();
        let keep = if self.held.len() - word > HELD {
            self.held.len()
        } else {
            word
        };
        let rest = self.held.split_off(keep);
        let whole = std::mem::replace(&mut self.held, rest);
        self.show(&whole)
    }

    /// The end of such a text.
    pub fn show_rest(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        self.show(&held)
    }
}

/// The length in bytes of the beginning of `text` that is `name` but for case.
fn prefix_length(text: &str, name: &str) -> Option<usize> {
    let mut length = 0;
    let mut chars = text.chars();
    for wanted in name.chars() {
        let c = chars.next()?;
        if c != wanted && lower(c) != lower(wanted) {
            return None;
        }
        length += c.len_utf8();
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mask() -> Mask {
        let mut known = MaskedNames {
            tag: Mask::tag(&[0, 1, 2, 3, 4]),
            names: Vec::new(),
        };
        let names = ["users", "user_id", "Order Items", "order", "größe"];
        Mask::new(&mut known, names.map(str::to_owned))
    }

    #[test]
    fn names_are_replaced_as_whole_words_and_come_back() {
        let mask = mask();
        let text = "SELECT user_id FROM USERS JOIN \"Order Items\" ON order.größe = superusers.x";
        let hidden = mask.hide(text);
        assert_eq!(
            hidden,
            "SELECT n_abcde_1 FROM n_abcde_0 JOIN \"n_abcde_2\" ON n_abcde_3.n_abcde_4 = superusers.x"
        );
        assert_eq!(mask.show(&hidden), text.replace("USERS", "users"));
        assert_eq!(mask.show("n_abcde_99 n_abcde_"), "n_abcde_99 n_abcde_");
        let args = json!({"store": "n_abcde_0", "filter": {"n_abcde_1": [1, "n_abcde_3"]}});
        assert_eq!(
            mask.show_json(args),
            json!({"store": "users", "filter": {"user_id": [1, "order"]}})
        );
    }

    #[test]
    fn a_token_that_comes_in_pieces_is_restored() {
        let text = "There are 5 n_abcde_0, by n_abcde_1.";
        for size in 1..text.len() {
            let mut mask = mask();
            let mut out = String::new();
            for piece in text.as_bytes().chunks(size) {
                out.push_str(&mask.show_more(std::str::from_utf8(piece).unwrap()));
            }
            out.push_str(&mask.show_rest());
            assert_eq!(out, "There are 5 users, by user_id.");
        }
    }

    #[test]
    fn tokens_stay_the_same_when_names_are_added() {
        let mut known = MaskedNames {
            tag: "n_x_".to_owned(),
            names: vec!["a1".to_owned()],
        };
        let mask = Mask::new(&mut known, ["b1".to_owned(), "A1".to_owned()]);
        assert_eq!(mask.hide("a1 b1"), "n_x_0 n_x_1");
        assert_eq!(known.names, ["a1", "b1"]);
        assert!(Mask::default().hide("a1") == "a1");
    }
}
