//! See `sop::fuzzing::document`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| sop::fuzzing::document(data));
