//! Replays what fuzzing found worth keeping: `fuzz/corpus` holds the inputs that reach the most code, and every one that
//! failed once. Each ends in a result or a told mistake, within its time; `make fuzz` looks for more.

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Far above what any takes; a hang is much more than that.
const LONGEST: Duration = Duration::from_secs(20);

fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("the corpus is there").map(|entry| entry.expect("readable").path()).collect();
    inputs.sort();
    assert!(inputs.len() >= 10, "the corpus of {target} is gone");
    for input in inputs {
        let bytes = std::fs::read(&input).expect("readable");
        let begun = Instant::now();
        let ended = std::panic::catch_unwind(|| run(&bytes));
        assert!(ended.is_ok(), "{} panics", input.display());
        assert!(begun.elapsed() < LONGEST, "{} took {:?}", input.display(), begun.elapsed());
    }
}

#[test]
fn playbooks() {
    replay("playbook", targets::playbook::run);
}

#[test]
fn inventories() {
    replay("inventory", targets::inventory::run);
}

#[test]
fn templates() {
    replay("template", targets::template::run);
}

#[test]
fn vaults() {
    replay("vault", targets::vault::run);
}

#[test]
fn frames() {
    replay("frames", targets::frames::run);
}
