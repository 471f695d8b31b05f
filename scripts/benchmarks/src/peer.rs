//! What every engine in the comparison has to do. Keys and values are bytes; writes are durable when
//! [`Peer::write`] returns.

use std::path::Path;

use anyhow::Result;

/// One change of a batch.
#[derive(Clone, Copy)]
pub enum Op<'a> {
    Put(&'a [u8], &'a [u8]),
    Delete(&'a [u8]),
}

/// Answers reads within one snapshot.
pub trait Reader {
    /// Length of the value, 0 when there is none. The value's bytes have to be touched.
    fn get(&mut self, key: &[u8]) -> Result<usize>;
    /// Items from `from` on, at most `limit`; bytes of the values seen.
    fn scan(&mut self, from: &[u8], limit: usize) -> Result<(usize, usize)>;
}

/// An engine with one open table.
pub trait Peer: Send + Sync {
    /// One durable transaction.
    fn write(&self, ops: &[Op<'_>]) -> Result<()>;
    /// Runs `work` on one snapshot.
    fn read(&self, work: &mut dyn FnMut(&mut dyn Reader) -> Result<()>) -> Result<()>;
    /// Brings what was written where it stays: a checkpoint, a flush of memory tables.
    fn settle(&self) -> Result<()> {
        Ok(())
    }
    /// False for what can only append.
    fn reads(&self) -> bool {
        true
    }
}

/// What keys look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// 8 bytes, big-endian.
    U64,
    /// 16 hexadecimal digits.
    Text,
}

/// How a peer is opened.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub keys: Keys,
    /// Bytes of the engine's own cache, where it has one that can be set.
    pub cache_bytes: u64,
    pub durable: bool,
    /// Items of a stored node, where that can be set.
    pub slot_length: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            keys: Keys::U64,
            cache_bytes: 512 << 20,
            durable: true,
            slot_length: None,
        }
    }
}

/// Opens a peer in a folder; makes its table when there is none.
pub type Open = fn(&Path, &Settings) -> Result<Box<dyn Peer>>;

/// Reads every byte, as a user of the value would; in words, so that this is not what is measured.
pub fn touch(value: &[u8]) -> usize {
    let (words, rest) = value.as_chunks::<8>();
    let sum = words
        .iter()
        .fold(0, |sum, word| sum ^ u64::from_ne_bytes(*word));
    let rest = rest.iter().fold(0, |sum, byte| sum ^ byte);
    std::hint::black_box(sum ^ u64::from(rest));
    value.len()
}
