//! The log over segments of any bytes; see [`crate::fuzzing`].

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a target reports by panicking"
)]

use std::path::Path;
use std::sync::Arc;

use super::record::{Place, RecordHeader, RecordKind};
use super::segment::{SegmentHeader, segment_path};
use super::{CommitLog, Durability, LocalLog, LogError, LogOptions};
use crate::database_id::DatabaseId;
use crate::fuzzing::Input;
use crate::vfs::SimVfs;

const DATABASE: DatabaseId = DatabaseId::from_bytes(*b"a test database!");
const FOLDER: &str = "/db/log";
const OPTIONS: LogOptions = LogOptions {
    first_segment_bytes: 8_192,
    max_segment_bytes: 8_192,
};

/// A segment whose records have right checksums, with raw bytes between and bits flipped where the
/// input says so.
fn segment(input: &mut Input<'_>, first: u64) -> Vec<u8> {
    let header = SegmentHeader {
        database: DATABASE,
        first,
        epoch: input.number(),
    };
    let identity = header.identity();
    let mut bytes = header.encode();
    for _ in 0..input.u8() % 16 {
        match input.u8() % 8 {
            0 => {
                let length = usize::from(input.u8());
                bytes.extend_from_slice(input.bytes(length));
            }
            1 => bytes.resize(bytes.len() + usize::from(input.u8()) * 8, 0),
            2 => {
                let at = input.number() as usize % bytes.len();
                bytes[at] ^= input.u8();
            }
            kind => {
                let kinds = [
                    RecordKind::Commit,
                    RecordKind::Commit,
                    RecordKind::Opened,
                    RecordKind::Closed,
                    RecordKind::Sealed,
                ];
                let length = usize::from(input.u8() % 32);
                let (epoch, sequence, flushed) = (input.number(), input.number(), input.number());
                let payload = input.bytes(length);
                let header = RecordHeader {
                    kind: kinds[usize::from(kind) - 3],
                    epoch,
                    sequence,
                    flushed,
                    length: payload.len() as u32,
                };
                let place = Place {
                    segment: identity,
                    offset: bytes.len() as u64,
                };
                header.encode(place, payload, &mut bytes);
            }
        }
    }
    bytes
}

fn records(log: &LocalLog) -> Result<Vec<(u64, Vec<u8>)>, LogError> {
    log.read_from(log.first_sequence())?.collect()
}

/// A log of one or two segments. What can be read without writing is what is there after opening for
/// writing, and after the process ended; a record that is appended is found behind it.
pub fn log(data: &[u8]) {
    let mut input = Input::new(data);
    let vfs = SimVfs::new();
    let folder = Path::new(FOLDER);
    for _ in 0..=input.u8() % 2 {
        let first = input.number();
        let content = segment(&mut input, first);
        vfs.put(&segment_path(folder, first), &content);
    }
    let shared = Arc::new(vfs.clone());
    let Ok(log) = LocalLog::open_read_only(shared.clone(), folder, DATABASE) else {
        return;
    };
    let found = records(&log);
    let open = |vfs: &SimVfs| LocalLog::open(Arc::new(vfs.clone()), folder, DATABASE, OPTIONS);
    let Ok(log) = open(&vfs) else {
        return;
    };
    let mut expected = found.unwrap();
    assert_eq!(records(&log).unwrap(), expected);
    let next = log.last_sequence() + 1;
    if log
        .append_if(next, &[b"one more"], Durability::Sync)
        .is_ok()
    {
        expected.push((next, b"one more".to_vec()));
    }
    drop(log);
    let reopened = open(&vfs.after_process_end()).unwrap();
    assert_eq!(records(&reopened).unwrap(), expected);
}
