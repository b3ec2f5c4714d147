//! What the programme ships inside itself: roles, playbooks, templates. Only a table of paths and bytes; who
//! reads it from which place of a project is decided above.

use std::path::{Component, Path, PathBuf};

/// The folder under which shipped files are found; no file of a disk is reached by it.
pub const ROOT: &str = "dppctl:";

/// Every shipped file by its path in the repository, sorted.
pub static SHIPPED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The path of a shipped file as playbooks see it: `dppctl:/deploy.yml`.
pub fn path(name: &str) -> PathBuf {
    Path::new(ROOT).join(name)
}

/// A tree of shipped files.
#[derive(Debug, Clone, Copy)]
pub struct Content {
    files: &'static [(&'static str, &'static [u8])],
}

impl Default for Content {
    fn default() -> Self {
        Self { files: SHIPPED }
    }
}

impl Content {
    /// The bytes of a file; `None` when it is none of ours.
    pub fn read(&self, path: &Path) -> Option<&'static [u8]> {
        let name = name(path)?;
        let at = self.files.binary_search_by(|(known, _)| (*known).cmp(name.as_str())).ok()?;
        self.files.get(at).map(|(_, bytes)| *bytes)
    }

    /// Whether there is such a folder.
    pub fn is_folder(&self, path: &Path) -> bool {
        name(path).is_some_and(|name| name.is_empty() || self.below(&name).next().is_some())
    }

    /// The paths in a folder, sorted.
    pub fn list(&self, folder: &Path) -> Vec<PathBuf> {
        let Some(name) = name(folder) else { return Vec::new() };
        let mut entries: Vec<PathBuf> = self
            .below(&name)
            .filter_map(|rest| rest.split('/').next())
            .map(|entry| Path::new(ROOT).join(&name).join(entry))
            .collect();
        entries.dedup();
        entries
    }

    /// Files below a folder, named from there.
    pub fn below(&self, folder: &str) -> impl Iterator<Item = &'static str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.files.iter().filter_map(move |(known, _)| known.strip_prefix(prefix.as_str()))
    }
}

/// The name in the table of a path below [`ROOT`], with `.` and `..` resolved.
fn name(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for component in path.strip_prefix(ROOT).ok()?.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir => drop(parts.pop()?),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: Content = Content {
        files: &[("deploy.yml", b"- hosts: all"), ("roles/a/tasks/main.yml", b"[]"), ("roles/a/templates/x.j2", b"x")],
    };

    #[test]
    fn files_are_found_by_their_virtual_paths_alone() {
        for (asked, found) in [
            ("dppctl:/deploy.yml", true),
            ("dppctl:/roles/a/tasks/../templates/x.j2", true),
            ("dppctl:/roles/a", false),
            ("dppctl:/../deploy.yml", false),
            ("deploy.yml", false),
            ("/dppctl:/deploy.yml", false),
        ] {
            assert_eq!(CONTENT.read(Path::new(asked)).is_some(), found, "{asked}");
        }
    }

    #[test]
    fn folders_follow_from_their_files() {
        assert!(CONTENT.is_folder(Path::new("dppctl:/roles/a")) && CONTENT.is_folder(Path::new(ROOT)));
        assert!(!CONTENT.is_folder(Path::new("dppctl:/roles/ab")) && !CONTENT.is_folder(Path::new("roles/a")));
        let listed = CONTENT.list(Path::new("dppctl:/roles/a"));
        assert_eq!(listed, [path("roles/a/tasks"), path("roles/a/templates")]);
    }

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(SHIPPED.is_sorted_by_key(|(name, _)| *name));
    }
}
