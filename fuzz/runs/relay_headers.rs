//! libFuzzer on the target of this name.
#![no_main]
#![expect(dead_code, reason = "its neighbours are for the other runs")]

#[path = "../targets/relay/mod.rs"]
mod relay;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relay::headers::run(bytes));
