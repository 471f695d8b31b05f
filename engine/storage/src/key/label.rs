//! Labels: bytes that give the keys of a store their places where an expression compares them.
//!
//! A store keeps its items in `memcmp` order. Where the order is that of a comparer, a key that is new
//! gets a *label* between those of its neighbours, once, and stands there: its order bytes are the
//! label and then its fields in their natural form.
//!
//! A label is a list of whole numbers, compared number by number, a shorter list before its
//! continuations. Between two neighbours there is always another one: the number between theirs
//! when there is one, otherwise a list that goes on below the lower one. Numbers are given out in steps
//! of [`STEP`], and each place where a list goes on counts up and down from 0. So a run of keys in the
//! comparer's order or against it, at the ends or in the middle, takes labels of a counter's length,
//! and keys in random order labels whose length grows with the logarithm of their number.
//!
//! # Bytes
//!
//! Each number is a head byte, and as many more as the head says; 00 ends the list. So no label is the
//! beginning of another one.
//!
//! | number | bytes |
//! |---|---|
//! | -112 to 111 | number + 128 |
//! | from 112 | F0 + n - 1, then number - 112 in n bytes, big-endian, n as small as can be, 1 to 8 |
//! | to -113 | 0F - (n - 1), then the same of -113 - number, inverted |

use super::KeyError;
use super::decode::Reader;

/// Distance of numbers at the ends, which leaves room between them.
const STEP: i64 = 16;
const END: u8 = 0;
/// The numbers of one byte.
const SHORT: std::ops::RangeInclusive<i64> = -112..=111;

/// The label between two others; a missing one is the end of the order.
///
/// `None` when there is none: `lower` is not below `upper`.
pub(crate) fn between(lower: Option<&Label>, upper: Option<&Label>) -> Option<Label> {
    let numbers = match (lower, upper) {
        (None, None) => Some(vec![0]),
        (Some(lower), None) => Some(after(&lower.0)),
        (None, Some(upper)) => before(&upper.0),
        (Some(lower), Some(upper)) => inside(&lower.0, &upper.0),
    }?;
    Some(Label(numbers))
}

fn inside(lower: &[i64], upper: &[i64]) -> Option<Vec<i64>> {
    let same = lower.iter().zip(upper).take_while(|(a, b)| a == b).count();
    let (mut out, low, high) = (
        lower.get(..same)?.to_vec(),
        lower.get(same..)?,
        upper.get(same..)?,
    );
    match (low, high) {
        ([], [_, ..]) => out.extend(before(high)?),
        ([low, deeper @ ..], [high, ..]) if low < high => {
            let distance = high.abs_diff(*low);
            if distance > 1 {
                out.push(low.checked_add_unsigned(distance / 2)?);
            } else {
                out.push(*low);
                out.extend(after(deeper));
            }
        }
        _ => return None,
    }
    Some(out)
}

/// The numbers that follow these: a step further, or the first ones below.
fn after(numbers: &[i64]) -> Vec<i64> {
    let mut out = Vec::new();
    for number in numbers {
        if let Some(next) = number.checked_add(STEP) {
            out.push(next);
            return out;
        }
        out.push(*number);
    }
    out.push(0);
    out
}

/// The numbers a step before these; `None` below the lowest of all.
fn before(numbers: &[i64]) -> Option<Vec<i64>> {
    let mut out = Vec::new();
    for number in numbers {
        if let Some(next) = number.checked_sub(STEP) {
            out.push(next);
            return Some(out);
        }
        out.push(*number);
    }
    None
}

/// A place in the order of a store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Label(Vec<i64>);

impl Label {
    /// Appends its bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for number in &self.0 {
            if SHORT.contains(number) {
                out.push((number + 128) as u8);
            } else if *number > 0 {
                long(0xF0, *number as u64 - 112, 0, out);
            } else {
                // -113 - number, without leaving the range of the type.
                long(0x0F, !*number as u64 - 112, 0xFF, out);
            }
        }
        out.push(END);
    }

    /// The label in the order bytes of a compared key.
    pub fn of(order_bytes: &[u8]) -> Result<Self, KeyError> {
        Self::read(&mut Reader::new(order_bytes))
    }

    /// Reads a label; what follows it is not looked at.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, KeyError> {
        let mut numbers = Vec::new();
        loop {
            let head = reader.byte()?;
            let (bytes, mask) = match head {
                END if !numbers.is_empty() => return Ok(Self(numbers)),
                0x10..=0xEF => {
                    numbers.push(i64::from(head) - 128);
                    continue;
                }
                0xF0..=0xF7 => (head - 0xF0 + 1, 0),
                0x08..=0x0F => (0x0F - head + 1, 0xFF),
                _ => return reader.corrupt("an impossible label"),
            };
            let mut rest = 0_u64;
            for _ in 0..bytes {
                rest = rest << 8 | u64::from(reader.byte()? ^ mask);
            }
            let shortest = bytes == 1 || rest >> (8 * (bytes - 1)) > 0;
            let number = if mask == 0 {
                i64::try_from(rest)
                    .ok()
                    .and_then(|rest| rest.checked_add(112))
            } else {
                i64::try_from(rest)
                    .ok()
                    .and_then(|rest| (-113_i64).checked_sub(rest))
            };
            match number {
                Some(number) if shortest => numbers.push(number),
                _ => return reader.corrupt("a number of a label that is not in its one form"),
            }
        }
    }
}

