//! The JSON form of keys.
//!
//! Integers, floats and decimals are numbers with all their digits; bytes are base64 text; UUIDs,
//! dates and times are text. Integers and decimals are also read from strings, because clients that
//! keep numbers as doubles send the large ones so.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Number, Value};

use super::encode::missing;
use super::error::shortened;
use super::{AnyValue, Decimal, Key, KeyError, KeySpec, KeyType, KeyValue};
use crate::document::{JsonStyle, MAX_SAFE_INTEGER, write_json_string};

impl KeySpec {
    /// Reads a key.
    ///
    /// A single key is the bare value. A composite key is an object of its fields, where a field that
    /// is missing or null is [`KeyValue::Null`]; or an array of the values in the order of the fields,
    /// with or without the ride-on ones.
    pub fn key_from_json(&self, json: &Value) -> Result<Key, KeyError> {
        match json {
            Value::Object(object) if self.is_composite() => self.key_from_object(object),
            Value::Array(array) if self.is_composite() => self.key_from_array(array),
            _ if self.is_composite() => Err(KeyError::TypeMismatch {
                field: "key".to_owned(),
                expected: self
                    .fields()
                    .first()
                    .map_or(KeyType::String, |field| field.kind),
                found: format!(
                    "{}; a composite key is an object of its fields or an array of their values",
                    described(json)
                ),
            }),
            Value::Null => Err(self.fields().first().map_or_else(
                || missing("key", KeyType::String),
                |field| missing(&field.name, field.kind),
            )),
            _ => Ok(Key {
                values: vec![self.value_from_json(0, json)?],
                ride_on: Vec::new(),
            }),
        }
    }

    /// Reads the value of the ordered field at `index`; null is [`KeyValue::Null`].
    pub fn value_from_json(&self, index: usize, json: &Value) -> Result<KeyValue, KeyError> {
        let Some(field) = self.fields().get(index) else {
            return Err(KeyError::FieldCount {
                what: "ordered",
                expected: self.fields().len(),
                found: index + 1,
            });
        };
        KeyValue::from_json(&field.name, field.kind, json)
    }

    fn key_from_object(&self, object: &Map<String, Value>) -> Result<Key, KeyError> {
        if let Some(unknown) = object
            .keys()
            .find(|name| !self.names().any(|known| known == *name))
        {
            return Err(self.unknown_field(unknown));
        }
        let value = |name: &str, kind| {
            KeyValue::from_json(name, kind, object.get(name).unwrap_or(&Value::Null))
        };
        let ordered = self
            .fields()
            .iter()
            .map(|field| value(&field.name, field.kind));
        let ride_on = self
            .ride_on()
            .iter()
            .map(|field| value(&field.name, field.kind));
        Ok(Key {
            values: ordered.collect::<Result<_, _>>()?,
            ride_on: ride_on.collect::<Result<_, _>>()?,
        })
    }

    fn key_from_array(&self, array: &[Value]) -> Result<Key, KeyError> {
        let (ordered, ride_on) = (self.fields(), self.ride_on());
        if let Some(field) = ordered.get(array.len()) {
            return Err(missing(&field.name, field.kind));
        }
        let (values, rest) = array
            .split_at_checked(ordered.len())
            .unwrap_or((array, &[]));
        if !rest.is_empty() && rest.len() != ride_on.len() {
            return Err(KeyError::FieldCount {
                what: "ride-on",
                expected: ride_on.len(),
                found: rest.len(),
            });
        }
        let values = ordered.iter().zip(values);
        let rest = rest.iter().chain(std::iter::repeat(&Value::Null));
        let rest = ride_on.iter().zip(rest);
        Ok(Key {
            values: values
                .map(|(field, json)| KeyValue::from_json(&field.name, field.kind, json))
                .collect::<Result<_, _>>()?,
            ride_on: rest
                .map(|(field, json)| KeyValue::from_json(&field.name, field.kind, json))
                .collect::<Result<_, _>>()?,
        })
    }

