//! Runs the cases of a file and says what differs.

use super::format::ExpectedFailure;
use super::{
    Answer, Case, Cell, Expect, Failure, Matching, Params, Statement, Subject, TestFile,
    differences,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A case that takes as long, on both sides together, is named in the test's output.
const NOTED_MS: u128 = 300;

/// Where subjects come from.
pub struct Setup<'a> {
    /// Opens a database anew, by its name in the files.
    pub subject: &'a dyn Fn(&str) -> Box<dyn Subject>,
    /// The same as plain SQLite tables.
    pub sqlite: &'a dyn Fn(&str) -> Box<dyn Subject>,
    /// Whether the subject is plain SQLite, too: then errors and what only stores have is left out.
    pub plain: bool,
}

/// The subject and SQLite over one database.
type Sides = (Box<dyn Subject>, Box<dyn Subject>);

/// Runs the cases of a file, each database of it opened once, in their order; the failures as text.
///
/// Of cases that are filtered out, statements run all the same: later ones may need them.
pub fn run(file: &TestFile, setup: &Setup<'_>, filter: Option<&str>) -> Result<usize, String> {
    let mut open: BTreeMap<&str, Sides> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut ran = 0;
    for case in &file.cases {
        let place = format!("{}:{}: {}", file.name, case.line, case.name);
        let chosen = filter.is_none_or(|filter| place.contains(filter));
        let left_out = setup.plain && (case.skip_plain || matches!(case.expect, Expect::Fails(_)));
        if left_out || !(chosen || matches!(case.expect, Expect::Done(_))) {
            continue;
        }
        let (subject, sqlite) = open.entry(&case.database).or_insert_with(|| {
            (
                (setup.subject)(&case.database),
                (setup.sqlite)(&case.database),
            )
        });
        ran += 1;
        let begun = std::time::Instant::now();
        if let Err(fault) = check(case, &mut **subject, &mut **sqlite, setup.plain) {
            failures.push(format!("{place}\n{}\n{fault}", indented(&case.sql)));
        }
        if begun.elapsed().as_millis() >= NOTED_MS {
            eprintln!("{place}: {} ms", begun.elapsed().as_millis());
        }
    }
    if failures.is_empty() {
        return Ok(ran);
    }
    let count = failures.len();
    Err(format!(
        "{count} of {ran} cases differ\n\n{}",
        failures.join("\n")
    ))
}

fn indented(sql: &str) -> String {
    let lines: Vec<String> = sql.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}

fn statement(case: &Case) -> Statement<'_> {
    Statement {
        sql: &case.sql,
        params: &case.params,
        write: case.write,
        dry_run: case.dry_run,
    }
}

fn check(
    case: &Case,
    subject: &mut dyn Subject,
    sqlite: &mut dyn Subject,
    plain: bool,
) -> Result<(), String> {
    let answer = subject.run(&statement(case));
    match &case.expect {
        Expect::Rows(rows) => {
            let answer = answer.map_err(|failure| described(case, &failure))?;
            rows_differ(case, rows, &answer, plain)
        }
        Expect::FromSqlite => {
            let expected = sqlite
                .run(&statement(case))
                .map_err(|failure| format!("  SQLite: {}\n", described(case, &failure)))?;
            let answer = answer.map_err(|failure| described(case, &failure))?;
            if plain && case.ordered && expected.rows.len() > 1 && !asks_order(&case.sql) {
                return Err("  rows have no order that was asked for; add `sort`\n".to_owned());
            }
            names_differ(&expected.columns, &answer.columns)?;
            rows_differ(case, &expected.rows, &answer, true)
        }
        Expect::Done(changes) => {
            let answer = answer.map_err(|failure| described(case, &failure))?;
            if !case.skip_plain {
                sqlite
                    .run(&statement(case))
                    .map_err(|failure| format!("  SQLite: {}\n", described(case, &failure)))?;
            }
            match (changes, answer.changes) {
                (Some(expected), Some(found)) if *expected != found => {
                    Err(format!("  changed {found} items, not {expected}\n"))
                }
                _ => Ok(()),
            }
        }
        Expect::Fails(expected) => match answer {
            Ok(answer) => Err(format!("  no error, but {} rows\n", answer.rows.len())),
            Err(failure) => failure_differs(case, expected, &failure),
        },
    }
}

fn asks_order(sql: &str) -> bool {
    sql.to_ascii_lowercase().contains("order by")
}

fn names_differ(expected: &[String], found: &[String]) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    Err(format!("  columns are {found:?}, not {expected:?}\n"))
}

fn rows_differ(
    case: &Case,
    expected: &[Vec<Cell>],
    answer: &Answer,
    from_sqlite: bool,
) -> Result<(), String> {
    if let Some(columns) = &case.columns {
        names_differ(columns, &answer.columns)?;
    }
    let matching = Matching {
        ordered: case.ordered,
        from_sqlite,
    };
    // Plain tables answer without booleans and JSON what is written with them.
    let swapped = from_sqlite && matches!(case.expect, Expect::Rows(_));
    let difference = if swapped {
        let expected: Vec<Vec<Cell>> = expected
            .iter()
            .map(|row| row.iter().map(plain_cell).collect())
            .collect();
        let found: Vec<Vec<Cell>> = answer
            .rows
            .iter()
            .map(|row| row.iter().map(plain_cell).collect())
            .collect();
        differences(&expected, &found, matching)
    } else {
        differences(expected, &answer.rows, matching)
    };
    difference.map_or(Ok(()), |difference| Err(difference.0))
}

