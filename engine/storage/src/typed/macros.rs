//! Keys of one's own types, without a derive macro.

use super::KeyPart;
use crate::key::KeyValue;

/// Makes a struct or a newtype of one's own a key.
///
/// A newtype of one field is a single key, `typed_key!(UserId(u64))`, and may be a field of composite
/// keys. A struct is a composite key of its fields in the order in which they are given here, each
/// ascending, or descending with `[desc]`. Fields after `ride_on` travel with the key but take no part in
/// its order or identity. All fields of the struct have to be there. Such a key is also asked for by the
/// tuple of its ordered fields, and its prefixes are tuples.
///
/// ```
/// use sop::key::Timestamp;
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct UserId(u64);
/// sop::typed_key!(UserId(u64));
///
/// struct Login {
///     user: UserId,
///     at: Timestamp,
///     from: Option<String>,
/// }
/// sop::typed_key!(Login { user: UserId, at: Timestamp [desc]; ride_on from: Option<String> });
///
/// use sop::{KeyType, Order, TypedKey};
/// assert_eq!(UserId::spec().kind(), Some(KeyType::U64));
/// assert_eq!(Login::spec().fields()[1].order, Order::Desc);
/// assert_eq!(Login::spec().ride_on()[0].name, "from");
/// ```
#[macro_export]
macro_rules! typed_key {
    ($name:ident($inner:ty)) => {
        impl $crate::KeyPart for $name {
            const KIND: $crate::KeyType = <$inner as $crate::KeyPart>::KIND;

            fn to_value(&self) -> $crate::KeyValue {
                <$inner as $crate::KeyPart>::to_value(&self.0)
            }

            fn from_value(value: $crate::KeyValue) -> ::std::option::Option<Self> {
                <$inner as $crate::KeyPart>::from_value(value).map($name)
            }
        }

        impl $crate::AsKey<$name> for $name {
            fn as_key(&self) -> $crate::Key {
                $crate::AsKey::<$inner>::as_key(&self.0)
            }
        }

        impl $crate::TypedKey for $name {
            fn spec() -> $crate::KeySpec {
                <$inner as $crate::TypedKey>::spec()
            }

            fn from_key(key: $crate::Key) -> ::std::result::Result<Self, $crate::KeyError> {
                <$inner as $crate::TypedKey>::from_key(key).map($name)
            }
        }
    };
    ($name:ident {
        $($field:ident: $kind:ty $([$order:ident])?),+ $(,)?
        $(; ride_on $($ride_on:ident: $ride_on_kind:ty),+ $(,)?)?
    }) => {
        impl $crate::AsKey<$name> for $name {
            fn as_key(&self) -> $crate::Key {
                let key = $crate::Key::composite([$($crate::KeyPart::to_value(&self.$field)),+]);
                $(let key = key.with_ride_on([$($crate::KeyPart::to_value(&self.$ride_on)),+]);)?
                key
            }
        }

        // The tuple of the ordered fields: the fields' names serve as names of its types.
        #[allow(non_camel_case_types)]
        impl<$($field: $crate::AsPart<$kind>),+> $crate::AsKey<$name> for ($($field,)+) {
            fn as_key(&self) -> $crate::Key {
                let ($($field,)+) = self;
                $crate::Key::composite([$($crate::AsPart::<$kind>::as_part($field)),+])
            }
        }

        impl $crate::typed::StructKey for $name {
            type Fields = ($($kind,)+);
        }

        impl $crate::TypedKey for $name {
            fn spec() -> $crate::KeySpec {
                $crate::KeySpec::of_fields(
                    vec![$($crate::typed_key!(
                        @field $crate::KeyField::new(
                            stringify!($field),
                            <$kind as $crate::KeyPart>::KIND,
                        ) $(, $order)?
                    )),+],
                    vec![$($($crate::RideOnField::new(
                        stringify!($ride_on),
                        <$ride_on_kind as $crate::KeyPart>::KIND,
                    )),+)?],
                )
            }

            fn from_key(key: $crate::Key) -> ::std::result::Result<Self, $crate::KeyError> {
                let spec = Self::spec();
                let mut values = key.values.into_iter().chain(key.ride_on).enumerate();
                ::std::result::Result::Ok($name {
                    $($field: $crate::typed::part_of::<$kind>(&spec, values.next())?,)+
                    $($($ride_on: $crate::typed::part_of::<$ride_on_kind>(&spec, values.next())?,)+)?
                })
            }
        }
    };
    (@field $field:expr) => { $field };
    (@field $field:expr, asc) => { $field };
    (@field $field:expr, desc) => { $field.descending() };
}

/// Takes the value of a field out of a key.
#[doc(hidden)]
pub fn part_of<P: KeyPart>(
    spec: &crate::key::KeySpec,
    value: Option<(usize, KeyValue)>,
) -> Result<P, crate::key::KeyError> {
    match value {
        Some((at, value)) => super::key::field(spec, at, Some(value)),
        None => super::key::field(spec, usize::MAX, None),
    }
}
