//! Thrift's compact form, walked to its end before the format's library reads it.
//!
//! The library trusts a list to be as long as it says, and passes over one of nothing but truths without reading a byte: a few bytes
//! may claim billions of billions of them. Always true of what passes here: each element of a list takes a byte at least, so
//! that reading takes no longer than there are bytes; and each field that the library knows has the type that it takes it for, so that it
//! reads the bytes as they were read here.

use std::io::{self, Read};

/// What the library takes a field for.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Bool,
    Byte,
    I16,
    I32,
    I64,
    Double,
    Binary,
    List(&'static Kind),
    Struct(Fields),
}

/// The fields of a struct that the library knows, by their numbers; it passes over others by their types.
pub type Fields = &'static [(i64, Kind)];

use Kind::{Binary, Bool, Byte, Double, I16, I32, I64, List, Struct};

/// A value that says itself which of several it is, all of them structs without fields of their own.
const ONE_OF: Kind = Struct(&[(1, Struct(&[])), (2, Struct(&[])), (3, Struct(&[]))]);
const TIME: Kind = Struct(&[(1, Bool), (2, ONE_OF)]);
const LOGICAL_TYPE: Kind = Struct(&[
    (1, Struct(&[])),
    (2, Struct(&[])),
    (3, Struct(&[])),
    (4, Struct(&[])),
    (5, Struct(&[(1, I32), (2, I32)])),
    (6, Struct(&[])),
    (7, TIME),
    (8, TIME),
    (10, Struct(&[(1, Byte), (2, Bool)])),
    (11, Struct(&[])),
    (12, Struct(&[])),
    (13, Struct(&[])),
    (14, Struct(&[])),
    (15, Struct(&[])),
    (16, Struct(&[(1, Byte)])),
    (17, Struct(&[(1, Binary)])),
    (18, Struct(&[(1, Binary), (2, I32)])),
]);
const SCHEMA_ELEMENT: Kind = Struct(&[
    (1, I32),
    (2, I32),
    (3, I32),
    (4, Binary),
    (5, I32),
    (6, I32),
    (7, I32),
    (8, I32),
    (9, I32),
    (10, LOGICAL_TYPE),
]);
const STATISTICS: Kind = Struct(&[
    (1, Binary),
    (2, Binary),
    (3, I64),
    (4, I64),
    (5, Binary),
    (6, Binary),
    (7, Bool),
    (8, Bool),
    (9, I64),
]);
const KEY_VALUE: Kind = Struct(&[(1, Binary), (2, Binary)]);
const SIZES: Kind = Struct(&[(1, I64), (2, List(&I64)), (3, List(&I64))]);
const BOX: Kind = Struct(&[
    (1, Double),
    (2, Double),
    (3, Double),
    (4, Double),
    (5, Double),
    (6, Double),
    (7, Double),
    (8, Double),
]);
const COLUMN: Kind = Struct(&[
    (1, I32),
    (2, List(&I32)),
    (3, List(&Binary)),
    (4, I32),
    (5, I64),
    (6, I64),
    (7, I64),
    (8, List(&KEY_VALUE)),
    (9, I64),
    (10, I64),
    (11, I64),
    (12, STATISTICS),
    (13, List(&Struct(&[(1, I32), (2, I32), (3, I32)]))),
    (14, I64),
    (15, I32),
    (16, SIZES),
    (17, Struct(&[(1, BOX), (2, List(&I32))])),
]);
const ENCRYPTION: Kind = Struct(&[
    (1, Struct(&[])),
    (2, Struct(&[(1, List(&Binary)), (2, Binary)])),
]);
const COLUMN_CHUNK: Kind = Struct(&[
    (1, Binary),
    (2, I64),
    (3, COLUMN),
    (4, I64),
    (5, I32),
    (6, I64),
    (7, I32),
    (8, ENCRYPTION),
    (9, Binary),
]);
const ROW_GROUP: Kind = Struct(&[
    (1, List(&COLUMN_CHUNK)),
    (2, I64),
    (3, I64),
    (4, List(&Struct(&[(1, I32), (2, Bool), (3, Bool)]))),
    (5, I64),
    (6, I64),
    (7, I16),
]);

/// The list of columns and groups at the end of a file.
pub const FILE: Fields = &[
    (1, I32),
    (2, List(&SCHEMA_ELEMENT)),
    (3, I64),
    (4, List(&ROW_GROUP)),
    (5, List(&KEY_VALUE)),
    (6, Binary),
    (7, List(&ONE_OF)),
];

