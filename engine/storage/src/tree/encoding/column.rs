//! Reading and writing the parts of a stored node: numbers, and columns of numbers of one width.

use super::Decoded;

/// Narrowest width of 0, 1, 2, 4 or 8 bytes that holds `max`.
pub fn width_for(max: u64) -> u8 {
    match max {
        0 => 0,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}

/// Appends `value` in `width` little-endian bytes.
#[inline]
pub fn put(out: &mut Vec<u8>, value: u64, width: u8) {
    out.extend_from_slice(&value.to_le_bytes()[..usize::from(width.min(8))]);
}

/// A column of `u64` values stored in few bytes each.
#[derive(Clone, Copy)]
pub struct Column<'a> {
    bytes: &'a [u8],
    width: usize,
}

impl Column<'_> {
    /// Value `at`; 0 behind the end.
    #[inline]
    pub fn get(&self, at: usize) -> u64 {
        let from = at * self.width;
        match self.bytes.get(from..from + self.width) {
            Some([a]) => u64::from(*a),
            Some([a, b]) => u64::from(u16::from_le_bytes([*a, *b])),
            Some(bytes) => {
                let mut raw = [0; 8];
                raw[..self.width].copy_from_slice(bytes);
                u64::from_le_bytes(raw)
            }
            None => 0,
        }
    }

    /// Sum of the first `count` values.
    pub fn sum(&self, count: usize) -> u64 {
        (0..count).fold(0, |sum, at| sum.saturating_add(self.get(at)))
    }
}

/// Reads a node from its first byte to its last.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `len` bytes, the part called `what`.
    pub fn take(&mut self, len: usize, what: &str) -> Decoded<&'a [u8]> {
        let Some((part, rest)) = self.rest.split_at_checked(len) else {
            return Err(format!(
                "{what} needs {len} bytes, the node has only {} more",
                self.rest.len()
            ));
        };
        self.rest = rest;
        Ok(part)
    }

    /// A number of `width` bytes, at most 8.
    pub fn number(&mut self, width: usize, what: &str) -> Decoded<u64> {
        let mut raw = [0; 8];
        raw[..width.min(8)].copy_from_slice(self.take(width.min(8), what)?);
        Ok(u64::from_le_bytes(raw))
    }

    /// A column of `count` values of `width` bytes.
    pub fn column(&mut self, count: usize, width: u8, what: &str) -> Decoded<Column<'a>> {
        if !matches!(width, 0 | 1 | 2 | 4 | 8) {
            return Err(format!("{what} has the impossible width {width}"));
        }
        let width = usize::from(width);
        let bytes = self.take(count.saturating_mul(width), what)?;
        Ok(Column { bytes, width })
    }

    /// An error when bytes are left.
    pub fn end(&self) -> Decoded<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(format!("{} bytes behind the end", self.rest.len()))
        }
    }
}