fn long(head: u8, rest: u64, mask: u8, out: &mut Vec<u8>) {
    let bytes = rest.to_be_bytes();
    let skipped = (rest.leading_zeros() as usize / 8).min(7);
    let more = (7 - skipped) as u8;
    out.push(if mask == 0 { head + more } else { head - more });
    out.extend(bytes.iter().skip(skipped).map(|byte| byte ^ mask));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(label: &Label) -> Vec<u8> {
        let mut out = Vec::new();
        label.encode(&mut out);
        out
    }

    /// Inserts items at the given places and answers the labels in their order.
    fn grow(places: impl Iterator<Item = usize>) -> Vec<Vec<u8>> {
        let mut labels: Vec<Label> = Vec::new();
        for place in places {
            let at = place % (labels.len() + 1);
            let lower = at.checked_sub(1).and_then(|at| labels.get(at));
            let label = between(lower, labels.get(at)).unwrap();
            labels.insert(at, label);
        }
        labels.iter().map(bytes).collect()
    }

    fn check_order(labels: &[Vec<u8>]) {
        for pair in labels.windows(2) {
            let [a, b] = pair else { unreachable!() };
            assert!(a < b, "{a:?} {b:?}");
            assert!(!b.starts_with(a));
        }
    }

    fn longest(labels: &[Vec<u8>]) -> usize {
        labels.iter().map(Vec::len).max().unwrap_or(0)
    }

    #[test]
    fn encoded_form() {
        let label = |numbers: &[i64]| bytes(&Label(numbers.to_vec()));
        assert_eq!(label(&[0]), [0x80, 0]);
        assert_eq!(label(&[-112, 111]), [0x10, 0xEF, 0]);
        assert_eq!(label(&[112]), [0xF0, 0, 0]);
        assert_eq!(label(&[-113]), [0x0F, 0xFF, 0]);
        assert_eq!(label(&[368]), [0xF1, 1, 0, 0]);
        assert_eq!(label(&[-369]), [0x0E, 0xFE, 0xFF, 0]);
        assert_eq!(label(&[i64::MAX]).len(), 10);
        assert_eq!(label(&[i64::MIN]).len(), 10);
    }

    #[test]
    fn runs_have_short_labels_wherever_they_are() {
        let count = 100_000;
        for (name, labels) in [
            ("append", grow(0..count)),
            ("prepend", grow((0..count).map(|_| 0))),
        ] {
            check_order(&labels);
            assert!(longest(&labels) <= 5, "{name}: {}", longest(&labels));
        }
        // Between the two items there were, upwards and downwards.
        for (name, at) in [("up", 1_usize), ("down", 0)] {
            let mut ends = [between(None, None).unwrap(), Label(vec![1])];
            let mut longest = 0;
            for _ in 0..count {
                let label = between(ends.first(), ends.last()).unwrap();
                longest = longest.max(bytes(&label).len());
                ends[1 - at] = label;
            }
            assert!(longest <= 7, "{name}: {longest}");
        }
    }

    #[test]
    fn random_places_have_labels_of_logarithmic_length() {
        let mut state = 7_u64;
        let random = std::iter::from_fn(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            Some((state >> 33) as usize)
        });
        let labels = grow(random.take(20_000));
        check_order(&labels);
        let all: usize = labels.iter().map(Vec::len).sum();
        assert!(longest(&labels) <= 24, "{}", longest(&labels));
        assert!(all / labels.len() <= 10, "{}", all / labels.len());
    }

    proptest! {
        #[test]
        fn labels_keep_their_order_in_bytes(
            a in proptest::collection::vec(prop_oneof![any::<i64>(), -300_i64..300], 1..4),
            b in proptest::collection::vec(prop_oneof![any::<i64>(), -300_i64..300], 1..4),
        ) {
            let (a, b) = (Label(a), Label(b));
            prop_assert_eq!(bytes(&a).cmp(&bytes(&b)), a.cmp(&b));
            let encoded = bytes(&a);
            prop_assert_eq!(&Label::read(&mut Reader::new(&encoded)).unwrap(), &a);
            let (lower, upper) = if a < b { (&a, &b) } else { (&b, &a) };
            if let Some(middle) = between(Some(lower), Some(upper)) {
                prop_assert!(*lower < middle && middle < *upper);
            } else {
                prop_assert!(a == b || upper.0.iter().any(|n| *n < i64::MIN + STEP));
            }
        }

        #[test]
        fn any_places_keep_the_order(places in proptest::collection::vec(any::<usize>(), 0..200)) {
            check_order(&grow(places.into_iter()));
        }

        #[test]
        fn damaged_labels_are_errors(bytes in proptest::collection::vec(any::<u8>(), 0..12)) {
            let mut reader = Reader::new(&bytes);
            if let Ok(label) = Label::read(&mut reader) {
                prop_assert!(bytes.starts_with(&self::bytes(&label)));
            }
        }
    }
}
