//! The text of `.sqltest` files.
//!
//! A file is records with empty lines between them; `#` begins a line of comment, outside of statements.
//!
//! ```text
//! database chinook                 the records below are about this one
//!
//! query artists of one word        a name for people and for filters
//! sort                             options, one a line: sort (rows in any order), params JSON, columns a, b,
//! SELECT Name FROM Artist          skip plain (only a subject with stores understands it), write, dry run
//! WHERE Name NOT LIKE '% %'
//! ----
//! from sqlite                      or the rows, one a line, values as JSON with tabs between
//!
//! statement one more artist
//! INSERT INTO …
//! ----
//! ok                               or `ok 3`: as many items changed
//!
//! error no such store              a statement that fails
//! SELECT 1 FROM Artits
//! ----
//! unknown_store Artits             the code, and text that the message has
//! at Artits                        the word at the error's position
//! suggests Artist                  a word among the suggestions
//! ```

use super::value::{Cell, Params};

/// A file.
#[derive(Debug)]
pub struct TestFile {
    pub name: String,
    pub cases: Vec<Case>,
}

/// A record of a file.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each option line")]
pub struct Case {
    pub line: usize,
    pub name: String,
    pub database: String,
    pub sql: String,
    pub params: Params,
    pub ordered: bool,
    pub columns: Option<Vec<String>>,
    pub skip_plain: bool,
    pub write: bool,
    pub dry_run: bool,
    pub expect: Expect,
}

/// What is expected of a statement.
#[derive(Clone, Debug, Default)]
pub enum Expect {
    /// These rows.
    Rows(Vec<Vec<Cell>>),
    /// What SQLite answers over plain tables.
    #[default]
    FromSqlite,
    /// That it works, and changes this many items.
    Done(Option<u64>),
    Fails(ExpectedFailure),
}

/// What is expected of an error.
#[derive(Clone, Debug, Default)]
pub struct ExpectedFailure {
    pub code: String,
    pub text: String,
    pub at: Option<String>,
    pub suggests: Vec<String>,
}

/// A fault of a file, with its line.
type Fault = (usize, String);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Query,
    Statement,
    Error,
}

impl TestFile {
    /// Reads a file; an error names it and the line.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut cases = Vec::new();
        let mut database = String::new();
        let lines: Vec<(usize, &str)> = text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line))
            .collect();
        for record in lines.split(|(_, line)| line.trim().is_empty()) {
            let record: Vec<_> = record
                .iter()
                .skip_while(|(_, line)| line.starts_with('#'))
                .copied()
                .collect();
            let Some(&(line, head)) = record.first() else {
                continue;
            };
            if let Some(name) = head.strip_prefix("database ") {
                name.trim().clone_into(&mut database);
                continue;
            }
            let case = parse_case(line, head, record.get(1..).unwrap_or_default());
            let mut case = case.map_err(|(line, fault)| format!("{name}:{line}: {fault}"))?;
            if database.is_empty() {
                return Err(format!("{name}:{line}: no `database` line stands before"));
            }
            case.database.clone_from(&database);
            cases.push(case);
        }
        let mut seen = std::collections::BTreeMap::new();
        for case in &cases {
            if let Some(line) = seen.insert(&case.name, case.line) {
                return Err(format!(
                    "{name}:{}: {:?} is the name in line {line}, too",
                    case.line, case.name
                ));
            }
        }
        Ok(Self {
            name: name.to_owned(),
            cases,
        })
    }
}

fn parse_case(line: usize, head: &str, rest: &[(usize, &str)]) -> Result<Case, Fault> {
    let (kind, name) = head.split_once(' ').unwrap_or((head, ""));
    let kind = match kind {
        "query" => Kind::Query,
        "statement" => Kind::Statement,
        "error" => Kind::Error,
        _ => {
            return Err((
                line,
                format!("{kind:?} is neither database, query, statement nor error"),
            ));
        }
    };
    if name.trim().is_empty() {
        return Err((line, "the case has no name".to_owned()));
    }
    let Some(end) = rest.iter().position(|(_, text)| *text == "----") else {
        return Err((line, "no line of ---- ends the statement".to_owned()));
    };
    let mut case = Case {
        line,
        name: name.trim().to_owned(),
        ordered: true,
        write: kind == Kind::Statement,
        ..Case::default()
    };
    let (asked, expected) = (&rest[..end], &rest[end + 1..]);
    let options = asked
        .iter()
        .take_while(|(_, text)| option(&mut case, text).unwrap_or(true))
        .count();
    for (line, text) in &asked[..options] {
        option(&mut case, text).map_err(|fault| (*line, fault))?;
    }
    let sql: Vec<&str> = asked[options..].iter().map(|(_, text)| *text).collect();
    if sql.is_empty() {
        return Err((line, "the case has no statement".to_owned()));
    }
    case.sql = sql.join("\n");
    case.expect = match kind {
        Kind::Query => expected_rows(expected)?,
        Kind::Statement => expected_done(line, expected)?,
        Kind::Error => Expect::Fails(expected_failure(line, expected)?),
    };
    Ok(case)
}

