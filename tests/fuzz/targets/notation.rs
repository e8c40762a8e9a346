//! libFuzzer on `quorate_fuzz::notation`: texts in the notation.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quorate_fuzz::notation(bytes));
