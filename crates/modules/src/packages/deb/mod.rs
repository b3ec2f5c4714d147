//! `deb`: one versioned .deb that lies on the host, installed with an explicit policy for configuration files, and held.
//!
//! Its dependencies come from the configured repositories; the file itself is pushed beforehand.

mod operand;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Names, Whole};
use crate::packages::apt_get::lists;
use crate::packages::apt_get::transaction::{Transaction, default_dpkg_options};
use crate::packages::dpkg::archive::Archive;
use crate::packages::dpkg::status::{Installed, Package};
use crate::packages::dpkg::{conffiles, lock, repair, space, version};
use crate::packages::request::downgrade;
use crate::packages::shelf;
use crate::packages::step::{Action, PackageStep};
use crate::{Host, Module, Survey};

use operand::{operand, provide, withdraw};

/// Parameters of `deb`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deb {
    /// Where the .deb lies on the host.
    #[serde(default, alias = "deb")]
    path: Option<HostPath>,
    /// What is to become of configuration files that were edited.
    #[serde(default)]
    conffiles: Conffiles,
    /// Whether configuration files that were deleted are put back as the package has them.
    #[serde(default)]
    restore_conffiles: Flag,
    /// Whether an older version may replace a newer one.
    #[serde(default, alias = "allow_downgrades")]
    allow_downgrade: Flag,
    /// Whether the package is kept at this version afterwards; as it is now when not given.
    #[serde(default)]
    hold: Option<Flag>,
    /// Whether its maintainer scripts may start services.
    #[serde(default = "yes")]
    start: Flag,
    #[serde(default)]
    install_recommends: Flag,
    #[serde(default)]
    lock_timeout: Option<Whole>,
    /// Hash of the pushed .deb.
    #[serde(default, rename = "_blob")]
    blob: Option<String>,
    /// What its control file says, so that a survey needs neither the file nor a process.
    #[serde(default, rename = "_package")]
    package: Option<String>,
    #[serde(default, rename = "_version")]
    version: Option<String>,
    #[serde(default, rename = "_architecture")]
    architecture: Option<String>,
    /// In KiB, as the control file has it.
    #[serde(default, rename = "_installed_size")]
    installed_size: Whole,
    /// The oldest version that this one may replace; empty when any.
    #[serde(default, rename = "_upgrades_from")]
    upgrades_from: String,
    /// Why there is no way back to an older one once this one has started; empty where there is.
    #[serde(default, rename = "_no_return")]
    no_return: String,
    /// Options for dpkg that take the place of those that `conffiles` stands for.
    #[serde(skip)]
    dpkg_options: Option<Names>,
}

/// Unpacks what apt takes for installed.
const AGAIN: &str = "--reinstall";

fn too_far(archive: &Archive, installed: &str, from: &str) -> Failure {
    let (package, wanted) = (&archive.package, &archive.version);
    Failure::new(format!("{package} {installed} is installed, and {wanted} can be reached from {from} on"))
        .code("DPP0614")
        .help(format!("upgrade to {from} first; nothing was touched"))
}

fn yes() -> Flag {
    Flag(true)
}

/// What is to become of configuration files that were edited on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Conffiles {
    /// They stay; the package's version is laid beside them.
    #[default]
    Keep,
    /// The package's version replaces them; the edited one is laid beside it.
    Replace,
    /// The task fails before anything is changed.
    Refuse,
}

impl Module for Deb {
    const NAME: &'static str = "deb";
    type Step = PackageStep;

