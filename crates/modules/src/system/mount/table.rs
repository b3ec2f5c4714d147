//! What the kernel has mounted where.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The mounts of this process, by mount point; of several on one, the last.
#[derive(Debug, Default)]
pub(super) struct Table {
    mounts: BTreeMap<String, Mounted>,
}

#[derive(Debug)]
struct Mounted {
    /// The device, or the word that stands for one.
    device: String,
    /// The folder that a bind mount shows, as it is called here.
    bound: Option<String>,
}

impl Table {
    /// Reads it.
    pub(super) fn of_this_process() -> Self {
        Self::read(&fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
    }

    fn read(text: &str) -> Self {
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
        let mut mounts = BTreeMap::new();
        for fields in lines.iter().filter(|fields| fields.len() > 8) {
            let device = unescaped(fields[fields.len() - 2]);
            mounts.insert(unescaped(fields[4]), Mounted { device, bound: bound(fields, &lines) });
        }
        Self { mounts }
    }

    /// Whether something is mounted there: another file system than above it, or a folder of the same one.
    pub(super) fn has(&self, path: &str) -> bool {
        is_other_device(Path::new(path)) || self.at(path).is_some()
    }

    /// Whether a mount of this source would find it there already.
    pub(super) fn has_from(&self, path: &str, src: &str) -> bool {
        is_other_device(Path::new(path)) || self.is_from(path, src)
    }

    /// Whether what is mounted there comes from this source.
    pub(super) fn is_from(&self, path: &str, src: &str) -> bool {
        let same = |one: &str| one == src || fs::canonicalize(src).is_ok_and(|src| src == Path::new(one));
        self.at(path).is_some_and(|found| same(&found.device) || found.bound.as_deref().is_some_and(same))
    }

    fn at(&self, path: &str) -> Option<&Mounted> {
        let trimmed = path.trim_end_matches('/');
        self.mounts.get(if trimmed.is_empty() { "/" } else { trimmed })
    }
}

/// The folder behind a bind mount: the part of its file system that it shows, where that one is mounted itself.
fn bound(fields: &[&str], lines: &[Vec<&str>]) -> Option<String> {
    let (device, root) = (fields[2], unescaped(fields[3]));
    let whole = lines.iter().filter(|other| other.len() > 8 && other[2] == device && other[0] != fields[0]);
    let whole = whole.map(|other| (unescaped(other[3]), unescaped(other[4])));
    let shown = whole.filter_map(|(other, at)| Some(at.trim_end_matches('/').to_owned() + below(&root, &other)?));
    // Of several names for it the shortest is the one that a task would write.
    shown.min_by_key(String::len).map(|path| if path.is_empty() { "/".to_owned() } else { path })
}

/// What is left of `path` below `folder`, with its slash.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest == "/" {
        return Some("");
    }
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

fn is_other_device(path: &Path) -> bool {
    let Ok(found) = fs::symlink_metadata(path) else { return false };
    let above = fs::canonicalize(path.join("..")).and_then(fs::symlink_metadata);
    !found.is_symlink()
        && above.is_ok_and(|above| above.dev() != found.dev() || (above.ino() == found.ino() && above.is_dir()))
}

/// The kernel writes blanks and backslashes as three octal digits.
fn unescaped(field: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(field.to_owned(), |field, (code, text)| field.replace(code, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
        30 25 0:35 / /tmp rw,nosuid shared:5 - tmpfs tmpfs rw\n\
        31 25 8:1 /srv/real /mnt/bound rw - ext4 /dev/sda1 rw\n\
        32 30 0:35 /aaa /tmp/with\\040blank rw - tmpfs tmpfs rw\n";

    #[test]
    fn a_mount_is_known_by_its_device_or_by_the_folder_it_shows() {
        let table = Table::read(INFO);
        for (path, src, wanted) in [
            ("/", "/dev/sda1", true),
            ("/tmp/", "tmpfs", true),
            ("/mnt/bound", "/srv/real", true),
            ("/mnt/bound", "/srv/other", false),
            ("/tmp/with blank", "/tmp/aaa", true),
            ("/nowhere", "/dev/sda1", false),
        ] {
            assert_eq!(table.is_from(path, src), wanted, "{path} {src}");
        }
        assert!(table.has("/mnt/bound") && table.has("/") && !table.has("/mnt"));
    }

    #[test]
    fn the_kernels_own_table_is_read() {
        assert!(Table::of_this_process().has("/proc"));
    }
}
