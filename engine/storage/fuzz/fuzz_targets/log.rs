//! See `sop::fuzzing::log`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| sop::fuzzing::log(data));