    fn survey(&self, host: &Host) -> Result<Survey<PackageStep>, Failure> {
        let file = self.file(host);
        let archive = match (self.described(), &file) {
            (Some(archive), _) => archive,
            (None, Some(file)) if file.exists() => Archive::read(file)?,
            (None, Some(file)) => return Ok(Survey::steps(vec![unknown(file)]).unpredicted()),
            (None, None) => return Err(without_path()),
        };
        let installed = Installed::read()?;
        let there = installed.find(&archive.package);
        let mut steps = PackageStep::clearing(&installed);
        let wanted = |package: &Package| package.version == archive.version;
        let operand = operand(file.as_deref(), &archive, host);
        let installs = !there.is_some_and(|package| package.is_installed() && wanted(package));
        if installs {
            self.refuse(&archive, there)?;
            // One that is unpacked in this very version only wants to be configured, which clearing does.
            if !there.is_some_and(|package| is_unpacked(package) && wanted(package)) {
                steps.push(self.install(&archive, there, &operand));
            }
        } else {
            steps.retain(PackageStep::clears_the_policy);
            steps.extend(self.restoring(there, &operand));
        }
        let unpacks = installs || steps.iter().any(|step| matches!(step.action, Action::AptGet { .. }));
        steps.extend(self.selecting(&archive, there, unpacks));
        Ok(Survey::steps(steps).value("package", archive.package).value("version", archive.version))
    }

    fn apply(&self, step: &PackageStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let Action::AptGet { verb, .. } = &step.action else {
            return step.make(&self.transaction(false, false), host, result);
        };
        let again = verb.contains(&AGAIN);
        let file = self.file(host).ok_or_else(without_path)?;
        let archive = Archive::read(&file)?;
        let operand = operand(Some(&file), &archive, host);
        provide(&file, &operand)?;
        let installed = Installed::read()?;
        let held = installed.find(&archive.package).is_some_and(Package::is_held);
        let start = SystemTime::now();
        let made = make(step, &self.transaction(held, again), host, result);
        if operand != file {
            withdraw(&operand);
        }
        made?;
        repair::require_whole(&[&archive.package])?;
        let before = installed.installed(&archive.package).map(|package| package.version.as_str());
        shelf::keep(&file, &archive, before.filter(|before| *before != archive.version), host)?;
        tell_laid_beside(&archive.package, start, result)
    }
}

impl Deb {
    /// A file on the host, as `apt` with `deb:` takes it.
    pub(super) fn of(
        path: HostPath,
        allow_downgrade: Flag,
        install_recommends: Flag,
        lock_timeout: Whole,
        dpkg_options: Names,
    ) -> Self {
        Self {
            path: Some(path),
            upgrades_from: String::new(),
            no_return: String::new(),
            conffiles: Conffiles::Keep,
            restore_conffiles: Flag(false),
            allow_downgrade,
            hold: None,
            start: Flag(true),
            install_recommends,
            lock_timeout: Some(lock_timeout),
            blob: None,
            package: None,
            version: None,
            architecture: None,
            installed_size: Whole(0),
            dpkg_options: Some(dpkg_options),
        }
    }

    /// Where the .deb lies; nowhere while one that is only described is not pushed.
    fn file(&self, host: &Host) -> Option<PathBuf> {
        self.blob.as_ref().map(|sha256| host.blob(sha256)).or_else(|| self.path.as_deref().map(Path::to_owned))
    }

    /// What the .deb is, when the task says so.
    fn described(&self) -> Option<Archive> {
        Some(Archive {
            package: self.package.clone()?,
            version: self.version.clone()?,
            architecture: self.architecture.clone().unwrap_or_else(|| "all".into()),
            installed_kib: u64::try_from(self.installed_size.0).unwrap_or(0),
        })
    }

