//! Packages that go back to the versions they had: from the .debs that are kept here, or from the repositories.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde_json::{Value, json};

use super::Former;
use super::account::FormerPackage;
use crate::Host;
use crate::packages::apt_get::candidates;
use crate::packages::apt_get::transaction::{self, Transaction, default_dpkg_options};
use crate::packages::dpkg::status::Installed;
use crate::packages::dpkg::{lock, repair, selections, version};
use crate::packages::shelf;

/// Packages that are not as they were, and what apt-get is told to bring them back.
#[derive(Debug, Default)]
pub struct PackagesBack {
    moves: Vec<Move>,
    operands: Vec<String>,
    selections: Vec<(String, bool)>,
}

#[derive(Debug)]
struct Move {
    name: String,
    now: Option<String>,
    then: Option<String>,
}

impl PackagesBack {
    /// What has to be done, and all that speaks against it.
    pub(super) fn of(
        former: &[FormerPackage],
        installed: &Installed,
        bound_by_data: &[String],
        host: &Host,
    ) -> Result<Self, Failure> {
        let mut back = Self::default();
        let mut bound = Vec::new();
        for FormerPackage { name, version, held } in former {
            let now = installed.installed(name);
            if now.map(|now| &now.version) != version.as_ref() {
                let step = Move { name: name.clone(), now: now.map(|now| now.version.clone()), then: version.clone() };
                bound.extend(step.is_bound(bound_by_data).then(|| step.words()));
                back.operands.push(step.operand(host)?);
                back.moves.push(step);
            }
            if version.is_some()
                && (now.is_none_or(|now| now.is_held() != *held) || now.map(|now| &now.version) != version.as_ref())
            {
                back.selections.push((name.clone(), *held));
            }
        }
        if bound.is_empty() { Ok(back) } else { Err(refusal(&bound)) }
    }

    /// What there is to do, if there is.
    pub(super) fn needed(self) -> Option<Self> {
        (!self.moves.is_empty() || !self.selections.is_empty()).then_some(self)
    }

    /// The moves as `register` sees them.
    pub(super) fn told(&self) -> Value {
        self.moves.iter().map(|step| json!({"name": step.name, "from": step.now, "to": step.then})).collect()
    }

    pub(super) fn change(&self) -> Change {
        if self.moves.is_empty() {
            let names: Vec<&str> = self.selections.iter().map(|(name, _)| name.as_str()).collect();
            return Change::new(Verb::Change, names.join(", ")).detail("held or not, as before");
        }
        let words: Vec<String> = self.moves.iter().map(Move::words).collect();
        Change::new(Verb::Change, "packages").detail(words.join(", "))
    }

    pub(super) fn former(&self) -> Result<Vec<Former>, Failure> {
        let installed = Installed::read()?;
        let names = self.moves.iter().map(|step| &step.name).chain(self.selections.iter().map(|(name, _)| name));
        Ok(names.map(|name| Former::package(name, &installed)).collect())
    }

    /// All in one go: what needs one another goes back together. Services are not started; that comes when their files are back.
    pub(super) fn make(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if !self.operands.is_empty() {
            let options = [
                "-oAPT::Sandbox::User=root",
                "--allow-downgrades",
                "--allow-change-held-packages",
                "--no-install-recommends",
            ];
            let how = Transaction {
                dpkg_options: default_dpkg_options().0,
                options: options.map(str::to_owned).into(),
                lock_timeout: lock::PATIENCE,
                policy_rc_d: Some(101),
            };
            let done = how.run(&["install"], &self.operands, "bring packages back", host)?;
            transaction::record(&done, result);
            let names: Vec<&str> =
                self.moves.iter().filter(|step| step.then.is_some()).map(|step| step.name.as_str()).collect();
            repair::require_whole(&names)?;
        }
        for (held, selection) in [(true, "hold"), (false, "install")] {
            let names: Vec<&str> =
                self.selections.iter().filter(|(_, wanted)| *wanted == held).map(|(name, _)| name.as_str()).collect();
            if !names.is_empty() {
                selections::select(&names, selection, lock::PATIENCE, host)?;
            }
        }
        Ok(())
    }
}

impl Move {
    fn words(&self) -> String {
        let text = |version: &Option<String>| version.clone().unwrap_or_else(|| "not installed".to_owned());
        format!("{} {} -> {}", self.name, text(&self.now), text(&self.then))
    }

    /// Whether its data are of a newer version than the one it would go back to. A package that goes leaves its data.
    fn is_bound(&self, names: &[String]) -> bool {
        let (Some(now), Some(then)) = (&self.now, &self.then) else { return false };
        names.contains(&self.name) && version::compare(now, then).is_gt()
    }

    /// What apt-get is told. A package goes, but its configuration and its data stay.
    fn operand(&self, host: &Host) -> Result<String, Failure> {
        let Some(then) = &self.then else { return Ok(format!("{}-", self.name)) };
        if let Some(deb) = shelf::find(&self.name, then, host) {
            return Ok(deb.display().to_string());
        }
        let known = candidates::of(&[&self.name], "")?;
        let versions = known.get(&self.name).map(|candidate| candidate.versions.clone()).unwrap_or_default();
        if versions.contains(then) {
            return Ok(format!("{}={then}", self.name));
        }
        Err(Failure::new(format!("{} {then} is neither kept on this host nor in its repositories", self.name))
            .code("DPP0602")
            .note("versions", versions.join(", "))
            .help("deploy the inventory as it was then; nothing was touched"))
    }
}

fn refusal(bound: &[String]) -> Failure {
    Failure::new(format!("data cannot go back: {}", bound.join(", "))).code("DPP0615").help(
        "the newer version has rewritten its data at its first start; restore a snapshot into the older one, or stay. \
               Nothing was touched",
    )
}
