//! Packages that an earlier run left in the middle, and finishing them before anything new is begun.
//!
//! One that was left half unpacked is no matter of this: whoever brings its archive unpacks it once more.

use dpp_protocol::{Change, Failure, Verb};

use crate::Host;
use crate::packages::apt_get::process::Process;
use crate::packages::apt_get::transaction::Transaction;
use crate::packages::dpkg::lock;
use crate::packages::dpkg::status::{Installed, Package};

/// The change that a repair makes; none when nothing is left in the middle.
pub fn needed(installed: &Installed) -> Option<Change> {
    let broken = unconfigured(installed);
    if broken.is_empty() && !installed.interrupted {
        return None;
    }
    let words =
        broken.iter().map(|package| format!("{} {}", package.name, package.state)).collect::<Vec<_>>().join(", ");
    let words = if words.is_empty() { "dpkg was interrupted".to_owned() } else { words };
    Some(Change::new(Verb::Run, "dpkg --configure -a").detail(words))
}

/// Configures what is unpacked; a package that cannot be configured is named with dpkg's last words.
pub fn configure(transaction: &Transaction, host: &Host) -> Result<(), Failure> {
    lock::wait(lock::PACKAGES, transaction.lock_timeout, host)?;
    let forces = transaction.dpkg_options.iter().map(|option| format!("--{option}"));
    let finished = Process::new("dpkg").args(forces).args(["--configure", "-a"]).run(host)?;
    let installed = Installed::read()?;
    let left: Vec<_> = unconfigured(&installed).iter().map(|package| package.name.as_str()).collect();
    if left.is_empty() && finished.success {
        return Ok(());
    }
    let names = if left.is_empty() { "a package".to_owned() } else { left.join(", ") };
    Err(Failure::new(format!("{names} is half-configured and cannot be finished"))
        .code("DPP0605")
        .note("dpkg", finished.last_words())
        .help("repair it on the host (`dpkg --configure -a` shows why it fails), then run again"))
}

fn unconfigured(installed: &Installed) -> Vec<&Package> {
    installed.broken().into_iter().filter(|package| !package.is_half_unpacked()).collect()
}

/// Fails when one of these packages is still in the middle of something, whatever apt-get's exit code says.
pub fn require_whole(packages: &[&str]) -> Result<(), Failure> {
    let installed = Installed::read()?;
    match packages.iter().filter_map(|name| installed.find(name)).find(|package| package.is_broken()) {
        None => Ok(()),
        Some(package) => Err(left(package)),
    }
}

fn left(package: &Package) -> Failure {
    Failure::new(format!("apt-get ended without an error, and {} is {}", package.name, package.state))
        .code("DPP0605")
        .help(format!(
            "`dpkg --audit` on the host says more; `dpkg --remove --force-remove-reinstreq {}` takes it away, then run again",
            package.name
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_half_unpacked_is_left_to_who_has_its_archive() {
        let cases = [
            ("install ok unpacked", Some("a unpacked")),
            ("install ok half-configured", Some("a half-configured")),
            ("install ok half-installed", None),
            ("hold reinstreq half-installed", None),
            ("install reinstreq installed", None),
            ("install ok installed", None),
        ];
        for (status, expected) in cases {
            let installed = Installed::parse(&format!("Package: a\nStatus: {status}\n"));
            let detail = needed(&installed).map(|change| change.detail);
            assert_eq!(detail.as_deref(), expected, "{status}");
            assert_eq!(installed.installed("a").is_some(), status == "install ok installed", "{status}");
        }
    }
}
