//! The measured works. Each gives one figure: thousands of items or transactions a second, unless its
//! name says another unit.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::data::{Arrival, Data};
use crate::figures::{Figures, allocated_bytes, written_bytes};
use crate::peer::{Keys, Op, Open, Peer, Settings};

const ALL: usize = usize::MAX >> 1;

fn rate(n: usize, time: Duration) -> f64 {
    n as f64 / time.as_secs_f64() / 1_000.0
}

/// What the works of one engine share.
pub struct Bench<'a> {
    pub open: Open,
    pub folder: &'a Path,
    pub settings: Settings,
}

impl Bench<'_> {
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    fn fresh(&self, name: &str) -> Result<Box<dyn Peer>> {
        (self.open)(&self.folder(name)?, &self.settings)
    }

    /// The table: 100,000 items, single commits, then 1,000,000 items when `large`.
    pub fn main(&self, large: bool, out: &mut Figures) -> Result<()> {
        let items = if large { 1_000_000 } else { 100_000 };
        let data = Data::new(items, Keys::U64, Arrival::Random);
        self.hundred_thousand("", &data, true, out)?;
        self.commits(&data, out)?;
        if large {
            self.million(&data, out)?;
        }
        Ok(())
    }

    /// Other shapes of keys.
    pub fn keys(&mut self, out: &mut Figures) -> Result<()> {
        for (keys, arrival, name) in [
            (Keys::U64, Arrival::Ascending, "u64 in order: "),
            (Keys::Text, Arrival::Random, "16-byte text: "),
            (Keys::Text, Arrival::Ascending, "16-byte text in order: "),
        ] {
            self.settings.keys = keys;
            let data = Data::new(100_000, keys, arrival);
            self.hundred_thousand(name, &data, false, out)?;
        }
        Ok(())
    }

    fn hundred_thousand(
        &self,
        name: &str,
        data: &Data,
        all: bool,
        out: &mut Figures,
    ) -> Result<()> {
        let n = 100_000;
        let peer = self.fresh(&format!("{name}one"))?;
        let peer = &*peer;
        let mut put = |work: &str, figure: Result<f64>| -> Result<()> {
            out.put(format!("{name}{work}"), figure?);
            Ok(())
        };
        put("insert 100 k, one transaction", insert(peer, data, n, n))?;
        if peer.reads() {
            put("read 100 k, one snapshot", gets(peer, data, n, 300_000))?;
            if all {
                let work = "read 100 k, a transaction each";
                put(work, gets_each(peer, data, n, 100_000))?;
            }
            put("scan 100 k", scans(peer, data, n, ALL, 20))?;
            put("ranges of 100 in 100 k", scans(peer, data, n, 100, 10_000))?;
            put("delete 100 k, one transaction", delete(peer, data, n, n))?;
        }
        let peer = self.fresh(&format!("{name}batches"))?;
        let peer = &*peer;
        put("insert 100 k, 500 each", insert(peer, data, n, 500))?;
        if peer.reads() {
            put("delete 100 k, 500 each", delete(peer, data, n, 500))?;
        }
        Ok(())
    }

    fn commits(&self, data: &Data, out: &mut Figures) -> Result<()> {
        let peer = self.fresh("single")?;
        let one = commits(&*peer, data, 0, 6_000, 1)?;
        out.put("one-item commits, 1 thread", one);
        let eight = commits(&*peer, data, 10_000, 24_000, 8)?;
        out.put("one-item commits, 8 threads", eight);
        if peer.reads() {
            insert(&*peer, data, 100_000, 10_000)?;
            let mixed = mixed(&*peer, data, 40_000, 4)?;
            out.put("80 % reads, 20 % commits, 4 threads", mixed);
        }
        Ok(())
    }

    fn million(&self, data: &Data, out: &mut Figures) -> Result<()> {
        let n = data.keys.len();
        let folder = self.folder("large")?;
        let peer = (self.open)(&folder, &self.settings)?;
        out.put("insert 1 M, 10 k each", insert(&*peer, data, n, 10_000)?);
        if !peer.reads() {
            return Ok(());
        }
        out.put("read 1 M, one snapshot", gets(&*peer, data, n, 500_000)?);
        out.put("scan 1 M", scans(&*peer, data, n, ALL, 3)?);
        out.put("ranges of 100 in 1 M", scans(&*peer, data, n, 100, 10_000)?);
        peer.settle()?;
        drop(peer);
        out.put("1 M on disk, MB", allocated_bytes(&folder)? as f64 / 1e6);
        let start = Instant::now();
        let peer = (self.open)(&folder, &self.settings)?;
        out.put("open 1 M, ms", start.elapsed().as_secs_f64() * 1_000.0);
        gets(&*peer, data, n, 1)?;
        let first = start.elapsed().as_secs_f64() * 1_000.0;
        out.put("open 1 M and read one item, ms", first);
        Ok(())
    }

    /// Random updates of data larger than the cache.
    pub fn updates(&mut self, out: &mut Figures) -> Result<()> {
        const ITEMS: usize = 2_000_000;
        const UPDATES: usize = 200_000;
        self.settings.cache_bytes = 64 << 20;
        let data = Data::new(ITEMS, Keys::U64, Arrival::Random);
        let peer = self.fresh("updates")?;
        insert(&*peer, &data, ITEMS, 10_000)?;
        peer.settle()?;
        let before = written_bytes()?;
        let start = Instant::now();
        for batch in 0..UPDATES / 100 {
            let at = |i: usize| (batch * 100 + i) * 7_919 % ITEMS;
            let ops: Vec<Op<'_>> = (0..100)
                .map(|i| Op::Put(&data.keys[at(i)], data.value(at(i), 1)))
                .collect();
            peer.write(&ops)?;
        }
        let speed = rate(UPDATES, start.elapsed());
        peer.settle()?;
        let changed = (UPDATES * 108) as f64;
        let written = (written_bytes()? - before) as f64;
        out.put("updates of 2 M items in transactions of 100", speed);
        out.put("bytes written per byte changed", written / changed);
        Ok(())
    }

    /// Memory for a database larger than its cache of 256 MiB. Memory is reported by the caller.
    pub fn memory(&mut self, items: usize, out: &mut Figures) -> Result<()> {
        self.settings.cache_bytes = 256 << 20;
        let peer = self.fresh("memory")?;
        let start = Instant::now();
        let mut state = 1_u64;
        let values = Data::new(0, Keys::U64, Arrival::Random);
        for batch in 0..items / 10_000 {
            let keys: Vec<[u8; 8]> = (0..10_000)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    state.to_be_bytes()
                })
                .collect();
            let ops: Vec<Op<'_>> = keys
                .iter()
                .enumerate()
                .map(|(i, key)| Op::Put(key, values.value(i, batch)))
                .collect();
            peer.write(&ops)?;
        }
        let name = format!("insert {} M, 10 k each", items / 1_000_000);
        out.put(name, rate(items, start.elapsed()));
        let start = Instant::now();
        let reads = 100_000;
        let mut state = 1_u64;
        peer.read(&mut |reader| {
            for _ in 0..reads {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                ensure!(reader.get(&state.to_be_bytes())? > 0, "a key is missing");
            }
            Ok(())
        })?;
        out.put("reads larger than the cache", rate(reads, start.elapsed()));
        Ok(())
    }

    /// The phases of the original's own benchmark: text keys, one transaction a phase.
    pub fn original(&mut self, out: &mut Figures) -> Result<()> {
        self.settings.keys = Keys::Text;
        for items in [10_000, 100_000] {
            for slot_length in [1_000, 2_000, 5_000] {
                for durable in [true, false] {
                    self.settings.slot_length = Some(slot_length);
                    self.settings.durable = durable;
                    self.phases(items, out)?;
                }
            }
        }
        Ok(())
    }

    fn phases(&self, items: usize, out: &mut Figures) -> Result<()> {
        let durable = if self.settings.durable {
            "durable"
        } else {
            "not durable"
        };
        let slots = self.settings.slot_length.unwrap_or_default();
        let name = format!("{items} items, slot length {slots}, {durable}");
        let peer = self.fresh(&name)?;
        let texts: Vec<(String, String)> = (0..items)
            .map(|i| (format!("key_{i}"), format!("\"value_{i}\"")))
            .collect();
        let start = Instant::now();
        let puts: Vec<Op<'_>> = texts
            .iter()
            .map(|(k, v)| Op::Put(k.as_bytes(), v.as_bytes()))
            .collect();
        peer.write(&puts)?;
        out.put(format!("{name}: insert"), rate(items, start.elapsed()));
        let start = Instant::now();
        peer.read(&mut |reader| {
            for (key, _) in &texts {
                ensure!(reader.get(key.as_bytes())? > 0, "a key is missing");
            }
            Ok(())
        })?;
        out.put(format!("{name}: read"), rate(items, start.elapsed()));
        let start = Instant::now();
        let deletes: Vec<Op<'_>> = texts
            .iter()
            .map(|(k, _)| Op::Delete(k.as_bytes()))
            .collect();
        peer.write(&deletes)?;
        out.put(format!("{name}: delete"), rate(items, start.elapsed()));
        Ok(())
    }
}

