//! Names that come to be while a play runs: what tasks register and set, what loops call their items.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::lint::Lint;
use crate::plan::TaskStep;
use crate::playbook::{Item, Task, read_tasks};
use crate::value::Value;

/// Names that Ansible gives by itself.
const GIVEN: &[&str] = &[
    "inventory_hostname",
    "inventory_hostname_short",
    "inventory_dir",
    "inventory_file",
    "playbook_dir",
    "role_path",
    "role_name",
    "group_names",
    "groups",
    "hostvars",
    "vars",
    "play_hosts",
    "omit",
    "environment",
    "item",
    "template_path",
    "template_host",
    "template_uid",
    "template_mtime",
    "template_run_date",
    "template_fullpath",
    "template_destpath",
];

/// The names, or that nobody can tell them.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: HashSet<String>,
    /// Whether variables come from files that are only chosen in the run.
    pub(super) open: bool,
}

impl Names {
    /// The names that these tasks, and all tasks of their roles, make.
    pub(super) fn of(tasks: &[Arc<TaskStep>], lint: &Lint) -> Self {
        let mut names = Self::default();
        let mut roles = HashSet::new();
        for step in tasks {
            names.task(&step.task);
            let role = step.role.as_ref().map(|role| role.role.folder.clone());
            for folder in role.into_iter().filter(|folder| roles.insert(folder.clone())) {
                names.role(&folder.join("tasks"), lint);
            }
        }
        names
    }

    /// Whether a play makes this name by itself.
    pub(super) fn has(&self, name: &str) -> bool {
        name.starts_with("ansible_") || GIVEN.contains(&name) || self.known.contains(name)
    }

    /// Files of tasks that are included in the run, whichever they are.
    fn role(&mut self, folder: &Path, lint: &Lint) {
        let is_yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yml" || end == "yaml");
        for path in lint.tree.list(folder).into_iter().filter(is_yaml) {
            read_tasks(lint.files, &path).unwrap_or_default().iter().for_each(|item| self.item(item));
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Task(task) => self.task(task),
            Item::Block(block) => {
                [&block.body, &block.rescue, &block.always].into_iter().flatten().for_each(|item| self.item(item));
            }
        }
    }

    fn task(&mut self, task: &Task) {
        self.known.extend(task.register.clone());
        if let Some(repeat) = &task.repeat {
            let control = ["loop_var", "index_var"].iter().filter_map(|name| repeat.control.get(*name)?.as_str());
            self.known.extend(control.map(str::to_owned));
        }
        match task.short_action() {
            "set_fact" => self.known.extend(task.args.iter().map(|(key, _)| key.text.clone())),
            "include_vars" | "include_role" | "include_tasks" | "add_host" | "set_stats" => self.include(task),
            _ => {}
        }
    }

    /// An include that names its file brings no surprise when the file is the role's own; all else does.
    fn include(&mut self, task: &Task) {
        let fixed = task.args.iter().all(|(_, value)| value.as_str().is_some_and(|text| !text.contains("{{")));
        self.open |= !(task.short_action() == "include_tasks" && fixed && !task.args.is_empty());
        if let Some(Value::Map(vars)) = task.arg("apply").and_then(|apply| apply.get("vars")) {
            self.known.extend(vars.keys().cloned());
        }
    }
}
