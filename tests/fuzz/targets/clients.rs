//! libFuzzer on `quorate_fuzz::clients`: what a client sends, and what a server answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quorate_fuzz::clients(bytes));
