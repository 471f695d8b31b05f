//! Rows of a query as JSON text, written as they come.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use sop_query::sql::{Column, ValueRef};

use crate::api::changes::{MAX_SAFE, big_integers_as_strings};
use crate::extract::JsonNumbers;

/// Most digits that every integer up to 2^53 has.
const SAFE_DIGITS: usize = 15;

/// `[{"name":…,"type":…},…]`.
pub(super) fn write_columns(columns: &[Column], out: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct View<'a> {
        name: &'a str,
        r#type: &'a str,
    }
    let columns = columns.iter().map(|column| View {
        name: &column.name,
        r#type: &column.kind,
    });
    write_json(&columns.collect::<Vec<_>>(), out);
}

/// A row as an array.
pub(super) fn write_row(row: &[ValueRef<'_>], numbers: JsonNumbers, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, value) in row.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_value(*value, numbers, out);
    }
    out.push(b']');
}

/// A value. Bytes are base64; numbers that JSON cannot say are the nearest that it can.
pub(super) fn write_value(value: ValueRef<'_>, numbers: JsonNumbers, out: &mut Vec<u8>) {
    // Writing to memory cannot fail.
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Bool(value) => {
            out.extend_from_slice(if value { b"true" } else { b"false" });
        }
        ValueRef::Integer(value) if numbers.as_strings && value.unsigned_abs() > MAX_SAFE => {
            let _ = write!(out, "\"{value}\"");
        }
        ValueRef::Integer(value) => {
            let _ = write!(out, "{value}");
        }
        ValueRef::Real(value) if value.is_infinite() => {
            out.extend_from_slice(if value > 0.0 { b"9e999" } else { b"-9e999" });
        }
        ValueRef::Real(value) => write_json(&value, out),
        ValueRef::Text(text) => write_json(text, out),
        ValueRef::Blob(bytes) => {
            let _ = write!(out, "\"{}\"", STANDARD.encode(bytes));
        }
        ValueRef::Json(text) => write_container(text, numbers, out),
    }
}

/// An array or object: as it is where that is one line and its numbers are as they are to be.
pub(super) fn write_container(text: &str, numbers: JsonNumbers, out: &mut Vec<u8>) {
    let many_lines = text.contains(['\n', '\r']);
    let large = numbers.as_strings && has_long_number(text);
    if !many_lines && !large {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let Ok(mut json) = serde_json::from_str::<Value>(text) else {
        // It was looked at by its reader; what still is no JSON is shown as text.
        write_json(text, out);
        return;
    };
    if large {
        big_integers_as_strings(&mut json);
    }
    write_json(&json, out);
}

/// Whether more digits follow each other than a safe number has.
fn has_long_number(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        run = if byte.is_ascii_digit() { run + 1 } else { 0 };
        run > SAFE_DIGITS
    })
}

fn write_json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let length = out.len();
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(length);
        out.extend_from_slice(b"null");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[ValueRef<'_>], as_strings: bool) -> String {
        let mut out = Vec::new();
        let lines = false;
        write_row(values, JsonNumbers { as_strings, lines }, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_kind_of_value_has_its_json() {
        let values = [
            ValueRef::Null,
            ValueRef::Bool(true),
            ValueRef::Integer(-5),
            ValueRef::Real(1.0),
            ValueRef::Real(0.1),
            ValueRef::Text("a\"\n"),
            ValueRef::Blob(&[0, 255]),
            ValueRef::Json("{\"a\":[1]}"),
            ValueRef::Real(f64::INFINITY),
            ValueRef::Real(f64::NEG_INFINITY),
        ];
        let text = row(&values, true);
        assert_eq!(
            text,
            r#"[null,true,-5,1.0,0.1,"a\"\n","AP8=",{"a":[1]},9e999,-9e999]"#
        );
        assert!(serde_json::from_str::<Value>(&text).is_ok());
    }

    #[test]
    fn large_integers_are_exact_and_strings_where_asked_for() {
        let safe = 1 << 53;
        let values = [
            ValueRef::Integer(safe),
            ValueRef::Integer(safe + 1),
            ValueRef::Integer(i64::MIN),
            ValueRef::Json("[9007199254740993,{\"a\":-9007199254740993}]"),
        ];
        assert_eq!(
            row(&values, false),
            "[9007199254740992,9007199254740993,-9223372036854775808,[9007199254740993,{\"a\":-9007199254740993}]]"
        );
        assert_eq!(
            row(&values, true),
            "[9007199254740992,\"9007199254740993\",\"-9223372036854775808\",[\"9007199254740993\",{\"a\":\"-9007199254740993\"}]]"
        );
    }

    #[test]
    fn a_container_never_breaks_its_line() {
        let values = [ValueRef::Json("{\"b\":\n 1.50,\r\n\"a\": \"x\\ny\"}")];
        assert_eq!(row(&values, false), "[{\"b\":1.50,\"a\":\"x\\ny\"}]");
    }
}
