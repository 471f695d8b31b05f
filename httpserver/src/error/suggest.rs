//! The nearest known names to a mistyped one.

/// Most suggestions in one answer.
const MOST: usize = 3;

/// The names nearest to `wrong`, best first: at most three, and only those that a slip of the
/// fingers or a part of the name explains.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wrong = wrong.to_lowercase();
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .filter_map(|name| score(&wrong, &name.to_lowercase()).map(|score| (score, name)))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored
        .into_iter()
        .take(MOST)
        .map(|(_, name)| name.to_owned())
        .collect()
}

fn score(wrong: &str, name: &str) -> Option<f64> {
    if wrong == name {
        return Some(2.0);
    }
    if wrong.len() >= 3 && (name.contains(wrong) || wrong.contains(name)) {
        return Some(1.0);
    }
    let similarity = strsim::normalized_damerau_levenshtein(wrong, name);
    (similarity >= 0.5).then_some(similarity)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_the_name_and_a_stranger_finds_nothing() {
        let known = ["name", "path", "mode", "key_type"];
        assert_eq!(nearest("nmae", known), ["name"]);
        assert_eq!(nearest("KEY", known), ["key_type"]);
        assert!(nearest("zzzz", known).is_empty());
    }
}
