//! The first rows of a store, formatted for the shell, so that they are visible before any script runs.

use serde_json::Value;

use crate::cells::{Cell, KeyCell, grouped, key_part};
use crate::shell::Store;
use crate::strings as s;

/// How many values a column is judged by.
const SAMPLE: usize = 200;
/// How many columns there are at most.
const MOST_COLUMNS: usize = 200;
/// Up to so many columns share the room that there is: the rule of `core/column_window.js`.
const FEW_COLUMNS: usize = 16;
/// How many rows the shell shows; the page's scripts show the rest.
const ROWS: usize = 60;
/// A key's head does not make its column wider than this many characters.
const LABEL_CHARS: usize = 22;
/// Room for the name of what a column points to.
const LINK_CHARS: usize = 18;
/// Columns are as wide as their widest text, between these, in units of 8 pixels.
const WIDTH: std::ops::RangeInclusive<usize> = 7..=36;

/// A column of the first rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name of the field; empty for items without fields.
    pub name: String,
    /// What its head says.
    pub label: String,
    /// Whether it holds numbers, which stand to the right.
    pub numeric: bool,
    /// Its width in units of 8 pixels.
    pub width: usize,
}

/// A row of the first rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its place in view, from 1, with separators.
    pub rank: String,
    /// The same as a number, for `aria-rowindex` (the head is row 1).
    pub index: u64,
    /// Its key.
    pub key: KeyCell,
    /// Its values, one a column.
    pub cells: Vec<Cell>,
}

/// The first rows with their columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstPage {
    /// What the head of the key says: the names of its fields.
    pub key_label: String,
    /// The width of the key in units of 8 pixels.
    pub key_width: usize,
    /// How many digits a rank has.
    pub digits: usize,
    /// The columns of values.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How many rows there are in view, exactly.
    pub count: u64,
    /// The sequence that they were read at.
    pub sequence: u64,
    /// How many nodes were read for them, when the answer says so.
    pub nodes: Option<u64>,
}

impl FirstPage {
    /// From the answer of `GET …/items`; None when it has no list of items.
    pub fn new(store: &Store, answer: &Value, whole_store: bool) -> Option<Self> {
        let items = answer.get("items")?.as_array()?;
        let number = |name: &str| answer.get(name).and_then(Value::as_u64);
        let total = number("total").unwrap_or(store.count);
        let count = if whole_store {
            total
        } else {
            number("count").unwrap_or(total)
        };
        let first = if whole_store {
            number("rank").unwrap_or(0)
        } else {
            0
        };
        let columns = columns(store, items);
        let mut above = String::new();
        let mut rows = Vec::new();
        let mut key_chars = (key_label(store).chars().count() + 5).min(LABEL_CHARS);
        for (offset, item) in items.iter().take(SAMPLE).enumerate() {
            let text = key_text(store, item.get("key").unwrap_or(&Value::Null));
            key_chars = key_chars.max(text.chars().count());
            if offset < ROWS {
                let index = first + offset as u64;
                let cells = columns
                    .iter()
                    .map(|column| Cell::new(field(item.get("value"), &column.name)))
                    .collect();
                rows.push(Row {
                    rank: grouped(index + 1),
                    index: index + 2,
                    key: KeyCell::new(&above, &text),
                    cells,
                });
            }
            above = text;
        }
        Some(Self {
            key_label: key_label(store),
            key_width: width(key_chars, false).clamp(10, *WIDTH.end()),
            digits: count.max(1).to_string().len(),
            columns,
            rows,
            count,
            sequence: number("sequence").unwrap_or(0),
            nodes: answer.pointer("/stats/nodes_read").and_then(Value::as_u64),
        })
    }
}

impl FirstPage {
    /// Which rows are shown: `1–60`.
    pub(crate) fn range(&self) -> String {
        match (self.rows.first(), self.rows.last()) {
            (Some(first), Some(last)) => format!("{}–{}", first.rank, last.rank),
            _ => "0".to_owned(),
        }
    }

