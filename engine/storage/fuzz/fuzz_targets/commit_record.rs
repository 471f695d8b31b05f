//! See `sop::fuzzing::commit_record`.
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| sop::fuzzing::commit_record(data));
