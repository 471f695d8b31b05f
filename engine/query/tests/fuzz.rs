//! The fuzz targets over seeds, changed seeds and random bytes: what a fuzzer does, for a moment.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fuzzed;
#[path = "fuzzed/runner.rs"]
mod runner;

#[test]
fn every_target_takes_any_bytes() {
    let pieces: [&[u8]; 16] = [
        b"\0", b"(", b" view.", b"SELECT ", b"\n", b"\r\n", b"\"", b",", b";", b"{", b"[", b"]",
        b"\\u00", b"1e9", b"\xFF", b"a",
    ];
    runner::run(&fuzzed::TARGETS, &pieces);
}