    /// The JSON form of a key: the bare value, or an object of all fields (missing ones null).
    ///
    /// `serde_json` sorts the names of an object unless its feature `preserve_order` is on;
    /// [`KeySpec::write_key_json`] always keeps the order of the fields. JSON has no infinite numbers
    /// and no NaN: they become the strings `"Infinity"`, `"-Infinity"` and `"NaN"`, of which the last
    /// cannot be read back.
    pub fn key_to_json(&self, key: &Key) -> Value {
        if !self.is_composite() {
            return key.values.first().map_or(Value::Null, KeyValue::to_json);
        }
        let pairs = self.named_values(key);
        Value::Object(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_json()))
                .collect(),
        )
    }

    /// Appends the JSON text of a key, fields in their order.
    pub fn write_key_json(&self, key: &Key, out: &mut Vec<u8>, style: JsonStyle) {
        if !self.is_composite() {
            return key
                .values
                .first()
                .unwrap_or(&KeyValue::Null)
                .write_json(out, style);
        }
        let mut separator = b'{';
        for (name, value) in self.named_values(key) {
            out.push(separator);
            write_json_string(name, out);
            out.push(b':');
            value.write_json(out, style);
            separator = b',';
        }
        out.push(b'}');
    }

    fn named_values<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = (&'a str, &'a KeyValue)> {
        let fill = || std::iter::repeat(&KeyValue::Null);
        let ordered = self.fields().iter().map(|field| field.name.as_str());
        let ride_on = self.ride_on().iter().map(|field| field.name.as_str());
        let ordered = ordered.zip(key.values.iter().chain(fill()));
        ordered.chain(ride_on.zip(key.ride_on.iter().chain(fill())))
    }
}

impl KeyValue {
    /// Reads a value of a type; `field` is for errors. Null is [`KeyValue::Null`] for each type.
    pub fn from_json(field: &str, kind: KeyType, json: &Value) -> Result<Self, KeyError> {
        let mismatch = || KeyError::TypeMismatch {
            field: field.to_owned(),
            expected: kind,
            found: described(json),
        };
        match (json, kind) {
            (Value::Null, _) => Ok(Self::Null),
            (json, KeyType::Any) => {
                AnyValue::from_json(json).map_or_else(|| Err(mismatch()), |v| Ok(Self::Any(v)))
            }
            (Value::Bool(value), KeyType::Bool) => Ok(Self::Bool(*value)),
            (Value::Number(number), _) => {
                Self::from_number(field, kind, number.as_str()).unwrap_or_else(|| Err(mismatch()))
            }
            (Value::String(text), KeyType::F32 | KeyType::F64) => {
                Self::from_infinity(field, kind, text)
            }
            (Value::String(text), _) => Self::from_number(field, kind, text)
                .or_else(|| Self::from_text(field, kind, text))
                .unwrap_or_else(|| Err(mismatch())),
            _ => Err(mismatch()),
        }
    }

    /// Reads number text; `None` for a type that is not a number.
    fn from_number(field: &str, kind: KeyType, text: &str) -> Option<Result<Self, KeyError>> {
        fn whole<T: FromStr>(
            text: &str,
            least: impl fmt::Display,
            greatest: impl fmt::Display,
        ) -> Result<T, String> {
            text.parse()
                .map_err(|_| format!("write a whole number from {least} to {greatest}"))
        }
        let read =
            match kind {
                KeyType::I8 => whole(text, i8::MIN, i8::MAX).map(Self::I8),
                KeyType::I16 => whole(text, i16::MIN, i16::MAX).map(Self::I16),
                KeyType::I32 => whole(text, i32::MIN, i32::MAX).map(Self::I32),
                KeyType::I64 => whole(text, i64::MIN, i64::MAX).map(Self::I64),
                KeyType::U8 => whole(text, u8::MIN, u8::MAX).map(Self::U8),
                KeyType::U16 => whole(text, u16::MIN, u16::MAX).map(Self::U16),
                KeyType::U32 => whole(text, u32::MIN, u32::MAX).map(Self::U32),
                KeyType::U64 => whole(text, u64::MIN, u64::MAX).map(Self::U64),
                KeyType::F32 => finite(text.parse::<f32>().ok().filter(|value| value.is_finite()))
                    .map(Self::F32),
                KeyType::F64 => finite(text.parse::<f64>().ok().filter(|value| value.is_finite()))
                    .map(Self::F64),
                KeyType::Decimal => text
                    .parse::<Decimal>()
                    .map(Self::Decimal)
                    .map_err(|error| error.to_string()),
                _ => return None,
            };
        Some(read.map_err(|detail| KeyError::invalid(field, kind, text, detail)))
    }

