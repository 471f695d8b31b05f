//! See `sop::fuzzing::inner`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| sop::fuzzing::inner(data));
