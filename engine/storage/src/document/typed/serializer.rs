//! Writes values with the builder, from front to back.

use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::text::TextSerializer;
use super::{NUMBER_TOKEN, RAW_VALUE_TOKEN, ValueError};
use crate::document::builder::Builder;

type Result<T = ()> = std::result::Result<T, ValueError>;

pub(super) struct ValueSerializer<'b> {
    pub builder: &'b mut Builder,
}

impl<'b> ValueSerializer<'b> {
    fn begin_array(self, in_variant: bool) -> Result<ArraySerializer<'b>> {
        self.builder.begin_array()?;
        Ok(ArraySerializer {
            builder: self.builder,
            next: 0,
            in_variant,
        })
    }

    fn begin_object(self, in_variant: bool) -> Result<ObjectSerializer<'b>> {
        self.builder.begin_object()?;
        Ok(ObjectSerializer {
            name_at: self.builder.len(),
            builder: self.builder,
            form: if in_variant {
                Form::Variant
            } else {
                Form::Plain
            },
        })
    }

    /// Opens the object that holds the content of a variant.
    fn begin_variant(&mut self, variant: &'static str) -> Result {
        self.builder.begin_object()?;
        Ok(self.builder.name(variant, 0)?)
    }
}

/// Closes the array or object that was opened last.
fn end(builder: &mut Builder) -> Result {
    Ok(builder.end().map_err(|(error, _)| error)?)
}

impl<'b> Serializer for ValueSerializer<'b> {
    type Ok = ();
    type Error = ValueError;
    type SerializeSeq = ArraySerializer<'b>;
    type SerializeTuple = ArraySerializer<'b>;
    type SerializeTupleStruct = ArraySerializer<'b>;
    type SerializeTupleVariant = ArraySerializer<'b>;
    type SerializeMap = ObjectSerializer<'b>;
    type SerializeStruct = ObjectSerializer<'b>;
    type SerializeStructVariant = ObjectSerializer<'b>;

    fn serialize_bool(self, value: bool) -> Result {
        Ok(self.builder.bool(value)?)
    }

    fn serialize_i8(self, value: i8) -> Result {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result {
        Ok(self.builder.int(value)?)
    }

    fn serialize_i128(self, _: i128) -> Result {
        Err(too_wide("i128"))
    }

    fn serialize_u8(self, value: u8) -> Result {
        self.serialize_i64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result {
        self.serialize_i64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result {
        self.serialize_i64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result {
        Ok(self.builder.uint(value)?)
    }

    fn serialize_u128(self, _: u128) -> Result {
        Err(too_wide("u128"))
    }

    fn serialize_f32(self, value: f32) -> Result {
        check_finite(value.into())?;
        // The shortest text of the narrower type: 0.1 and not 0.10000000149011612.
        Ok(self
            .builder
            .number(zmij::Buffer::new().format_finite(value))?)
    }

    fn serialize_f64(self, value: f64) -> Result {
        check_finite(value)?;
        Ok(self.builder.float(value)?)
    }

    fn serialize_char(self, value: char) -> Result {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result {
        Ok(self.builder.string(value)?)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result {
        Ok(self.builder.bytes(value)?)
    }

    fn serialize_none(self) -> Result {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result {
        Ok(self.builder.null()?)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result {
        self.begin_variant(variant)?;
        let builder = self.builder;
        let content = ValueSerializer {
            builder: &mut *builder,
        };
        value
            .serialize(content)
            .map_err(|error| error.within(variant))?;
        end(builder)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<ArraySerializer<'b>> {
        self.begin_array(false)
    }

    fn serialize_tuple(self, _: usize) -> Result<ArraySerializer<'b>> {
        self.begin_array(false)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<ArraySerializer<'b>> {
        self.begin_array(false)
    }

    fn serialize_tuple_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ArraySerializer<'b>> {
        self.begin_variant(variant)?;
        self.begin_array(true)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<ObjectSerializer<'b>> {
        self.begin_object(false)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<ObjectSerializer<'b>> {
        match name {
            NUMBER_TOKEN => Ok(ObjectSerializer {
                name_at: self.builder.len(),
                builder: self.builder,
                form: Form::Number,
            }),
            RAW_VALUE_TOKEN => Err(ValueError::new(
                "raw JSON text cannot be a part of a typed value; use serde_json::Value",
            )),
            _ => self.begin_object(false),
        }
    }

    fn serialize_struct_variant(
        mut self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ObjectSerializer<'b>> {
        self.begin_variant(variant)?;
        self.begin_object(true)
    }
}

fn too_wide(name: &str) -> ValueError {
    ValueError::new(format_args!(
        "{name} is not supported: many readers of JSON would round it; use u64, i64 or a string"
    ))
}

fn check_finite(value: f64) -> Result {
    if value.is_finite() {
        return Ok(());
    }
    Err(ValueError::new(format_args!(
        "{value} has no JSON form; use an Option that is None"
    )))
}

/// An open array.
pub(super) struct ArraySerializer<'b> {
    builder: &'b mut Builder,
    next: usize,
    in_variant: bool,
}

impl ArraySerializer<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        let element = ValueSerializer {
            builder: &mut *self.builder,
        };
        value
            .serialize(element)
            .map_err(|error| error.within(self.next))?;
        self.next += 1;
        Ok(())
    }

    fn close(self) -> Result {
        end(self.builder)?;
        if self.in_variant {
            end(self.builder)?;
        }
        Ok(())
    }
}

impl SerializeSeq for ArraySerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.element(value)
    }

    fn end(self) -> Result {
        self.close()
    }
}

impl SerializeTuple for ArraySerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.element(value)
    }

    fn end(self) -> Result {
        self.close()
    }
}

impl SerializeTupleStruct for ArraySerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.element(value)
    }

    fn end(self) -> Result {
        self.close()
    }
}

impl SerializeTupleVariant for ArraySerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.element(value)
    }

    fn end(self) -> Result {
        self.close()
    }
}

/// What an [`ObjectSerializer`] writes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// The content of a variant, in an object of its own.
    Variant,
    /// Not an object at all: a number that `serde_json` hands on.
    Number,
}

/// An open object.
pub(super) struct ObjectSerializer<'b> {
    builder: &'b mut Builder,
    /// Where the entry begins that is being written.
    name_at: usize,
    form: Form,
}

impl ObjectSerializer<'_> {
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        let content = ValueSerializer {
            builder: &mut *self.builder,
        };
        value
            .serialize(content)
            .map_err(|error| error.within(self.builder.name_at(self.name_at)))
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result {
        if self.form == Form::Number {
            return value.serialize(TextSerializer::number(self.builder));
        }
        self.name_at = self.builder.len();
        self.builder.name(name, 0)?;
        self.value(value)
    }

    fn close(self) -> Result {
        if self.form == Form::Number {
            return Ok(());
        }
        end(self.builder)?;
        if self.form == Form::Variant {
            end(self.builder)?;
        }
        Ok(())
    }
}

impl SerializeMap for ObjectSerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result {
        self.name_at = self.builder.len();
        key.serialize(TextSerializer::name(self.builder))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.value(value)
    }

    fn end(self) -> Result {
        self.close()
    }
}

impl SerializeStruct for ObjectSerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result {
        self.field(name, value)
    }

    fn end(self) -> Result {
        self.close()
    }
}

impl SerializeStructVariant for ObjectSerializer<'_> {
    type Ok = ();
    type Error = ValueError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result {
        self.field(name, value)
    }

    fn end(self) -> Result {
        self.close()
    }
}
