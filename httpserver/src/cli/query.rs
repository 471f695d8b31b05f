//! SQL on a folder, without a server.

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use sop::{Database, OpenOptions};
use sop_query::sql::{
    Access, Catalog, Params, QueryEngine, Request, Summary, Table, Value, ValueRef,
};

use super::args::QueryArgs;
use super::maintain::open_to_read;
use super::{note, say};
use crate::api::{FileRows, Target};
use crate::extract::JsonNumbers;
use crate::formats::text_format_of;

/// Rows that a table shows; the other formats have no end.
const TABLE_ROWS: u64 = 1_000;
/// Characters of a cell that a table shows.
const TABLE_CELL: usize = 60;

/// Runs statements and prints the result; figures go to standard error.
pub(super) fn run(args: &QueryArgs) -> anyhow::Result<ExitCode> {
    let as_table = args.format == "table";
    let format = match as_table {
        true => None,
        false => Some(text_format_of(&args.format).map_err(|_| {
            let given = &args.format;
            anyhow::anyhow!("'{given}' is no format of a result. Use table, csv, json or ndjson.")
        })?),
    };
    let mut request = Request::new(&args.sql, params(&args.params)?);
    if args.write {
        request.access = Access::ReadWrite;
    }
    let database = open(args)?;
    let name = args.database.file_name().unwrap_or_default();
    let catalog = Catalog::new(vec![(
        name.to_string_lossy().into_owned(),
        database.clone(),
    )]);
    let engine = QueryEngine::default();
    let done = match format {
        None => {
            request.limits.rows = Some(TABLE_ROWS);
            engine.collect(&catalog, &request).map(|table| {
                let text = drawn(&table);
                (table.summary, text)
            })
        }
        Some(format) => {
            let numbers = JsonNumbers {
                as_strings: false,
                lines: false,
            };
            let mut out = Out::default();
            let mut rows = FileRows::new(&mut out, format, numbers);
            let done = engine.run(&catalog, &request, &mut rows);
            if done.is_ok() {
                rows.end()?;
            }
            done.map(|summary| (summary, out.into_text()))
        }
    };
    let closed = match args.write {
        true => database.close(),
        false => Ok(()),
    };
    let (summary, text) = done.map_err(|error| placed(&args.sql, &error))?;
    say(&text)?;
    note(&figures(&summary));
    closed?;
    Ok(ExitCode::SUCCESS)
}

fn open(args: &QueryArgs) -> anyhow::Result<Database> {
    if !args.write {
        return open_to_read(&args.database);
    }
    let options = OpenOptions::new().create(false);
    options
        .open(&args.database)
        .with_context(|| format!("The database {} cannot be opened", args.database.display()))
}

/// Standard output as the place of rows. Who reads it may go away, which ends the query.
#[derive(Default)]
pub(super) struct Out(Vec<u8>);

impl Out {
    /// What was not sent yet.
    pub fn into_text(self) -> String {
        String::from_utf8(self.0).unwrap_or_default()
    }
}

impl Target for Out {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    fn send_beyond(&mut self, bytes: usize) -> bool {
        if self.0.len() < bytes {
            return true;
        }
        let done = io::stdout().lock().write_all(&self.0);
        self.0.clear();
        done.is_ok()
    }
}

/// What is said of a wrong statement: its line, and where in it.
fn placed(sql: &str, error: &sop_query::sql::QueryError) -> anyhow::Error {
    let Some((before, _)) = error.at.and_then(|at| sql.split_at_checked(at)) else {
        return anyhow::anyhow!("{error}");
    };
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let text = sql.get(start..).unwrap_or_default();
    let text = text.lines().next().unwrap_or_default();
    let column = before.get(start..).unwrap_or_default().chars().count();
    let mark = " ".repeat(column);
    anyhow::anyhow!("{error} (line {line})\n  {text}\n  {mark}^")
}

fn figures(summary: &Summary) -> String {
    let more = match summary.truncated {
        true => ", and more: another format has them all",
        false => "",
    };
    let changed = match summary.changed {
        0 => String::new(),
        changed => format!(", {changed} changed"),
    };
    let (rows, time) = (summary.rows, summary.elapsed.as_secs_f64() * 1e3);
    format!("{rows} rows{more}{changed}, {time:.1} ms\n")
}

