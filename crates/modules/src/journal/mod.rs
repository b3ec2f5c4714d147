//! What a run replaced on this host, written down before it is replaced, and how it left things: from this a run is undone,
//! and what somebody else changed since is seen.
//!
//! One line of `journal.jsonl` for each step, on the disk before the step is taken. It names no secret: of a step that cannot
//! be undone it says only which module took it.

mod account;
pub mod drift;
mod former;
mod left;
mod packages_back;
mod prune;
mod put_back;
mod taking;
#[cfg(test)]
mod tests;
pub mod undo;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use dpp_protocol::Failure;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::Host;
use crate::lock_file::LockFile;

pub(crate) use drift::mark_drift;
pub use former::Former;
use prune::prune;
pub(crate) use taking::Taking;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The name of the run.
    pub(crate) run: String,
    /// When, as RFC 3339 has it.
    pub(crate) at: String,
    /// The module.
    pub(crate) module: String,
    /// What there was before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) was: Vec<Former>,
}

/// The journal of a host.
pub(crate) struct Journal<'a> {
    file: PathBuf,
    run: &'a str,
}

impl<'a> Journal<'a> {
    /// The journal in this folder, written to by this run; nothing is written by one without a name.
    pub(crate) fn of(state: &Path, run: &'a str) -> Self {
        Self { file: state.join("journal.jsonl"), run }
    }

    /// Writes down what there was before a step; it is on the disk when this returns.
    pub(crate) fn write(&self, module: &str, was: Vec<Former>) -> Result<(), Failure> {
        if self.run.is_empty() || was.is_empty() {
            return Ok(());
        }
        let at = jiff::Timestamp::now().to_string();
        let entry = Entry { run: self.run.to_owned(), at, module: module.to_owned(), was };
        self.append(&entry).map_err(|error| self.failure("write", &error))
    }

    fn append(&self, entry: &Entry) -> io::Result<()> {
        let line = serde_json::to_string(entry)?;
        let lock = LockFile::open(&self.file.with_extension("lock"))?;
        lock.lock(FlockOperation::LockExclusive)?;
        let mut journal = open_to_append(&self.file)?;
        journal.write_all(format!("{line}\n").as_bytes())?;
        journal.sync_data()?;
        self.file.parent().map_or(Ok(()), |state| prune(state, &self.file))
    }

    /// All that was written, in its order. A line that a power cut left half written was about a step that was not taken.
    pub(crate) fn read(state: &Path) -> Result<Vec<Entry>, Failure> {
        let this = Self::of(state, "");
        match std::fs::read_to_string(&this.file) {
            Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(this.failure("read", &error)),
        }
    }

    fn failure(&self, attempt: &str, error: &io::Error) -> Failure {
        let file = self.file.display();
        Failure::new(format!("cannot {attempt} {file}, from which a run can be undone: {error}"))
            .help(format!("`df {file}; ls -la {file}` on the host tells of a full disk or a foreign owner"))
    }
}

/// Opens a file of lines to be added to. A line that was broken off must not spoil the next one: a full disk, a kill, a loss of
/// power.
fn open_to_append(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)?;
    if let Some(last) = file.metadata()?.len().checked_sub(1) {
        let mut byte = [0];
        file.read_exact_at(&mut byte, last)?;
        if byte != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

impl Host<'_> {
    /// Writes down what there was before a step of this run; false for a user who has no folder for it, as services' users do.
    pub(crate) fn journal(&self, module: &str, was: Vec<Former>) -> Result<bool, Failure> {
        if was.is_empty() || self.run().is_empty() {
            return Ok(true);
        }
        match self.tenure().open_books(self.state()) {
            Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound) => {
                Ok(false)
            }
            Err(error) => Err(Journal::of(self.state(), self.run()).failure("write", &error)),
            Ok(()) => Journal::of(self.state(), self.run()).write(module, was).map(|()| true),
        }
    }
}
