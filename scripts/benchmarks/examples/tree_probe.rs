//! How fast the tree is: random 8-byte keys and 100-byte values, in memory, beside a `BTreeMap`.
//!
//! In `scripts/benchmarks`: `cargo run --release --example tree_probe [items a page] [KiB a page] [fan-out]`
#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use sop::tree::{
    Change, Location, NodeCache, NodeSink, NodeSource, Result, Tree, TreeConfig, TreeContext,
    TreeError,
};

/// Keeps stored nodes in memory.
#[derive(Default)]
struct Memory(std::sync::Mutex<Vec<Arc<[u8]>>>);

impl NodeSource for Memory {
    fn read_node(&self, location: &Location) -> Result<Arc<[u8]>> {
        let blobs = self
            .0
            .lock()
            .map_err(|error| TreeError::Source(error.to_string()))?;
        let blob = blobs.get(location.offset as usize).cloned();
        blob.ok_or_else(|| TreeError::Source("nothing there".into()))
    }

    fn read_value(&self, location: &Location) -> Result<Arc<[u8]>> {
        self.read_node(location)
    }
}

struct Sink(Arc<Memory>, u64);

impl NodeSink for Sink {
    fn write_node(&mut self, _level: u8, bytes: &[u8]) -> Result<Location> {
        let mut blobs = self
            .0
            .0
            .lock()
            .map_err(|error| TreeError::Source(error.to_string()))?;
        self.1 += bytes.len() as u64;
        blobs.push(Arc::from(bytes));
        Ok(Location {
            segment: 0,
            offset: blobs.len() as u32 - 1,
            len: bytes.len() as u32,
            checksum: 0,
        })
    }

    fn write_value(&mut self, bytes: &[u8]) -> Result<Location> {
        self.write_node(0, bytes)
    }
}

/// Runs `work` over `items` and prints thousands of items a second.
fn time(what: &str, items: u64, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    let rate = items as f64 / start.elapsed().as_secs_f64() / 1_000.0;
    println!("{what:<44} {items:>9} {rate:>10.0} k/s");
}

fn keys(count: u64, seed: u64) -> Vec<[u8; 8]> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_be_bytes()
    };
    (0..count).map(next).collect()
}

fn shuffled(keys: &[[u8; 8]]) -> Vec<[u8; 8]> {
    let mut out = keys.to_vec();
    let order = self::keys(keys.len() as u64, 99);
    let mut pairs: Vec<_> = order.into_iter().zip(out.drain(..)).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, key)| key).collect()
}

fn tree_probe(config: TreeConfig, count: u64) {
    let keys = keys(count, 1);
    let reads = shuffled(&keys);
    let value = [7_u8; 100];
    let memory = Arc::new(Memory::default());
    let source = Arc::clone(&memory) as Arc<dyn NodeSource>;
    let context = TreeContext::new(source, NodeCache::new(4 << 30));

    let mut tree = Tree::new(config, Arc::clone(&context));
    time("insert, nothing shared", count, || {
        for (n, key) in keys.iter().enumerate() {
            tree.upsert(key, n as u64, &value).unwrap();
        }
    });
    read_probe(&tree, &reads);
    time("replace, same size, nothing shared", count, || {
        for key in &reads {
            tree.upsert(key, 9, &value).unwrap();
        }
    });
    let mut sink = Sink(Arc::clone(&memory), 0);
    time("checkpoint to memory", count, || {
        tree.checkpoint(&mut sink).unwrap();
    });
    println!(
        "    stored {:.1} bytes an item, height {}",
        sink.1 as f64 / count as f64,
        tree.height()
    );
    let root = tree.root_ref().unwrap();
    let cold = Tree::open(config, Arc::clone(&context), &root);
    time("scan, every page loaded", count, || {
        let mut cursor = cold.cursor();
        while cursor.next().unwrap() {}
    });
    drop(cold);
    time("remove, stored leaves", count, || {
        for key in &reads {
            tree.remove(key).unwrap();
        }
    });
    assert!(tree.is_empty());
}

