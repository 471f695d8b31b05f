//! See `sop::fuzzing::leaf`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| sop::fuzzing::leaf(data));
