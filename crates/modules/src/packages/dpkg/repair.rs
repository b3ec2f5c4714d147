//! Packages that an earlier run left in the middle, and finishing them before anything new is begun.

use dpp_protocol::{Change, Failure, Verb};

use crate::Host;
use crate::packages::apt_get::process::Process;
use crate::packages::apt_get::transaction::Transaction;
use crate::packages::dpkg::lock;
use crate::packages::dpkg::status::Installed;

/// The change that a repair makes; none when nothing is left in the middle.
pub fn needed(installed: &Installed) -> Option<Change> {
    let broken = installed.broken();
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
    let left = Installed::read()?;
    let left: Vec<_> = left
        .broken()
        .iter()
        .filter(|package| package.state != "half-installed")
        .map(|package| package.name.clone())
        .collect();
    if left.is_empty() && finished.success {
        return Ok(());
    }
    let names = if left.is_empty() { "a package".to_owned() } else { left.join(", ") };
    Err(Failure::new(format!("{names} is half-configured and cannot be finished"))
        .code("DPP0605")
        .note("dpkg", finished.last_words())
        .help("repair it on the host (`dpkg --configure -a` shows why it fails), then run again"))
}