    /// Whether each column has its width whatever the others have, as where only those in view are drawn.
    pub(crate) fn has_many_columns(&self) -> bool {
        self.columns.len() > FEW_COLUMNS
    }

    /// Of how many rows they are: what is said before and after their range.
    pub(crate) fn around_range(&self) -> (String, String) {
        let whole = s::filled(s::SHELL_ROWS_OF_TOTAL, "total", &grouped(self.count));
        let (before, after) = s::around(&whole, "rows");
        (before.to_owned(), after.to_owned())
    }

    /// The nodes read, when the answer says so.
    pub(crate) fn shown_nodes(&self) -> Option<String> {
        self.nodes.map(grouped)
    }

    /// The sequence, as it is said.
    pub(crate) fn shown_sequence(&self) -> String {
        s::filled(
            s::SHARED_SEQUENCE_WITHIN,
            "sequence",
            &grouped(self.sequence),
        )
    }

    /// The cells of a row, each with its column.
    pub(crate) fn zip<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (&'a Column, &'a Cell)> {
        self.columns.iter().zip(&row.cells)
    }
}

/// The names of the key's fields, without the store's own name before them: `BillingCountry / Date / Id`.
fn key_label(store: &Store) -> String {
    let short = |name: &str| {
        let rest = name.strip_prefix(store.name.as_str()).unwrap_or(name);
        if rest.starts_with(char::is_uppercase) {
            rest.to_owned()
        } else {
            name.to_owned()
        }
    };
    store
        .key
        .iter()
        .map(|(name, _)| short(name))
        .collect::<Vec<_>>()
        .join(" / ")
}

/// A key on one line.
fn key_text(store: &Store, key: &Value) -> String {
    let values = store.key_values(key);
    let kinds = store
        .key
        .iter()
        .map(|(_, kind)| kind.as_str())
        .chain(std::iter::repeat(""));
    values
        .iter()
        .zip(kinds)
        .map(|(value, kind)| key_part(value, kind))
        .collect::<Vec<_>>()
        .join(" / ")
}

/// The value of a column in an item's value.
fn field<'a>(value: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    match value {
        Some(Value::Object(fields)) if !name.is_empty() => fields.get(name),
        Some(Value::Object(_)) | None => None,
        other => other.filter(|_| name.is_empty()),
    }
}

/// A width in units of 8 pixels for that many characters; digits are all of one, larger width.
fn width(chars: usize, numeric: bool) -> usize {
    let tenths = if numeric { 85 } else { 73 };
    (chars * tenths + 240).div_ceil(80)
}

/// The columns: the store's fields, declared or found in all its items, then fields in the order in which they appear.
fn columns(store: &Store, items: &[Value]) -> Vec<Column> {
    let mut found = store.fields.clone();
    for item in items.iter().take(SAMPLE) {
        match item.get("value") {
            Some(Value::Object(fields)) => {
                for name in fields.keys() {
                    if !found.iter().any(|(known, _)| known == name) {
                        found.push((name.clone(), String::new()));
                    }
                }
            }
            Some(_) if !found.iter().any(|(known, _)| known.is_empty()) => {
                found.push((String::new(), String::new()));
            }
            _ => {}
        }
    }
    found
        .into_iter()
        .take(MOST_COLUMNS)
        .map(|(name, kind)| {
            let link = store.is_link(&name);
            column(name, &kind, items, link)
        })
        .collect()
}

