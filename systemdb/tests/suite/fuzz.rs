//! The fuzz targets over seeds, changed seeds and random bytes: what a fuzzer does, for a moment.

#[path = "../fuzzed/mod.rs"]
mod fuzzed;

use proptest::prelude::*;

/// Files in `fuzz/seeds/<target>`.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(&folder).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no seeds");
    let read = paths.iter().map(|path| std::fs::read(path).unwrap());
    read.collect()
}

#[test]
fn every_target_takes_any_bytes() {
    for (name, target) in fuzzed::TARGETS {
        let seeds = seeds(name);
        for seed in &seeds {
            target(seed);
        }
        let pieces: Vec<&[u8]> = vec![
            b"\0",
            b"/",
            b" ",
            b"{{",
            b"}}",
            b"\"",
            b"'",
            b"\\",
            b"=",
            b"{",
            b"[",
            b"]",
            b",",
            b"null",
            b"-1e9",
            "ä".as_bytes(),
            b"\\u0000",
            b"size(x)",
        ];
        let change = (
            any::<prop::sample::Index>(),
            0_usize..6,
            proptest::sample::select(pieces),
        );
        let changes = proptest::collection::vec(change, 0..6);
        let input = (any::<prop::sample::Index>(), changes).prop_map(|(at, changes)| {
            let mut input = seeds[at.index(seeds.len())].clone();
            for (from, removed, bytes) in changes {
                let from = from.index(input.len() + 1);
                let to = (from + removed).min(input.len());
                input.splice(from..to, bytes.iter().copied());
            }
            input
        });
        let config = ProptestConfig {
            cases: 1_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let mut runner = proptest::test_runner::TestRunner::new(config);
        let done = runner.run(&input, |input| {
            target(&input);
            Ok(())
        });
        done.unwrap();
    }
}
