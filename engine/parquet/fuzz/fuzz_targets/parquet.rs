//! See `tests/fuzzed`.
#![no_main]
#![allow(dead_code)]

#[path = "../../tests/fuzzed/mod.rs"]
mod fuzzed;

// What the format's library asserts of a damaged file is caught by the reader and is an error of the file: only a panic that
// leaves the target is one that counts, and that ends the process whatever this hook does.
libfuzzer_sys::fuzz_target!(init: std::panic::set_hook(Box::new(|_| {})), |data: &[u8]| fuzzed::parquet(data));
