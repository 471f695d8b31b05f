//! Tests of the log: its contract, crashes at every operation, faults, a full disk, damage, files that are
//! used again.

mod contract;
mod crash;
mod damage;
mod faults;
mod full;
mod lives;
mod reuse;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::database_id::DatabaseId;
use crate::vfs::SimVfs;

const DATABASE: DatabaseId = DatabaseId::from_bytes(*b"a test database!");
/// Small segments, so that a short workload crosses several.
const OPTIONS: LogOptions = LogOptions {
    first_segment_bytes: 8_192,
    max_segment_bytes: 8_192,
};

fn folder() -> PathBuf {
    PathBuf::from("/db/log")
}

fn create(vfs: &SimVfs) -> Result<LocalLog, LogError> {
    LocalLog::create(Arc::new(vfs.clone()), &folder(), DATABASE, OPTIONS, 1)
}

fn open(vfs: &SimVfs) -> Result<LocalLog, LogError> {
    LocalLog::open(Arc::new(vfs.clone()), &folder(), DATABASE, OPTIONS)
}

fn open_read_only(vfs: &SimVfs) -> Result<LocalLog, LogError> {
    LocalLog::open_read_only(Arc::new(vfs.clone()), &folder(), DATABASE)
}

/// A payload that tells its sequence and the life that wrote it; some span several sectors.
fn payload(sequence: u64, life: u64) -> Vec<u8> {
    let len = [5, 0, 40, 1_500, 13, 3_500, 8][(sequence % 7) as usize];
    let mut bytes = format!("{sequence}/{life}/").into_bytes();
    bytes.resize(bytes.len() + len, sequence as u8 | 1);
    bytes
}

/// All records from the first one that can be read.
fn records(log: &LocalLog) -> Result<Vec<(u64, Vec<u8>)>, LogError> {
    log.read_from(log.first_sequence())?.collect()
}

fn segment_files(vfs: &SimVfs) -> Vec<PathBuf> {
    let files = vfs.list().into_iter().map(|(path, _)| path);
    files
        .filter(|path| path.parent() == Some(Path::new("/db/log")))
        .filter(|path| path.extension().is_some_and(|ending| ending == "log"))
        .collect()
}

fn append(log: &LocalLog, next: u64, count: u64, life: u64) -> Result<Appended, LogError> {
    let payloads: Vec<Vec<u8>> = (next..next + count).map(|seq| payload(seq, life)).collect();
    let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
    log.append_if(next, &payloads, Durability::Sync)
}
