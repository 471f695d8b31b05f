//! The disk itself: what a log can reach that only appends and flushes. Threads that wait at the same
//! time share a write and a flush, so that eight threads give the raw group rate.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Result, bail};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::peer::{Op, Peer, Reader, Settings};

/// Room that is written ahead.
const PREALLOCATED: usize = 256 << 20;

#[derive(Default)]
struct Queue {
    waiting: Vec<u8>,
    /// Groups that were joined, and groups that are durable.
    joined: u64,
    done: u64,
    flushing: bool,
    at: u64,
}

struct Raw {
    file: File,
    queue: Mutex<Queue>,
    woken: Condvar,
    /// Bytes that the file had from the start; 0: it grows.
    room: u64,
}

fn raw(folder: &Path, room: usize) -> Result<Box<dyn Peer>> {
    let mut file = File::create(folder.join("log"))?;
    let zeros = vec![0; 1 << 20];
    for _ in 0..room >> 20 {
        file.write_all(&zeros)?;
    }
    file.sync_all()?;
    Ok(Box::new(Raw {
        file,
        queue: Mutex::default(),
        woken: Condvar::new(),
        room: room as u64,
    }))
}

/// A file that grows.
pub fn growing(folder: &Path, _: &Settings) -> Result<Box<dyn Peer>> {
    raw(folder, 0)
}

/// A file that was written before.
pub fn preallocated(folder: &Path, _: &Settings) -> Result<Box<dyn Peer>> {
    raw(folder, PREALLOCATED)
}

impl Peer for Raw {
    fn write(&self, ops: &[Op<'_>]) -> Result<()> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        for op in ops {
            match op {
                Op::Put(k, v) => {
                    queue.waiting.extend_from_slice(k);
                    queue.waiting.extend_from_slice(v);
                }
                Op::Delete(k) => queue.waiting.extend_from_slice(k),
            }
        }
        let group = queue.joined;
        loop {
            if queue.done > group {
                return Ok(());
            }
            if queue.flushing {
                queue = self
                    .woken
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            queue.flushing = true;
            queue.joined += 1;
            let bytes = std::mem::take(&mut queue.waiting);
            let mut at = queue.at;
            if self.room > 0 && at + bytes.len() as u64 > self.room {
                at = 0;
            }
            queue.at = at + bytes.len() as u64;
            drop(queue);
            self.file.write_all_at(&bytes, at)?;
            self.file.sync_data()?;
            queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.flushing = false;
            queue.done += 1;
            self.woken.notify_all();
        }
    }

    fn read(&self, _: &mut dyn FnMut(&mut dyn Reader) -> Result<()>) -> Result<()> {
        bail!("a log cannot be read by key")
    }

    fn reads(&self) -> bool {
        false
    }
}
