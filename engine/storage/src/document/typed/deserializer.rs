//! Reads values in place: what a type does not ask for is not looked at.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, Unexpected, Visitor};

use super::access::{ArrayAccess, EnumContent, ObjectAccess, OneField};
use super::{NUMBER_TOKEN, ValueError};
use crate::document::MAX_DEPTH;
use crate::document::layout::BYTES_FIELD;
use crate::document::reference::{DocumentRef, Kind};

type Result<T> = std::result::Result<T, ValueError>;

#[derive(Clone, Copy)]
pub(super) struct ValueDeserializer<'de> {
    value: DocumentRef<'de>,
    /// How many arrays and objects may still lie in one another; only damaged bytes need more.
    levels: usize,
}

impl<'de> ValueDeserializer<'de> {
    pub fn new(value: DocumentRef<'de>) -> Self {
        Self {
            value,
            levels: MAX_DEPTH,
        }
    }

    pub fn nested(value: DocumentRef<'de>, levels: usize) -> Self {
        Self { value, levels }
    }

    fn inner_levels(self) -> Result<usize> {
        self.levels.checked_sub(1).ok_or_else(ValueError::damaged)
    }

    fn array<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let mut access = ArrayAccess::new(self.value, self.inner_levels()?);
        let value = visitor.visit_seq(&mut access)?;
        access.check_end()?;
        Ok(value)
    }

    fn object<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let mut access = ObjectAccess::new(self.value, self.inner_levels()?);
        let value = visitor.visit_map(&mut access)?;
        access.check_end()?;
        Ok(value)
    }

    /// Bytes as the object that they are in JSON.
    fn bytes_object<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let text = BASE64.encode(self.bytes()?);
        visitor.visit_map(OneField::new(BYTES_FIELD, Cow::Owned(text)))
    }

    fn bytes(self) -> Result<&'de [u8]> {
        self.value.as_bytes().ok_or_else(ValueError::damaged)
    }

    fn text(self) -> Result<&'de str> {
        self.value.as_str().ok_or_else(ValueError::damaged)
    }

    fn number_text(self) -> Result<Cow<'de, str>> {
        self.value.number_text().ok_or_else(ValueError::damaged)
    }

    /// A number that is kept as its text, for whoever takes anything.
    fn any_number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let text = self.number_text()?;
        let float: f64 = text.parse().map_err(|_| ValueError::damaged())?;
        if float.is_finite() && same_number(&text, zmij::Buffer::new().format_finite(float)) {
            return visitor.visit_f64(float);
        }
        // As `serde_json` does, whose types take it exactly; others refuse it rather than round it.
        visitor.visit_map(OneField::new(NUMBER_TOKEN, text))
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.value.kind() == Kind::Number {
            return Err(ValueError::new(format_args!(
                "the number {} is not an integer of 64 bits",
                self.number_text()?
            )));
        }
        self.deserialize_any(visitor)
    }
}

/// Whether two texts of numbers mean the same decimal number.
fn same_number(a: &str, b: &str) -> bool {
    matches!((parts(a), parts(b)), (Some(a), Some(b)) if a == b)
}

/// Sign, digits without zeros around them, and the power of ten of the last of these digits.
fn parts(text: &str) -> Option<(bool, String, i64)> {
    let (mantissa, power) = match text.split_once(['e', 'E']) {
        Some((mantissa, power)) => (mantissa, power.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => (true, mantissa),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some((negative, String::new(), 0));
    }
    let power = power
        .checked_sub(i64::try_from(fraction.len()).ok()?)?
        .checked_add(i64::try_from(digits.len() - significant.len()).ok()?)?;
    Some((negative, significant.to_owned(), power))
}

macro_rules! forward {
    ($target:ident: $($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.$target(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for ValueDeserializer<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let value = self.value;
        match value.kind() {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool => visitor.visit_bool(value.as_bool().ok_or_else(ValueError::damaged)?),
            Kind::Int => visitor.visit_i64(value.as_i64().ok_or_else(ValueError::damaged)?),
            Kind::Uint => visitor.visit_u64(value.as_u64().ok_or_else(ValueError::damaged)?),
            Kind::Float => visitor.visit_f64(value.as_f64().ok_or_else(ValueError::damaged)?),
            Kind::Number => self.any_number(visitor),
            Kind::String => visitor.visit_borrowed_str(self.text()?),
            Kind::Bytes => visitor.visit_borrowed_bytes(self.bytes()?),
            Kind::Array => self.array(visitor),
            Kind::Object => self.object(visitor),
        }
    }

    forward!(integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64);

    forward!(deserialize_any: deserialize_bool deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_identifier);

    fn deserialize_i128<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(ValueError::new(
            "i128 is not supported; use i64 or a string",
        ))
    }

    fn deserialize_u128<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(ValueError::new(
            "u128 is not supported; use u64 or a string",
        ))
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if matches!(self.value.kind(), Kind::Float | Kind::Number) {
            // Of the text: by way of a double it could be rounded twice.
            let number = self.number_text()?.parse::<f32>();
            return visitor.visit_f32(number.map_err(|_| ValueError::damaged())?);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.value.kind() == Kind::Number {
            return visitor.visit_f64(self.value.as_f64().ok_or_else(ValueError::damaged)?);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.value.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    /// Bytes are also a sequence of numbers, for a plain `Vec<u8>`.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.value.kind() == Kind::Bytes {
            let bytes = self.bytes()?.iter().copied();
            let mut access = SeqDeserializer::<_, ValueError>::new(bytes);
            let value = visitor.visit_seq(&mut access)?;
            access.end()?;
            return Ok(value);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.value.kind() == Kind::Bytes {
            return self.bytes_object(visitor);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        match self.value.kind() {
            Kind::String => {
                visitor.visit_enum(BorrowedStrDeserializer::<ValueError>::new(self.text()?))
            }
            Kind::Object if self.value.len() == 1 => {
                let levels = self.inner_levels()?;
                let field = self.value.fields().next();
                let (variant, content) = field.ok_or_else(ValueError::damaged)?;
                visitor.visit_enum(EnumContent::new(variant, Self::nested(content, levels)))
            }
            // A variant of the name "$bytes" with text: in JSON they are the same.
            Kind::Bytes => visitor.visit_enum(OneField::new(
                BYTES_FIELD,
                Cow::Owned(BASE64.encode(self.bytes()?)),
            )),
            _ => Err(ValueError::new(format_args!(
                "expected text or an object of one field for the enum {name}"
            ))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}

impl<'de> IntoDeserializer<'de, ValueError> for ValueDeserializer<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The name of a field, as a value of the type of the map's keys.
pub(super) struct NameDeserializer<'de> {
    pub name: &'de str,
}

macro_rules! parsed {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            match self.name.parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(serde::de::Error::invalid_type(Unexpected::Str(self.name), &visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for NameDeserializer<'de> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_borrowed_str(self.name)
    }

    parsed!(
        deserialize_bool visit_bool
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32
        deserialize_i64 visit_i64 deserialize_i128 visit_i128
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32
        deserialize_u64 visit_u64 deserialize_u128 visit_u128
        deserialize_f32 visit_f32 deserialize_f64 visit_f64
    );

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(BorrowedStrDeserializer::<ValueError>::new(self.name))
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}
