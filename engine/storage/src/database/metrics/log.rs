//! A log that counts what another one does.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::Meters;
use crate::clock::Clock;
use crate::log::{Appended, CommitLog, Durability, LogError, LogRecords};

/// Passes everything on; what failed is not counted.
#[derive(Debug)]
pub(crate) struct MeteredLog<L> {
    log: L,
    clock: Arc<dyn Clock>,
    meters: Arc<Meters>,
}

impl<L> MeteredLog<L> {
    pub fn new(log: L, clock: Arc<dyn Clock>, meters: Arc<Meters>) -> Self {
        Self { log, clock, meters }
    }
}

impl<L: CommitLog> CommitLog for MeteredLog<L> {
    fn append_if(
        &self,
        next_seq: u64,
        records: &[&[u8]],
        durability: Durability,
    ) -> Result<Appended, LogError> {
        let started = self.clock.monotonic_ns();
        let appended = self.log.append_if(next_seq, records, durability)?;
        if !records.is_empty() {
            let bytes: usize = records.iter().map(|record| record.len()).sum();
            self.meters.records.fetch_add(records.len() as u64, Relaxed);
            self.meters.record_bytes.fetch_add(bytes as u64, Relaxed);
            self.meters.group_sizes.add(records.len() as u64);
            self.meters.commit_times.add(next_seq, started / 1_000_000);
        }
        if durability == Durability::Sync {
            let taken = self.clock.monotonic_ns() - started;
            self.meters.flush_ns.add(taken);
        }
        Ok(appended)
    }

    fn sync(&self) -> Result<u64, LogError> {
        if self.log.durable_sequence() >= self.log.last_sequence() {
            return self.log.sync();
        }
        let started = self.clock.monotonic_ns();
        let durable = self.log.sync()?;
        self.meters
            .flush_ns
            .add(self.clock.monotonic_ns() - started);
        Ok(durable)
    }

    fn begin_anew(&self) -> Result<(), LogError> {
        self.log.begin_anew()
    }

    fn read_from(&self, seq: u64) -> Result<LogRecords, LogError> {
        self.log.read_from(seq)
    }

    fn make_room_ahead(&self) -> Result<(), LogError> {
        self.log.make_room_ahead()
    }

    fn truncate_before(&self, seq: u64) -> Result<(), LogError> {
        self.log.truncate_before(seq)
    }

    fn first_sequence(&self) -> u64 {
        self.log.first_sequence()
    }

    fn last_sequence(&self) -> u64 {
        self.log.last_sequence()
    }

    fn durable_sequence(&self) -> u64 {
        self.log.durable_sequence()
    }

    fn refusal(&self) -> Option<LogError> {
        self.log.refusal()
    }

    fn bytes_on_disk(&self) -> u64 {
        self.log.bytes_on_disk()
    }

    fn close(&self) -> Result<(), LogError> {
        self.log.close()
    }
}
