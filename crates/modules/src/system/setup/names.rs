//! How facts are written down: one call a fact, and small files of `/proc` and `/sys` read whole.

use std::fs;
use std::path::Path;

use dpp_protocol::ResultMap;
use serde_json::Value;

/// Sets one fact.
pub(super) fn set(facts: &mut ResultMap, name: &str, value: impl Into<Value>) {
    facts.insert(name.to_owned(), value.into());
}

/// The text of a small file without blanks at its ends; nothing where it cannot be read.
pub(super) fn text(path: impl AsRef<Path>) -> Option<String> {
    fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// Names in a folder, sorted.
pub(super) fn names(folder: impl AsRef<Path>) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// `KEY="value"` lines as shells and os-release(5) have them.
pub(super) fn assignments(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.trim_matches(['"', '\'']).to_owned())).collect()
}
