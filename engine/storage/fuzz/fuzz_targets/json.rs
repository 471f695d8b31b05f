//! See `sop::fuzzing::json`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| sop::fuzzing::json(data));
