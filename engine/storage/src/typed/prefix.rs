//! The beginnings of keys.

use std::ops::Bound;

use crate::key::{Date, DateTime, Key, KeyError, KeyPrefix, KeyRange, KeySpec, Time, Timestamp};

/// What all keys of a group begin with: the start of the text of a single key, like `"2021-03"` for a
/// [`Date`], or a tuple of the first fields of a composite one.
pub trait AsPrefix<K> {
    /// The keys that begin so, in a store of such keys.
    ///
    /// # Errors
    /// As [`KeySpec::prefix`].
    fn range(&self, spec: &KeySpec) -> Result<KeyRange, KeyError>;
}

/// A struct that [`typed_key!`](crate::typed_key) made a composite key.
#[doc(hidden)]
pub trait StructKey {
    /// The tuple of its ordered fields.
    type Fields;
}

impl<K: StructKey, Q: AsPrefix<K::Fields>> AsPrefix<K> for Q {
    fn range(&self, spec: &KeySpec) -> Result<KeyRange, KeyError> {
        AsPrefix::<K::Fields>::range(self, spec)
    }
}

fn text(prefix: &str, spec: &KeySpec) -> Result<KeyRange, KeyError> {
    spec.prefix(&KeyPrefix {
        leading: Vec::new(),
        partial: Some(prefix.to_owned()),
    })
}

macro_rules! by_text {
    ($($key:ty),*) => {$(
        impl AsPrefix<$key> for str {
            fn range(&self, spec: &KeySpec) -> Result<KeyRange, KeyError> {
                text(self, spec)
            }
        }
    )*};
}

by_text!(String, [u8; 16], Date, Time, DateTime, Timestamp);

impl AsPrefix<String> for String {
    fn range(&self, spec: &KeySpec) -> Result<KeyRange, KeyError> {
        text(self, spec)
    }
}

impl AsPrefix<Vec<u8>> for [u8] {
    fn range(&self, spec: &KeySpec) -> Result<KeyRange, KeyError> {
        let first = Key::from(self);
        // The first bytes after all that begin so: the last byte that can grow, grown.
        let after = self.iter().rposition(|byte| *byte != 0xFF).map(|last| {
            let mut after = self.get(..=last).unwrap_or_default().to_vec();
            if let Some(byte) = after.last_mut() {
                *byte += 1;
            }
            Key::from(after)
        });
        let end = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        spec.range(Bound::Included(&first), end)
    }
}

impl<const N: usize> AsPrefix<Vec<u8>> for [u8; N] {
    fn range(&self, spec: &KeySpec) -> Result<KeyRange, KeyError> {
        self.as_slice().range(spec)
    }
}
