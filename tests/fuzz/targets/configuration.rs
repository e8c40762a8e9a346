//! libFuzzer on `quorate_fuzz::configuration`: configuration files.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quorate_fuzz::configuration(bytes));
