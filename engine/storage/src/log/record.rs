//! One record: a header of 48 bytes, the payload, zeros up to a multiple of 8.
//!
//! The checksum covers everything of the header after it, and the payload. The header names the segment
//! and the place that the record was written to. Parsing believes nothing: whatever is not a whole, right
//! record of this very place is `None`, such as what the file held when it was another segment.

/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = 48;
/// Records begin at multiples of this.
pub(super) const ALIGNMENT: u64 = 8;

/// The greatest sequence and epoch. Nobody counts so far; what says more is damaged, and the next number
/// can always be told.
pub(super) const MAX_COUNTER: u64 = u64::MAX >> 1;

const MAGIC: [u8; 4] = *b"SOPr";
const FORMAT: u16 = 1;
/// The checksum covers the header from here on.
const CHECKED_FROM: usize = 8;

/// Where a record is: the segment's identity (see `SegmentHeader::identity`) and the byte in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) segment: u32,
    pub(super) offset: u64,
}

impl Place {
    /// The offset as the header has it. A segment is never longer than this can say.
    const fn units(self) -> u32 {
        (self.offset / ALIGNMENT) as u32
    }
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordKind {
    /// A commit with its payload. Only these have a sequence of their own.
    Commit,
    /// The log was opened for writing; a new epoch begins. `sequence` is the next commit's.
    Opened,
    /// The log was closed in order. `sequence` is the next commit's.
    Closed,
    /// The last record of a segment: the log goes on in the segment that begins with `sequence`.
    Sealed,
}

impl RecordKind {
    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Commit, Self::Opened, Self::Closed, Self::Sealed]
            .into_iter()
            .find(|kind| kind.byte() == byte)
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Commit => 1,
            Self::Opened => 2,
            Self::Closed => 3,
            Self::Sealed => 4,
        }
    }
}

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordHeader {
    pub(super) kind: RecordKind,
    /// Counts the openings for writing.
    pub(super) epoch: u64,
    pub(super) sequence: u64,
    /// Everything up to this sequence was durable before this record was written.
    pub(super) flushed: u64,
    /// Bytes of the payload.
    pub(super) length: u32,
}

impl RecordHeader {
    /// A record without payload.
    pub(super) const fn marker(kind: RecordKind, epoch: u64, sequence: u64) -> Self {
        Self {
            kind,
            epoch,
            sequence,
            flushed: sequence.saturating_sub(1),
            length: 0,
        }
    }

    /// Bytes of the whole record on the disk.
    pub(super) fn record_bytes(&self) -> u64 {
        record_bytes(self.length as usize)
    }

    /// Appends the whole record to `buffer`.
    pub(super) fn encode(&self, place: Place, payload: &[u8], buffer: &mut Vec<u8>) {
        debug_assert_eq!(self.length as usize, payload.len());
        let start = buffer.len();
        buffer.extend_from_slice(&MAGIC);
        buffer.extend_from_slice(&[0; 4]);
        buffer.extend_from_slice(&FORMAT.to_le_bytes());
        buffer.extend_from_slice(&[self.kind.byte(), 0]);
        buffer.extend_from_slice(&place.segment.to_le_bytes());
        buffer.extend_from_slice(&self.epoch.to_le_bytes());
        buffer.extend_from_slice(&self.sequence.to_le_bytes());
        buffer.extend_from_slice(&self.flushed.to_le_bytes());
        buffer.extend_from_slice(&self.length.to_le_bytes());
        buffer.extend_from_slice(&place.units().to_le_bytes());
        buffer.extend_from_slice(payload);
        let crc = crc32c::crc32c(buffer.get(start + CHECKED_FROM..).unwrap_or_default());
        if let Some(field) = buffer.get_mut(start + 4..start + CHECKED_FROM) {
            field.copy_from_slice(&crc.to_le_bytes());
        }
        buffer.resize(start + record_bytes(payload.len()) as usize, 0);
    }