    fn from_infinity(field: &str, kind: KeyType, text: &str) -> Result<Self, KeyError> {
        let value = match text {
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            _ => {
                let detail =
                    "JSON carries finite numbers, \"Infinity\" and \"-Infinity\", but no NaN";
                return Err(KeyError::invalid(field, kind, &format!("{text:?}"), detail));
            }
        };
        Ok(if kind == KeyType::F32 {
            Self::F32(value as f32)
        } else {
            Self::F64(value)
        })
    }

    /// Reads the text of a type that is written as a string; `None` for any other type.
    fn from_text(field: &str, kind: KeyType, text: &str) -> Option<Result<Self, KeyError>> {
        fn parsed<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, String> {
            text.parse().map_err(|error: T::Err| error.to_string())
        }
        let read = match kind {
            KeyType::String => Ok(Self::String(text.to_owned())),
            KeyType::Bytes => BASE64
                .decode(text)
                .map(Self::Bytes)
                .map_err(|error| format!("write base64 with padding ({error})")),
            KeyType::Uuid => uuid_from_text(text).map(Self::Uuid).ok_or_else(|| {
                "write 32 hexadecimal digits as 8-4-4-4-12, like \"67e55044-10b1-426f-9247-bb680e5fe0c8\"".to_owned()
            }),
            KeyType::Date => parsed(text).map(Self::Date),
            KeyType::Time => parsed(text).map(Self::Time),
            KeyType::DateTime => parsed(text).map(Self::DateTime),
            KeyType::Timestamp => parsed(text).map(Self::Timestamp),
            _ => return None,
        };
        Some(read.map_err(|detail| KeyError::invalid(field, kind, &format!("{text:?}"), detail)))
    }

    /// The JSON form of the value; see [`KeySpec::key_to_json`].
    pub fn to_json(&self) -> Value {
        match self.json_form() {
            JsonForm::Null => Value::Null,
            JsonForm::Bool(value) => Value::Bool(value),
            JsonForm::Number(text) => Value::Number(Number::from_string_unchecked(text)),
            JsonForm::String(text) => Value::String(text),
            JsonForm::Object(value) => value,
        }
    }

