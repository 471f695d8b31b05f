//! Arrays, objects and enums as `serde` walks them; errors learn here where they were found.

use std::borrow::Cow;

use serde::de::value::{BorrowedStrDeserializer, CowStrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess};

use super::ValueError;
use super::deserializer::{NameDeserializer, ValueDeserializer};
use crate::document::reference::{DocumentRef, Elements, Fields};

type Result<T> = std::result::Result<T, ValueError>;

/// How many entries an iterator has not given out; only damage makes it end before.
fn left(iterator: &impl Iterator) -> usize {
    iterator.size_hint().1.unwrap_or(0)
}

fn too_many(left: usize, what: &str) -> ValueError {
    ValueError::new(format_args!("{left} {what} more than the type takes"))
}

pub(super) struct ArrayAccess<'de> {
    elements: Elements<'de>,
    next: usize,
    levels: usize,
}

impl<'de> ArrayAccess<'de> {
    pub fn new(array: DocumentRef<'de>, levels: usize) -> Self {
        Self {
            elements: array.elements(),
            next: 0,
            levels,
        }
    }

    /// Fails when the type left elements over, as a tuple of two does of three.
    pub fn check_end(&self) -> Result<()> {
        match left(&self.elements) {
            0 => Ok(()),
            left => Err(too_many(left, "elements")),
        }
    }
}

impl<'de> SeqAccess<'de> for ArrayAccess<'de> {
    type Error = ValueError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some(element) = self.elements.next() else {
            return match left(&self.elements) {
                0 => Ok(None),
                _ => Err(ValueError::damaged()),
            };
        };
        let at = self.next;
        self.next += 1;
        seed.deserialize(ValueDeserializer::nested(element, self.levels))
            .map(Some)
            .map_err(|error| error.within(at))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(left(&self.elements))
    }
}

pub(super) struct ObjectAccess<'de> {
    fields: Fields<'de>,
    /// The field whose name was given out.
    current: Option<(&'de str, DocumentRef<'de>)>,
    levels: usize,
}

impl<'de> ObjectAccess<'de> {
    pub fn new(object: DocumentRef<'de>, levels: usize) -> Self {
        Self {
            fields: object.fields(),
            current: None,
            levels,
        }
    }

    /// Fails when the type left fields over.
    pub fn check_end(&self) -> Result<()> {
        match left(&self.fields) {
            0 => Ok(()),
            left => Err(too_many(left, "fields")),
        }
    }
}

impl<'de> MapAccess<'de> for ObjectAccess<'de> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        self.current = self.fields.next();
        match self.current {
            Some((name, _)) => seed
                .deserialize(NameDeserializer { name })
                .map(Some)
                .map_err(|error| error.within(name)),
            None if left(&self.fields) > 0 => Err(ValueError::damaged()),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        let (name, value) = self
            .current
            .take()
            .ok_or_else(|| ValueError::new("a value was asked for before its name"))?;
        seed.deserialize(ValueDeserializer::nested(value, self.levels))
            .map_err(|error| error.within(name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(left(&self.fields))
    }
}

/// The content of a variant that is not just its name.
pub(super) struct EnumContent<'de> {
    variant: &'de str,
    content: ValueDeserializer<'de>,
}

impl<'de> EnumContent<'de> {
    pub fn new(variant: &'de str, content: ValueDeserializer<'de>) -> Self {
        Self { variant, content }
    }
}

impl<'de> EnumAccess<'de> for EnumContent<'de> {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let variant = seed.deserialize(BorrowedStrDeserializer::<ValueError>::new(self.variant))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for EnumContent<'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<()> {
        self.newtype_variant_seed(std::marker::PhantomData)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.content)
            .map_err(|error| error.within(self.variant))
    }

    fn tuple_variant<V: serde::de::Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.content
            .deserialize_tuple(length, visitor)
            .map_err(|error| error.within(self.variant))
    }

    fn struct_variant<V: serde::de::Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.content
            .deserialize_struct("", fields, visitor)
            .map_err(|error| error.within(self.variant))
    }
}

/// An object of one field with text that the document holds in another form.
pub(super) struct OneField<'de> {
    name: Option<&'static str>,
    text: Option<Cow<'de, str>>,
}

impl<'de> OneField<'de> {
    pub fn new(name: &'static str, text: Cow<'de, str>) -> Self {
        Self {
            name: Some(name),
            text: Some(text),
        }
    }

    fn take(&mut self) -> Result<CowStrDeserializer<'de, ValueError>> {
        let text = self.text.take();
        text.map(CowStrDeserializer::new)
            .ok_or_else(|| ValueError::new("a value was asked for twice"))
    }
}

impl<'de> MapAccess<'de> for OneField<'de> {
    type Error = ValueError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let name = self.name.take().map(BorrowedStrDeserializer::new);
        name.map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(self.take()?)
    }
}

impl<'de> EnumAccess<'de> for OneField<'de> {
    type Error = ValueError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let name = self.name.unwrap_or_default();
        let variant = seed.deserialize(BorrowedStrDeserializer::<ValueError>::new(name))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for OneField<'de> {
    type Error = ValueError;

    fn unit_variant(self) -> Result<()> {
        self.newtype_variant_seed(std::marker::PhantomData)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.take()?)
    }

    fn tuple_variant<V: serde::de::Visitor<'de>>(
        mut self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.take()?.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: serde::de::Visitor<'de>>(
        mut self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.take()?.deserialize_struct("", fields, visitor)
    }
}
