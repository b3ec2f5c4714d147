//! What `lint` looks through: playbooks, and what the roles of a folder consist of.

use std::path::{Path, PathBuf};

use crate::cli::Stop;
use crate::cli::invocation::Invocation;
use crate::secret::Vault;
use crate::source::Problem;
use crate::yaml;

/// What is looked through.
#[derive(Debug, Default)]
pub(in crate::cli) struct Found {
    pub(in crate::cli) playbooks: Vec<PathBuf>,
    pub(in crate::cli) task_files: Vec<PathBuf>,
    pub(in crate::cli) template_files: Vec<PathBuf>,
    pub(in crate::cli) vars_files: Vec<PathBuf>,
}

impl Found {
    /// What lies at these paths; the whole project when none is named.
    pub(in crate::cli) fn of(paths: &[PathBuf], invocation: &Invocation) -> Result<Self, Stop> {
        let mut found = Self::default();
        let here = std::env::current_dir().unwrap_or_default();
        let root = &invocation.project.root;
        let project = root.strip_prefix(&here).unwrap_or(root).to_owned();
        let paths = if paths.is_empty() { vec![project] } else { paths.to_vec() };
        for path in &paths {
            match path {
                path if path.as_os_str().is_empty() || path.is_dir() => found.folder(path),
                path if path.is_file() => found.file(path),
                path => {
                    let problem = Problem::error("DPP0106", format!("there is no {}", path.display()));
                    return Err(problem.help("name a playbook, a file of tasks or a folder").into());
                }
            }
        }
        Ok(found)
    }

    /// How many files it is.
    pub(super) fn count(&self) -> usize {
        self.playbooks.len() + self.task_files.len() + self.template_files.len() + self.vars_files.len()
    }

    /// Playbooks of the folder, and what its roles consist of.
    fn folder(&mut self, folder: &Path) {
        for path in yaml_files(folder) {
            if kind(&path) != Kind::Other {
                self.file(&path);
            }
        }
        for role in entries(&folder.join("roles")).into_iter().chain([folder.to_owned()]) {
            for part in ["tasks", "handlers"] {
                self.task_files.extend(yaml_files(&role.join(part)));
            }
            for part in ["defaults", "vars"] {
                self.vars_files.extend(yaml_files(&role.join(part)));
            }
            templates_below(&role.join("templates"), &mut self.template_files);
        }
    }

    fn file(&mut self, path: &Path) {
        match kind(path) {
            Kind::Tasks => self.task_files.push(path.to_owned()),
            Kind::Playbook | Kind::Other => self.playbooks.push(path.to_owned()),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Playbook,
    Tasks,
    Other,
}

/// What a file is by its first entry. One that cannot be read is taken for a playbook, so that its mistake is told.
fn kind(path: &Path) -> Kind {
    let Ok(documents) = yaml::read(path, &Vault::new()) else { return Kind::Playbook };
    let first = documents.first().and_then(|node| node.as_list()?.first());
    match first {
        Some(entry)
            if ["hosts", "import_playbook", "ansible.builtin.import_playbook"]
                .iter()
                .any(|key| entry.get(key).is_some()) =>
        {
            Kind::Playbook
        }
        Some(entry) if entry.as_map().is_some() => Kind::Tasks,
        _ => Kind::Other,
    }
}

/// Files that say by their name that they are templates.
fn templates_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in entries(folder) {
        if path.is_dir() {
            templates_below(&path, found);
        } else if path.extension().is_some_and(|end| end == "j2") {
            found.push(path);
        }
    }
}

fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|end| end == "yml" || end == "yaml");
    entries(folder).into_iter().filter(|path| path.is_file() && is_yaml(path)).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.iter_mut().for_each(|path| *path = path.strip_prefix(".").unwrap_or(path).to_owned());
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn playbooks_tasks_and_everything_else_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        assert_eq!(kind(&write("site.yml", "- hosts: all\n")), Kind::Playbook);
        assert_eq!(kind(&write("roles/a/tasks/main.yml", "- debug:\n")), Kind::Tasks);
        assert_eq!(kind(&write("vars.yml", "a: 1\n")), Kind::Other);
        assert_eq!(kind(&write("broken.yml", "- hosts: all\n\ttasks: []\n")), Kind::Playbook);
        write("roles/a/templates/deep/x.conf.j2", "{{ a }}");
        write("roles/a/templates/y.conf", "{{ a }}");
        write("roles/a/defaults/main.yml", "a: 1\n");
        let mut found = Found::default();
        found.folder(folder.path());
        assert_eq!((found.playbooks.len(), found.task_files.len()), (2, 1));
        assert_eq!((found.template_files.len(), found.vars_files.len(), found.count()), (1, 1, 5));
    }
}