    /// Appends the JSON text of the value.
    ///
    /// [`JsonStyle::BigIntAsString`] makes strings of integers beyond ±(2^53-1), and of decimals that
    /// a double does not give back.
    pub fn write_json(&self, out: &mut Vec<u8>, style: JsonStyle) {
        if let Self::String(text) = self {
            return write_json_string(text, out);
        }
        match self.json_form() {
            JsonForm::Null => out.extend_from_slice(b"null"),
            JsonForm::Bool(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            JsonForm::Number(text)
                if style == JsonStyle::BigIntAsString && self.exceeds_double() =>
            {
                write_json_string(&text, out);
            }
            JsonForm::Number(text) => out.extend_from_slice(text.as_bytes()),
            JsonForm::String(text) => write_json_string(&text, out),
            JsonForm::Object(value) => out.extend_from_slice(value.to_string().as_bytes()),
        }
    }

    fn exceeds_double(&self) -> bool {
        match self {
            Self::I64(value) | Self::Any(AnyValue::Integer(value)) => {
                value.unsigned_abs() > MAX_SAFE_INTEGER
            }
            Self::U64(value) => *value > MAX_SAFE_INTEGER,
            Self::Decimal(value) => value.to_f64().to_string().parse() != Ok(*value),
            _ => false,
        }
    }

    fn json_form(&self) -> JsonForm {
        fn float(value: f64, text: impl FnOnce() -> String) -> JsonForm {
            if value.is_finite() {
                JsonForm::Number(text())
            } else if value.is_nan() {
                JsonForm::String("NaN".to_owned())
            } else if value > 0.0 {
                JsonForm::String("Infinity".to_owned())
            } else {
                JsonForm::String("-Infinity".to_owned())
            }
        }
        match self {
            Self::Null => JsonForm::Null,
            Self::Bool(value) => JsonForm::Bool(*value),
            Self::I8(value) => JsonForm::Number(value.to_string()),
            Self::I16(value) => JsonForm::Number(value.to_string()),
            Self::I32(value) => JsonForm::Number(value.to_string()),
            Self::I64(value) => JsonForm::Number(value.to_string()),
            Self::U8(value) => JsonForm::Number(value.to_string()),
            Self::U16(value) => JsonForm::Number(value.to_string()),
            Self::U32(value) => JsonForm::Number(value.to_string()),
            Self::U64(value) => JsonForm::Number(value.to_string()),
            Self::F32(value) => float(f64::from(*value), || {
                zmij::Buffer::new().format_finite(*value).to_owned()
            }),
            Self::F64(value) => float(*value, || {
                zmij::Buffer::new().format_finite(*value).to_owned()
            }),
            Self::Decimal(value) => JsonForm::Number(value.to_string()),
            Self::String(value) => JsonForm::String(value.clone()),
            Self::Bytes(value) => JsonForm::String(BASE64.encode(value)),
            Self::Uuid(value) => JsonForm::String(uuid_to_text(value)),
            Self::Date(value) => JsonForm::String(value.to_string()),
            Self::Time(value) => JsonForm::String(value.to_string()),
            Self::DateTime(value) => JsonForm::String(value.to_string()),
            Self::Timestamp(value) => JsonForm::String(value.to_string()),
            Self::Any(AnyValue::Integer(value)) => JsonForm::Number(value.to_string()),
            Self::Any(AnyValue::Real(value)) => float(*value, || {
                zmij::Buffer::new().format_finite(*value).to_owned()
            }),
            Self::Any(AnyValue::Text(text)) => JsonForm::String(text.clone()),
            Self::Any(value) => JsonForm::Object(value.to_json()),
        }
    }
}

enum JsonForm {
    Null,
    Bool(bool),
    Number(String),
    String(String),
    Object(Value),
}

/// The JSON text of the value.
impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write_json(&mut text, JsonStyle::Exact);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// A single value as it is; several in brackets. Ride-on values are not shown.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [single] = self.values.as_slice() {
            return single.fmt(f);
        }
        let values: Vec<String> = self.values.iter().map(ToString::to_string).collect();
        write!(f, "[{}]", values.join(", "))
    }
}

fn finite<T>(value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| "it is out of the range of the type".to_owned())
}

/// What a JSON value is, in words, for errors.
fn described(json: &Value) -> String {
    match json {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("the bool {value}"),
        Value::Number(number) => format!("the number {}", shortened(number.as_str())),
        Value::String(text) => format!("the string {}", shortened(&format!("{text:?}"))),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

fn uuid_to_text(uuid: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in uuid.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}

fn uuid_from_text(text: &str) -> Option<[u8; 16]> {
    let groups: Vec<&str> = text.split('-').collect();
    let right = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()));
    right
        .then(|| u128::from_str_radix(&groups.concat(), 16).ok())
        .flatten()
        .map(u128::to_be_bytes)
}
