//! Where a stored node or value lies.
//!
//! A location is only an address: it says nothing about what is there, and reading it goes through
//! [`NodeSource`](super::NodeSource), which verifies checksums.

/// Bytes of an encoded [`Location`].
pub const LOCATION_BYTES: usize = 16;

/// The address of one immutable stored blob.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    /// Number of the segment file.
    pub segment: u32,
    /// Offset of the blob in the segment, in bytes.
    pub offset: u64,
    /// Length of the blob, in bytes.
    pub len: u32,
}

impl Location {
    /// The 16 bytes of this location: segment, offset, length, each little-endian.
    pub fn encode(&self) -> [u8; LOCATION_BYTES] {
        let mut out = [0; LOCATION_BYTES];
        out[..4].copy_from_slice(&self.segment.to_le_bytes());
        out[4..12].copy_from_slice(&self.offset.to_le_bytes());
        out[12..].copy_from_slice(&self.len.to_le_bytes());
        out
    }

    /// Reads what [`encode`](Self::encode) wrote.
    pub fn decode(bytes: &[u8; LOCATION_BYTES]) -> Self {
        let [
            s0,
            s1,
            s2,
            s3,
            o0,
            o1,
            o2,
            o3,
            o4,
            o5,
            o6,
            o7,
            l0,
            l1,
            l2,
            l3,
        ] = *bytes;
        Self {
            segment: u32::from_le_bytes([s0, s1, s2, s3]),
            offset: u64::from_le_bytes([o0, o1, o2, o3, o4, o5, o6, o7]),
            len: u32::from_le_bytes([l0, l1, l2, l3]),
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "segment {} offset {} ({} bytes)",
            self.segment, self.offset, self.len
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encode_and_decode_are_inverse() {
        let location = Location {
            segment: 0x0102_0304,
            offset: 0x1112_1314_1516_1718,
            len: 0x2122_2324,
        };
        let bytes = location.encode();
        assert_eq!(bytes[0], 0x04);
        assert_eq!(bytes[4], 0x18);
        assert_eq!(bytes[12], 0x24);
        assert_eq!(Location::decode(&bytes), location);
    }
}
