//! Which paths a task means to pack, and under which names they lie in the archive.

use std::fs;
use std::path::{Path, PathBuf};

use dpp_protocol::Failure;

use super::packing::Format;
use crate::files::glob;
use crate::files::refusal::refused;

/// The paths of a task.
pub(super) struct Selection {
    /// All that was named or matched.
    pub(super) expanded: Vec<String>,
    /// What of it is left out.
    pub(super) excluded: Vec<String>,
    /// What is packed, in order, as it was named.
    pub(super) paths: Vec<String>,
    /// Those that are there.
    pub(super) found: Vec<String>,
    /// Those that are not.
    pub(super) missing: Vec<String>,
    /// The part that all have in front, which names in the archive lack.
    pub(super) root: String,
    patterns: Vec<String>,
    has_globs: bool,
}

/// Something that lies in an archive.
pub(super) struct Member {
    /// Where it lies on the host.
    pub(super) path: String,
    /// What it is called in the archive.
    pub(super) name: String,
    pub(super) is_folder: bool,
    /// Whether a pattern of the task keeps it out.
    pub(super) is_excluded: bool,
}

impl Selection {
    pub(super) fn of(named: Vec<String>, excluded: Vec<String>, patterns: Vec<String>) -> Result<Self, Failure> {
        let has_globs = named.iter().any(|path| is_glob(path));
        let expanded: Vec<String> = named.iter().flat_map(|path| expand(path)).collect();
        let excluded: Vec<String> = excluded.iter().flat_map(|path| expand(path)).collect();
        let mut paths: Vec<String> = expanded.iter().filter(|path| !excluded.contains(path)).cloned().collect();
        paths.sort();
        paths.dedup();
        if paths.is_empty() {
            return Err(Failure::new(format!("nothing to pack: nothing matches {}", named.join(", "))).code("DPP0104"));
        }
        let (found, missing) = paths.iter().cloned().partition(|path| fs::symlink_metadata(path).is_ok());
        let root = common_folder(&paths);
        Ok(Self { expanded, excluded, paths, found, missing, root, patterns, has_globs })
    }

    /// Whether they can only be packed together.
    pub(super) fn are_several(&self) -> bool {
        self.has_globs || self.paths.len() > 1 || Path::new(&self.paths[0]).is_dir()
    }

    /// All that lies in the archive, in the order of the names.
    pub(super) fn members(&self, format: Format) -> Result<Vec<Member>, Failure> {
        let mut members = Vec::new();
        for path in &self.found {
            if Path::new(path).is_dir() {
                self.walk(path.trim_end_matches('/'), format, &mut members)?;
            } else {
                members.push(self.member(path.clone(), false, format));
            }
        }
        members.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(members)
    }

    /// What goes away when the archive holds it: the paths themselves, without what was kept out of the archive.
    pub(super) fn removals(&self, members: &[Member]) -> Vec<PathBuf> {
        let packed = |path: &&String| {
            Path::new(path).is_dir() || members.iter().any(|member| member.path == **path && !member.is_excluded)
        };
        self.found.iter().filter(packed).map(PathBuf::from).collect()
    }

    fn walk(&self, folder: &str, format: Format, members: &mut Vec<Member>) -> Result<(), Failure> {
        let cannot = |error: std::io::Error| refused("read the folder", Path::new(folder), &error);
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(cannot)?;
        for entry in entries {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            members.push(self.member(path.clone(), is_folder, format));
            if is_folder {
                self.walk(&path, format, members)?;
            }
        }
        Ok(())
    }

    fn member(&self, path: String, is_folder: bool, format: Format) -> Member {
        let name = path.strip_prefix(&self.root).unwrap_or(&path).trim_start_matches('/').to_owned();
        // Ansible holds the patterns against whole paths in one kind of archive, and against names in the other.
        let held = if format == Format::Zip { &path } else { &name };
        let is_excluded = self.patterns.iter().any(|pattern| glob::matches(pattern, held));
        Member { path, name, is_folder, is_excluded }
    }
}

fn is_glob(path: &str) -> bool {
    path.contains(['*', '?'])
}

fn expand(path: &str) -> Vec<String> {
    if !is_glob(path) {
        return vec![path.to_owned()];
    }
    glob::paths(path).iter().map(|path| path.to_string_lossy().into_owned()).collect()
}

/// The folder in which all of these lie, with a slash at its end.
fn common_folder(paths: &[String]) -> String {
    let folder = |path: &String| path.rfind('/').map_or(String::new(), |slash| path[..=slash].to_owned());
    let mut common = paths.first().map(folder).unwrap_or_default();
    for path in paths {
        let folder = folder(path);
        let same = common.char_indices().zip(folder.chars()).take_while(|((_, one), other)| one == other);
        let end = same.last().map_or(0, |((at, last), _)| at + last.len_utf8());
        common.truncate(end);
        common.truncate(common.rfind('/').map_or(0, |slash| slash + 1));
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_folder_is_a_whole_one() {
        for (paths, common) in [
            (vec!["/a/b/c"], "/a/b/"),
            (vec!["/a/b/"], "/a/b/"),
            (vec!["/a/bc/x", "/a/bd/y"], "/a/"),
            (vec!["/a/x", "/b/y"], "/"),
            (vec!["x"], ""),
        ] {
            let paths: Vec<String> = paths.into_iter().map(str::to_owned).collect();
            assert_eq!(common_folder(&paths), common, "{paths:?}");
        }
    }
}
