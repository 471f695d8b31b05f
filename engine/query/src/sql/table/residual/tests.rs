//! Every verdict against what SQLite says, by all affinities of both sides.

use rusqlite::Connection;
use rusqlite::types::Value;
use sop::Document;

use super::*;

const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "10",
    "9",
    "9007199254740993",
    "-9223372036854775808",
    "9223372036854775807",
    "18446744073709551615",
    "0.0",
    "-0.0",
    "1.0",
    "1.5",
    "9007199254740992.0",
    "1e300",
    "-1e300",
    "9223372036854775807.0",
    "0.1",
    "\"\"",
    "\"1\"",
    "\"1.0\"",
    "\" 1 \"",
    "\"10\"",
    "\"9\"",
    "\"abc\"",
    "\"ABC\"",
    "\"abd\"",
    "\"true\"",
    "\"1e1\"",
    "\"Inf\"",
    "\"inf\"",
    "\"nan\"",
    "\"2024-01-01\"",
    "\"2024-01-02\"",
    "\"1abc\"",
    "\"\u{e4}\"",
    "\"\u{c4}\"",
    "\"-\"",
    "\".\"",
    "\"+1\"",
    "\"0x10\"",
    "\"1_0\"",
    "[1]",
    "{\"a\":1}",
];

fn operands() -> Vec<Value> {
    let texts = [
        "",
        "1",
        "1.0",
        " 1 ",
        "10",
        "9",
        "abc",
        "ABC",
        "abd",
        "true",
        "1e1",
        "Inf",
        "2024-01-01",
        "2024-01-02",
        "1abc",
        "\u{e4}",
        "-",
        "a%",
        "%b%",
        "_bc",
        "%",
        "A_C",
        "2024-%-01",
        "%1",
        "[1]",
    ];
    let integers = [0, 1, -1, 9, 10, i64::MIN, i64::MAX, 9_007_199_254_740_993];
    let reals = [
        0.0,
        -0.0,
        1.0,
        1.5,
        0.1,
        1e300,
        -1e300,
        9_007_199_254_740_992.0,
        9.3e18,
        f64::INFINITY,
    ];
    let texts = texts.iter().map(|text| Value::Text((*text).to_owned()));
    let numbers = integers.iter().map(|n| Value::Integer(*n));
    let reals = reals.iter().map(|n| Value::Real(*n));
    let others = [Value::Null, Value::Blob(vec![49])];
    texts.chain(numbers).chain(reals).chain(others).collect()
}

/// What SQLite gets for a value.
fn sqlite_value(value: DocumentRef<'_>) -> Value {
    match crate::sql::table::values::document_value(value) {
        rusqlite::types::ToSqlOutput::Owned(value) => value,
        rusqlite::types::ToSqlOutput::Borrowed(value) => crate::sql::table::values::owned(value),
        _ => Value::Null,
    }
}

const TESTS: &[(Test, &str)] = &[
    (Test::Equal, "="),
    (Test::NotEqual, "<>"),
    (Test::Less, "<"),
    (Test::LessOrEqual, "<="),
    (Test::Greater, ">"),
    (Test::GreaterOrEqual, ">="),
    (Test::Like, "LIKE"),
];

/// Affinity comes from a cast of the column's side, where that leaves the value as it is.
#[test]
fn no_verdict_is_against_sqlite() {
    let sqlite = Connection::open_in_memory().unwrap();
    let mut sure = 0;
    let mut all = 0;
    for text in VALUES {
        let document = Document::from_json(text.as_bytes()).unwrap();
        let value = document.root();
        for other in operands() {
            for (test, sign) in TESTS {
                all += 1;
                let said = verdict(*test, Some(value), &Operand::new((&other).into()));
                sure += usize::from(said != Verdict::Maybe);
                for left in ["?1", "CAST(?1 AS TEXT)", "CAST(?1 AS NUMERIC)"] {
                    // A cast that changes the kind makes it another value.
                    let same = format!("SELECT typeof({left}) = typeof(?1) AND ({left} IS ?1)");
                    let bound = (sqlite_value(value), &other);
                    let kept: bool = sqlite
                        .query_row(&same, (&bound.0,), |row| row.get(0))
                        .unwrap();
                    if !kept {
                        continue;
                    }
                    let sql = format!("SELECT coalesce({left} {sign} ?2, 0)");
                    let is: bool = sqlite.query_row(&sql, bound, |row| row.get(0)).unwrap();
                    let against = matches!((said, is), (Verdict::No, true) | (Verdict::Yes, false));
                    assert!(
                        !against,
                        "{text} {sign} {other:?} as {left}: {said:?}, SQLite: {is}"
                    );
                }
            }
        }
    }
    assert!(sure * 5 > all * 2, "sure of {sure} in {all}");
}

#[test]
fn numbers_and_plain_texts_are_sure() {
    let of = |text: &str, test, other: Value| {
        let document = Document::from_json(text.as_bytes()).unwrap();
        verdict(test, Some(document.root()), &Operand::new((&other).into()))
    };
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(of("5", Test::Greater, Value::Integer(4)), Verdict::Yes);
    assert_eq!(of("4.5", Test::Less, Value::Integer(4)), Verdict::No);
    assert_eq!(of("\"paid\"", Test::Equal, text("paid")), Verdict::Yes);
    assert_eq!(
        of("\"2024-05-01\"", Test::Less, text("2024-06-01")),
        Verdict::Yes
    );
    assert_eq!(
        of("\"5\"", Test::Greater, Value::Integer(4)),
        Verdict::Maybe
    );
    assert_eq!(of("null", Test::NotEqual, Value::Integer(4)), Verdict::No);
    assert_eq!(of("[]", Test::Equal, text("[]")), Verdict::Maybe);
}

#[test]
fn patterns_of_like() {
    for (pattern, text, is) in [
        ("a%", "Abc", true),
        ("a%", "bA", false),
        ("%b%", "abc", true),
        ("_", "\u{e4}", true),
        ("\u{c4}", "\u{e4}", false),
        ("%ab", "aab", true),
        ("%a_c%d", "xxabcxabcd", true),
        ("", "", true),
        ("%", "", true),
        ("_", "", false),
    ] {
        assert_eq!(fits(pattern, text), is, "{pattern} {text}");
    }
}
