//! See `sop::fuzzing::options`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| sop::fuzzing::options(data));
