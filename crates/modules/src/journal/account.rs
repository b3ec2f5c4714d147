//! What a whole run replaced: of everything the first thing that it met, since that is what was there before it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Entry, Former};
use crate::journal::former::PathState;
use crate::pipeline::connect::ConnectorFormer;

/// A package before a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FormerPackage {
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) held: bool,
}

/// A unit before a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FormerUnit {
    pub(super) unit: String,
    pub(super) up: bool,
    pub(super) file_state: String,
}

/// All that a run met first, in the order in which it met it.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) packages: Vec<FormerPackage>,
    pub(super) paths: Vec<(PathBuf, PathState)>,
    pub(super) units: Vec<FormerUnit>,
    pub(super) connectors: Vec<ConnectorFormer>,
    /// How often each module did something that nobody can take back.
    pub(super) unknown: BTreeMap<String, usize>,
}

impl Account {
    /// Sums up what some runs wrote.
    ///
    /// # Errors
    /// What runs that are not among them have changed since, files and packages: bringing that back would undo their work, too.
    pub(super) fn of(entries: Vec<Entry>, runs: &[String]) -> Result<Self, Vec<String>> {
        let mut account = Self::default();
        let mut others = Vec::new();
        for Entry { run, module, was, .. } in entries {
            if runs.contains(&run) {
                was.into_iter().for_each(|former| account.add(&module, former));
            } else {
                others.extend(was.iter().filter_map(|former| account.known(former)));
            }
        }
        others.dedup();
        if others.is_empty() { Ok(account) } else { Err(others) }
    }

    /// The name of what one of the runs had changed before.
    fn known(&self, former: &Former) -> Option<String> {
        match former {
            Former::Path { path, .. } => {
                self.paths.iter().any(|(known, _)| known == path).then(|| path.display().to_string())
            }
            Former::Package { name, .. } => self.packages.iter().any(|known| known.name == *name).then(|| name.clone()),
            Former::Connector(ConnectorFormer { name, .. }) => {
                self.connectors.iter().any(|known| known.name == *name).then(|| format!("connector {name}"))
            }
            Former::Unit { .. } | Former::Unknown => None,
        }
    }

    fn add(&mut self, module: &str, former: Former) {
        match former {
            Former::Path { path, state } => {
                if !self.paths.iter().any(|(known, _)| *known == path) {
                    self.paths.push((path, state));
                }
            }
            Former::Package { name, version, held } => {
                if !self.packages.iter().any(|known| known.name == name) {
                    self.packages.push(FormerPackage { name, version, held });
                }
            }
            Former::Unit { unit, up, file_state } => {
                if !self.units.iter().any(|known| known.unit == unit) {
                    self.units.push(FormerUnit { unit, up, file_state });
                }
            }
            Former::Connector(connector) => {
                if !self.connectors.iter().any(|known| known.name == connector.name) {
                    self.connectors.push(connector);
                }
            }
            Former::Unknown => *self.unknown.entry(module.to_owned()).or_default() += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_first_counts() {
        let unit = |up| Former::Unit { unit: "a.service".into(), up, file_state: "enabled".into() };
        let path = |state| Former::Path { path: "/etc/a".into(), state };
        let entry = |module: &str, was| Entry { run: "r".into(), at: String::new(), module: module.into(), was };
        let link = PathState::Link { target: "/b".into() };
        let entries = vec![
            entry("copy", vec![path(PathState::Absent)]),
            entry("systemd", vec![unit(false)]),
            entry("copy", vec![path(link)]),
            entry("systemd", vec![unit(true)]),
            entry("command", vec![Former::Unknown]),
            entry("command", vec![Former::Unknown]),
        ];
        let account = Account::of(entries, &["r".to_owned()]).unwrap();
        assert_eq!(account.paths, [("/etc/a".into(), PathState::Absent)]);
        assert!(!account.units[0].up && account.units.len() == 1);
        assert_eq!(account.unknown, BTreeMap::from([("command".to_owned(), 2)]));
    }
}
