//! libFuzzer on `quorate_fuzz::peers`: what another server sends.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quorate_fuzz::peers(bytes));
