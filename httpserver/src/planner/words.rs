//! Words: their stems, the words of a name, and how far two words are apart.
//!
//! Stems are rough on purpose: they are only ever compared with other stems.

/// Forms that no rule gives.
const IRREGULAR: [(&str, &str); 22] = [
    ("people", "person"),
    ("persons", "person"),
    ("men", "man"),
    ("women", "woman"),
    ("children", "child"),
    ("bought", "buy"),
    ("sold", "sell"),
    ("spent", "spend"),
    ("wrote", "write"),
    ("written", "write"),
    ("paid", "pay"),
    ("made", "make"),
    ("born", "birth"),
    ("lives", "live"),
    ("has", "have"),
    ("had", "have"),
    ("data", "datum"),
    ("indices", "index"),
    ("got", "get"),
    ("movies", "movie"),
    ("series", "series"),
    ("status", "status"),
];

/// The singular of a word in lower case.
pub fn singular(word: &str) -> String {
    let irregular = [
        "people", "persons", "men", "women", "children", "data", "indices", "movies",
    ];
    if irregular.contains(&word) {
        return irregular_form(word).unwrap_or(word).to_owned();
    }
    let keep = ["ss", "us", "is", "'s"];
    if word.chars().count() < 4 || keep.iter().any(|end| word.ends_with(end)) {
        return word.to_owned();
    }
    if let Some(start) = word.strip_suffix("uses").filter(|start| start.len() > 2) {
        return format!("{start}us");
    }
    if let Some(start) = word.strip_suffix("ies") {
        return format!("{start}y");
    }
    let hissing = ["sses", "shes", "ches", "xes", "zzes"];
    if hissing.iter().any(|end| word.ends_with(end)) {
        return word.strip_suffix("es").unwrap_or(word).to_owned();
    }
    word.strip_suffix('s').unwrap_or(word).to_owned()
}

fn irregular_form(word: &str) -> Option<&'static str> {
    let found = IRREGULAR.iter().find(|(form, _)| *form == word);
    found.map(|(_, base)| *base)
}

/// What forms of a verb and its noun share: `ordered`, `orders`, `ordering` are one.
pub fn root(word: &str) -> String {
    if let Some(base) = irregular_form(word) {
        return base.trim_end_matches('e').to_owned();
    }
    let word = singular(word);
    let long = |rest: &&str| rest.chars().count() >= 3;
    let cut = word
        .strip_suffix("ing")
        .or_else(|| word.strip_suffix("ed"))
        .filter(long);
    let Some(cut) = cut else {
        return word.trim_end_matches('e').to_owned();
    };
    let mut chars = cut.chars().rev();
    let doubled =
        matches!((chars.next(), chars.next()), (Some(a), Some(b)) if a == b && !"lsz".contains(a));
    let end = if doubled { cut.len() - 1 } else { cut.len() };
    cut.get(..end)
        .unwrap_or(cut)
        .trim_end_matches('e')
        .to_owned()
}

/// The words of a name of a store or field, singular, in lower case: `InvoiceLine`, `order_lines`, `address.city`.
pub fn of_name(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let lower_after = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        let begins = c.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase() || b.is_numeric() || (b.is_uppercase() && lower_after)
            });
        if !c.is_alphanumeric() || begins {
            push(&mut words, &mut word);
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    push(&mut words, &mut word);
    words
}

fn push(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(singular(&std::mem::take(word)));
    }
}

/// How many letters have to be changed, added, left out or swapped to make one word of the other.
pub fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let at = |row: &Vec<usize>, at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let replaced = at(&row, j) + usize::from(a != b);
            let mut best = replaced.min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped =
                i > 0 && j > 0 && one.get(i - 1) == Some(b) && other.get(j - 1) == Some(a);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

/// Whether a word is a slip of the pen for another: one letter in five, two in nine; the first letter is right.
pub fn is_slip(word: &str, meant: &str) -> bool {
    let length = word.chars().count().min(meant.chars().count());
    let allowed = match length {
        0..5 => return false,
        5..9 => 1,
        _ => 2,
    };
    word.chars().next() == meant.chars().next() && distance(word, meant) <= allowed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_and_forms_of_verbs_have_one_stem() {
        for (plural, one) in [
            ("categories", "category"),
            ("statuses", "status"),
            ("boxes", "box"),
            ("addresses", "address"),
            ("people", "person"),
            ("address", "address"),
            ("gas", "gas"),
        ] {
            assert_eq!(singular(plural), one);
        }
        for (one, other) in [
            ("ordered", "orders"),
            ("shipped", "ship"),
            ("hired", "hire"),
            ("billed", "billing"),
            ("written", "write"),
            ("placed", "place"),
        ] {
            assert_eq!(root(one), root(other), "{one} {other}");
        }
        assert_ne!(root("order"), root("older"));
    }

    #[test]
    fn names_are_taken_apart_at_case_and_signs() {
        assert_eq!(of_name("InvoiceLines"), ["invoice", "line"]);
        assert_eq!(of_name("ship_to.city"), ["ship", "to", "city"]);
        assert_eq!(of_name("HTTPStatus"), ["http", "status"]);
        assert_eq!(of_name("weight_kg"), ["weight", "kg"]);
        assert!(of_name("").is_empty());
    }

    #[test]
    fn slips_are_few_letters_in_long_words() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("teh", "the"), 1);
        assert!(is_slip("custmer", "customer"));
        assert!(is_slip("cancelled", "canceled"));
        assert!(!is_slip("cat", "car"));
        assert!(!is_slip("flight", "light"));
    }
}
