//! What `apt` finds missing, superfluous or old.

use dpp_protocol::{Change, Failure, ResultMap, Verb};

use super::parameters::{Apt, State, Upgrade};
use super::simulation;
use crate::packages::apt_get::candidates::{self, Candidate};
use crate::packages::apt_get::lists;
use crate::packages::apt_get::transaction::only_about_the_cache;
use crate::packages::dpkg::status::Installed;
use crate::packages::dpkg::version;
use crate::packages::request::{Request, Wanted, matches};
use crate::packages::step::{Action, PackageStep};
use crate::{Host, Module, Survey};

impl Module for Apt {
    const NAME: &'static str = "apt";
    type Step = PackageStep;

    fn survey(&self, host: &Host) -> Result<Survey<PackageStep>, Failure> {
        self.check()?;
        if let Some(deb) = &self.deb {
            return self.as_deb(deb)?.survey(host);
        }
        let installed = Installed::read()?;
        let found = Found::by(self, &installed)?;
        Ok(found.into_survey().value("cache_updated", false).value("cache_update_time", cache_time()))
    }

    fn apply(&self, step: &PackageStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match &self.deb {
            Some(deb) => self.as_deb(deb)?.apply(step, host, result),
            None => step.make(&self.transaction(), host, result),
        }
    }

    fn conclude(&self, _host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        result.insert("cache_update_time".into(), cache_time().into());
        Ok(())
    }
}

fn cache_time() -> u64 {
    let since = lists::refreshed().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| since.as_secs())
}

/// What the survey gathers on its way.
struct Found<'a> {
    apt: &'a Apt,
    installed: &'a Installed,
    refresh: bool,
    steps: Vec<PackageStep>,
    warnings: Vec<String>,
    unpredicted: bool,
}

impl<'a> Found<'a> {
    fn by(apt: &'a Apt, installed: &'a Installed) -> Result<Self, Failure> {
        let mut found =
            Self { apt, installed, refresh: false, steps: Vec::new(), warnings: Vec::new(), unpredicted: false };
        let requests = found.expanded()?;
        let missing = found.missing(&requests)?;
        found.refresh = found.refresh_is_due(!missing.is_empty());
        match apt.state {
            State::Present | State::Fixed => found.install(missing)?,
            State::Latest => found.newest(&requests, missing)?,
            State::Absent => found.remove(&requests),
            State::BuildDep => found.simulated("build-dep", &apt.name.0)?,
        }
        found.upkeep()?;
        Ok(found)
    }

    fn into_survey(mut self) -> Survey<PackageStep> {
        if self.refresh {
            self.unpredicted |= !self.steps.is_empty() || !self.apt.name.0.is_empty();
            self.steps.insert(0, self.refreshing());
        }
        let mut clearing = PackageStep::clearing(self.installed);
        if self.steps.is_empty() {
            // A half-configured package that the task does not speak of stands in nobody's way here.
            clearing.retain(PackageStep::clears_the_policy);
        }
        clearing.append(&mut self.steps);
        Survey { steps: clearing, warnings: self.warnings, unpredicted: self.unpredicted, ..Survey::unchanged() }
    }

    fn refreshing(&self) -> PackageStep {
        let action = Action::Refresh {
            counts: self.apt.name.0.is_empty() && self.apt.upgrade == Upgrade::None,
            retries: u32::try_from(self.apt.update_cache_retries.0).unwrap_or(0),
            max_delay: self.apt.retry_max_delay(),
        };
        PackageStep { action, change: Change::new(Verb::Run, "apt-get update") }
    }

    /// The requests, with every pattern replaced by the names that it matches.
    fn expanded(&self) -> Result<Vec<Request>, Failure> {
        let requests: Vec<_> = self.apt.name.0.iter().map(|name| Request::parse(name)).collect();
        if !requests.iter().any(Request::is_pattern) {
            return Ok(requests);
        }
        let known = match self.apt.state {
            State::Absent => self.installed.all().map(|package| package.name.clone()).collect(),
            _ => candidates::names()?,
        };
        let names_of = |request: &Request| {
            if !request.is_pattern() {
                return vec![request.name.clone()];
            }
            known.iter().filter(|name| matches(&request.name, name)).cloned().collect()
        };
        let expand = |request: &Request| {
            names_of(request).into_iter().map(|name| Request { name, ..request.clone() }).collect::<Vec<_>>()
        };
        Ok(requests.iter().flat_map(expand).collect())
    }

