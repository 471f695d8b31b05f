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

/// An engine with one open, empty table.
pub trait Peer: Send + Sync {
    /// One durable transaction.
    fn write(&self, ops: &[Op<'_>]) -> Result<()>;
    /// Runs `work` on one snapshot.
    fn read(&self, work: &mut dyn FnMut(&mut dyn Reader) -> Result<()>) -> Result<()>;
}

/// Makes a peer in an empty folder.
pub type Open = fn(&Path) -> Result<Box<dyn Peer>>;
