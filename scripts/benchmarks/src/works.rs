//! The measured works. Each gives thousands of items, or transactions, a second.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::peer::{Op, Open, Peer};

/// Keys in random order, and one value of 100 bytes of JSON.
pub struct Data {
    pub keys: Vec<[u8; 8]>,
    pub value: Vec<u8>,
}

impl Data {
    pub fn new(items: usize) -> Self {
        let mut state = 88_172_645_463_325_252_u64;
        let keys = (0..items).map(|_| {
            // xorshift64, Marsaglia 2003
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_be_bytes()
        });
        Self {
            keys: keys.collect(),
            value: format!("{{\"v\":\"{}\"}}", "x".repeat(92)).into_bytes(),
        }
    }
}

fn rate(n: usize, time: Duration) -> f64 {
    n as f64 / time.as_secs_f64() / 1_000.0
}

fn write_batches(
    peer: &dyn Peer,
    data: &Data,
    n: usize,
    batch: usize,
    delete: bool,
) -> Result<f64> {
    let start = Instant::now();
    for keys in data.keys[..n].chunks(batch) {
        let ops: Vec<Op<'_>> = keys
            .iter()
            .map(|key| {
                if delete {
                    Op::Delete(key)
                } else {
                    Op::Put(key, &data.value)
                }
            })
            .collect();
        peer.write(&ops)?;
    }
    Ok(rate(n, start.elapsed()))
}

fn single_commits(peer: &dyn Peer, data: &Data, n: usize, threads: usize) -> Result<f64> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|t| {
                scope.spawn(move || -> Result<()> {
                    for key in data.keys[..n].iter().skip(t).step_by(threads) {
                        peer.write(&[Op::Put(key, &data.value)])?;
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|w| match w.join() {
            Ok(result) => result,
            Err(_) => anyhow::bail!("a writer panicked"),
        })
    })?;
    Ok(rate(n, start.elapsed()))
}

fn gets(peer: &dyn Peer, data: &Data, items: usize, n: usize, each: bool) -> Result<f64> {
    let key = |i: usize| &data.keys[i * 7_919 % items];
    let start = Instant::now();
    if each {
        for i in 0..n {
            peer.read(&mut |reader| {
                ensure!(reader.get(key(i))? > 0, "a key is missing");
                Ok(())
            })?;
        }
    } else {
        peer.read(&mut |reader| {
            for i in 0..n {
                ensure!(reader.get(key(i))? > 0, "a key is missing");
            }
            Ok(())
        })?;
    }
    Ok(rate(n, start.elapsed()))
}

fn scans(peer: &dyn Peer, data: &Data, items: usize, limit: usize, times: usize) -> Result<f64> {
    let start = Instant::now();
    let mut seen = 0;
    peer.read(&mut |reader| {
        for i in 0..times {
            let from = if limit < items {
                data.keys[i * 7_919 % items]
            } else {
                [0; 8]
            };
            seen += reader.scan(&from, limit)?.0;
        }
        Ok(())
    })?;
    Ok(rate(seen, start.elapsed()))
}

/// One pass over all works; names are the same for each engine.
pub fn run(
    open: Open,
    folder: &Path,
    data: &Data,
    large: bool,
) -> Result<Vec<(&'static str, f64)>> {
    let fresh = |name: &str| -> Result<Box<dyn Peer>> {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder)?;
        open(&folder)
    };
    let n = 100_000;
    let mut out = Vec::new();
    let peer = fresh("one")?;
    out.push((
        "insert 100 k, one transaction",
        write_batches(&*peer, data, n, n, false)?,
    ));
    out.push((
        "read 100 k, one snapshot",
        gets(&*peer, data, n, 300_000, false)?,
    ));
    out.push((
        "read 100 k, a transaction each",
        gets(&*peer, data, n, 100_000, true)?,
    ));
    out.push(("scan 100 k", scans(&*peer, data, n, usize::MAX >> 1, 5)?));
    out.push((
        "ranges of 100 in 100 k",
        scans(&*peer, data, n, 100, 5_000)?,
    ));
    out.push((
        "delete 100 k, one transaction",
        write_batches(&*peer, data, n, n, true)?,
    ));
    drop(peer);
    let peer = fresh("batches")?;
    out.push((
        "insert 100 k, 500 each",
        write_batches(&*peer, data, n, 500, false)?,
    ));
    out.push((
        "delete 100 k, 500 each",
        write_batches(&*peer, data, n, 500, true)?,
    ));
    drop(peer);
    let peer = fresh("single")?;
    out.push((
        "one-item commits, 1 thread",
        single_commits(&*peer, data, 4_000, 1)?,
    ));
    out.push((
        "one-item commits, 8 threads",
        single_commits(&*peer, data, 12_000, 8)?,
    ));
    drop(peer);
    if large {
        let n = data.keys.len();
        let peer = fresh("large")?;
        out.push((
            "insert 1 M, 10 k each",
            write_batches(&*peer, data, n, 10_000, false)?,
        ));
        out.push((
            "read 1 M, one snapshot",
            gets(&*peer, data, n, 300_000, false)?,
        ));
        out.push(("scan 1 M", scans(&*peer, data, n, usize::MAX >> 1, 1)?));
    }
    Ok(out)
}