/// The values of the flags: all with names, or all without.
fn params(flags: &[String]) -> anyhow::Result<Params> {
    let named: Vec<_> = flags.iter().filter_map(|flag| flag_name(flag)).collect();
    match named.len() {
        0 if flags.is_empty() => Ok(Params::None),
        0 => Ok(Params::Positional(
            flags.iter().map(|flag| value(flag)).collect(),
        )),
        all if all == flags.len() => {
            let named = named.into_iter();
            let named = named.map(|(name, text)| (name.to_owned(), value(text)));
            Ok(Params::Named(named.collect()))
        }
        _ => anyhow::bail!("Some parameters have names and some do not. Name all of them or none."),
    }
}

/// A name and the rest of `name=value`.
pub(super) fn flag_name(flag: &str) -> Option<(&str, &str)> {
    let (name, text) = flag.split_once('=')?;
    let bare = name.strip_prefix([':', '@', '$']).unwrap_or(name);
    let mut chars = bare.chars();
    let first = chars.next()?;
    let is_name = (first.is_alphabetic() || first == '_')
        && chars.all(|char| char.is_alphanumeric() || char == '_');
    is_name.then_some((name, text))
}

fn value(text: &str) -> Value {
    Value::from_json(&json_of_flag(text))
}

/// The value of a flag: JSON, or text when it is no JSON.
pub(super) fn json_of_flag(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// A result in columns.
pub(super) fn drawn(table: &Table) -> String {
    if table.columns.is_empty() {
        return String::new();
    }
    let header = table.columns.iter().map(|column| cut(&column.name));
    let mut lines: Vec<Vec<String>> = vec![header.collect()];
    for row in &table.rows {
        lines.push(row.iter().map(|value| cut(&cell(value.as_ref()))).collect());
    }
    let width = |at: usize| {
        let cells = lines.iter().filter_map(|line| line.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..table.columns.len()).map(width).collect();
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    lines.insert(1, rule);
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    text
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => String::new(),
        ValueRef::Bool(value) => value.to_string(),
        ValueRef::Integer(value) => value.to_string(),
        ValueRef::Real(value) => value.to_string(),
        ValueRef::Text(text) | ValueRef::Json(text) => text.to_owned(),
        ValueRef::Blob(bytes) => format!("({} bytes)", bytes.len()),
    }
}

/// One line that fits a cell; what is left out shows as `…`.
fn cut(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect();
    if line.chars().count() <= TABLE_CELL {
        return line;
    }
    let kept: String = line.chars().take(TABLE_CELL - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(flags: &[&str]) -> anyhow::Result<Params> {
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        params(&flags)
    }

    #[test]
    fn flags_become_parameters() {
        assert_eq!(given(&[]).unwrap(), Params::None);
        let named = given(&["id=5", ":name=Ada=x", "on=true"]).unwrap();
        let expected = [
            ("id", Value::Integer(5)),
            (":name", Value::Text("Ada=x".to_owned())),
            ("on", Value::Bool(true)),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(named, Params::Named(expected.to_vec()));
        let by_number = given(&["5", "\"7\"", "1=1"]).unwrap();
        let texts = ["7", "1=1"].map(|text| Value::Text(text.to_owned()));
        let [seven, equation] = texts;
        assert_eq!(
            by_number,
            Params::Positional(vec![Value::Integer(5), seven, equation])
        );
        assert!(given(&["a=1", "2"]).is_err());
    }

    #[test]
    fn a_table_has_a_rule_and_one_line_a_row() {
        let column = |name: &str| sop_query::sql::Column {
            name: name.to_owned(),
            kind: "any".to_owned(),
        };
        let table = Table {
            columns: vec![column("id"), column("text")],
            rows: vec![
                vec![Value::Integer(10), Value::Text("a\nb".to_owned())],
                vec![Value::Null, Value::Text("x".repeat(100))],
            ],
            ..Table::default()
        };
        let text = drawn(&table);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "id  text");
        assert_eq!(lines[2], "10  a b");
        assert_eq!(lines[3].chars().count(), 4 + TABLE_CELL);
        assert!(lines[3].ends_with('…'));
    }

    #[test]
    fn a_fault_is_marked_in_its_line() {
        let engine = QueryEngine::default();
        let sql = "SELECT 1;\nSELECT * FORM s";
        let error = engine
            .table(&Catalog::default(), sql, Params::None)
            .unwrap_err();
        let text = placed(sql, &error).to_string();
        assert!(text.ends_with("  SELECT * FORM s\n           ^"), "{text}");
        assert!(text.contains("(line 2)"), "{text}");
    }
}
