//! Runs fuzz targets over their seeds, changed seeds and random bytes: what a fuzzer does, for a moment. Crates with
//! such targets include this file.

#[path = "../../../storage/src/fuzzing/seeds.rs"]
mod seeds;

use proptest::prelude::*;
use seeds::seeds;

/// Gives each target its seeds, and these with some bytes replaced by `pieces`.
pub fn run(targets: &[(&str, fn(&[u8]))], pieces: &[&'static [u8]]) {
    for (name, target) in targets {
        let seeds = seeds(name);
        for seed in &seeds {
            target(seed);
        }
        let change = (
            any::<prop::sample::Index>(),
            0_usize..6,
            proptest::sample::select(pieces.to_vec()),
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
