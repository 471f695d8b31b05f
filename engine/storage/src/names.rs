//! Finds the names that someone may have meant, for errors about unknown fields and stores.
//!
//! The order of the answer depends only on the arguments. Nothing here looks anything up.

/// The most names that [`nearest`] returns.
const MAX_SUGGESTIONS: usize = 3;
/// Names are compared over this many leading characters, which bounds the work for hostile input.
const MAX_COMPARED_CHARS: usize = 64;

/// The candidates that look most like `name`, best first, at most three; empty when none is close.
///
/// A candidate is close when it equals `name` apart from case, when one begins with the other
/// (three characters or more), or when about a third of the characters or fewer differ, where a
/// swap of two neighbours counts once.
pub fn nearest<I>(name: &str, candidates: I) -> Vec<String>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let wanted = folded(name);
    let mut scored: Vec<(usize, String)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let candidate = candidate.as_ref();
            score(&wanted, &folded(candidate)).map(|score| (score, candidate.to_owned()))
        })
        .collect();
    scored.sort();
    scored.dedup();
    scored.truncate(MAX_SUGGESTIONS);
    scored.into_iter().map(|(_, name)| name).collect()
}

fn folded(name: &str) -> Vec<char> {
    name.chars()
        .flat_map(char::to_lowercase)
        .take(MAX_COMPARED_CHARS)
        .collect()
}

/// Lower is nearer; `None` is too far to be worth a suggestion.
fn score(wanted: &[char], candidate: &[char]) -> Option<usize> {
    let distance = edit_distance(wanted, candidate);
    let longest = wanted.len().max(candidate.len());
    let shortest = wanted.len().min(candidate.len());
    if distance <= (longest / 3).max(1) && distance < longest {
        return Some(distance);
    }
    let begins = wanted.starts_with(candidate) || candidate.starts_with(wanted);
    (shortest >= 3 && begins).then_some(distance)
}

/// Edit distance with neighbouring swaps (optimal string alignment), three rows of memory.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut a_previous = None;
    for (i, &a_char) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(b.len() + 1);
        row.push(i + 1);
        let mut left = i + 1;
        let mut b_previous = None;
        for (j, (&b_char, pair)) in b.iter().zip(above.windows(2)).enumerate() {
            let &[diagonal, up] = pair else { continue };
            let mut best = (diagonal + usize::from(a_char != b_char))
                .min(up + 1)
                .min(left + 1);
            if a_previous == Some(b_char)
                && b_previous == Some(a_char)
                && let Some(swapped) = j.checked_sub(1).and_then(|j| before.get(j))
            {
                best = best.min(swapped + 1);
            }
            row.push(best);
            left = best;
            b_previous = Some(b_char);
        }
        before = std::mem::replace(&mut above, row);
        a_previous = Some(a_char);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(a: &str, b: &str) -> usize {
        edit_distance(&folded(a), &folded(b))
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", ""), 0);
        assert_eq!(distance("abc", ""), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("usres", "users"), 1);
        assert_eq!(distance("ba", "ab"), 1);
    }

    #[test]
    fn suggests_the_nearest_first() {
        let stores = ["orders", "users", "products", "order_lines"];
        assert_eq!(nearest("user", stores), ["users"]);
        assert_eq!(nearest("Usres", stores), ["users"]);
        assert_eq!(nearest("order", stores), ["orders", "order_lines"]);
        assert!(nearest("zzz", stores).is_empty());
        assert!(nearest("", stores).is_empty());
        assert!(nearest("x", ["y"]).is_empty());
    }
}
