//! Takes out of a result what differs between two runs of the same programme: times, processes, temporary folders.

use std::sync::LazyLock;

use regex::Regex;
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
        // Where the repository lies is this machine's own: the lab's key is named in a command.
        Json::String(text) => {
            without_chance(&text.replace(project, "PROJECT").replace(env!("CARGO_MANIFEST_DIR"), "REPOSITORY")).into()
        }
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
    // Where Ansible had a file for a moment; it is gone before anybody can read it, and dppctl has none.
    if key == "src"
        && value.as_str().is_some_and(|text| text.contains("/.ansible/tmp/") || text.contains("/ansible-tmp-"))
    {
        return None;
    }
    // In what order a folder is read, only its disk knows.
    if let ("files", Json::Array(files)) = (key.as_str(), value) {
        let mut files: Vec<Json> = files.iter().map(|file| normal(file, project)).collect();
        files.sort_by_key(|file| file["path"].as_str().unwrap_or_default().to_owned());
        return Some((key.clone(), files.into()));
    }
    if let ("archived" | "expanded_paths", Json::Array(paths)) = (key.as_str(), value) {
        let mut paths = paths.clone();
        paths.sort_by_key(Json::to_string);
        return Some((key.clone(), paths.into()));
    }
    let value = if VOLATILE.contains(&key.as_str()) { kind(value).into() } else { normal(value, project) };
    Some((key.clone(), value))
}

/// Takes out of a text what a process was given by chance: the name of a temporary file, pid and date of a backup.
fn without_chance(text: &str) -> String {
    static BACKUP: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~").unwrap());
    static TEMPORARY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"/(ansible\.|compat_)\w{6,8}\b").unwrap());
    static CRONTAB: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"/crontab\w{6,8}\b").unwrap());
    let text = &CRONTAB.replace_all(text, "/crontabRANDOM");
    TEMPORARY.replace_all(&BACKUP.replace_all(text, ".PID.DATE~"), "/${1}RANDOM").into_owned()
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
