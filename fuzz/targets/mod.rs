//! What is fuzzed: each target takes bytes from outside and ends in a result or a told mistake, never in a panic or a hang.
//!
//! A target is used twice: by libFuzzer (`make fuzz`), and by the test that replays what was found (`tests/fuzz.rs`).

pub(crate) mod frames;
pub(crate) mod inventory;
pub(crate) mod playbook;
pub(crate) mod template;
pub(crate) mod vault;
