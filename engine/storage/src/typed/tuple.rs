//! Tuples of one to eight values as composite keys, and the shorter tuples that begin them.

use super::key::field;
use super::{AsKey, AsPart, AsPrefix, KeyPart, TypedKey};
use crate::key::{Key, KeyError, KeyField, KeyPrefix, KeyRange, KeySpec};

macro_rules! tuple {
    ($(($part:ident $asked:ident $at:tt $name:literal))*) => {
        impl<$($part: KeyPart, $asked: AsPart<$part>),*> AsKey<($($part,)*)> for ($($asked,)*) {
            fn as_key(&self) -> Key {
                Key::composite([$(self.$at.as_part()),*])
            }
        }

        impl<$($part: KeyPart),*> TypedKey for ($($part,)*) {
            fn spec() -> KeySpec {
                KeySpec::of_fields(vec![$(KeyField::new($name, $part::KIND)),*], Vec::new())
            }

            fn from_key(key: Key) -> Result<Self, KeyError> {
                let spec = Self::spec();
                let mut values = key.values.into_iter();
                Ok(($(field::<$part>(&spec, $at, values.next())?,)*))
            }
        }

        prefixes!([] [$(($part $asked $at))*] [$($part)*]);
    };
}

/// One beginning for each number of leading fields.
macro_rules! prefixes {
    ([$($done:tt)*] [] [$($all:ident)*]) => {};
    ([$(($part:ident $asked:ident $at:tt))*] [$next:tt $($rest:tt)*] [$($all:ident)*]) => {
        prefixes!(@one [$(($part $asked $at))* $next] [$($all)*]);
        prefixes!([$(($part $asked $at))* $next] [$($rest)*] [$($all)*]);
    };
    (@one [$(($part:ident $asked:ident $at:tt))*] [$($all:ident)*]) => {
        impl<$($all: KeyPart,)* $($asked: AsPart<$part>),*> AsPrefix<($($all,)*)> for ($($asked,)*) {
            fn range(&self, spec: &KeySpec) -> Result<KeyRange, KeyError> {
                spec.prefix(&KeyPrefix {
                    leading: vec![$(self.$at.as_part()),*],
                    partial: None,
                })
            }
        }
    };
}

tuple!((A QA 0 "field1"));
tuple!((A QA 0 "field1")(B QB 1 "field2"));
tuple!((A QA 0 "field1")(B QB 1 "field2")(C QC 2 "field3"));
tuple!((A QA 0 "field1")(B QB 1 "field2")(C QC 2 "field3")(D QD 3 "field4"));
tuple!((A QA 0 "field1")(B QB 1 "field2")(C QC 2 "field3")(D QD 3 "field4")(E QE 4 "field5"));
tuple!((A QA 0 "field1")(B QB 1 "field2")(C QC 2 "field3")(D QD 3 "field4")(E QE 4 "field5")
    (F QF 5 "field6"));
tuple!((A QA 0 "field1")(B QB 1 "field2")(C QC 2 "field3")(D QD 3 "field4")(E QE 4 "field5")
    (F QF 5 "field6")(G QG 6 "field7"));
tuple!((A QA 0 "field1")(B QB 1 "field2")(C QC 2 "field3")(D QD 3 "field4")(E QE 4 "field5")
    (F QF 5 "field6")(G QG 6 "field7")(H QH 7 "field8"));
