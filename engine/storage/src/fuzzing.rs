//! What the fuzz targets in `fuzz/` call: one function for each kind of bytes that the engine reads.
//!
//! Each takes any bytes, and panics when the engine does what it must not: accept bytes that it would not
//! write, lose something on the way through, or panic by itself. Only with the feature `fuzzing`, and in
//! the crate's own tests, where the same functions run over seeds and random bytes.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a target reports by panicking"
)]

use serde_json::Value;

use crate::commit::prepared_record::{self, Record};
use crate::commit::record;
use crate::database::catalog_payload::CatalogPayload;
use crate::document::{Document, DocumentRef, Kind};
use crate::key::{EncodedKey, KeyField, KeyPrefix, KeySpec, KeyType, Order, RideOnField};

pub use crate::catalog::fuzz::checkpoint_file;
pub use crate::log::fuzz::log;

pub use crate::tree::fuzz::{inner, leaf};

/// What is called with any bytes.
pub type Target = fn(&[u8]);

/// All targets by their names.
pub const TARGETS: [(&str, Target); 10] = [
    ("checkpoint_file", checkpoint_file),
    ("checkpoint_payload", checkpoint_payload),
    ("commit_record", commit_record),
    ("document", document),
    ("inner", inner),
    ("json", json),
    ("key", key),
    ("leaf", leaf),
    ("log", log),
    ("options", options),
];

/// Takes an input apart, piece by piece; zeros follow its end.
pub(crate) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    pub fn u8(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// A small number mostly, so that neighbours are met; any number sometimes.
    pub fn number(&mut self) -> u64 {
        match self.u8() {
            255 => {
                let mut wide = [0; 8];
                let bytes = self.bytes(8);
                wide[..bytes.len()].copy_from_slice(bytes);
                u64::from_le_bytes(wide)
            }
            small => u64::from(small),
        }
    }

    pub fn rest(self) -> &'a [u8] {
        self.rest
    }
}

/// A record of the log: what is read is written the same way again.
pub fn commit_record(data: &[u8]) {
    match prepared_record::decode(data) {
        Err(_) => {}
        Ok((Record::Commit(writes), facts)) => {
            // Definitions may be written with other white space, once.
            let written = record::encode(&writes, facts);
            let (again, facts_again) = record::decode(&written).unwrap();
            assert_eq!((&again.catalog, facts_again), (&writes.catalog, facts));
            assert_eq!(record::encode(&again, facts_again), written);
        }
        Ok((Record::Prepare(prepared), _)) => {
            // Reads in another order, or twice, are put in order.
            let written = prepared_record::encode_prepare(&prepared);
            match prepared_record::decode(&written).unwrap() {
                (Record::Prepare(again), _) => {
                    assert_eq!(prepared_record::encode_prepare(&again), written);
                }
                other => panic!("{other:?}"),
            }
        }
        Ok((Record::Decide(decision, id), facts)) => {
            let written = prepared_record::encode_decision(decision, &id, facts.time_ms);
            assert_eq!(written, data);
        }
    }
}

/// The options file.
pub fn options(data: &[u8]) {
    crate::options_file::fuzz(data);
}

/// The payload of a checkpoint.
pub fn checkpoint_payload(data: &[u8]) {
    let Ok(payload) = CatalogPayload::decode(data) else {
        return;
    };
    let written = payload.encode().unwrap();
    let again = CatalogPayload::decode(&written).unwrap();
    assert_eq!(again.encode().unwrap(), written);
}

/// Reads everything in a value, as deep as a value may be.
fn touch(value: DocumentRef<'_>, levels: usize) -> usize {
    if levels == 0 {
        return 0;
    }
    let _ = (
        value.as_i64(),
        value.as_u64(),
        value.as_f64(),
        value.number_text(),
    );
    let _ = (
        value.as_str(),
        value.as_bytes(),
        value.get("a"),
        value.path("a.0"),
    );
    let elements = value.elements().map(|inner| touch(inner, levels - 1));
    let fields = value.fields().map(|(name, inner)| {
        assert!(value.kind() == Kind::Object);
        name.len() + touch(inner, levels - 1)
    });
    1 + elements.sum::<usize>() + fields.sum::<usize>()
}

