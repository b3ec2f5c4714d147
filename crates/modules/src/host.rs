//! The host as a module sees it: where blobs lie, what is kept between runs, how a sign of life is given.
//!
//! It is not a facade over the file system: modules use `std::fs` and rustix directly.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dpp_protocol::{Debt, Failure};
use rustix::fs::FlockOperation;

use crate::lock_file::LockFile;
use crate::tenure::Tenure;

/// Receives signs of life of the running task: a text, and done and whole where they can be counted.
pub type Life<'a> = dyn Fn(&str, Option<(u64, u64)>) + 'a;

const UNREADABLE: &str = "restart the services of this host yourself, move the file away, and run again";

/// What a module may use of the host beside its file system.
pub struct Host<'a> {
    state: PathBuf,
    environment: BTreeMap<String, String>,
    life: &'a Life<'a>,
    run: String,
    tenure: Arc<Tenure>,
}

impl<'a> Host<'a> {
    /// A host whose state lies under `state` (`/var/lib/dppctl` for root).
    pub fn new(state: impl Into<PathBuf>, environment: BTreeMap<String, String>, life: &'a Life<'a>) -> Self {
        Self { state: state.into(), environment, life, run: String::new(), tenure: Arc::default() }
    }

    /// The same host, in a run of this name: what it replaces is written down.
    #[must_use]
    pub fn in_run(mut self, run: &str) -> Self {
        run.clone_into(&mut self.run);
        self
    }

    /// The same host, seen by an agent that has a lock on it and its books open for longer than this task.
    #[must_use]
    pub fn through(mut self, agent: &Arc<Tenure>) -> Self {
        self.tenure = Arc::clone(agent);
        self
    }

    /// What the agent has from one task to the next.
    pub(crate) fn tenure(&self) -> &Tenure {
        &self.tenure
    }

    /// The name of the run; empty outside of one.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Environment of processes that the task starts.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Tells the operator what a long step does now.
    pub fn life(&self, text: &str, count: Option<(u64, u64)>) {
        (self.life)(text, count);
    }

    /// Where a blob of this hash lies once it was pushed whole.
    pub fn blob(&self, sha256: &str) -> PathBuf {
        self.state.join("blobs").join(sha256)
    }

