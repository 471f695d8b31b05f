//! The fuzz targets over seeds, changed seeds and random bytes: what a fuzzer does, for a moment.

#[path = "../fuzzed/mod.rs"]
mod fuzzed;
#[path = "../../../engine/query/tests/fuzzed/runner.rs"]
mod runner;

#[test]
fn every_target_takes_any_bytes() {
    let pieces: [&[u8]; 18] = [
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
    runner::run(&fuzzed::TARGETS, &pieces);
}
