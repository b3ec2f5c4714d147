//! Names that come to be while a play runs: what tasks register and set, what loops call their items.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use crate::lint::Lint;
use crate::plan::{PlayPlan, TaskStep};
use crate::playbook::{Item, Task, read_tasks, vars_file};
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
    /// Whether tasks or variables come from files that are only chosen in the run.
    pub(super) open: bool,
}

impl Names {
    /// The names that a play, these tasks of it, and all tasks of their roles make.
    pub(super) fn of(play: &PlayPlan, tasks: &[Arc<TaskStep>], lint: &Lint) -> Self {
        let mut names = Self::default();
        names.asked_for(play);
        names.read_at_the_start(play, lint);
        let mut roles = HashSet::new();
        for step in tasks {
            let role = step.role.as_ref().map(|role| role.role.folder.as_path());
            names.task(&step.task, role, lint);
            for folder in role.into_iter().filter(|folder| roles.insert(folder.to_path_buf())) {
                names.tasks_of_role(folder, lint);
            }
        }
        names
    }

    /// Whether a play makes this name by itself.
    pub(super) fn has(&self, name: &str) -> bool {
        name.starts_with("ansible_") || GIVEN.contains(&name) || self.known.contains(name)
    }

    fn asked_for(&mut self, play: &PlayPlan) {
        let prompts = play.play.vars_prompt.iter();
        self.known.extend(prompts.filter_map(|prompt| prompt.get("name")?.as_str().map(str::to_owned)));
    }

    /// `vars_files`: any of them may be read.
    fn read_at_the_start(&mut self, play: &PlayPlan, lint: &Lint) {
        for entry in &play.play.vars_files {
            let one = std::slice::from_ref(entry);
            for name in entry.as_list().unwrap_or(one).iter().filter_map(Value::as_str) {
                self.open |= is_open(name);
                let name = lint.files.at_home(name);
                self.file_of_vars(&play.folder.join(&name), lint);
                self.file_of_vars(&play.folder.join("vars").join(name), lint);
            }
        }
    }

    /// Files of tasks that are included in the run, whichever they are.
    fn tasks_of_role(&mut self, folder: &Path, lint: &Lint) {
        for path in lint.files.list(&folder.join("tasks")).iter().filter(|path| is_yaml(path)) {
            let items = read_tasks(lint.files, path).unwrap_or_default();
            items.iter().for_each(|item| self.item(item, folder, lint));
        }
    }

    fn item(&mut self, item: &Item, role: &Path, lint: &Lint) {
        match item {
            Item::Task(task) => self.task(task, Some(role), lint),
            Item::Block(block) => {
                let parts = [&block.body, &block.rescue, &block.always];
                parts.into_iter().flatten().for_each(|item| self.item(item, role, lint));
            }
        }
    }

    fn task(&mut self, task: &Task, role: Option<&Path>, lint: &Lint) {
        self.known.extend(task.register.clone());
        if let Some(repeat) = &task.repeat {
            let control = ["loop_var", "index_var"].iter().filter_map(|name| repeat.control.get(*name)?.as_str());
            self.known.extend(control.map(str::to_owned));
        }
        match task.short_action() {
            "set_fact" if task.args_template.is_some() => self.open = true,
            "set_fact" => self.known.extend(task.args.iter().map(|(key, _)| key.text.clone())),
            "include_vars" => self.include_vars(task, role, lint),
            "include_role" | "include_tasks" | "include" => self.include(task, role),
            _ => {}
        }
    }

    /// Variables of a file: of every file in the role's `vars/` when its name is made in the run.
    fn include_vars(&mut self, task: &Task, role: Option<&Path>, lint: &Lint) {
        if let Some(name) = task.arg("name").and_then(Value::as_str) {
            self.known.insert(name.to_owned());
            return;
        }
        match role {
            Some(role) => {
                let below = [role.join("vars"), role.join("defaults"), role.to_owned()];
                let files = below.iter().flat_map(|folder| lint.files.list(folder)).filter(|path| is_yaml(path));
                files.for_each(|path| self.file_of_vars(&path, lint));
            }
            None => self.open = true,
        }
    }

    /// An include that names its file brings no surprise, as it is followed; in a role all files are known.
    fn include(&mut self, task: &Task, role: Option<&Path>) {
        if let Some(Value::Map(vars)) = task.arg("apply").and_then(|apply| apply.get("vars")) {
            self.known.extend(vars.keys().cloned());
        }
        let named = ["_raw_params", "file", "name"].iter().filter_map(|name| task.arg(name)?.as_str());
        let is_made = task.args_template.is_some() || named.into_iter().any(is_open);
        self.open |= is_made && (role.is_none() || task.short_action() == "include_role");
    }

    fn file_of_vars(&mut self, path: &Path, lint: &Lint) {
        if lint.files.is_file(path) {
            self.known.extend(vars_file(lint.files, path).unwrap_or_default().into_keys());
        }
    }
}

fn is_open(name: &str) -> bool {
    name.contains("{{")
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yml" || end == "yaml")
}
