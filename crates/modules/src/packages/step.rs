//! What `apt` and `deb` do to a host, one step at a time.

use std::path::Path;
use std::time::Duration;

use dpp_protocol::{Change, Failure, ResultMap, Verb};

use crate::journal::Former;
use crate::packages::apt_get::candidates::{self, Candidate};
use crate::packages::apt_get::transaction::{self, Transaction};
use crate::packages::apt_get::{lists, policy_rc_d};
use crate::packages::dpkg::status::{Installed, Package};
use crate::packages::dpkg::{repair, selections, space};
use crate::packages::request::Request;
use crate::{Host, Step};

/// One thing that is done to packages, and how it shows.
#[derive(Debug)]
pub struct PackageStep {
    /// What is done.
    pub action: Action,
    /// How it shows.
    pub change: Change,
}

impl Step for PackageStep {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }

    /// The packages that it names; what came along with them is known after it.
    fn former(&self) -> Result<Vec<Former>, Failure> {
        let names: Vec<&str> = match &self.action {
            Action::Install { requests, .. } => requests.iter().map(|request| request.name.as_str()).collect(),
            Action::AptGet { .. } => vec![self.change.what.as_str()],
            Action::Select { package, .. } => vec![package],
            Action::ClearPolicy | Action::Repair | Action::Refresh { .. } => Vec::new(),
        };
        let installed = Installed::read()?;
        Ok(names.into_iter().filter(|name| is_name(name)).map(|name| Former::package(name, &installed)).collect())
    }
}

/// Whether this is a package's name, and no sentence about several.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.:".contains(letter))
}

/// What is done.
#[derive(Debug)]
pub enum Action {
    /// A `policy-rc.d` that a broken run left is removed.
    ClearPolicy,
    /// What is half-configured is configured.
    Repair,
    /// The package lists are refreshed; alone in a task it counts as a change.
    Refresh {
        /// Whether it is what the task is about.
        counts: bool,
        /// How often a mirror that does not answer is asked again.
        retries: u32,
        /// The longest pause between two attempts.
        max_delay: Duration,
    },
    /// Packages are installed from the repositories.
    Install {
        /// Packages and versions.
        requests: Vec<Request>,
        /// The release they are preferred from, or empty.
        release: String,
    },
    /// Any other run of apt-get.
    AptGet {
        /// `remove`, `dist-upgrade` …
        verb: Vec<&'static str>,
        /// Packages or files.
        operands: Vec<String>,
        /// Whether it is a change even if apt-get counts no package: a cache that is emptied.
        counts: bool,
    },
    /// What the administrator wants of a package is written down.
    Select {
        /// The package.
        package: String,
        /// `hold`, `install` …
        selection: &'static str,
    },
}

impl PackageStep {
    /// Removes a `policy-rc.d` of a run that died, and finishes what dpkg left half done, where there is such a thing.
    pub fn clearing(installed: &Installed) -> Vec<Self> {
        let stale = policy_rc_d::stale().map(|change| Self { action: Action::ClearPolicy, change });
        let broken = repair::needed(installed).map(|change| Self { action: Action::Repair, change });
        stale.into_iter().chain(broken).collect()
    }

    /// True for the one step that is due even when the task itself finds nothing to do.
    pub fn clears_the_policy(&self) -> bool {
        matches!(self.action, Action::ClearPolicy)
    }

    /// Does it, and writes down what came or went along.
    pub fn make(&self, transaction: &Transaction, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if !matches!(self.action, Action::Install { .. } | Action::AptGet { .. }) {
            return self.take(transaction, host, result);
        }
        let before = Installed::read()?;
        let taken = self.take(transaction, host, result);
        let after = Installed::read()?;
        let moved = after.differing(&before);
        host.journal("packages", moved.iter().map(|name| Former::package(name, &before)).collect())?;
        host.note(moved.iter().map(|name| Former::package(name, &after)).collect())?;
        taken
    }