    /// Folder for what the journal keeps: replaced files, debts.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The same folder, made if it is not there.
    pub fn private_folder(&self) -> io::Result<&Path> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.state)?;
        Ok(&self.state)
    }

    /// Lets nobody else look into the folder, whoever made it; one that is not there is made when it is needed.
    pub fn keep_private(&self) -> io::Result<()> {
        match fs::metadata(&self.state) {
            Ok(found) if found.mode() & 0o077 != 0 => fs::set_permissions(&self.state, Permissions::from_mode(0o700)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// What earlier runs owe this host.
    pub fn debts(&self) -> Result<Vec<Debt>, Failure> {
        match fs::read(self.debts_file()) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| self.debts_failure("understand", &error).help(UNREADABLE)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(self.debts_failure("read", &error)),
        }
    }

    /// Writes down debts before they are made; on the disk when this returns. Those that were not known are returned.
    pub fn keep_debts(&self, owed: &[Debt]) -> Result<Vec<Debt>, Failure> {
        if owed.is_empty() {
            return Ok(Vec::new());
        }
        self.tenure.open_books(&self.state).map_err(|error| self.debts_failure("keep", &error))?;
        let _lock = self.lock_debts()?;
        let mut debts = self.debts()?;
        let new: Vec<Debt> = owed.iter().filter(|debt| !debts.contains(debt)).cloned().collect();
        debts.extend(new.iter().cloned());
        self.write_debts(&debts)?;
        Ok(new)
    }

    /// Takes back debts that were written down for a change which was not made.
    pub fn withdraw_debts(&self, not_made: &[Debt]) -> Result<(), Failure> {
        if not_made.is_empty() {
            return Ok(());
        }
        let _lock = self.lock_debts()?;
        let mut debts = self.debts()?;
        debts.retain(|debt| !not_made.contains(debt));
        self.write_debts(&debts)
    }

    /// Strikes debts that were paid: all that were made under the same handlers' names.
    pub fn settle_debts(&self, paid: &[Debt]) -> Result<(), Failure> {
        if paid.is_empty() {
            return Ok(());
        }
        let _lock = self.lock_debts()?;
        let mut debts = self.debts()?;
        debts.retain(|debt| !paid.iter().any(|paid| paid.handler == debt.handler));
        self.write_debts(&debts)
    }

    fn write_debts(&self, debts: &[Debt]) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(debts).map_err(|error| Failure::new(error.to_string()))?;
        crate::files::replace::write_atomically(&self.debts_file(), &bytes, 0o600)
            .map_err(|error| self.debts_failure("write", &error))
    }

    /// Keeps other agents from the debts until it is dropped: two runs may be on this host at once. What is locked is a
    /// file of its own, since that of the debts is replaced.
    fn lock_debts(&self) -> Result<LockFile, Failure> {
        let path = self.state.join("debts.lock");
        self.private_folder()
            .and_then(|_| LockFile::open(&path))
            .and_then(|file| file.lock(FlockOperation::LockExclusive).map(|()| file))
            .map_err(|error| self.debts_failure("lock", &error))
    }

    /// Debts that cannot be kept, and where to look.
    fn debts_failure(&self, attempt: &str, error: &dyn Display) -> Failure {
        let file = self.debts_file();
        let folder = self.state.display();
        Failure::new(format!("cannot {attempt} {}, the restarts that are owed: {error}", file.display()))
            .help(format!("`df {folder}; ls -la {folder}` on the host tells of a full disk or a foreign owner"))
    }

    fn debts_file(&self) -> PathBuf {
        self.state.join("debts.json")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debt(handler: &str, reason: &str) -> Debt {
        Debt { handler: handler.into(), reason: reason.into() }
    }

    #[test]
    fn a_debt_is_kept_once_and_struck_when_paid() {
        let parent = tempfile::tempdir().unwrap();
        let state = parent.path().join("dppctl");
        let host = Host::new(&state, BTreeMap::new(), &|_, _| ());
        host.keep_debts(&[debt("restart kafka", "server.properties"), debt("restart es", "yml")]).unwrap();
        host.keep_debts(&[debt("restart kafka", "server.properties"), debt("restart kafka", "heap")]).unwrap();
        assert_eq!(host.debts().unwrap().len(), 3);
        host.settle_debts(&[debt("restart kafka", "")]).unwrap();
        assert_eq!(host.debts().unwrap(), [debt("restart es", "yml")]);
        assert_eq!(state.metadata().unwrap().permissions().mode() & 0o777, 0o700, "nobody else looks into it");
    }

    #[test]
    fn runs_at_the_same_time_lose_no_debt() {
        let state = tempfile::tempdir().unwrap();
        let debts: Vec<Debt> = (0..40).map(|number| debt(&format!("restart {number}"), "")).collect();
        std::thread::scope(|scope| {
            for part in debts.chunks(10) {
                scope.spawn(|| {
                    let host = Host::new(state.path(), BTreeMap::new(), &|_, _| ());
                    part.iter().for_each(|debt| drop(host.keep_debts(std::slice::from_ref(debt)).unwrap()));
                });
            }
        });
        let host = Host::new(state.path(), BTreeMap::new(), &|_, _| ());
        assert_eq!(host.debts().unwrap().len(), debts.len());
    }

    #[test]
    fn only_what_was_not_owed_before_is_taken_back() {
        let state = tempfile::tempdir().unwrap();
        let host = Host::new(state.path(), BTreeMap::new(), &|_, _| ());
        host.keep_debts(&[debt("restart kafka", "heap")]).unwrap();
        let new = host.keep_debts(&[debt("restart kafka", "heap"), debt("restart kafka", "log4j")]).unwrap();
        assert_eq!(new, [debt("restart kafka", "log4j")]);
        host.withdraw_debts(&new).unwrap();
        assert_eq!(host.debts().unwrap(), [debt("restart kafka", "heap")]);
    }

    #[test]
    fn a_folder_that_others_could_look_into_is_closed() {
        let state = tempfile::tempdir().unwrap();
        fs::set_permissions(state.path(), Permissions::from_mode(0o755)).unwrap();
        Host::new(state.path(), BTreeMap::new(), &|_, _| ()).keep_private().unwrap();
        assert_eq!(state.path().metadata().unwrap().mode() & 0o777, 0o700);
        Host::new(state.path().join("none"), BTreeMap::new(), &|_, _| ()).keep_private().unwrap();
    }
}
