//! Where the texts of a field are cut into groups.
//!
//! Pure text work: nothing here reads a store. Always true: a cut lies behind what all texts have in common and at a
//! character border, so that a field of two texts or more is always split.

use sop::key::{KeyType, KeyValue};

/// Characters after which a text may be cut, when most texts have one.
const SEPARATORS: [char; 4] = ['/', ':', '-', '.'];
/// Share of the sampled texts, in percent, that must have a separator.
const SEPARATED_PERCENT: usize = 80;
/// Where the text of a date with time is cut: behind year, month, day, hour, minute.
const DATE_CUTS: [usize; 5] = [5, 8, 11, 14, 17];
/// Where the text of a time is cut: behind hour, minute.
const TIME_CUTS: [usize; 2] = [3, 6];

/// How a field's values become groups. `base` is the length in bytes of what all texts have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// Each value is a group.
    Values,
    /// At the next cut of a date or time.
    Calendar { base: usize, kind: KeyType },
    /// Up to a separator.
    Separator { base: usize, separator: char },
    /// By the next character.
    Character { base: usize },
}

/// Whether values of the type are grouped by their text.
pub(super) const fn is_textual(kind: KeyType) -> bool {
    matches!(kind, KeyType::String) || is_calendar(kind)
}

/// Whether the type is a date or time.
pub(super) const fn is_calendar(kind: KeyType) -> bool {
    matches!(
        kind,
        KeyType::Date | KeyType::Time | KeyType::DateTime | KeyType::Timestamp
    )
}

/// The text of a value; `None` for a missing one and for types without text.
pub(super) fn text_of(value: &KeyValue) -> Option<String> {
    match value {
        KeyValue::String(text) => Some(text.clone()),
        KeyValue::Date(_) | KeyValue::Time(_) | KeyValue::DateTime(_) | KeyValue::Timestamp(_) => {
            value.to_json().as_str().map(str::to_owned)
        }
        _ => None,
    }
}

/// Length of what two texts have in common, in bytes, at a character border.
pub(super) fn common_length(one: &str, other: &str) -> usize {
    let same = one
        .chars()
        .zip(other.chars())
        .take_while(|(one, other)| one == other);
    same.map(|(character, _)| character.len_utf8()).sum()
}

impl Split {
    /// The cut for texts that have their first `base` bytes in common, from a sample of them. `many` says that there
    /// are more items than groups are wanted.
    pub fn for_text(base: usize, sample: &[String], many: bool) -> Self {
        let candidates = SEPARATORS.into_iter().filter_map(|separator| {
            let split = Self::Separator { base, separator };
            let mut segments: Vec<&str> =
                sample.iter().filter_map(|text| split.cut(text)).collect();
            let separated = segments.len();
            segments.sort_unstable();
            segments.dedup();
            let common = separated * 100 >= sample.len() * SEPARATED_PERCENT && separated > 0;
            // Segments that hardly ever come twice make no groups.
            let groups = !many || segments.len() * 2 <= sample.len();
            (common && groups).then_some((segments.len(), split))
        });
        // The coarsest cut shows the structure from the top.
        candidates
            .min_by_key(|(segments, _)| *segments)
            .map_or(Self::Character { base }, |(_, split)| split)
    }

    /// The beginning of `text` that stands for its group, perhaps all of it; `None` when the value is its own group.
    pub fn cut<'a>(&self, text: &'a str) -> Option<&'a str> {
        let end = match *self {
            Self::Values => return None,
            Self::Calendar { base, kind } => {
                let cuts = if kind == KeyType::Time {
                    TIME_CUTS.as_slice()
                } else {
                    &DATE_CUTS
                };
                cuts.iter().copied().find(|cut| *cut > base)?
            }
            Self::Separator { base, separator } => {
                base + text.get(base..)?.find(separator)? + separator.len_utf8()
            }
            Self::Character { base } => base + text.get(base..)?.chars().next()?.len_utf8(),
        };
        text.get(..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn dates_are_cut_by_year_month_and_day() {
        let cut = |base, text| {
            Split::Calendar {
                base,
                kind: KeyType::DateTime,
            }
            .cut(text)
            .map(str::to_owned)
        };
        assert_eq!(cut(0, "2021-03-22T10:00:00").as_deref(), Some("2021-"));
        assert_eq!(cut(3, "2021-03-22T10:00:00").as_deref(), Some("2021-"));
        assert_eq!(cut(5, "2021-03-22T10:00:00").as_deref(), Some("2021-03-"));
        assert_eq!(
            cut(8, "2021-03-22T10:00:00").as_deref(),
            Some("2021-03-22T")
        );
        assert_eq!(cut(8, "2021-03-22"), None);
        assert_eq!(
            Split::Calendar {
                base: 0,
                kind: KeyType::Time
            }
            .cut("10:20:30"),
            Some("10:")
        );
    }

    #[test]
    fn text_is_cut_at_a_separator_that_most_have() {
        let paths = texts(&["src/a/x", "src/a/y", "src/b/x", "src/b"]);
        assert_eq!(
            Split::for_text(4, &paths, false),
            Split::Character { base: 4 }
        );
        let paths = texts(&["src/a/x", "src/a/y", "src/b/x", "src/b/y"]);
        let split = Split::for_text(4, &paths, true);
        assert_eq!(
            split,
            Split::Separator {
                base: 4,
                separator: '/'
            }
        );
        assert_eq!(
            (split.cut("src/a/x"), split.cut("src/b")),
            (Some("src/a/"), None)
        );
        let names = texts(&["Anna", "Bert", "Berta"]);
        let split = Split::for_text(0, &names, false);
        assert_eq!((split.cut("Berta"), split.cut("")), (Some("B"), None));
        let alone = texts(&["a-1", "b-1", "c-1", "d-1"]);
        assert_eq!(
            Split::for_text(0, &alone, true),
            Split::Character { base: 0 }
        );
        assert_eq!(Split::for_text(0, &[], true), Split::Character { base: 0 });
    }

    #[test]
    fn characters_are_not_cut() {
        assert_eq!(common_length("äö", "äü"), 2);
        assert_eq!(Split::Character { base: 2 }.cut("äöx"), Some("äö"));
        assert_eq!(Split::Character { base: 1 }.cut("äöx"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn two_different_texts_are_always_told_apart(one in "[ab/:ä]{0,6}", other in "[ab/:ä]{0,6}") {
            prop_assume!(one != other);
            let base = common_length(&one, &other);
            let split = Split::for_text(base, &[one.clone(), other.clone()], false);
            prop_assert_ne!(split.cut(&one).unwrap_or(&one), split.cut(&other).unwrap_or(&other));
        }
    }
}
