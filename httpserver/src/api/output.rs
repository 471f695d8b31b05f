//! Writes JSON answers straight into bytes: keys and documents go from their binary form to text
//! without a tree of values in between.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sop::{Document, Item, JsonStyle, Key, KeySpec};

use crate::extract::JsonNumbers;

/// A JSON text that grows. Commas are set where they belong.
pub struct Output {
    bytes: Vec<u8>,
    style: JsonStyle,
}

impl Output {
    /// An empty text, with numbers as the client asked for.
    pub fn new(numbers: JsonNumbers) -> Self {
        let style = if numbers.as_strings {
            JsonStyle::BigIntAsString
        } else {
            JsonStyle::Exact
        };
        Self {
            bytes: Vec::with_capacity(1024),
            style,
        }
    }

    /// The text so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Opens an object (`{`) or array (`[`).
    pub fn open(&mut self, bracket: u8) {
        self.separate();
        self.bytes.push(bracket);
    }

    /// Closes it (`}` or `]`).
    pub fn close(&mut self, bracket: u8) {
        self.bytes.push(bracket);
    }

    /// The name of a field; its value has to follow.
    pub fn name(&mut self, name: &str) {
        self.separate();
        // Names here are the program's own and need no escaping.
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    /// A field with any value.
    pub fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        self.name(name);
        self.value(value);
    }

    /// Any value.
    pub fn value<T: Serialize + ?Sized>(&mut self, value: &T) {
        self.separate();
        let length = self.bytes.len();
        if serde_json::to_writer(&mut self.bytes, value).is_err() {
            // Writing to memory cannot fail; a type that cannot be JSON becomes null.
            self.bytes.truncate(length);
            self.bytes.extend_from_slice(b"null");
        }
    }

    /// JSON that is written already.
    pub fn raw(&mut self, json: &[u8]) {
        self.separate();
        self.bytes.extend_from_slice(json);
    }

    /// A key.
    pub fn key(&mut self, spec: &KeySpec, key: &Key) {
        self.separate();
        spec.write_key_json(key, &mut self.bytes, self.style);
    }

    /// A document.
    pub fn document(&mut self, document: &Document) {
        self.separate();
        document.write_json(&mut self.bytes, self.style);
    }

    /// An item: `{key, value, version, id?}`.
    pub fn item(&mut self, spec: &KeySpec, item: &Item) {
        self.row(spec, &item.key, Some(&item.value), item.version, item.id);
    }

    /// An item whose value may be left out.
    pub fn row(
        &mut self,
        spec: &KeySpec,
        key: &Key,
        value: Option<&Document>,
        version: u64,
        id: Option<u64>,
    ) {
        self.open(b'{');
        self.name("key");
        self.key(spec, key);
        if let Some(value) = value {
            self.name("value");
            self.document(value);
        }
        self.field("version", &version);
        if let Some(id) = id {
            self.field("id", &id);
        }
        self.close(b'}');
    }

    /// The text.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn separate(&mut self) {
        match self.bytes.last() {
            None | Some(b'{' | b'[' | b':' | b',' | b'\n') => {}
            Some(_) => self.bytes.push(b','),
        }
    }
}

impl IntoResponse for Output {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], Body::from(self.bytes)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_are_where_they_belong() {
        let mut out = Output::new(JsonNumbers {
            as_strings: false,
            lines: false,
        });
        out.open(b'{');
        out.field("a", &1);
        out.name("b");
        out.open(b'[');
        out.value("x,{");
        out.value(&Option::<u8>::None);
        out.open(b'{');
        out.close(b'}');
        out.close(b']');
        out.field("c", ":");
        out.close(b'}');
        assert_eq!(
            String::from_utf8(out.into_bytes()).unwrap(),
            r#"{"a":1,"b":["x,{",null,{}],"c":":"}"#
        );
    }
}