/// The head of a page.
pub const PAGE: Fields = &[
    (1, I32),
    (2, I32),
    (3, I32),
    (4, I32),
    (
        5,
        Struct(&[(1, I32), (2, I32), (3, I32), (4, I32), (5, STATISTICS)]),
    ),
    (6, Struct(&[])),
    (7, Struct(&[(1, I32), (2, I32), (3, Bool)])),
    (
        8,
        Struct(&[
            (1, I32),
            (2, I32),
            (3, I32),
            (4, I32),
            (5, I32),
            (6, I32),
            (7, Bool),
            (8, STATISTICS),
        ]),
    ),
];

/// The types of the compact form, as they are written.
mod wire {
    pub const STOP: u8 = 0;
    pub const TRUE: u8 = 1;
    pub const FALSE: u8 = 2;
    pub const BYTE: u8 = 3;
    pub const I16: u8 = 4;
    pub const I32: u8 = 5;
    pub const I64: u8 = 6;
    pub const DOUBLE: u8 = 7;
    pub const BINARY: u8 = 8;
    pub const LIST: u8 = 9;
    pub const SET: u8 = 10;
    pub const STRUCT: u8 = 12;
}

impl Kind {
    fn is_written_as(self, wire: u8) -> bool {
        match self {
            Bool => matches!(wire, wire::TRUE | wire::FALSE),
            Byte => wire == wire::BYTE,
            I16 => wire == wire::I16,
            I32 => wire == wire::I32,
            I64 => wire == wire::I64,
            Double => wire == wire::DOUBLE,
            Binary => wire == wire::BINARY,
            List(_) => matches!(wire, wire::LIST | wire::SET),
            Struct(_) => wire == wire::STRUCT,
        }
    }
}

/// How deep values may lie in each other, and the highest number of a field: the library counts no further.
const MOST_DEPTH: usize = 24;
const MOST_FIELD: i64 = i16::MAX as i64;

/// Why a walk ended early.
#[derive(Debug)]
pub enum Stopped {
    /// What is written cannot be.
    Damaged,
    /// It is longer than is read.
    TooLong,
    /// The file.
    Io(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged,
            _ => Self::Io(error),
        }
    }
}

/// Hears of whole numbers, by the numbers of the fields that they lie in.
type Visit<'v> = &'v mut dyn FnMut(&[i64], i64);

/// Walks values of an input.
pub struct Walk<'a, R> {
    input: &'a mut R,
    read: u64,
    most: u64,
    path: Vec<i64>,
}

impl<'a, R: Read> Walk<'a, R> {
    /// Reads no more than `most` bytes.
    pub fn new(input: &'a mut R, most: u64) -> Self {
        Self {
            input,
            read: 0,
            most,
            path: Vec::new(),
        }
    }

    /// Walks a struct of these fields, and says how many bytes it took.
    pub fn whole(mut self, fields: Fields, visit: Visit<'_>) -> Result<u64, Stopped> {
        self.fields(fields, visit, 0)?;
        Ok(self.read)
    }

    fn fields(&mut self, fields: Fields, visit: Visit<'_>, depth: usize) -> Result<(), Stopped> {
        let mut number = 0;
        loop {
            let head = self.byte()?;
            if head & 0xf == wire::STOP {
                return Ok(());
            }
            number = match head >> 4 {
                0 => self.integer()?,
                more => number + i64::from(more),
            };
            if !(1..=MOST_FIELD).contains(&number) {
                return Err(Stopped::Damaged);
            }
            let known = fields.iter().find(|(field, _)| *field == number);
            self.path.push(number);
            self.value(head & 0xf, known.map(|(_, kind)| *kind), visit, depth + 1)?;
            self.path.pop();
        }
    }

    fn value(
        &mut self,
        wire: u8,
        known: Option<Kind>,
        visit: Visit<'_>,
        depth: usize,
    ) -> Result<(), Stopped> {
        if depth > MOST_DEPTH || known.is_some_and(|kind| !kind.is_written_as(wire)) {
            return Err(Stopped::Damaged);
        }
        match wire {
            wire::TRUE | wire::FALSE => Ok(()),
            wire::BYTE => self.byte().map(drop),
            wire::I16 | wire::I32 | wire::I64 => {
                let value = self.integer()?;
                visit(&self.path, value);
                Ok(())
            }
            wire::DOUBLE => self.pass(8),
            wire::BINARY => {
                let length = self.number()?;
                self.pass(length)
            }
            wire::LIST | wire::SET => {
                let element = match known {
                    Some(List(element)) => Some(*element),
                    _ => None,
                };
                self.list(element, visit, depth)
            }
            wire::STRUCT => match known {
                Some(Struct(fields)) => self.fields(fields, visit, depth),
                _ => self.fields(&[], visit, depth),
            },
            // Nothing here has maps.
            _ => Err(Stopped::Damaged),
        }
    }

