//! Values that must be one piece of text: names of maps, and numbers that `serde_json` hands on.

use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use super::ValueError;
use crate::document::DocumentError;
use crate::document::builder::Builder;
use crate::document::number::number_length;

type Result<T = ()> = std::result::Result<T, ValueError>;
type No = Impossible<(), ValueError>;

enum Role {
    Name,
    Number,
}

pub(super) struct TextSerializer<'b> {
    builder: &'b mut Builder,
    role: Role,
}

impl<'b> TextSerializer<'b> {
    /// Writes the name of the next value.
    pub fn name(builder: &'b mut Builder) -> Self {
        Self {
            builder,
            role: Role::Name,
        }
    }

    /// Writes a number of its text.
    pub fn number(builder: &'b mut Builder) -> Self {
        Self {
            builder,
            role: Role::Number,
        }
    }

    fn refuse(&self, found: &str) -> ValueError {
        match self.role {
            Role::Name => ValueError::new(format_args!(
                "names of a map must be strings, numbers, bools or unit variants, not {found}"
            )),
            Role::Number => ValueError::new(format_args!("{found} is not the text of a number")),
        }
    }

    fn int(self, value: impl itoa::Integer) -> Result {
        self.serialize_str(itoa::Buffer::new().format(value))
    }

    fn float(self, value: impl zmij::Float + Into<f64> + Copy) -> Result {
        if !value.into().is_finite() {
            return Err(self.refuse("NaN or infinity"));
        }
        self.serialize_str(zmij::Buffer::new().format_finite(value))
    }
}

impl Serializer for TextSerializer<'_> {
    type Ok = ();
    type Error = ValueError;
    type SerializeSeq = No;
    type SerializeTuple = No;
    type SerializeTupleStruct = No;
    type SerializeTupleVariant = No;
    type SerializeMap = No;
    type SerializeStruct = No;
    type SerializeStructVariant = No;

    fn serialize_str(self, text: &str) -> Result {
        match self.role {
            Role::Name => Ok(self.builder.name(text, 0)?),
            Role::Number if number_length(text.as_bytes()) == Some(text.len()) => {
                Ok(self.builder.number(text)?)
            }
            Role::Number => Err(DocumentError::InvalidNumber {
                text: text.chars().take(60).collect(),
            }
            .into()),
        }
    }

    fn serialize_bool(self, value: bool) -> Result {
        self.serialize_str(if value { "true" } else { "false" })
    }

    fn serialize_i8(self, value: i8) -> Result {
        self.int(value)
    }

    fn serialize_i16(self, value: i16) -> Result {
        self.int(value)
    }

    fn serialize_i32(self, value: i32) -> Result {
        self.int(value)
    }

    fn serialize_i64(self, value: i64) -> Result {
        self.int(value)
    }

    fn serialize_i128(self, value: i128) -> Result {
        self.int(value)
    }

    fn serialize_u8(self, value: u8) -> Result {
        self.int(value)
    }

    fn serialize_u16(self, value: u16) -> Result {
        self.int(value)
    }

    fn serialize_u32(self, value: u32) -> Result {
        self.int(value)
    }

    fn serialize_u64(self, value: u64) -> Result {
        self.int(value)
    }

    fn serialize_u128(self, value: u128) -> Result {
        self.int(value)
    }

    fn serialize_f32(self, value: f32) -> Result {
        self.float(value)
    }

    fn serialize_f64(self, value: f64) -> Result {
        self.float(value)
    }

    fn serialize_char(self, value: char) -> Result {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result {
        Err(self.refuse("bytes"))
    }

    fn serialize_none(self) -> Result {
        Err(self.refuse("null"))
    }

    fn serialize_unit(self) -> Result {
        Err(self.refuse("null"))
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result {
        Err(self.refuse(name))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: &T,
    ) -> Result {
        Err(self.refuse(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<No> {
        Err(self.refuse("an array"))
    }

    fn serialize_tuple(self, _: usize) -> Result<No> {
        Err(self.refuse("an array"))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<No> {
        Err(self.refuse(name))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<No> {
        Err(self.refuse(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<No> {
        Err(self.refuse("an object"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<No> {
        Err(self.refuse(name))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<No> {
        Err(self.refuse(variant))
    }
}
