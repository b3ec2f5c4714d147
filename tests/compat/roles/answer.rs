//! What a programme made of a role: two runs, and what they left.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::left::Left;
use super::role::Role;
use crate::record::TaskRecord;

/// Of one programme.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) runs: Vec<Run>,
    /// The host before, with what the programme itself needs there.
    pub(crate) before: Left,
    pub(crate) after: Left,
}

/// One run.
#[derive(Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) seconds: f64,
    pub(crate) tasks: Vec<TaskRecord>,
    /// The last lines of its screen.
    pub(crate) said: String,
}

impl Run {
    pub(crate) fn changed(&self) -> usize {
        self.tasks.iter().filter(|task| task.status == "changed").count()
    }
}

impl Answer {
    /// What Ansible said of this very role before: it is slow, and its answer does not change with dppctl.
    pub(crate) fn kept(role: &Role) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(path(role)).ok()?).ok()
    }

    /// Keeps it below the target folder, where `cargo clean` finds it.
    pub(crate) fn keep(self, role: &Role) -> Self {
        fs::create_dir_all(path(role).parent().unwrap()).unwrap();
        fs::write(path(role), serde_json::to_string(&self).unwrap()).unwrap();
        self
    }
}

fn path(role: &Role) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("compat-roles/{}-{:016x}.json", role.name, role.hash()))
}
