//! A simulated process in the middle of something: how many calls it makes before it is killed, what its disk has room for.

use std::ffi::c_int;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use libc::{EIO, ENOSPC, O_CREAT, O_TRUNC};

use crate::disk::Disk;
use crate::mutants::Mutant;

/// A call that may change a disk.
pub(crate) enum Call<'a> {
    /// A file is opened, and perhaps made or emptied.
    Open(c_int),
    /// Bytes are written.
    Write(c_int, &'a [u8]),
    /// What is new needs room.
    Grow,
    /// What is there becomes different.
    Alter,
    /// What was written is to be on the disk.
    Sync,
}

/// What becomes of a call.
pub(crate) enum Verdict {
    /// It is made.
    Pass,
    /// It is not made, and fails so.
    Fail(c_int),
    /// Only so many bytes are written.
    Only(usize),
    /// It is not made, and nobody notices.
    Pretend,
}

/// A process that serves one request.
pub(crate) struct Process {
    pid: u32,
    disk: Arc<Mutex<Disk>>,
    mutant: Option<Mutant>,
    calls: u32,
    dies_at: Option<u32>,
    is_dead: bool,
    held_back: Vec<(PathBuf, Vec<u8>)>,
}

impl Process {
    /// On this disk; killed at the call of this number, if any.
    pub(crate) fn new(pid: u32, disk: &Arc<Mutex<Disk>>, dies_at: Option<u32>, mutant: Option<Mutant>) -> Self {
        Self { pid, disk: Arc::clone(disk), mutant, calls: 0, dies_at, is_dead: false, held_back: Vec::new() }
    }

    /// Whether it was killed.
    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead
    }

    pub(crate) fn pid(&self) -> c_int {
        c_int::try_from(self.pid).unwrap_or(c_int::MAX)
    }

    /// What its clock says: as many digits as ever, since what is written down with them takes room on the disk.
    pub(crate) fn seconds(&self) -> i64 {
        1_800_000_000 + i64::from(self.calls)
    }

    /// What becomes of a call.
    pub(crate) fn judge(&mut self, call: &Call) -> Verdict {
        if matches!(call, Call::Open(flags) if flags & (O_CREAT | O_TRUNC) == 0) {
            return Verdict::Pass;
        }
        if self.is_dead {
            return Verdict::Fail(EIO);
        }
        self.calls += 1;
        if self.dies_at == Some(self.calls) {
            self.is_dead = true;
            // A line of which half was written by then is the one thing that a killed process leaves in the open.
            return if let Call::Write(_, bytes) = call { Verdict::Only(bytes.len() / 2) } else { Verdict::Fail(EIO) };
        }
        match call {
            Call::Write(fd, bytes) if self.mutant == Some(Mutant::JournalAfterTheAct) && is(*fd, "journal.jsonl") => {
                self.held_back.push((opened(*fd), bytes.to_vec()));
                return Verdict::Pretend;
            }
            Call::Write(_, bytes) => return self.disk().take_room(bytes.len()),
            Call::Grow if self.disk().is_full() => return Verdict::Fail(ENOSPC),
            _ => {}
        }
        Verdict::Pass
    }

    /// What this file or folder holds is on the disk.
    pub(crate) fn synced(&mut self, fd: c_int) {
        if self.mutant == Some(Mutant::DebtsNotOnTheDisk) && opened(fd).to_string_lossy().contains("debts.json") {
            return;
        }
        self.disk().synced(&link(fd));
    }

    /// A mutant does at last what it should have done at once.
    pub(crate) fn catch_up(&mut self) {
        for (path, bytes) in std::mem::take(&mut self.held_back).into_iter().filter(|_| !self.is_dead) {
            let written = [fs::read(&path).unwrap_or_default(), bytes].concat();
            fs::write(&path, written).expect("the journal was opened before");
            self.disk().synced(&path);
        }
    }

    fn disk(&self) -> std::sync::MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn link(fd: c_int) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{fd}"))
}

fn opened(fd: c_int) -> PathBuf {
    fs::read_link(link(fd)).unwrap_or_default()
}

fn is(fd: c_int, name: &str) -> bool {
    opened(fd).file_name().is_some_and(|found| found == name)
}
