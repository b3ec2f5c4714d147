//! What two hosts never have in common, whoever worked on them: `noise.txt`, a pattern of the name and the reason.

use std::sync::LazyLock;

use regex::RegexSet;

/// Whether this says nothing of the programme that worked there.
pub(crate) fn is_noise(name: &str) -> bool {
    static KNOWN: LazyLock<RegexSet> = LazyLock::new(|| {
        let lines = include_str!("noise.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let patterns =
            lines.map(|line| line.split_once(" :: ").unwrap_or_else(|| panic!("noise.txt: no reason: {line}")).0);
        RegexSet::new(patterns.map(|pattern| format!("^(?:{pattern})$"))).unwrap()
    });
    KNOWN.is_match(name)
}