fn sharing_probe(config: TreeConfig, keys: &[[u8; 8]]) {
    let count = keys.len() as u64;
    let value = [7_u8; 100];
    let source = Arc::new(Memory::default()) as Arc<dyn NodeSource>;
    let context = TreeContext::new(source, NodeCache::new(4 << 30));
    let fresh = || Tree::new(config, Arc::clone(&context));
    let mut tree = fresh();
    time("insert, a snapshot per 500", count, || {
        let mut snapshot = tree.clone();
        for (n, key) in keys.iter().enumerate() {
            if n % 500 == 0 {
                snapshot = tree.clone();
            }
            tree.upsert(key, n as u64, &value).unwrap();
        }
        drop(snapshot);
    });
    let mut tree = fresh();
    time("apply_sorted, 500 a batch, a snapshot each", count, || {
        for batch in keys.chunks(500) {
            let snapshot = tree.clone();
            let mut batch = batch.to_vec();
            batch.sort_unstable();
            let rows = batch.iter().map(|key| {
                (
                    key,
                    Change::Put {
                        version: 1,
                        value: &value,
                    },
                )
            });
            tree.apply_sorted(rows).unwrap();
            drop(snapshot);
        }
    });
    let mut tree = fresh();
    let few = count / 10;
    time("insert, a snapshot per insert", few, || {
        let mut snapshot = tree.clone();
        for key in &keys[..few as usize] {
            tree.upsert(key, 1, &value).unwrap();
            snapshot = tree.clone();
        }
        drop(snapshot);
    });
    let mut sorted = keys.to_vec();
    sorted.sort_unstable();
    let mut tree = fresh();
    time("apply_sorted, all at once", count, || {
        let rows = sorted.iter().map(|key| {
            (
                key,
                Change::Put {
                    version: 1,
                    value: &value,
                },
            )
        });
        tree.apply_sorted(rows).unwrap();
    });
    let mut tree = fresh();
    time("upsert in order", count, || {
        for key in &sorted {
            tree.upsert(key, 1, &value).unwrap();
        }
    });
}

fn read_probe(tree: &Tree, reads: &[[u8; 8]]) {
    let count = reads.len() as u64;
    time("get, value touched", count, || {
        let mut sum = 0;
        for key in reads {
            let entry = tree.get(key).unwrap().unwrap();
            sum += u64::from(entry.value.bytes().unwrap()[50]);
        }
        black_box(sum);
    });
    time("version_of", count, || {
        let found = reads
            .iter()
            .filter(|key| tree.version_of(&key[..]).unwrap().is_some());
        assert_eq!(found.count() as u64, count);
    });
    for _ in 0..2 {
        time("scan, keys and values touched", count, || {
            let mut cursor = tree.cursor();
            let mut sum = 0;
            while cursor.next().unwrap() {
                sum += u64::from(cursor.key().unwrap()[7]);
                sum += cursor.value().unwrap().unwrap().len() as u64;
            }
            black_box(sum);
        });
    }
    time("rank", count / 4, || {
        let sum: u64 = reads
            .iter()
            .step_by(4)
            .map(|key| tree.rank(key).unwrap())
            .sum();
        black_box(sum);
    });
    time("ranges of 100", count / 4, || {
        let mut cursor = tree.cursor();
        for key in reads.iter().take(count as usize / 400) {
            let mut more = cursor.seek(key).unwrap();
            for _ in 0..100 {
                if !more {
                    break;
                }
                black_box(cursor.value().unwrap());
                more = cursor.next().unwrap();
            }
        }
    });
}

fn map_probe(count: u64) {
    let keys = keys(count, 1);
    let reads = shuffled(&keys);
    let value = [7_u8; 100];
    let mut map = BTreeMap::new();
    time("BTreeMap<[u8; 8], Vec<u8>>: insert", count, || {
        for key in &keys {
            map.insert(*key, value.to_vec());
        }
    });
    time("BTreeMap: get, value touched", count, || {
        let sum: u64 = reads.iter().map(|key| u64::from(map[key][50])).sum();
        black_box(sum);
    });
    time("BTreeMap: scan", count, || {
        let sum: u64 = map
            .iter()
            .map(|(k, v)| u64::from(k[7]) + v.len() as u64)
            .sum();
        black_box(sum);
    });
    time("BTreeMap: remove", count, || {
        for key in &reads {
            map.remove(key);
        }
    });
}

fn main() {
    let mut numbers = std::env::args()
        .skip(1)
        .map(|text| text.parse::<u32>().ok());
    let mut config = TreeConfig::default();
    if let Some(Some(items)) = numbers.next() {
        config.page_items = items;
    }
    if let Some(Some(kib)) = numbers.next() {
        config.page_bytes = kib * 1024;
    }
    if let Some(Some(fan_out)) = numbers.next() {
        config.fan_out = fan_out;
    }
    println!("{config:?}");
    for count in [100_000, 1_000_000] {
        tree_probe(config, count);
        sharing_probe(config, &keys(count, 1));
        map_probe(count);
    }
}