    /// Requests that what is installed does not meet.
    fn missing(&self, requests: &[Request]) -> Result<Vec<Request>, Failure> {
        let mut missing = Vec::new();
        if matches!(self.apt.state, State::Absent | State::BuildDep) {
            return Ok(missing);
        }
        for request in requests {
            match self.installed.installed(&request.name) {
                Some(package) if request.accepts(&package.version) => {}
                Some(package) => {
                    if !self.apt.allows_downgrade() {
                        request.refuse_downgrade(package)?;
                    }
                    missing.push(request.clone());
                }
                None if self.apt.only_upgrade.0 || self.is_provided(request)? => {}
                None => missing.push(request.clone()),
            }
        }
        Ok(missing)
    }

    /// Whether an installed package stands in for it. It does not for one that exists by itself, such as a transitional one.
    fn is_provided(&self, request: &Request) -> Result<bool, Failure> {
        let provided = request.wanted == Wanted::Any
            && self.installed.find(&request.name).is_none_or(|package| !package.is_broken())
            && self.installed.provider(&request.name).is_some();
        if !provided {
            return Ok(false);
        }
        let candidates = candidates::of(&[&request.name], self.apt.release())?;
        Ok(candidates.get(&request.name).is_none_or(Candidate::is_virtual))
    }

    /// Whether the lists must be refreshed; a task whose packages are there already needs them only if a source is new.
    fn refresh_is_due(&self, missing: bool) -> bool {
        if !self.apt.asks_for_refresh() {
            return false;
        }
        let needs_lists = match self.apt.state {
            State::Present => missing || self.apt.name.0.is_empty(),
            State::Absent => self.apt.name.0.is_empty(),
            State::Latest | State::BuildDep | State::Fixed => true,
        } || self.apt.upgrade != Upgrade::None;
        let old = || self.apt.cache_valid().is_none_or(lists::older_than);
        (needs_lists && old()) || lists::lack_a_source()
    }

    fn install(&mut self, missing: Vec<Request>) -> Result<(), Failure> {
        if self.apt.state == State::Fixed {
            self.simulated_with("install", &[], &["--fix-broken".to_owned()])?;
        }
        if missing.is_empty() {
            return Ok(());
        }
        let change = self.described(&missing)?;
        let action = Action::Install { requests: missing, release: self.apt.release().to_owned() };
        self.steps.push(PackageStep { action, change });
        Ok(())
    }

    fn newest(&mut self, requests: &[Request], mut missing: Vec<Request>) -> Result<(), Failure> {
        let names: Vec<_> = requests.iter().map(|request| request.name.as_str()).collect();
        let candidates = candidates::of(&names, self.apt.release())?;
        for request in requests.iter().filter(|request| request.wanted == Wanted::Any) {
            let Some(package) = self.installed.installed(&request.name) else { continue };
            let candidate = candidates.get(&request.name).and_then(|candidate| candidate.version.as_deref());
            let newer = candidate.is_some_and(|candidate| version::compare(candidate, &package.version).is_gt());
            if package.is_held() && !self.apt.allows_change_of_held() {
                self.warnings.extend(newer.then(|| format!("{} is held at {}", package.name, package.version)));
            } else if newer || self.refresh {
                missing.push(request.clone());
            }
        }
        self.install(missing)
    }

    fn remove(&mut self, requests: &[Request]) {
        let there = |name: &str| {
            self.installed.find(name).is_some_and(|package| match package.state.as_str() {
                "not-installed" => false,
                "config-files" => self.apt.purge.0,
                _ => true,
            })
        };
        let names: Vec<String> =
            requests.iter().map(|request| request.name.clone()).filter(|name| there(name)).collect();
        if !names.is_empty() {
            let verb = if self.apt.purge.0 { "purge" } else { "remove" };
            let change = Change::new(Verb::Delete, names.join(", ")).detail(verb);
            let action = Action::AptGet { verb: vec![verb], operands: names, counts: true };
            self.steps.push(PackageStep { action, change });
        }
    }

