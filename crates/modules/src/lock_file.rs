//! A file whose lock ends with its holder, and not a moment later.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::{Deref, DerefMut};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// An open file with its flock(2), once it has one.
#[derive(Debug)]
pub struct LockFile(File);

impl LockFile {
    /// Opens the file that a lock is on, without the lock; it is made, for its owner alone, where it is missing.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map(Self)
    }

    /// Opens a file under a lock; nothing when it is not there, when another has the lock, or when it was taken away meanwhile.
    pub fn of(path: &Path, operation: FlockOperation) -> Option<Self> {
        let file = OpenOptions::new().read(true).append(true).open(path).ok()?;
        flock(&file, operation).ok()?;
        let held = Self(file);
        held.is_at(path).then_some(held)
    }

    /// Locks it, or turns the lock that it has into one of another kind.
    ///
    /// # Errors
    /// `WouldBlock` when another has the lock, and the operation does not wait.
    pub fn lock(&self, operation: FlockOperation) -> io::Result<()> {
        Ok(flock(&self.0, operation)?)
    }

    /// Whether this is still the file of that name.
    pub fn is_at(&self, path: &Path) -> bool {
        self.metadata().is_ok_and(|opened| fs::metadata(path).is_ok_and(|named| opened.ino() == named.ino()))
    }
}

impl Deref for LockFile {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl DerefMut for LockFile {
    fn deref_mut(&mut self) -> &mut File {
        &mut self.0
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // To close the file is not enough: between its fork and its exec a child has it open, too, and keeps the lock.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_ends_with_its_holder_also_while_a_child_that_is_being_started_has_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        fs::write(&path, "").unwrap();
        let first = LockFile::of(&path, FlockOperation::NonBlockingLockExclusive).unwrap();
        let in_a_child = first.try_clone().unwrap();
        assert!(LockFile::of(&path, FlockOperation::NonBlockingLockExclusive).is_none());
        drop(first);
        assert!(LockFile::of(&path, FlockOperation::NonBlockingLockExclusive).is_some());
        drop(in_a_child);
    }

    #[test]
    fn a_file_that_was_taken_away_meanwhile_is_not_the_one_of_that_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        fs::write(&path, "").unwrap();
        let held = LockFile::of(&path, FlockOperation::NonBlockingLockShared).unwrap();
        assert!(held.is_at(&path));
        fs::write(folder.path().join("other"), "").unwrap();
        fs::rename(folder.path().join("other"), &path).unwrap();
        assert!(!held.is_at(&path));
    }
}
