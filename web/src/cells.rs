//! What a cell shows: the same rules as the page's own `core/format.js` and `core/keys.js`, for the rows in the shell.

use serde_json::Value;

/// A text longer than this is cut in its cell and says its size.
const LONG_CHARS: usize = 120;
/// How much of a long text goes into the cell.
const CELL_CHARS: usize = 200;

/// One cell of a row, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What it shows, one line.
    pub text: String,
    /// The class of its kind: `n`, `b`, `d`, `null`, `missing`, `empty`, `binary`, `dim` or nothing.
    pub class: &'static str,
    /// The size of a long text.
    pub size: Option<String>,
    /// Whether white space at its end is marked.
    pub tail: bool,
}

/// The key of a row in two parts: what it shares with the row above, and the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCell {
    /// What recedes.
    pub shared: String,
    /// What is its own.
    pub own: String,
}

impl Cell {
    /// The cell of a value; `None` is a field that the item does not have.
    pub fn new(value: Option<&Value>) -> Self {
        let plain = |text: String, class| Self {
            text,
            class,
            size: None,
            tail: false,
        };
        match value {
            None => plain("·".into(), "missing"),
            Some(Value::Null) => plain("null".into(), "null"),
            Some(Value::Bool(value)) => plain(value.to_string(), "b"),
            Some(Value::Number(value)) => plain(value.to_string(), "n"),
            Some(Value::Array(value)) => plain(format!("[ {} ]", value.len()), "dim"),
            Some(Value::Object(value)) => plain(format!("{{ {} }}", value.len()), "dim"),
            Some(Value::String(text)) if text.is_empty() => plain("\"\"".into(), "empty"),
            Some(Value::String(text)) if is_date(text) => plain(without_midnight(text).into(), "d"),
            Some(Value::String(text)) => Self::text(text),
        }
    }

    fn text(text: &str) -> Self {
        let length = text.encode_utf16().count();
        if length > LONG_CHARS {
            let head: String = text.chars().take(CELL_CHARS).collect();
            return Self {
                text: visible(&head),
                class: "",
                size: Some(size(length)),
                tail: false,
            };
        }
        let body = text.trim_end();
        Self {
            text: visible(body),
            class: "",
            size: None,
            tail: body.len() < text.len(),
        }
    }
}

/// Whether a text reads as a date or a point in time: `2026-01-31`, `2026-01-31T12:00:00Z`.
pub(crate) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| {
        bytes
            .get(from..to)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let at = |index: usize, any: &[u8]| bytes.get(index).is_some_and(|byte| any.contains(byte));
    if !(digits(0, 4) && at(4, b"-") && digits(5, 7) && at(7, b"-") && digits(8, 10)) {
        return false;
    }
    if bytes.len() == 10 {
        return true;
    }
    at(10, b"T ")
        && digits(11, 13)
        && at(13, b":")
        && digits(14, 16)
        && bytes.len() <= 35
        && bytes
            .iter()
            .skip(16)
            .all(|byte| byte.is_ascii_digit() || b":.Z+-".contains(byte))
}

/// A date without a midnight that says nothing.
fn without_midnight(text: &str) -> &str {
    let bare = text.strip_suffix('Z').unwrap_or(text);
    bare.strip_suffix("T00:00:00").unwrap_or(text)
}

/// Control characters and marks that turn the direction of text, made visible.
pub(crate) fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => '↵',
            '\t' => '⇥',
            '\0'..='\u{1f}'
            | '\u{7f}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => '�',
            c => c,
        })
        .collect()
}

/// Bytes in the unit that fits.
pub(crate) fn size(bytes: usize) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("TB");
    if value < 10.0 {
        let text = format!("{value:.1}");
        format!("{} {name}", text.strip_suffix(".0").unwrap_or(&text))
    } else {
        format!("{value:.0} {name}")
    }
}

/// A number with separators: `15,607`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One value of a key as text; dates lose a midnight that says nothing.
pub(crate) fn key_part(value: &Value, kind: &str) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".into(),
        Value::String(text) if matches!(kind, "date" | "time" | "datetime" | "timestamp") => {
            without_midnight(text).into()
        }
        Value::String(text) => visible(text),
        other => other.to_string(),
    }
}

impl KeyCell {
    /// Splits `text` after what it shares with the key above, cut back to the end of a word.
    pub fn new(above: &str, text: &str) -> Self {
        let mut shared = 0;
        let mut end_of_word = 0;
        for (a, b) in above.chars().zip(text.chars()) {
            if a != b {
                break;
            }
            shared += b.len_utf8();
            if !b.is_alphanumeric() {
                end_of_word = shared;
            }
        }
        if shared == text.len() {
            end_of_word = 0;
        }
        let (shared, own) = text.split_at_checked(end_of_word).unwrap_or(("", text));
        Self {
            shared: shared.into(),
            own: own.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(value: &Value) -> (String, &'static str) {
        let cell = Cell::new(Some(value));
        (cell.text, cell.class)
    }

    #[test]
    fn the_kinds_of_nothing_differ() {
        assert_eq!(Cell::new(None).text, "·");
        assert_eq!(shown(&json!(null)), ("null".into(), "null"));
        assert_eq!(shown(&json!("")), ("\"\"".into(), "empty"));
        assert_eq!(shown(&json!({"a": 1})), ("{ 1 }".into(), "dim"));
        assert_eq!(
            shown(&json!("2025-12-04T00:00:00")),
            ("2025-12-04".into(), "d")
        );
        assert_eq!(shown(&json!("2025-12-04 or so")).1, "");
    }

    #[test]
    fn text_stays_on_its_line() {
        assert_eq!(shown(&json!("a\nb\u{202e}c\0")).0, "a↵b�c�");
        assert!(Cell::new(Some(&json!("Edinburgh "))).tail);
        let long = Cell::new(Some(&json!("x".repeat(4200))));
        assert_eq!(
            (long.text.len(), long.size.as_deref()),
            (200, Some("4.2 KB"))
        );
    }

    #[test]
    fn a_key_recedes_where_it_repeats() {
        let split = |above, text| {
            let key = KeyCell::new(above, text);
            (key.shared, key.own)
        };
        assert_eq!(
            split("USA / 2025-02-07 / 341", "USA / 2025-04-01 / 352"),
            ("USA / 2025-".into(), "04-01 / 352".into())
        );
        assert_eq!(split("1 / 385", "1 / 386"), ("1 / ".into(), "386".into()));
        assert_eq!(split("", "é / 1"), (String::new(), "é / 1".into()));
        assert_eq!(split("a / 1", "a / 1"), (String::new(), "a / 1".into()));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(15_607), "15,607");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }
}