/// Booleans as numbers, and the text of arrays and objects as these.
fn plain_cell(cell: &Cell) -> Cell {
    match cell {
        Cell::Bool(b) => Cell::Integer(i64::from(*b)),
        Cell::Text(text) if text.starts_with(['[', '{']) => {
            serde_json::from_str(text).map_or_else(|_| cell.clone(), Cell::Json)
        }
        _ => cell.clone(),
    }
}

fn described(case: &Case, failure: &Failure) -> String {
    let mut text = format!("  failed: {}: {}\n", failure.code, failure.message);
    if let Some(at) = failure.at {
        let rest: String = case
            .sql
            .get(at..)
            .unwrap_or_default()
            .chars()
            .take(30)
            .collect();
        let _ = writeln!(text, "  at byte {at}: {rest:?}");
    }
    if !failure.suggestions.is_empty() {
        let _ = writeln!(text, "  suggests {:?}", failure.suggestions);
    }
    if !matches!(case.params, Params::None) {
        let _ = writeln!(text, "  with {:?}", case.params);
    }
    text
}

fn failure_differs(
    case: &Case,
    expected: &ExpectedFailure,
    failure: &Failure,
) -> Result<(), String> {
    let place = |at: usize| case.sql.get(at..).unwrap_or_default();
    let mut faults = String::new();
    if expected.code != failure.code {
        let _ = writeln!(faults, "  the code is not {}", expected.code);
    }
    if !failure.message.contains(&expected.text) {
        let _ = writeln!(faults, "  the message has no {:?}", expected.text);
    }
    if let Some(word) = &expected.at
        && !failure.at.is_some_and(|at| place(at).starts_with(word))
    {
        let _ = writeln!(faults, "  the position is not that of {word:?}");
    }
    for word in &expected.suggests {
        if !failure.suggestions.contains(word) {
            let _ = writeln!(faults, "  {word:?} is not suggested");
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(faults + &described(case, failure))
}

#[cfg(test)]
mod tests {
    use super::super::plain::Plain;
    use super::*;

    fn report(text: &str) -> Result<usize, String> {
        let file = TestFile::parse("f", &format!("database x\n\n{text}")).unwrap();
        let open = |_: &str| {
            let plain = Plain::empty();
            let columns = ["a", "b"].map(|name| (name.to_owned(), ""));
            let row = |a: i64, b: &str| vec![Cell::Integer(a), Cell::Text(b.to_owned())];
            plain.table("t", &columns, &[row(1, "x"), row(2, "y"), row(3, "[1]")]);
            Box::new(plain) as Box<dyn Subject>
        };
        let setup = Setup {
            subject: &open,
            sqlite: &open,
            plain: false,
        };
        run(&file, &setup, None)
    }

    #[test]
    fn what_holds_passes() {
        let text = "query a\nSELECT a, b FROM t WHERE a < 3 ORDER BY a\n----\n1\t\"x\"\n2\t\"y\"\n\nstatement b\nDELETE FROM t WHERE a = 1\n----\nok 1\n\nquery c\nparams {\"a\": 2}\ncolumns a\nSELECT a FROM t WHERE a = :a\n----\nfrom sqlite\n\nerror d\nSELECT z FROM t\n----\nsqlite no such column: z\nat z\n";
        assert_eq!(report(text), Ok(4));
    }

    #[test]
    fn what_differs_is_said() {
        for (text, said) in [
            (
                "query a\nSELECT 1\n----\n2\n",
                "f:3: a\n    SELECT 1\n  1 rows, and in row 1:\n  - 2\n  + 1\n",
            ),
            (
                "query a\nSELECT a FROM t\n----\n1\n",
                "expected 1 rows, got 3; first in row 2:\n  + 2\n",
            ),
            (
                "query a\ncolumns z\nSELECT a FROM t\n----\n1\n",
                "columns are [\"a\"], not [\"z\"]",
            ),
            (
                "query a\nSELECT z FROM t\n----\n1\n",
                "at byte 7: \"z FROM t\"",
            ),
            (
                "statement a\nDELETE FROM t\n----\nok 5\n",
                "changed 3 items, not 5",
            ),
            (
                "error a\nSELECT a FROM t\n----\nsqlite no\n",
                "no error, but 3 rows",
            ),
            (
                "error a\nSELECT z FROM t\n----\nother wrong\nat t\nsuggests b\n",
                "the code is not other\n  the message has no \"wrong\"\n  the position is not that of \"t\"\n  \"b\" is not suggested",
            ),
        ] {
            let report = report(text).unwrap_err();
            assert!(report.contains(said), "{report}");
        }
    }
}
