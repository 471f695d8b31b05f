//! A reader over chunks that arrive one by one, like the body of an HTTP request.
//!
//! The producer (an async task) sends chunks through a bounded channel; a blocking thread reads them here as one
//! stream of bytes. Memory is bounded by the channel: this reader holds one chunk. It does not decompress.

use std::io::{self, BufRead, Read};
use std::iter::Fuse;

/// Reads the chunks of an iterator as one stream. The iterator blocks until a chunk is there; `None` is the end of
/// the data, an error is the error of the read that meets it.
///
/// ```
/// use sop_query::transfer::ChunkReader;
/// use std::io::Read;
/// let (send, receive) = std::sync::mpsc::sync_channel::<std::io::Result<Vec<u8>>>(4);
/// std::thread::spawn(move || {
///     send.send(Ok(b"one ".to_vec())).unwrap();
///     send.send(Ok(b"two".to_vec())).unwrap();
/// });
/// let mut text = String::new();
/// ChunkReader::new(receive.into_iter()).read_to_string(&mut text).unwrap();
/// assert_eq!(text, "one two");
/// ```
pub struct ChunkReader<I, B> {
    /// Fused: reading on after the end asks nobody.
    chunks: Fuse<I>,
    chunk: Option<B>,
    /// How much of `chunk` was consumed.
    consumed: usize,
}

impl<I, B> ChunkReader<I, B>
where
    I: Iterator<Item = io::Result<B>>,
    B: AsRef<[u8]>,
{
    /// A reader over `chunks`; empty chunks are allowed.
    pub fn new(chunks: I) -> Self {
        Self {
            chunks: chunks.fuse(),
            chunk: None,
            consumed: 0,
        }
    }
}

impl<I, B> BufRead for ChunkReader<I, B>
where
    I: Iterator<Item = io::Result<B>>,
    B: AsRef<[u8]>,
{
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self
            .chunk
            .as_ref()
            .is_none_or(|chunk| chunk.as_ref().len() <= self.consumed)
        {
            self.consumed = 0;
            self.chunk = None;
            match self.chunks.next() {
                Some(chunk) => self.chunk = Some(chunk?),
                None => break,
            }
        }
        let chunk = self.chunk.as_ref().map_or(&[][..], AsRef::as_ref);
        Ok(chunk.get(self.consumed..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.consumed += amount;
    }
}

impl<I, B> Read for ChunkReader<I, B>
where
    I: Iterator<Item = io::Result<B>>,
    B: AsRef<[u8]>,
{
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_one_stream_and_errors_arrive() {
        let chunks = vec![
            Ok(b"".to_vec()),
            Ok(b"ab".to_vec()),
            Ok(Vec::new()),
            Ok(b"c\nd".to_vec()),
        ];
        let mut text = String::new();
        let mut reader = ChunkReader::new(chunks.into_iter());
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc\nd");
        assert!(
            reader.fill_buf().unwrap().is_empty(),
            "the last chunk comes once"
        );

        let broken = vec![
            Ok(b"ab".to_vec()),
            Err(io::Error::other("the client went away")),
        ];
        let mut reader = ChunkReader::new(broken.into_iter());
        let error = reader.read_to_string(&mut String::new()).unwrap_err();
        assert_eq!(error.to_string(), "the client went away");
    }
}