fn batches(n: usize, batch: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..n).step_by(batch).map(move |i| i..(i + batch).min(n))
}

fn insert(peer: &dyn Peer, data: &Data, n: usize, batch: usize) -> Result<f64> {
    let start = Instant::now();
    for range in batches(n, batch) {
        let ops: Vec<Op<'_>> = range
            .map(|i| Op::Put(&data.keys[i], data.value(i, 0)))
            .collect();
        peer.write(&ops)?;
    }
    Ok(rate(n, start.elapsed()))
}

fn delete(peer: &dyn Peer, data: &Data, n: usize, batch: usize) -> Result<f64> {
    let start = Instant::now();
    for range in batches(n, batch) {
        let ops: Vec<Op<'_>> = range.map(|i| Op::Delete(&data.keys[i])).collect();
        peer.write(&ops)?;
    }
    Ok(rate(n, start.elapsed()))
}

/// Runs `work` on each of `threads` threads.
fn on_threads(threads: usize, work: impl Fn(usize) -> Result<()> + Sync) -> Result<Duration> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = (0..threads).map(|t| scope.spawn(move || work(t))).collect();
        workers.into_iter().try_for_each(|w| match w.join() {
            Ok(result) => result,
            Err(_) => anyhow::bail!("a thread panicked"),
        })
    })?;
    Ok(start.elapsed())
}

