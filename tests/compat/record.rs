//! What became of a playbook, in a form that two programmes can agree on; kept in `recorded/NAME.json`.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Of one run.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) exit: i32,
    pub(crate) tasks: Vec<TaskRecord>,
    /// Files of the host afterwards, a line each.
    pub(crate) state: Vec<String>,
}

/// Of one task on one host.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TaskRecord {
    /// `file:line`
    pub(crate) at: String,
    pub(crate) host: String,
    pub(crate) action: String,
    pub(crate) status: String,
    pub(crate) ignored: bool,
    pub(crate) result: Json,
}

impl Record {
    /// What was recorded for a playbook.
    pub(crate) fn read(name: &str) -> Self {
        let path = path(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("{}: {error}; `make compat RECORD={name}` asks ansible-core", path.display())
        });
        serde_json::from_str(&text).unwrap()
    }

    /// Keeps it: one task a line, so that a change of Ansible's answer is a line of a diff.
    pub(crate) fn keep(&self, name: &str) {
        let lines = |items: Vec<String>| items.join(",\n  ");
        let tasks = lines(self.tasks.iter().map(|task| serde_json::to_string(task).unwrap()).collect());
        let state = lines(self.state.iter().map(|line| serde_json::to_string(line).unwrap()).collect());
        let exit = self.exit;
        let text = format!("{{\"exit\": {exit},\n\"tasks\": [\n  {tasks}],\n\"state\": [\n  {state}]}}\n");
        fs::write(path(name), text).unwrap();
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/compat/recorded/{name}.json"))
}