    fn list(
        &mut self,
        element: Option<Kind>,
        visit: Visit<'_>,
        depth: usize,
    ) -> Result<(), Stopped> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.number()?,
            count => u64::from(count),
        };
        let wire = head & 0xf;
        if count > 0 && matches!(wire, wire::TRUE | wire::FALSE) {
            // They take no room where the library passes over them.
            return Err(Stopped::Damaged);
        }
        for _ in 0..count {
            self.value(wire, element, visit, depth + 1)?;
        }
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, Stopped> {
        let mut byte = [0];
        self.count(1)?;
        self.input.read_exact(&mut byte)?;
        let [byte] = byte;
        Ok(byte)
    }

    fn pass(&mut self, bytes: u64) -> Result<(), Stopped> {
        self.count(bytes)?;
        let passed = io::copy(&mut self.input.by_ref().take(bytes), &mut io::sink())?;
        if passed < bytes {
            return Err(Stopped::Damaged);
        }
        Ok(())
    }

    fn count(&mut self, bytes: u64) -> Result<(), Stopped> {
        self.read = self.read.saturating_add(bytes);
        if self.read > self.most {
            return Err(Stopped::TooLong);
        }
        Ok(())
    }

    /// A number without a sign.
    fn number(&mut self) -> Result<u64, Stopped> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Stopped::Damaged)
    }

    /// A number with a sign.
    fn integer(&mut self) -> Result<i64, Stopped> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(bytes: &[u8], fields: Fields) -> Result<u64, Stopped> {
        Walk::new(&mut &*bytes, 1 << 20).whole(fields, &mut |_, _| {})
    }

    fn is_damaged(bytes: &[u8], fields: Fields) -> bool {
        matches!(walk(bytes, fields), Err(Stopped::Damaged))
    }

    #[test]
    fn numbers_are_told_with_their_fields() {
        // 1: 6, 2: [{}, {}], 5: {1: -1}, and a byte that belongs to it no more.
        let bytes = [0x15, 12, 0x19, 0x2c, 0, 0, 0x3c, 0x15, 1, 0, 0, 9];
        let mut found = Vec::new();
        let read = Walk::new(&mut &bytes[..], 100)
            .whole(&[], &mut |path, value| found.push((path.to_vec(), value)))
            .unwrap();
        assert_eq!(read, 11);
        assert_eq!(found, [(vec![1], 6), (vec![5, 1], -1)]);
        assert!(matches!(
            Walk::new(&mut &bytes[..], 10).whole(&[], &mut |_, _| {}),
            Err(Stopped::TooLong)
        ));
    }

    /// A list of 2,147,483,647 truths, and one of such lists, in a field that the library passes over.
    #[test]
    fn what_takes_no_room_is_no_list() {
        let truths = [0xf9, 0xf1, 0xff, 0xff, 0xff, 0xff, 7, 0];
        assert!(is_damaged(&truths, FILE));
        let lists = [0xf9, 0x19, 0xf2, 0xff, 0xff, 0xff, 0xff, 7, 0];
        assert!(is_damaged(&lists, FILE));
        assert_eq!(walk(&[0xf9, 0x01, 0], FILE).unwrap(), 3, "an empty one");
        let maps = [0xfb, 0xff, 0xff, 0xff, 0xff, 7, 0x11, 0];
        assert!(is_damaged(&maps, FILE));
    }

    /// The library goes by the number of a field and not by its type: where these differ it would read other values.
    #[test]
    fn what_is_known_has_its_type() {
        assert!(is_damaged(&[0x18, 1, 0, 0], FILE), "text for the version");
        assert!(
            is_damaged(&[0x29, 0x15, 2, 0], FILE),
            "a number for a column"
        );
        assert!(
            is_damaged(&[0x29, 0x1c, 0x45, 2, 0, 0], FILE),
            "a number for its name"
        );
        assert_eq!(walk(&[0x29, 0x1c, 0x48, 1, b'a', 0, 0], FILE).unwrap(), 7);
        assert!(
            is_damaged(&[0x5c, 0x58, 0, 0, 0], PAGE),
            "text for statistics"
        );
    }

    #[test]
    fn numbers_of_fields_and_depths_have_limits() {
        let far = [0x05, 0xfe, 0xff, 3, 2, 0x15, 2, 0];
        assert!(is_damaged(&far, &[]), "beyond what the library counts");
        assert!(is_damaged(&[0x05, 1, 2, 0], &[]), "below nothing");
        let deep = vec![0x1c; 1000];
        assert!(is_damaged(&deep, &[]));
        assert!(is_damaged(&[0x19], &[]), "cut off");
        assert!(
            is_damaged(&[0x18, 0xff, 0xff, 3, 1], &[]),
            "text beyond the end"
        );
        let endless = [
            0x15, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
        ];
        assert!(is_damaged(&endless, &[]));
    }
}
