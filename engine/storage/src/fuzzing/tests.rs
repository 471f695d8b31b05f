//! The targets over seeds, changed seeds and random bytes: what a fuzzer does, for a moment.

use std::sync::Arc;

use proptest::prelude::*;

use super::seeds::seeds;
use super::{TARGETS, Target};
use crate::vfs::SimVfs;
use crate::{
    Document, KeyRange, KeySpec, KeyType, ManualClock, Mode, OpenOptions, SeededRng,
    StoreDefinition,
};

fn target(name: &str) -> Target {
    TARGETS.iter().find(|(known, _)| *known == name).unwrap().1
}

/// One change of a fuzzer: bytes at a place of the seed are replaced by others.
fn changed(seed: &[u8], (from, removed, bytes): &(prop::sample::Index, usize, Vec<u8>)) -> Vec<u8> {
    let from = from.index(seed.len() + 1);
    let to = (from + removed).min(seed.len());
    [&seed[..from], bytes, &seed[to..]].concat()
}

fn run(name: &str) {
    let (target, seeds) = (target(name), seeds(name));
    for seed in &seeds {
        target(seed);
    }
    let change = (
        any::<prop::sample::Index>(),
        0_usize..9,
        proptest::collection::vec(any::<u8>(), 0..9),
    );
    let changes = proptest::collection::vec(change, 1..4);
    let from_seed = (any::<prop::sample::Index>(), changes).prop_map(|(at, changes)| {
        let seed = seeds[at.index(seeds.len())].clone();
        changes
            .iter()
            .fold(seed, |seed, change| changed(&seed, change))
    });
    let random = proptest::collection::vec(any::<u8>(), 0..200);
    let input = prop_oneof![9 => from_seed, 1 => random];
    let config = ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&input, |input| {
            target(&input);
            Ok(())
        })
        .unwrap();
}

macro_rules! each {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            run(stringify!($name));
        }
    )*};
}

each! {
    checkpoint_file checkpoint_payload commit_record document inner json key leaf log options
}

/// Writes the first seeds: what a small database has in its files, and a few keys and documents.
///
/// `cargo test -p sop --lib fuzzing -- --ignored`, when the bytes of a format changed.
#[test]
#[ignore = "writes files into the sources"]
#[expect(clippy::disallowed_methods, reason = "seeds are files of the sources")]
fn write_first_seeds() {
    let mut seeds: Vec<(&str, Vec<u8>)> = files();
    let json: [&[u8]; 4] = [
        br#"{"a":[1,-2.5,"x",null,true],"b":{"$bytes":"AP8="},"c":18446744073709551615,"d":1e300}"#,
        br#"[[],{},"\u00e9\ud83d\ude00\n",-0,0.10,123456789012345678901234567890]"#,
        br#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"m":13,"n":14,"o":15,"p":16,"q":17}"#,
        b"null",
    ];
    for text in json {
        seeds.push(("json", text.to_vec()));
        seeds.push((
            "document",
            Document::from_json(text).unwrap().encoded().to_vec(),
        ));
    }
    for (at, kind) in KeyType::ALL.iter().enumerate() {
        let spec = KeySpec::single(*kind);
        let text = match kind {
            KeyType::Bool => "true",
            KeyType::String => "\"a\\u0000b\"",
            KeyType::Bytes => "\"AP8=\"",
            KeyType::Uuid => "\"67e55044-10b1-426f-9247-bb680e5fe0c8\"",
            KeyType::Date => "\"2021-03-31\"",
            KeyType::Time => "\"23:59:59.5\"",
            KeyType::DateTime => "\"2021-03-31T23:59:59\"",
            KeyType::Timestamp => "\"2021-03-31T23:59:59+02:00\"",
            _ => "100",
        };
        let key = spec
            .key_from_json(&serde_json::from_str(text).unwrap())
            .unwrap();
        let encoded = spec.encode(&key).unwrap();
        let ride_on = encoded.ride_on.len() as u8;
        let head = [vec![0, at as u8, ride_on], encoded.ride_on].concat();
        seeds.push(("key", [head.clone(), encoded.order].concat()));
        seeds.push(("key", [head, text.as_bytes().to_vec()].concat()));
    }
    // Two ordered fields, string and descending u64, and one that rides on.
    let composite = [
        &[66_u8, 12, 0x88, 4, 3, 1, 0x80][..],
        b"\x01ab\0\0\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00",
    ];
    seeds.push(("key", composite.concat()));
    let record = |sequence: u8, text: &[u8]| {
        [&[3, text.len() as u8, 1, sequence, sequence - 1][..], text].concat()
    };
    let log = [
        &[0, 1, 1, 3][..],
        &record(1, b"one"),
        &record(2, b"two"),
        &[7, 0, 1, 3, 2],
    ]
    .concat();
    seeds.push(("log", log));
    let two = [
        &[1, 1, 1, 2][..],
        &record(1, b"one"),
        &[7, 0, 1, 2, 1],
        &[2, 1, 1],
        &record(2, b"two"),
    ]
    .concat();
    seeds.push(("log", two));
    let mut numbers = std::collections::BTreeMap::new();
    for (target, seed) in &seeds {
        let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
        std::fs::create_dir_all(&folder).unwrap();
        let number = numbers.entry(*target).or_insert(0);
        *number += 1;
        std::fs::write(format!("{folder}/first-{number:02}"), seed).unwrap();
    }
}