fn commits(peer: &dyn Peer, data: &Data, from: usize, n: usize, threads: usize) -> Result<f64> {
    let time = on_threads(threads, |t| {
        for i in (from + t..from + n).step_by(threads) {
            peer.write(&[Op::Put(&data.keys[i], data.value(i, 0))])?;
        }
        Ok(())
    })?;
    Ok(rate(n, time))
}

fn mixed(peer: &dyn Peer, data: &Data, n: usize, threads: usize) -> Result<f64> {
    let time = on_threads(threads, |t| {
        for i in (t..n).step_by(threads) {
            if i / threads % 5 == 0 {
                peer.write(&[Op::Put(&data.keys[i], data.value(i, 1))])?;
                continue;
            }
            peer.read(&mut |reader| {
                ensure!(reader.get(data.hop(i, 100_000))? > 0, "a key is missing");
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(rate(n, time))
}

fn gets(peer: &dyn Peer, data: &Data, items: usize, n: usize) -> Result<f64> {
    let start = Instant::now();
    peer.read(&mut |reader| {
        for i in 0..n {
            ensure!(reader.get(data.hop(i, items))? > 0, "a key is missing");
        }
        Ok(())
    })?;
    Ok(rate(n, start.elapsed()))
}

fn gets_each(peer: &dyn Peer, data: &Data, items: usize, n: usize) -> Result<f64> {
    let start = Instant::now();
    for i in 0..n {
        peer.read(&mut |reader| {
            ensure!(reader.get(data.hop(i, items))? > 0, "a key is missing");
            Ok(())
        })?;
    }
    Ok(rate(n, start.elapsed()))
}

fn scans(peer: &dyn Peer, data: &Data, items: usize, limit: usize, times: usize) -> Result<f64> {
    let first = data.keys[..items].iter().min().cloned().unwrap_or_default();
    let start = Instant::now();
    let mut seen = 0;
    peer.read(&mut |reader| {
        for i in 0..times {
            let from = if limit < items {
                data.hop(i, items)
            } else {
                &first
            };
            seen += reader.scan(from, limit)?.0;
        }
        Ok(())
    })?;
    Ok(rate(seen, start.elapsed()))
}