    /// What is done to all packages rather than to named ones.
    fn upkeep(&mut self) -> Result<(), Failure> {
        match self.apt.upgrade {
            Upgrade::None => {}
            Upgrade::Safe => self.simulated_with("upgrade", &[], &["--with-new-pkgs".to_owned()])?,
            Upgrade::Full => self.simulated("dist-upgrade", &[])?,
        }
        if self.apt.autoremove.0 && self.apt.name.0.is_empty() {
            self.simulated("autoremove", &[])?;
        }
        if self.apt.autoclean.0 {
            self.simulated("autoclean", &[])?;
        }
        if self.apt.clean.0 && cache_holds_archives() {
            let action = Action::AptGet { verb: vec!["clean"], operands: Vec::new(), counts: true };
            self.steps.push(PackageStep { action, change: Change::new(Verb::Run, "apt-get clean") });
        }
        Ok(())
    }

    fn simulated(&mut self, verb: &'static str, operands: &[String]) -> Result<(), Failure> {
        self.simulated_with(verb, operands, &[])
    }

    /// A step that only apt's solver can foresee, and that stays open while the lists are to be refreshed before it.
    fn simulated_with(&mut self, verb: &'static str, operands: &[String], options: &[String]) -> Result<(), Failure> {
        let mut words = vec![verb];
        words.extend(operands.iter().map(String::as_str));
        let general = if only_about_the_cache(&[verb]) { Vec::new() } else { self.apt.transaction().options };
        let options = [&general, options].concat();
        let touched = if self.refresh { Vec::new() } else { simulation::touched(&words, &options)? };
        if !self.refresh && touched.is_empty() {
            return Ok(());
        }
        self.unpredicted |= self.refresh;
        let change = Change::new(Verb::Run, format!("apt-get {}", words.join(" "))).detail(touched.join(", "));
        let mut verb = vec![verb];
        if verb[0] == "upgrade" {
            verb.insert(0, "--with-new-pkgs");
        }
        let counts = verb[0] == "autoclean";
        let action = Action::AptGet { verb, operands: operands.to_vec(), counts };
        self.steps.push(PackageStep { action, change });
        Ok(())
    }

    /// `elasticsearch  5.6.2 -> 6.2.1`; what apt does not know yet is said, and left to the run.
    fn described(&mut self, missing: &[Request]) -> Result<Change, Failure> {
        let names: Vec<_> = missing.iter().map(|request| request.name.as_str()).collect();
        let known = candidates::of(&names, self.apt.release())?;
        let mut details = Vec::new();
        for request in missing {
            let candidate = known.get(&request.name);
            let operand = request.operand(candidate);
            let pinned = operand.split_once('=').map(|(_, version)| version.to_owned());
            let to = pinned.or_else(|| candidate?.version.clone());
            let is_listed = |version: &String| candidate.is_some_and(|candidate| candidate.versions.contains(version));
            if !to.as_ref().is_some_and(is_listed) {
                self.unpredicted = true;
                if !self.refresh {
                    self.warnings.push(format!("no repository of this host has {operand} at present"));
                }
            }
            let from = self.installed.installed(&request.name).map(|package| package.version.clone());
            details.extend([from, to].into_iter().flatten().reduce(|from, to| format!("{from} -> {to}")));
        }
        let all_new = names.iter().all(|name| self.installed.installed(name).is_none());
        let verb = if all_new { Verb::Create } else { Verb::Change };
        Ok(Change::new(verb, names.join(", ")).detail(details.join(", ")))
    }
}

fn cache_holds_archives() -> bool {
    std::fs::read_dir("/var/cache/apt/archives").is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.path().extension().is_some_and(|extension| extension == "deb"))
    })
}
