//! See `sop::fuzzing::key`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| sop::fuzzing::key(data));
