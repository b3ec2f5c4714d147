//! The files that a client was made with, and whether they are others by now: a client that is at work keeps what it read.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

/// Passwords, certificates and keys, as they were when a client was made.
#[derive(Debug, Default)]
pub struct Credentials(Vec<(PathBuf, Option<Stamp>)>);

/// What a file that is written anew, or put in another one's place, does not have in common with the old one.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
}

impl Credentials {
    /// Remembers files as they are; before they are read, so that no change is missed.
    pub fn of(files: Vec<PathBuf>) -> Self {
        Self(files.into_iter().map(|file| (stamp(&file), file)).map(|(stamp, file)| (file, stamp)).collect())
    }

    /// Returns whether one of them is another one now.
    pub fn changed(&self) -> bool {
        self.0.iter().any(|(file, before)| stamp(file) != *before)
    }
}

fn stamp(file: &PathBuf) -> Option<Stamp> {
    let found = fs::metadata(file).ok()?;
    Some(Stamp { inode: found.ino(), length: found.len(), modified: found.modified().ok() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_anew_replaced_or_gone_is_another_one() {
        let folder = std::env::temp_dir().join(format!("dpp-relay-credentials-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, other) = (folder.join("password"), folder.join("other"));
        fs::write(&file, "one").unwrap();
        let known = || Credentials::of(vec![file.clone()]);
        let before = known();
        assert!(!before.changed());
        fs::write(&file, "three").unwrap();
        assert!(before.changed() && !known().changed());

        let before = known();
        fs::write(&other, "three").unwrap();
        fs::rename(&other, &file).unwrap();
        assert!(before.changed() && !known().changed());

        let before = known();
        fs::remove_file(&file).unwrap();
        assert!(before.changed() && !known().changed());
        fs::remove_dir_all(&folder).unwrap();
    }
}
