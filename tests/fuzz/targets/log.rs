//! libFuzzer on `quorate_fuzz::log`: the files of a log.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| quorate_fuzz::log(bytes));
