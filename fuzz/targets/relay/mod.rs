//! What is fuzzed of the relay: its configuration, what it makes of messages and headers, and Logstash's language.
//!
//! As in the folder above, a target is used twice; here the test that replays is crates/relay/tests/fuzz.rs.

pub(crate) mod config;
pub(crate) mod headers;
pub(crate) mod logstash;
pub(crate) mod mapping;

use std::path::{Path, PathBuf};

/// A file of this process, in memory where the system has such a folder.
fn file(name: &str) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    folder.join(format!("dpp-relay-fuzz-{}-{name}", std::process::id()))
}
