//! See `sop::fuzzing::checkpoint_payload`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| sop::fuzzing::checkpoint_payload(data));