/// A document in its binary form: what is accepted is what its JSON is stored as.
pub fn document(data: &[u8]) {
    if let Ok(trusted) = DocumentRef::from_trusted(data) {
        touch(trusted, 40);
        let _ = trusted.to_json();
        let _ = trusted.deserialize::<Value>();
    }
    let Ok(document) = Document::from_encoded(data.into()) else {
        return;
    };
    let json = document.to_json();
    let again = Document::from_json(json.as_bytes()).unwrap();
    assert_eq!(again.encoded(), data, "{json}");
    assert_eq!(
        Document::from_value(&document.to_value()).unwrap(),
        document
    );
}

/// JSON text: what is read is a valid document, and its text is read as the same one.
pub fn json(data: &[u8]) {
    let Ok(document) = Document::from_json(data) else {
        return;
    };
    let again = Document::from_encoded(document.encoded_arc()).unwrap();
    assert_eq!(again, document);
    assert_eq!(
        Document::from_json(document.to_json().as_bytes()).unwrap(),
        document
    );
    serde_json::from_slice::<serde::de::IgnoredAny>(data).unwrap();
    if let Ok(patched) = document.merge_patch(&document) {
        Document::from_encoded(patched.encoded_arc()).unwrap();
    }
    // Bytes are no JSON for other types than our own.
    if let Ok(value) = document.deserialize::<Value>() {
        let stored = Document::from_serialize(&value).unwrap();
        assert_eq!(stored.deserialize::<Value>().unwrap(), value);
    }
}

fn kind(byte: u8) -> KeyType {
    let kinds = KeyType::ALL;
    kinds[usize::from(byte) % kinds.len()]
}

fn spec(input: &mut Input<'_>) -> KeySpec {
    let form = input.u8();
    if form.is_multiple_of(4) {
        return KeySpec::single(kind(input.u8()));
    }
    let fields = (0..=form % 5).map(|at| {
        let byte = input.u8();
        KeyField {
            name: format!("f{at}"),
            kind: kind(byte & 0x7F),
            order: if byte >= 0x80 {
                Order::Desc
            } else {
                Order::Asc
            },
        }
    });
    let fields = fields.collect();
    let ride_on = (0..form / 64).map(|at| RideOnField::new(format!("r{at}"), kind(input.u8())));
    KeySpec::composite(fields, ride_on.collect()).unwrap()
}

/// A specification of a key, then the bytes of one: what is accepted is encoded to the same bytes, also
/// by way of its JSON.
pub fn key(data: &[u8]) {
    let mut input = Input::new(data);
    let spec = spec(&mut input);
    let ride_on = usize::from(input.u8());
    let ride_on = input.bytes(ride_on).to_vec();
    let rest = input.rest();
    let _ = spec.decode_leading(rest, 2);
    if let Ok(text) = std::str::from_utf8(rest) {
        let prefix = KeyPrefix {
            leading: Vec::new(),
            partial: Some(text.to_owned()),
        };
        let _ = spec.prefix(&prefix);
        if let Ok(json) = serde_json::from_str::<Value>(text)
            && let Ok(key) = spec.key_from_json(&json)
            && let Ok(encoded) = spec.encode(&key)
        {
            assert_eq!(
                spec.encode(&spec.decode(&encoded.order, &encoded.ride_on).unwrap())
                    .unwrap(),
                encoded
            );
        }
    }
    let encoded = EncodedKey {
        order: rest.to_vec(),
        ride_on,
    };
    let Ok(key) = spec.decode(&encoded.order, &encoded.ride_on) else {
        return;
    };
    match spec.encode(&key) {
        Ok(again) => assert_eq!(again, encoded),
        // Nothing bounds the bytes that are decoded.
        Err(crate::key::KeyError::TooLong { .. }) => return,
        Err(error) => panic!("{error}"),
    }
    let json = spec.key_to_json(&key);
    match spec.key_from_json(&json) {
        Ok(again) => assert_eq!(spec.encode(&again).unwrap(), encoded, "{json}"),
        Err(error) => assert!(json.to_string().contains("NaN"), "{json}: {error}"),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "seeds are files of the sources")]
mod seeds;
#[cfg(test)]
mod tests;