    /// Everything that speaks against installing it, said before anything is changed.
    fn refuse(&self, archive: &Archive, there: Option<&Package>) -> Result<(), Failure> {
        space::require(
            Path::new("/usr"),
            archive.installed_kib << 10,
            &format!("{} {}", archive.package, archive.version),
        )?;
        let Some(there) = there.filter(|package| package.is_installed()) else { return Ok(()) };
        if version::compare(&there.version, &archive.version).is_gt() && !self.allow_downgrade.0 {
            return Err(downgrade(&archive.package, &there.version, &archive.version));
        }
        if !self.upgrades_from.is_empty() && version::compare(&there.version, &self.upgrades_from).is_lt() {
            return Err(too_far(archive, &there.version, &self.upgrades_from));
        }
        let edited = if self.conffiles == Conffiles::Refuse { conffiles::edited(there) } else { Vec::new() };
        if edited.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("{} has edited configuration files", archive.package))
            .code("DPP0612")
            .note("edited", edited.join("\n"))
            .help("say `conffiles: keep` or `conffiles: replace`, or bring the files into a role"))
    }

    fn install(&self, archive: &Archive, there: Option<&Package>, operand: &Path) -> PackageStep {
        let before = there.filter(|package| package.is_installed()).map(|package| package.version.as_str());
        let mut change = match before {
            Some(before) => {
                Change::new(Verb::Change, archive.package.clone()).detail(format!("{before} -> {}", archive.version))
            }
            None => Change::new(Verb::Create, archive.package.clone()).detail(archive.version.clone()),
        };
        let is_newer = before.is_some_and(|before| version::compare(before, &archive.version).is_lt());
        if is_newer && !self.no_return.is_empty() {
            change.no_return = Some(format!("once {} has started, {}", archive.version, self.no_return));
        }
        PackageStep { action: installing(operand, there.is_some_and(Package::is_half_unpacked)), change }
    }

    /// Unpacks the installed version once more, for configuration files that it lacks.
    fn restoring(&self, there: Option<&Package>, operand: &Path) -> Option<PackageStep> {
        let package = there.filter(|_| self.restore_conffiles.0)?;
        let missing = conffiles::missing(package);
        let change = Change::new(Verb::Create, missing.join(", ")).detail(format!("as {} has it", package.name));
        (!missing.is_empty()).then(|| PackageStep { action: installing(operand, true), change })
    }

    /// The hold that is to be there afterwards; dpkg forgets one when it installs another version.
    fn selecting(&self, archive: &Archive, there: Option<&Package>, installs: bool) -> Option<PackageStep> {
        let held = there.is_some_and(Package::is_held);
        let wanted = self.hold.map_or(held, |flag| flag.0);
        if wanted == held && !(installs && wanted) {
            return None;
        }
        let (selection, detail) = if wanted { ("hold", "held") } else { ("install", "no longer held") };
        let change = Change::new(Verb::Change, archive.package.clone()).detail(detail);
        Some(PackageStep { action: Action::Select { package: archive.package.clone(), selection }, change })
    }

    fn transaction(&self, held: bool, again: bool) -> Transaction {
        let mut forces = match self.conffiles {
            Conffiles::Replace => Names(vec!["force-confnew".into()]),
            Conffiles::Keep | Conffiles::Refuse => default_dpkg_options(),
        };
        forces.0.extend((again && self.restore_conffiles.0).then(|| "force-confmiss".into()));
        let flags = [
            (true, "-oAPT::Sandbox::User=root"),
            (self.allow_downgrade.0, "--allow-downgrades"),
            (held, "--allow-change-held-packages"),
            (!self.install_recommends.0, "--no-install-recommends"),
        ];
        Transaction {
            dpkg_options: self.dpkg_options.clone().unwrap_or(forces).0,
            options: flags.iter().filter(|(wanted, _)| *wanted).map(|(_, option)| (*option).to_owned()).collect(),
            lock_timeout: self
                .lock_timeout
                .map_or(lock::PATIENCE, |seconds| Duration::from_secs(u64::try_from(seconds.0).unwrap_or(0))),
            policy_rc_d: (!self.start.0).then_some(101),
        }
    }
}

/// On a host whose lists were never read, dependencies are found after they were.
fn make(step: &PackageStep, how: &Transaction, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
    match step.make(how, host, result) {
        Err(failure) if failure.code == "DPP0610" && lists::lack_a_source() => {
            lists::refresh(host, how.lock_timeout, 2, Duration::from_secs(4))?;
            step.make(how, host, result)
        }
        made => made,
    }
}

fn is_unpacked(package: &Package) -> bool {
    matches!(package.state.as_str(), "unpacked" | "half-configured")
}

fn without_path() -> Failure {
    Failure::new("`deb` needs the path of a .deb").code("DPP0104")
}

