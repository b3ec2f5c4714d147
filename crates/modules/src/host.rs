//! The host as a module sees it: where blobs lie, what is kept between runs, how a sign of life is given.
//!
//! It is not a facade over the file system: modules use `std::fs` and rustix directly.

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use dpp_protocol::{Debt, Failure};

/// Receives signs of life of the running task: a text, and done and whole where they can be counted.
pub type Life<'a> = dyn Fn(&str, Option<(u64, u64)>) + 'a;

/// What a module may use of the host beside its file system.
pub struct Host<'a> {
    state: PathBuf,
    environment: BTreeMap<String, String>,
    life: &'a Life<'a>,
}

impl<'a> Host<'a> {
    /// A host whose state lies under `state` (`/var/lib/dppctl` for root).
    pub fn new(state: impl Into<PathBuf>, environment: BTreeMap<String, String>, life: &'a Life<'a>) -> Self {
        Self { state: state.into(), environment, life }
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

    /// What earlier runs owe this host.
    pub fn debts(&self) -> Result<Vec<Debt>, Failure> {
        match fs::read(self.debts_file()) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| Failure::new(format!("unreadable {}: {error}", self.debts_file().display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(Failure::new(format!("cannot read {}: {error}", self.debts_file().display()))),
        }
    }

    /// Writes down debts before they are made; on the disk when this returns.
    pub fn keep_debts(&self, new: &[Debt]) -> Result<(), Failure> {
        if new.is_empty() {
            return Ok(());
        }
        let mut debts = self.debts()?;
        debts.extend(new.iter().filter(|debt| !debts.contains(debt)).cloned().collect::<Vec<_>>());
        self.write_debts(&debts)
    }

    /// Strikes debts that were paid: all that were made under the same handlers' names.
    pub fn settle_debts(&self, paid: &[Debt]) -> Result<(), Failure> {
        if paid.is_empty() {
            return Ok(());
        }
        let mut debts = self.debts()?;
        debts.retain(|debt| !paid.iter().any(|paid| paid.handler == debt.handler));
        self.write_debts(&debts)
    }

    fn write_debts(&self, debts: &[Debt]) -> Result<(), Failure> {
        let bytes = serde_json::to_vec_pretty(debts).map_err(|error| Failure::new(error.to_string()))?;
        let folder = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.state);
        folder
            .and_then(|()| crate::files::replace::write_atomically(&self.debts_file(), &bytes, 0o600))
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", self.debts_file().display())))
    }

    fn debts_file(&self) -> PathBuf {
        self.state.join("debts.json")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

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
}
