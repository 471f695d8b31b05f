//! Whether rows are those that were expected.
//!
//! Kinds count: 1 is not 1.0 and "1" is neither. Reals may differ in the last digits, since a sum depends on the
//! order of its terms.

use super::value::{Cell, row_text};
use std::cmp::Ordering;
use std::fmt::Write as _;

/// How two sets of rows are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matching {
    /// Whether the order of the rows counts.
    pub ordered: bool,
    /// Whether the expected rows are SQLite's, which has neither booleans nor JSON values.
    pub from_sqlite: bool,
}

/// Rows that differ, for people.
#[derive(Debug)]
pub struct Difference(pub String);

const LISTED: usize = 12;

/// What differs, if anything.
pub fn differences(
    expected: &[Vec<Cell>],
    got: &[Vec<Cell>],
    matching: Matching,
) -> Option<Difference> {
    let (mut expected, mut got): (Vec<_>, Vec<_>) =
        (expected.iter().collect(), got.iter().collect());
    if !matching.ordered {
        expected.sort_by(|a, b| row_order(a, b));
        got.sort_by(|a, b| row_order(a, b));
    }
    let pairs = expected.len().max(got.len());
    let first = (0..pairs).find(|&at| match (expected.get(at), got.get(at)) {
        (Some(a), Some(b)) => !same_row(a, b, matching),
        _ => true,
    })?;
    let mut text = String::new();
    if expected.len() == got.len() {
        let _ = writeln!(text, "  {} rows, and in row {}:", got.len(), first + 1);
    } else {
        let (wanted, found) = (expected.len(), got.len());
        let _ = writeln!(
            text,
            "  expected {wanted} rows, got {found}; first in row {}:",
            first + 1
        );
    }
    for (sign, rows) in [('-', &expected), ('+', &got)] {
        for row in rows.iter().skip(first).take(LISTED) {
            let _ = writeln!(text, "  {sign} {}", row_text(row));
        }
        if rows.len() > first + LISTED {
            let _ = writeln!(text, "  {sign} … {} more", rows.len() - first - LISTED);
        }
    }
    Some(Difference(text))
}

fn same_row(expected: &[Cell], got: &[Cell], matching: Matching) -> bool {
    expected.len() == got.len()
        && expected
            .iter()
            .zip(got)
            .all(|(a, b)| same(a, b, matching.from_sqlite))
}

/// Whether a value is the expected one.
pub fn same(expected: &Cell, got: &Cell, from_sqlite: bool) -> bool {
    match (expected, got) {
        (Cell::Real(a), Cell::Real(b)) => {
            a.total_cmp(b).is_eq() || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
        }
        (Cell::Integer(a), Cell::Bool(b)) if from_sqlite => *a == i64::from(*b),
        (Cell::Text(a), Cell::Json(b)) if from_sqlite => {
            serde_json::from_str::<serde_json::Value>(a).is_ok_and(|a| a == *b)
        }
        _ => expected == got,
    }
}

fn row_order(a: &[Cell], b: &[Cell]) -> Ordering {
    let cells = a.iter().zip(b).map(|(a, b)| cell_order(a, b));
    cells
        .fold(Ordering::Equal, Ordering::then)
        .then(a.len().cmp(&b.len()))
}

/// The order of values in SQLite, the same for those that [`same`] takes for equal.
fn cell_order(a: &Cell, b: &Cell) -> Ordering {
    a.rank().cmp(&b.rank()).then_with(|| match (a, b) {
        (Cell::Integer(a), Cell::Integer(b)) => a.cmp(b),
        (Cell::Blob(a), Cell::Blob(b)) => a.cmp(b),
        _ => match (a.number(), b.number()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => text(a).cmp(&text(b)),
        },
    })
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Json(json) => json.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: Matching = Matching {
        ordered: true,
        from_sqlite: false,
    };
    const SQLITE: Matching = Matching {
        ordered: true,
        from_sqlite: true,
    };

    fn rows(cells: &[&str]) -> Vec<Vec<Cell>> {
        cells
            .iter()
            .map(|cell| vec![Cell::parse(cell).unwrap()])
            .collect()
    }

    #[test]
    fn kinds_count() {
        for (a, b) in [
            ("1", "1.0"),
            ("1", "\"1\""),
            ("null", "\"\""),
            ("1", "true"),
        ] {
            assert!(differences(&rows(&[a]), &rows(&[b]), TEXT).is_some());
        }
        assert!(differences(&rows(&["1"]), &rows(&["true"]), SQLITE).is_none());
        let (text, json) = (rows(&[r#""[1, 2]""#]), rows(&["[1,2]"]));
        assert!(differences(&text, &json, SQLITE).is_none());
        assert!(differences(&text, &json, TEXT).is_some());
    }

    #[test]
    fn order_counts_only_where_it_is_asked() {
        let (a, b) = (rows(&["1", "2", "null"]), rows(&["2", "null", "1"]));
        let apart = Matching {
            ordered: false,
            ..TEXT
        };
        assert!(differences(&a, &b, TEXT).is_some());
        assert!(differences(&a, &b, apart).is_none());
        assert!(differences(&a, &rows(&["1", "2"]), apart).is_some());
        assert!(differences(&a, &rows(&["1", "2", "2"]), apart).is_some());
    }

    #[test]
    fn sums_may_differ_in_the_last_digits() {
        let (a, b) = (rows(&["0.3"]), vec![vec![Cell::Real(0.1 + 0.2)]]);
        assert!(differences(&a, &b, TEXT).is_none());
        assert!(differences(&a, &rows(&["0.3001"]), TEXT).is_some());
    }
}