fn unknown(file: &Path) -> PackageStep {
    let action = installing(file, false);
    PackageStep { action, change: Change::new(Verb::Create, file.display().to_string()).detail("not there yet") }
}

/// A run of apt-get; `again` unpacks what apt takes for installed.
fn installing(file: &Path, again: bool) -> Action {
    let verb = if again { vec!["install", AGAIN] } else { vec!["install"] };
    Action::AptGet { verb, operands: vec![file.display().to_string()], counts: false }
}

fn tell_laid_beside(package: &str, start: SystemTime, result: &mut ResultMap) -> Result<(), Failure> {
    let installed = Installed::read()?;
    let beside = installed.find(package).map(|package| conffiles::laid_beside(package, start)).unwrap_or_default();
    if !beside.is_empty() {
        result.insert("_warnings".into(), vec![format!("{package}: dpkg laid {} beside", beside.join(", "))].into());
    }
    result.insert("conffiles_beside".into(), beside.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;

    const STATUS: &str = "Package: es\nStatus: hold ok installed\nVersion: 6.2.1\nArchitecture: all\n";

    fn archive(version: &str) -> Archive {
        Archive { package: "es".into(), version: version.into(), architecture: "all".into(), installed_kib: 10 }
    }

    #[test]
    fn going_back_is_refused_unless_it_is_asked_for() {
        let installed = Installed::parse(STATUS);
        let there = installed.find("es");
        let deb: Deb = from_value(json!({"path": "/x.deb"})).unwrap();
        assert_eq!(deb.refuse(&archive("5.6.2"), there).unwrap_err().code, "DPP0606");
        deb.refuse(&archive("6.8.23"), there).unwrap();
        deb.refuse(&archive("5.6.2"), None).unwrap();
        let deb: Deb = from_value(json!({"path": "/x.deb", "allow_downgrade": true})).unwrap();
        deb.refuse(&archive("5.6.2"), there).unwrap();
    }

    #[test]
    fn a_step_that_is_too_far_is_refused_before_anything_is_replaced() {
        let installed = Installed::parse(STATUS);
        let deb: Deb = from_value(json!({"path": "/x.deb", "_upgrades_from": "6.8"})).unwrap();
        let refused = deb.refuse(&archive("7.17.29"), installed.find("es")).unwrap_err();
        assert_eq!(refused.message, "es 6.2.1 is installed, and 7.17.29 can be reached from 6.8 on");
        deb.refuse(&archive("7.17.29"), None).unwrap();
        let deb: Deb = from_value(json!({"path": "/x.deb", "_upgrades_from": "5.6"})).unwrap();
        deb.refuse(&archive("6.8.23"), installed.find("es")).unwrap();
    }

    #[test]
    fn a_hold_is_kept_over_an_upgrade_set_and_lifted() {
        let installed = Installed::parse(STATUS);
        let held = installed.find("es");
        let cases = [
            (json!(null), held, true, Some("hold")),
            (json!(null), held, false, None),
            (json!(true), held, false, None),
            (json!(false), held, false, Some("install")),
            (json!(true), None, true, Some("hold")),
            (json!(null), None, true, None),
        ];
        for (hold, there, installs, expected) in cases {
            let deb: Deb = from_value(json!({"path": "/x.deb", "hold": hold})).unwrap();
            let step = deb.selecting(&archive("6.8.23"), there, installs);
            let selection = step.map(|step| match step.action {
                Action::Select { selection, .. } => selection,
                _ => "another step",
            });
            assert_eq!(selection, expected, "hold {hold}, installs {installs}");
        }
    }

    #[test]
    fn dpkg_is_told_the_policy() {
        let options = |conffiles| {
            let deb: Deb = from_value(json!({"path": "/x", "conffiles": conffiles})).unwrap();
            deb.transaction(false, false).dpkg_options
        };
        assert_eq!(options("keep"), ["force-confdef", "force-confold"]);
        assert_eq!(options("replace"), ["force-confnew"]);
    }
}
