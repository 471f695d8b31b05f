//! JSON text from the binary form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::MAX_DEPTH;
use super::layout::BYTES_FIELD;
use super::reference::{DocumentRef, Kind};

/// The largest integer up to which a double tells every integer from its neighbours: 2^53 - 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// How numbers are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum JsonStyle {
    /// Each number as it was written.
    #[default]
    Exact,
    /// Integers beyond ±[`MAX_SAFE_INTEGER`] as strings, for readers that keep numbers as doubles.
    BigIntAsString,
}

impl DocumentRef<'_> {
    /// Appends compact JSON text.
    pub fn write_json(self, out: &mut Vec<u8>, style: JsonStyle) {
        self.write_nested(out, style, MAX_DEPTH);
    }

    /// `levels` are left; only damaged bytes need more.
    fn write_nested(self, out: &mut Vec<u8>, style: JsonStyle, levels: usize) {
        match self.kind() {
            Kind::Array | Kind::Object if levels == 0 => out.extend_from_slice(b"null"),
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Bool => {
                let value = self.as_bool().unwrap_or_default();
                out.extend_from_slice(if value { b"true" } else { b"false" });
            }
            Kind::Int | Kind::Uint | Kind::Float | Kind::Number => self.write_number(out, style),
            Kind::String => write_json_string(self.as_str().unwrap_or_default(), out),
            Kind::Bytes => {
                out.extend_from_slice(b"{\"");
                out.extend_from_slice(BYTES_FIELD.as_bytes());
                out.extend_from_slice(b"\":\"");
                let text = BASE64.encode(self.as_bytes().unwrap_or_default());
                out.extend_from_slice(text.as_bytes());
                out.extend_from_slice(b"\"}");
            }
            Kind::Array => {
                out.push(b'[');
                for (at, element) in self.elements().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    element.write_nested(out, style, levels - 1);
                }
                out.push(b']');
            }
            Kind::Object => {
                out.push(b'{');
                for (at, (name, value)) in self.fields().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    write_json_string(name, out);
                    out.push(b':');
                    value.write_nested(out, style, levels - 1);
                }
                out.push(b'}');
            }
        }
    }

    fn write_number(self, out: &mut Vec<u8>, style: JsonStyle) {
        let quoted = style == JsonStyle::BigIntAsString && self.is_big_integer();
        if quoted {
            out.push(b'"');
        }
        match self.kind() {
            Kind::Int => {
                let value = self.as_i64().unwrap_or_default();
                out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            }
            Kind::Uint => {
                let value = self.as_u64().unwrap_or_default();
                out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            }
            Kind::Float => {
                let value = self.as_f64().filter(|value| value.is_finite());
                let mut buffer = zmij::Buffer::new();
                out.extend_from_slice(buffer.format_finite(value.unwrap_or_default()).as_bytes());
            }
            _ => out.extend_from_slice(self.number_text().unwrap_or_default().as_bytes()),
        }
        if quoted {
            out.push(b'"');
        }
    }

    /// Whether this is an integer that a double may confuse with another one.
    fn is_big_integer(self) -> bool {
        match self.kind() {
            Kind::Int => self
                .as_i64()
                .is_some_and(|value| value.unsigned_abs() > MAX_SAFE_INTEGER),
            Kind::Uint => true,
            // Integers that are kept as text are too long for u64; but for -0, which is short.
            Kind::Number => self.number_text().is_some_and(|text| {
                text.len() > 2 && !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
            }),
            _ => false,
        }
    }
}

/// Appends a string in quotes, with the escapes that JSON needs and no others.
pub fn write_json_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(plain) = rest
        .iter()
        .position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F))
    {
        let (before, from) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let Some((&byte, after)) = from.split_first() else {
            break;
        };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0A => out.extend_from_slice(b"\\n"),
            0x0C => out.extend_from_slice(b"\\f"),
            0x0D => out.extend_from_slice(b"\\r"),
            _ => {
                let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
                out.extend_from_slice(b"\\u00");
                out.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
            }
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