    /// The header when the bytes begin like a record of this place; the payload is not checked yet.
    pub(super) fn parse(bytes: &[u8], place: Place) -> Option<Self> {
        if bytes.get(..4)? != MAGIC
            || u16::from_le_bytes(array(bytes, 8)?) != FORMAT
            || u32::from_le_bytes(array(bytes, 12)?) != place.segment
            || *bytes.get(11)? != 0
            || u32::from_le_bytes(array(bytes, 44)?) != place.units()
        {
            return None;
        }
        let header = Self {
            kind: RecordKind::from_byte(*bytes.get(10)?)?,
            epoch: u64::from_le_bytes(array(bytes, 16)?),
            sequence: u64::from_le_bytes(array(bytes, 24)?),
            flushed: u64::from_le_bytes(array(bytes, 32)?),
            length: u32::from_le_bytes(array(bytes, 40)?),
        };
        let lawful = header.length as usize <= super::MAX_RECORD_BYTES
            && header.flushed < header.sequence
            && header.sequence <= MAX_COUNTER
            && header.epoch <= MAX_COUNTER
            && (header.kind == RecordKind::Commit || header.length == 0);
        lawful.then_some(header)
    }

    /// Whether header and payload match their checksum. `record` begins with the header.
    pub(super) fn is_whole(&self, record: &[u8]) -> bool {
        let end = HEADER_BYTES + self.length as usize;
        match (array(record, 4), record.get(CHECKED_FROM..end)) {
            (Some(crc), Some(checked)) => crc32c::crc32c(checked) == u32::from_le_bytes(crc),
            _ => false,
        }
    }
}

/// Bytes on the disk of a record with this payload.
pub(super) const fn record_bytes(payload: usize) -> u64 {
    (HEADER_BYTES as u64 + payload as u64).next_multiple_of(ALIGNMENT)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        segment: 0xdead_beef,
        offset: 4096 + 8,
    };

    fn sample() -> (RecordHeader, Vec<u8>) {
        let header = RecordHeader {
            kind: RecordKind::Commit,
            epoch: 3,
            sequence: 70_000,
            flushed: 69_998,
            length: 5,
        };
        let mut bytes = Vec::new();
        header.encode(PLACE, b"hello", &mut bytes);
        (header, bytes)
    }

    #[test]
    fn a_record_has_these_bytes() {
        let (header, bytes) = sample();
        let mut expected = b"SOPr____\x01\x00\x01\x00\xef\xbe\xad\xde".to_vec();
        expected[4..8].copy_from_slice(&crc32c::crc32c(&bytes[8..53]).to_le_bytes());
        expected.extend_from_slice(b"\x03\0\0\0\0\0\0\0\x70\x11\x01\0\0\0\0\0");
        expected.extend_from_slice(b"\x6e\x11\x01\0\0\0\0\0\x05\0\0\0\x01\x02\0\0hello\0\0\0");
        assert_eq!(bytes, expected);
        assert_eq!(header.record_bytes(), bytes.len() as u64);
    }

    #[test]
    fn every_flipped_bit_but_the_padding_is_noticed() {
        let (header, bytes) = sample();
        assert_eq!(RecordHeader::parse(&bytes, PLACE), Some(header));
        assert!(header.is_whole(&bytes));
        for bit in 0..53 * 8 {
            let mut damaged = bytes.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let parsed = RecordHeader::parse(&damaged, PLACE);
            assert!(
                !parsed.is_some_and(|header| header.is_whole(&damaged)),
                "bit {bit}"
            );
        }
        for elsewhere in [
            Place {
                segment: 1,
                ..PLACE
            },
            Place {
                offset: 4096,
                ..PLACE
            },
        ] {
            assert_eq!(RecordHeader::parse(&bytes, elsewhere), None);
        }
        assert!(!header.is_whole(&bytes[..50]));
    }
}
