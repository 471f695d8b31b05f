//! The identity of a database: a random UUID that is in every file it writes.
//!
//! It says that a file belongs to this database and not to another one whose files were mixed in.

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::rng::Rng;

/// 16 bytes, as text a UUID of version 4 in lower case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatabaseId([u8; 16]);

/// A text that is not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a UUID such as 0b67a3f4-94a1-4c0e-8d8e-1f5ad92b7a31")]
pub struct NotAnId(String);

impl DatabaseId {
    /// A new random identity.
    pub fn random(rng: &dyn Rng) -> io::Result<Self> {
        let mut bytes = [0; 16];
        rng.fill(&mut bytes)?;
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Ok(Self(bytes))
    }

    /// From the bytes in a file.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes for a file.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Four bytes that tell databases apart where sixteen would cost too much: the CRC32C of the id.
    pub fn short(self) -> u32 {
        crc32c::crc32c(&self.0)
    }
}

impl fmt::Display for DatabaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for DatabaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DatabaseId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let wrong = || NotAnId(text.chars().take(60).collect());
        let well_placed = text.len() == 36
            && text.bytes().enumerate().all(|(i, byte)| match i {
                8 | 13 | 18 | 23 => byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            });
        if !well_placed {
            return Err(wrong());
        }
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let number = u128::from_str_radix(&digits, 16).map_err(|_| wrong())?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl Serialize for DatabaseId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DatabaseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SeededRng;

    #[test]
    fn text_and_bytes_round_trip() {
        let id = DatabaseId::random(&SeededRng::new(1)).unwrap();
        let text = id.to_string();
        assert_eq!(text.as_bytes()[14], b'4');
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(DatabaseId::from_bytes(id.to_bytes()), id);
        for wrong in [
            "",
            "x",
            "0b67a3f4-94a1-4c0e-8d8e-1f5ad92b7a3",
            &text.replace('-', "0"),
        ] {
            assert!(wrong.parse::<DatabaseId>().is_err(), "{wrong}");
        }
    }
}