    fn take(&self, transaction: &Transaction, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let attempt = attempt(&self.change);
        match &self.action {
            Action::ClearPolicy => policy_rc_d::clear().map(|()| transaction::mark_changed(true, result)),
            Action::Repair => repair::configure(transaction, host).map(|()| transaction::mark_changed(true, result)),
            Action::Refresh { counts, retries, max_delay } => {
                lists::refresh(host, transaction.lock_timeout, *retries, *max_delay)?;
                result.insert("cache_updated".into(), true.into());
                transaction::mark_changed(*counts, result);
                Ok(())
            }
            Action::Install { requests, release } => {
                let operands = resolved(requests, release)?;
                require_space(&operands, transaction)?;
                let names: Vec<_> = requests.iter().map(|request| request.name.as_str()).collect();
                let done = transaction.run(installing(&names)?, &operands, &attempt, host)?;
                transaction::record(&done, result);
                repair::require_whole(&names)
            }
            Action::AptGet { verb, operands, counts } => {
                let done = transaction.run(verb, operands, &attempt, host)?;
                transaction::record(&done, result);
                transaction::mark_changed(*counts, result);
                Ok(())
            }
            Action::Select { package, selection } => {
                selections::select(&[package], selection, transaction.lock_timeout, host)?;
                transaction::mark_changed(true, result);
                Ok(())
            }
        }
    }
}

/// The change as it completes `cannot …`.
fn attempt(change: &Change) -> String {
    match change.verb {
        Verb::Create | Verb::Change => format!("install {}", change.what),
        Verb::Delete => format!("remove {}", change.what),
        Verb::Restart | Verb::Run => format!("run {}", change.what),
    }
}

/// apt takes a package that is half unpacked for installed, and leaves it so unless it is told to install it again.
fn installing(packages: &[&str]) -> Result<&'static [&'static str], Failure> {
    let installed = Installed::read()?;
    let half = packages.iter().filter_map(|name| installed.find(name)).any(Package::is_half_unpacked);
    Ok(if half { &["install", "--reinstall"] } else { &["install"] })
}

/// What apt-get is told; a package or version that apt does not know is refused before anything changes.
fn resolved(requests: &[Request], release: &str) -> Result<Vec<String>, Failure> {
    let names: Vec<_> = requests.iter().map(|request| request.name.as_str()).collect();
    let known = candidates::of(&names, release)?;
    requests.iter().map(|request| operand(request, known.get(&request.name))).collect()
}

fn operand(request: &Request, candidate: Option<&Candidate>) -> Result<String, Failure> {
    let versions = candidate.map(|candidate| candidate.versions.as_slice()).unwrap_or_default();
    if versions.is_empty() || versions.iter().any(|version| request.accepts(version)) {
        return Ok(request.operand(candidate));
    }
    Err(Failure::new(format!("no repository of this host has {}", request.operand(None).replacen('=', " ", 1)))
        .code("DPP0602")
        .note("versions", versions.join(", "))
        .help(format!("`apt-cache policy {}` on the host shows what there is; nothing was changed", request.name)))
}

/// Asks apt how much it would unpack, but only when so little is free that it may not fit.
fn require_space(operands: &[String], transaction: &Transaction) -> Result<(), Failure> {
    const AMPLE: u64 = 4 << 30;
    let root = Path::new("/usr");
    if space::free(root).is_none_or(|free| free >= AMPLE) {
        return Ok(());
    }
    let needed = transaction.needed_space(operands)?;
    let what = operands.join(", ");
    space::require(Path::new("/var/cache/apt/archives"), needed.fetched, &what)?;
    space::require(root, needed.unpacked.saturating_add(needed.fetched), &what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_no_repository_has_is_refused_with_those_there_are() {
        let candidate = Candidate { version: Some("6.2.1".into()), versions: vec!["6.2.1".into(), "5.6.2".into()] };
        let failure = operand(&Request::parse("elasticsearch=6.2.4"), Some(&candidate)).unwrap_err();
        assert_eq!(failure.message, "no repository of this host has elasticsearch 6.2.4");
        assert_eq!(failure.notes[0].text, "6.2.1, 5.6.2");
        assert_eq!(operand(&Request::parse("elasticsearch=5*"), Some(&candidate)).unwrap(), "elasticsearch=5.6.2");
        assert_eq!(operand(&Request::parse("rabitmq"), None).unwrap(), "rabitmq");
    }
}