/// Takes an option; `false` when the line is no option but the statement's first.
fn option(case: &mut Case, text: &str) -> Result<bool, String> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match (word, rest) {
        ("sort", "") => case.ordered = false,
        ("skip", "plain") => case.skip_plain = true,
        ("write", "") => case.write = true,
        ("dry", "run") => case.dry_run = true,
        ("columns", names) => {
            case.columns = Some(names.split(", ").map(str::to_owned).collect());
        }
        ("params", json) => case.params = params(json)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn params(json: &str) -> Result<Params, String> {
    match serde_json::from_str(json) {
        Ok(serde_json::Value::Array(values)) => Ok(Params::Positional(
            values.into_iter().map(Cell::from_json).collect(),
        )),
        Ok(serde_json::Value::Object(values)) => Ok(Params::Named(
            values
                .into_iter()
                .map(|(name, value)| (name, Cell::from_json(value)))
                .collect(),
        )),
        _ => Err(format!("{json} is neither a JSON array nor an object")),
    }
}

fn expected_rows(lines: &[(usize, &str)]) -> Result<Expect, Fault> {
    if let [(_, "from sqlite")] = lines {
        return Ok(Expect::FromSqlite);
    }
    let row = |(line, text): &(usize, &str)| {
        let cells = text.split('\t').map(Cell::parse);
        cells
            .collect::<Result<Vec<_>, _>>()
            .map_err(|fault| (*line, fault))
    };
    lines
        .iter()
        .map(row)
        .collect::<Result<_, _>>()
        .map(Expect::Rows)
}

fn expected_done(line: usize, lines: &[(usize, &str)]) -> Result<Expect, Fault> {
    match lines {
        [(_, "ok")] => Ok(Expect::Done(None)),
        [(line, text)] => text
            .strip_prefix("ok ")
            .and_then(|count| count.parse().ok())
            .map(|count| Expect::Done(Some(count)))
            .ok_or((*line, format!("{text:?} is not `ok` or `ok NUMBER`"))),
        _ => Err((
            line,
            "a statement is followed by one line of `ok`".to_owned(),
        )),
    }
}

fn expected_failure(line: usize, lines: &[(usize, &str)]) -> Result<ExpectedFailure, Fault> {
    let Some(((_, first), rest)) = lines.split_first() else {
        return Err((line, "an error needs its code and text".to_owned()));
    };
    let (code, text) = first.split_once(' ').unwrap_or((first, ""));
    let mut failure = ExpectedFailure {
        code: code.to_owned(),
        text: text.to_owned(),
        ..ExpectedFailure::default()
    };
    for (line, text) in rest {
        match text.split_once(' ') {
            Some(("at", word)) => failure.at = Some(word.to_owned()),
            Some(("suggests", word)) => failure.suggests.push(word.to_owned()),
            _ => {
                return Err((
                    *line,
                    format!("{text:?} is neither `at WORD` nor `suggests WORD`"),
                ));
            }
        }
    }
    Ok(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# about\ndatabase shop\n\n# why\nquery two rows\nsort\nparams [1, \"a\"]\nSELECT 1\nFROM x\n----\n1\t\"a\"\nnull\t2.0\n\nquery theirs\nsort of\n----\nfrom sqlite\n\nstatement go\nDELETE FROM x\n----\nok 2\n\nerror no\nSELECT y\n----\nunknown_column no y\nat y\nsuggests x\n";

    #[test]
    fn records() {
        let file = TestFile::parse("f", TEXT).unwrap();
        let [rows, theirs, go, no] = &file.cases[..] else {
            panic!("{:?}", file.cases)
        };
        assert_eq!((rows.line, rows.name.as_str()), (5, "two rows"));
        assert_eq!(
            (rows.sql.as_str(), rows.ordered),
            ("SELECT 1\nFROM x", false)
        );
        assert!(matches!(&rows.params, Params::Positional(values) if values.len() == 2));
        let expected = [
            vec![Cell::Integer(1), Cell::Text("a".into())],
            vec![Cell::Null, Cell::Real(2.0)],
        ];
        assert!(matches!(&rows.expect, Expect::Rows(found) if *found == expected));
        assert_eq!(theirs.sql, "sort of");
        assert!(matches!(theirs.expect, Expect::FromSqlite));
        assert!(go.write && matches!(go.expect, Expect::Done(Some(2))));
        let Expect::Fails(failure) = &no.expect else {
            panic!("{no:?}")
        };
        assert_eq!(
            (failure.code.as_str(), failure.text.as_str()),
            ("unknown_column", "no y")
        );
        assert_eq!(failure.at.as_deref(), Some("y"));
    }

    #[test]
    fn faults_name_the_line() {
        for (text, fault) in [
            ("query a\nSELECT 1\n----\n", "f:1: no `database`"),
            (
                "database d\n\nquery\nSELECT 1\n----\n",
                "f:3: the case has no name",
            ),
            ("database d\n\nquery a\nSELECT 1\n", "f:3: no line of ----"),
            (
                "database d\n\nquery a\nSELECT 1\n----\n1\nx\n",
                "f:7: x is not JSON",
            ),
            (
                "database d\n\nqueri a\nSELECT 1\n----\n",
                "f:3: \"queri\" is neither",
            ),
            (
                "database d\n\nquery a\nparams 1\nSELECT 1\n----\n",
                "f:4: 1 is neither",
            ),
            (
                "database d\n\nquery a\nx\n----\n\nquery a\nx\n----\n",
                "f:7: \"a\" is the name in line 3",
            ),
        ] {
            let found = TestFile::parse("f", text).unwrap_err();
            assert!(found.starts_with(fault), "{found}");
        }
    }
}
