//! libFuzzer on `quorate_fuzz::core`: inputs of the protocol.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quorate_fuzz::core(bytes));
