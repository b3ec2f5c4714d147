//! Replays what fuzzing the relay found worth keeping, as tests/fuzz.rs does for dppctl: each input ends in a result or a told
//! mistake, within its time; `make fuzz` looks for more.

#![expect(clippy::expect_used, reason = "a test may fail")]

#[path = "../../../fuzz/targets/relay/mod.rs"]
mod relay;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Far above what any takes; a hang is much more than that.
const LONGEST: Duration = Duration::from_secs(20);

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut inputs: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the corpus is there").map(|entry| entry.expect("readable").path()).collect();
    inputs.sort();
    assert!(inputs.len() >= 10, "the corpus of {target} is gone");
    for input in inputs {
        let bytes = std::fs::read(&input).expect("readable");
        let begun = Instant::now();
        let thread = std::thread::Builder::new().stack_size(dpp_relay::cli::STACK).spawn(move || run(&bytes));
        let ended = thread.expect("a thread can be had").join();
        assert!(ended.is_ok(), "{} panics", input.display());
        assert!(begun.elapsed() < LONGEST, "{} took {:?}", input.display(), begun.elapsed());
    }
}

#[test]
fn the_units_threads_have_the_stack_that_is_replayed_with() {
    let unit = include_str!("../debian/dpp-relay.service");
    assert!(unit.contains(&format!("\nEnvironment=RUST_MIN_STACK={}\n", dpp_relay::cli::STACK)));
}

#[test]
fn configurations() {
    replay("relay_config", relay::config::run);
}

#[test]
fn mappings() {
    replay("relay_mapping", relay::mapping::run);
}

#[test]
fn headers() {
    replay("relay_headers", relay::headers::run);
}

#[test]
fn pipelines() {
    replay("relay_logstash", relay::logstash::run);
}
