//! Takes out of a result what differs between two runs of the same programme: times, processes, temporary folders.

use serde_json::{Map, Value as Json};

/// Say nothing of what was done.
const DROPPED: &[&str] =
    &["invocation", "diff", "warnings", "deprecations", "ansible_stats", "exception", "module_stderr", "module_stdout"];

/// Differ from run to run; that they are there, and of which type, is compared.
const VOLATILE: &[&str] = &[
    "start",
    "end",
    "delta",
    "atime",
    "mtime",
    "ctime",
    "birthtime",
    "inode",
    "dev",
    "elapsed",
    "ansible_job_id",
    "results_file",
    "block_size",
    "blocks",
    "version",
    "pid",
    "date",
    "cache_update_time",
    "size_on_disk",
];

/// The part of a result that both programmes owe; `project` is the folder they ran in.
pub(crate) fn normal(value: &Json, project: &str) -> Json {
    match value {
        Json::Object(entries) => {
            Json::Object(entries.iter().filter_map(|entry| kept(entry, project)).collect::<Map<_, _>>())
        }
        Json::Array(items) => items.iter().map(|item| normal(item, project)).collect(),
        Json::String(text) => text.replace(project, "PROJECT").into(),
        other => other.clone(),
    }
}

fn kept((key, value): (&String, &Json), project: &str) -> Option<(String, Json)> {
    if key.starts_with("_ansible") || DROPPED.contains(&key.as_str()) {
        return None;
    }
    // The status says the first two; `register` adds what is not the case, which a callback does not see.
    if ["failed", "skipped"].contains(&key.as_str()) || key == "changed" && *value == Json::Bool(false) {
        return None;
    }
    let value = if VOLATILE.contains(&key.as_str()) { kind(value).into() } else { normal(value, project) };
    Some((key.clone(), value))
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "<none>",
        Json::Bool(_) => "<bool>",
        Json::Number(_) => "<number>",
        Json::String(_) => "<text>",
        Json::Array(_) => "<list>",
        Json::Object(_) => "<dict>",
    }
}
