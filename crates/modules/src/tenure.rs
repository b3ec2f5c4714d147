//! What an agent has from one task to the next: the lock of its host, and the certainty that its books will survive a loss of
//! power.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::files::keep::FOLDER;
use crate::lock_file::LockFile;

/// It ends with the agent, and the lock with it.
#[derive(Debug, Default)]
pub struct Tenure {
    /// Whose the lock is, and the file that is locked while it is open.
    pub(crate) lock: Mutex<Option<(String, LockFile)>>,
    has_books: Mutex<bool>,
}

impl Tenure {
    /// Makes the folder of the books and what is needed in it. Their names are on the disk when this returns: an earlier agent may
    /// have made them and been killed before it saw to that, so once for each agent they are forced there.
    pub(crate) fn open_books(&self, state: &Path) -> io::Result<()> {
        let mut has_books = self.has_books.lock().unwrap_or_else(PoisonError::into_inner);
        if !*has_books {
            DirBuilder::new().recursive(true).mode(0o700).create(state.join(FOLDER))?;
            OpenOptions::new().append(true).create(true).mode(0o600).open(state.join("journal.jsonl"))?;
            File::open(state)?.sync_all()?;
            if let Some(Ok(parent)) = state.parent().map(File::open) {
                parent.sync_all()?;
            }
            *has_books = true;
        }
        Ok(())
    }
}
