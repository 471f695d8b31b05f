//! Helpers of the tests of this folder: random JSON, chunk borders, collecting a reader.

use super::{Entry, RowReader, TransferError};
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::io;

/// Everything that a reader gives.
pub fn collect(reader: &mut dyn RowReader) -> Result<Vec<Entry>, TransferError> {
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_row()? {
        entries.push(entry);
    }
    Ok(entries)
}

/// `text` in chunks whose lengths are `cuts`, over and over.
pub fn chunked(text: &[u8], cuts: &[usize]) -> std::vec::IntoIter<io::Result<Vec<u8>>> {
    let mut rest = text;
    let mut chunks = Vec::new();
    for cut in cuts.iter().copied().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, tail) = rest.split_at(cut.clamp(1, rest.len()));
        chunks.push(Ok(chunk.to_vec()));
        rest = tail;
    }
    chunks.into_iter()
}

/// Any JSON value, small, with hostile text.
pub fn json_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-z]{0,4}",
        r#"[\\"{}\[\],: \n\r\t\u{0}äß漢🦀]{0,6}"#,
        any::<String>()
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..5)
                .prop_map(|fields| Value::from(Map::from_iter(fields))),
        ]
    })
}
