//! Tags, and the tables of arrays and objects. The layout is described at [`super`].

/// The first byte of each encoded document.
pub const FORMAT_VERSION: u8 = 1;
/// Objects of up to so many fields are searched name by name; larger ones have an index.
pub const MAX_SCANNED_FIELDS: usize = 16;

pub(super) const NULL: u8 = 0;
pub(super) const FALSE: u8 = 1;
pub(super) const TRUE: u8 = 2;
pub(super) const INT: u8 = 3;
pub(super) const UINT: u8 = 4;
pub(super) const FLOAT: u8 = 5;
pub(super) const NUMBER: u8 = 6;
pub(super) const STRING: u8 = 7;
pub(super) const BYTES: u8 = 8;
/// The narrowest array; the two wider ones follow.
pub(super) const ARRAY: u8 = 9;
pub(super) const ARRAY_LAST: u8 = 11;
/// The narrowest object; the two wider ones follow.
pub(super) const OBJECT: u8 = 12;
pub(super) const OBJECT_LAST: u8 = 14;

/// Name of the only field of the object that stands for bytes in JSON.
pub(super) const BYTES_FIELD: &str = "$bytes";

/// How wide the numbers of a table are, as the distance from the narrowest tag: 0, 1, 2 for 1, 2, 4
/// bytes.
pub(super) fn width_class(body_length: usize) -> u8 {
    match body_length {
        0..=0xFF => 0,
        0x100..=0xFFFF => 1,
        _ => 2,
    }
}

/// Appends `value` in the width of the class.
pub(super) fn push_number(class: u8, value: usize, out: &mut Vec<u8>) {
    let bytes = (value as u32).to_le_bytes();
    out.extend_from_slice(bytes.get(..1 << class).unwrap_or_default());
}

/// The numbers of a table.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    bytes: &'a [u8],
    class: u8,
}

impl Numbers<'_> {
    #[inline]
    fn get(&self, at: usize) -> Option<usize> {
        match self.class {
            0 => self.bytes.get(at).map(|byte| usize::from(*byte)),
            1 => {
                let bytes = self.bytes.get(at.checked_mul(2)?..)?.first_chunk()?;
                Some(usize::from(u16::from_le_bytes(*bytes)))
            }
            _ => {
                let bytes = self.bytes.get(at.checked_mul(4)?..)?.first_chunk()?;
                Some(u32::from_le_bytes(*bytes) as usize)
            }
        }
    }
}

/// The payload of an array or object, taken apart.
#[derive(Clone, Copy)]
pub(super) struct Container<'a> {
    pub body: &'a [u8],
    pub count: usize,
    index: Numbers<'a>,
    ends: Numbers<'a>,
}

impl<'a> Container<'a> {
    /// `None` when the value is neither array nor object, or when its table does not fit.
    #[inline]
    pub fn of(value: &'a [u8]) -> Option<Self> {
        let (&tag, payload) = value.split_first()?;
        let (class, object) = match tag {
            ARRAY..=ARRAY_LAST => (tag - ARRAY, false),
            OBJECT..=OBJECT_LAST => (tag - OBJECT, true),
            _ => return None,
        };
        let numbers = |bytes| Numbers { bytes, class };
        if payload.is_empty() {
            return Some(Self {
                body: payload,
                count: 0,
                index: numbers(payload),
                ends: numbers(payload),
            });
        }
        let width = 1_usize << class;
        let count_at = payload.len().checked_sub(width)?;
        let count = numbers(payload.get(count_at..)?).get(0)?;
        let table = count.checked_mul(width)?;
        let ends_at = count_at.checked_sub(table)?;
        let index_at = if object && count > MAX_SCANNED_FIELDS {
            ends_at.checked_sub(table)?
        } else {
            ends_at
        };
        Some(Self {
            body: payload.get(..index_at)?,
            count,
            index: numbers(payload.get(index_at..ends_at)?),
            ends: numbers(payload.get(ends_at..count_at)?),
        })
    }

    /// Whether there is an index of the names.
    #[inline]
    pub fn is_indexed(&self) -> bool {
        !self.index.bytes.is_empty()
    }

    /// The position of the entry whose name is at `rank` in the order of the names.
    #[inline]
    pub fn by_rank(&self, rank: usize) -> Option<usize> {
        self.index.get(rank)
    }

    /// Where the entry ends in the body.
    #[inline]
    pub fn end(&self, at: usize) -> Option<usize> {
        self.ends.get(at)
    }

    /// The bytes of an element, or of an entry with its name.
    #[inline]
    pub fn entry(&self, at: usize) -> Option<&'a [u8]> {
        if at >= self.count {
            return None;
        }
        let start = match at.checked_sub(1) {
            Some(before) => self.ends.get(before)?,
            None => 0,
        };
        self.body.get(start..self.ends.get(at)?)
    }
}

/// Takes an entry of an object apart into its name and its value.
#[inline]
pub(super) fn split_entry(entry: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = entry.split_first()?;
    if first < 0x80 {
        return rest.split_at_checked(usize::from(first));
    }
    let mut length = usize::from(first & 0x7F);
    let mut shift = 7;
    let mut rest = rest;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            // The last group of a longer form is never empty.
            return (byte != 0).then(|| rest.split_at_checked(length))?;
        }
        shift += 7;
        if shift > 28 {
            return None;
        }
    }
}

/// Appends the length of a name.
pub(super) fn push_name_length(mut length: usize, out: &mut Vec<u8>) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}
