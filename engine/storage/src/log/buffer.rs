//! The bytes of the next write, in memory that lies as the disk likes it.

use crate::vfs::BLOCK_BYTES;

/// Memory beyond this is given back after use.
const KEPT_BYTES: usize = 4 << 20;
/// Memory that is taken at least.
const LEAST_BYTES: usize = 64 << 10;

/// Bytes from the start of the block that the next record goes to: what the file holds there already, then
/// what is to be written. The first one lies at an address that is a multiple of a block.
#[derive(Debug, Default)]
pub(super) struct BlockBuffer {
    /// `start` bytes that mean nothing, then the content.
    bytes: Vec<u8>,
    start: usize,
    /// Bytes of the content that the file holds already.
    kept: usize,
}

impl BlockBuffer {
    /// A buffer for a file whose last block begins with these bytes.
    pub(super) fn holding(last_block: &[u8]) -> Self {
        let mut buffer = Self::default();
        buffer.reserve(last_block.len());
        buffer.bytes.extend_from_slice(last_block);
        buffer.kept = last_block.len();
        buffer
    }

    /// Zeros, whole blocks.
    pub(super) fn zeros(blocks: usize) -> Self {
        let mut buffer = Self::default();
        buffer.reserve(blocks * BLOCK_BYTES);
        buffer.bytes.resize(buffer.start + blocks * BLOCK_BYTES, 0);
        buffer
    }

    /// Makes room for `more` bytes and for the rest of their last block, so that adding them moves nothing.
    pub(super) fn reserve(&mut self, more: usize) {
        let content = self.content().len();
        let wanted = (content + more).next_multiple_of(BLOCK_BYTES);
        if self.start + wanted <= self.bytes.capacity() && self.is_aligned() {
            return;
        }
        let mut bytes: Vec<u8> = Vec::with_capacity(wanted.max(LEAST_BYTES) + BLOCK_BYTES);
        // Where it cannot be told (never on real machines) writes are only slower.
        let start = bytes.as_ptr().align_offset(BLOCK_BYTES).min(BLOCK_BYTES);
        bytes.resize(start, 0);
        bytes.extend_from_slice(self.content());
        (self.bytes, self.start) = (bytes, start);
    }

    fn is_aligned(&self) -> bool {
        self.content().as_ptr().addr().is_multiple_of(BLOCK_BYTES)
    }

    /// Everything: what the file holds and what is new.
    pub(super) fn content(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// What is new.
    pub(super) fn added(&self) -> &[u8] {
        self.content().get(self.kept..).unwrap_or_default()
    }

    /// Where new bytes are added.
    pub(super) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Zeros up to the end of the block.
    pub(super) fn pad(&mut self) {
        let whole = self.content().len().next_multiple_of(BLOCK_BYTES);
        self.bytes.resize(self.start + whole, 0);
    }

    /// The file holds `written` new bytes: keeps those in its last block.
    pub(super) fn written(&mut self, written: usize) {
        let end = self.kept + written;
        let kept = end % BLOCK_BYTES;
        let block = self.start + end - kept;
        self.bytes.copy_within(block..block + kept, self.start);
        self.bytes.truncate(self.start + kept);
        self.kept = kept;
        if self.bytes.capacity() > KEPT_BYTES {
            *self = Self::holding(self.content());
        }
    }

    /// Nothing of what is new was written, or nobody may find it.
    pub(super) fn give_up(&mut self) {
        self.bytes.truncate(self.start + self.kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_last_block_and_lies_at_a_multiple_of_a_block() {
        let mut file = Vec::new();
        let mut buffer = BlockBuffer::default();
        for (round, len) in [1, 4_095, 1, 4_096, 8_192, 100, 9_000, 5 << 20, 3]
            .into_iter()
            .enumerate()
        {
            let data = vec![round as u8 + 1; len];
            buffer.reserve(len);
            buffer.bytes_mut().extend_from_slice(&data);
            assert_eq!(buffer.added(), data);
            buffer.pad();
            let content = buffer.content();
            assert!(content.as_ptr().addr().is_multiple_of(BLOCK_BYTES));
            assert!(content.len().is_multiple_of(BLOCK_BYTES));
            let block = file.len() / BLOCK_BYTES * BLOCK_BYTES;
            assert_eq!(content[..file.len() - block], file[block..]);
            file.extend_from_slice(&data);
            assert_eq!(content[..file.len() - block], file[block..]);
            assert!(content[file.len() - block..].iter().all(|byte| *byte == 0));
            buffer.written(len);
            let block = file.len() / BLOCK_BYTES * BLOCK_BYTES;
            assert_eq!(buffer.content(), &file[block..]);
            buffer.reserve(10);
            buffer.bytes_mut().extend_from_slice(b"given up");
            buffer.give_up();
            assert_eq!(buffer.content(), &file[block..]);
        }
        assert!(buffer.bytes.capacity() < KEPT_BYTES);
        assert_eq!(BlockBuffer::zeros(3).content(), [0; 3 * BLOCK_BYTES]);
        assert_eq!(BlockBuffer::holding(b"abc").content(), b"abc");
    }
}