/// The parts of the files of a small database.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let disk = SimVfs::new();
    let options = OpenOptions::new()
        .vfs(Arc::new(disk.clone()))
        .clock(Arc::new(ManualClock::new(0)))
        .rng(Arc::new(SeededRng::new(1)))
        .background(false);
    let db = options.open("/db").unwrap();
    db.transact(|tx| {
        let spec = StoreDefinition::typed::<(String, i64)>("s");
        tx.create_store(StoreDefinition {
            slot_length: 4,
            ..spec
        })?;
        let store = tx.store::<(String, i64), String>("s")?;
        (0..40).try_for_each(|i| store.insert(&("user", i), &"x".repeat(i as usize)))?;
        store.insert(&("large", 0), &"large".repeat(2_000))
    })
    .unwrap();
    db.transact(|tx| {
        let store = tx.store::<(String, i64), String>("s")?;
        store.remove(&("user", 7))?;
        store.update(&("user", 8), &String::new()).map(|_| ())
    })
    .unwrap();
    for id in ["decided", "waiting"] {
        let tx = db.begin(Mode::Write).unwrap();
        let store = tx.documents("s").unwrap();
        store.count(&KeyRange::all()).unwrap();
        tx.create_store(StoreDefinition::typed::<u64>(id)).unwrap();
        tx.prepare(id).unwrap();
        let _ = db.commit_prepared("decided");
    }
    db.checkpoint().unwrap();
    let mut seeds = Vec::new();
    let number = |bytes: &[u8], at: usize| {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    };
    for (path, _) in disk.list() {
        let content = disk.copy_out(&path).unwrap();
        let end = path.extension().unwrap_or_default();
        if end == "json" {
            seeds.push(("options", content));
        } else if end == "cat" {
            seeds.push(("checkpoint_payload", content[64..].to_vec()));
            seeds.push(("checkpoint_file", content));
        } else {
            for at in (0..content.len().saturating_sub(48)).step_by(8) {
                let part = &content[at..];
                if part.starts_with(b"SOPr") && part[10] == 1 {
                    seeds.push(("commit_record", part[48..48 + number(part, 40)].to_vec()));
                } else if part.starts_with(b"SOPb") && part[10] == 1 {
                    let node = part[48..48 + number(part, 12)].to_vec();
                    seeds.push((if node[2] == 0 { "leaf" } else { "inner" }, node));
                }
            }
        }
    }
    // Not each of the many leaves.
    let mut kept = std::collections::BTreeMap::new();
    seeds.retain(|(target, _)| {
        let count = kept.entry(*target).or_insert(0);
        *count += 1;
        *count <= 5
    });
    seeds
}