/// One column, judged by its first values.
fn column(name: String, kind: &str, items: &[Value], link: bool) -> Column {
    let label = if name.is_empty() {
        s::SHARED_VALUE_WITHIN.to_owned()
    } else {
        name.clone()
    };
    let mut chars = label.chars().count();
    let (mut seen, mut numbers) = (0_usize, 0_usize);
    for value in items
        .iter()
        .take(SAMPLE)
        .filter_map(|item| field(item.get("value"), &name))
    {
        let cell = Cell::new(Some(value));
        let length = cell.text.chars().count() + if cell.size.is_some() { 8 } else { 0 };
        chars = chars.max(length.min(48));
        if !value.is_null() {
            seen += 1;
            numbers += usize::from(value.is_number());
        }
    }
    let typed = matches!(
        kind,
        "i8" | "i16"
            | "i32"
            | "i64"
            | "u8"
            | "u16"
            | "u32"
            | "u64"
            | "f32"
            | "f64"
            | "decimal"
            | "integer"
            | "number"
    );
    let open = matches!(kind, "" | "any");
    let numeric = typed || (open && numbers * 2 > seen);
    let room = if link { LINK_CHARS } else { 0 };
    let width = width(chars + room, numeric).clamp(*WIDTH.start(), *WIDTH.end());
    let numeric = numeric && !link;
    Column {
        name,
        label,
        numeric,
        width,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn store(key: &Value) -> Store {
        Store::from_api(json!({"name": "Invoice", "count": 3, "key": key})).unwrap()
    }

    #[test]
    fn rows_and_columns_come_from_the_answer() {
        let store = store(
            &json!({"type": "composite", "fields": [{"name": "Country", "type": "string"}, {"name": "Id", "type": "i64"}]}),
        );
        let answer = json!({"rank": 0, "total": 3, "sequence": 9, "items": [
            {"key": {"Country": "USA", "Id": 1}, "value": {"City": "Boston", "Total": 1.98}, "version": 1},
            {"key": {"Country": "USA", "Id": 2}, "value": {"City": null, "Total": 2, "Extra": [1]}, "version": 1},
        ]});
        let page = FirstPage::new(&store, &answer, true).unwrap();
        assert_eq!(page.key_label, "Country / Id");
        let names: Vec<_> = page
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.numeric))
            .collect();
        assert_eq!(names, [("City", false), ("Total", true), ("Extra", false)]);
        assert_eq!(
            page.rows[1].key,
            KeyCell {
                shared: "USA / ".into(),
                own: "2".into()
            }
        );
        assert_eq!(page.rows[0].cells[2].class, "missing");
        assert_eq!(
            (page.rows[1].rank.as_str(), page.count, page.sequence),
            ("2", 3, 9)
        );
    }

    #[test]
    fn the_fields_of_the_store_are_columns_whether_or_not_a_row_has_them() {
        let store = Store::from_api(json!({"name": "s", "count": 1, "key": {"type": "i64"}, "schema": {"declared": false, "fields": [
            {"name": "late", "type": "integer", "required": false}, {"name": "mixed", "type": "any", "required": false},
        ]}}))
        .unwrap();
        let answer = json!({"items": [{"key": 1, "value": {"mixed": 1, "new": "x"}}]});
        let page = FirstPage::new(&store, &answer, true).unwrap();
        let columns = page
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.numeric));
        assert_eq!(
            columns.collect::<Vec<_>>(),
            [("late", true), ("mixed", true), ("new", false)]
        );
    }

    #[test]
    fn a_value_without_fields_is_one_column() {
        let page = FirstPage::new(
            &store(&json!({"type": "string"})),
            &json!({"items": [{"key": "a", "value": 5}, {"key": "b", "value": "x"}]}),
            true,
        )
        .unwrap();
        assert_eq!(page.columns[0].label, "value");
        assert_eq!(page.rows[0].cells[0].text, "5");
    }

    #[test]
    fn a_strange_answer_gives_no_page() {
        let store = store(&json!({"type": "i64"}));
        assert_eq!(FirstPage::new(&store, &json!(null), true), None);
        assert_eq!(FirstPage::new(&store, &json!({"items": 5}), true), None);
        assert!(FirstPage::new(&store, &json!({"items": [1, null, {"key": []}]}), true).is_some());
    }
}
