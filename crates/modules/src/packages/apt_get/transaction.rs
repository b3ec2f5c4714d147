//! One run of apt-get that changes packages: its options, its locks, and how much it changed.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dpp_protocol::{Failure, ResultMap};

use crate::Host;
use crate::arguments::Names;
use crate::packages::apt_get::policy_rc_d;
use crate::packages::apt_get::process::{Finished, Process};
use crate::packages::apt_get::refusal;
use crate::packages::dpkg::lock;

/// How apt-get is to be run.
#[derive(Debug, Clone, Default)]
pub struct Transaction {
    /// Options for dpkg, without their dashes: `force-confold`.
    pub dpkg_options: Vec<String>,
    /// Options for apt-get.
    pub options: Vec<String>,
    /// How long another holder of the locks is waited for.
    pub lock_timeout: Duration,
    /// The answer that maintainer scripts get when they want to start a service; none lets them.
    pub policy_rc_d: Option<i64>,
}

impl Transaction {
    /// Runs `apt-get VERB OPERANDS`; `attempt` completes `cannot …` in a failure.
    pub fn run(&self, verb: &[&str], operands: &[String], attempt: &str, host: &Host) -> Result<Finished, Failure> {
        let deadline = Instant::now() + self.lock_timeout;
        lock::wait(lock::PACKAGES, self.lock_timeout, host)?;
        let process = self.process(verb, operands, deadline);
        let finished = match self.policy_rc_d {
            Some(code) => policy_rc_d::under(code, || process.run(host))?,
            None => process.run(host)?,
        };
        if finished.success { Ok(finished) } else { Err(refusal::explain(attempt, &finished)) }
    }

    /// Bytes that an installation would fetch and unpack, as apt sums them up.
    pub fn needed_space(&self, operands: &[String]) -> Result<NeededSpace, Failure> {
        let output = Command::new("apt-get")
            .args(["install", "-y", "-q", "--print-uris", "-oDebug::NoLocking=true"])
            .args(&self.options)
            .args(operands)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| Failure::new(format!("cannot run apt-get: {error}")).code("DPP0601"))?;
        Ok(NeededSpace::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    fn process(&self, verb: &[&str], operands: &[String], deadline: Instant) -> Process {
        // apt waits for dpkg's lock by itself, should another process take it between our look and its own.
        let left = deadline.saturating_duration_since(Instant::now()).as_secs();
        Process::new("apt-get")
            .args(["-y", "-q", "-o", "Dpkg::Use-Pty=0"])
            .args(["-o".to_owned(), format!("DPkg::Lock::Timeout={left}")])
            .args(self.dpkg_options.iter().flat_map(|option| ["-o".to_owned(), format!("Dpkg::Options::=--{option}")]))
            .args(self.options.iter().filter(|_| !only_about_the_cache(verb)).cloned())
            .args(verb.iter().copied())
            .args(operands.iter().cloned())
    }
}

/// These verbs refuse the options that installing has.
pub fn only_about_the_cache(verb: &[&str]) -> bool {
    matches!(verb, ["clean" | "autoclean"])
}

/// dpkg keeps an edited configuration file and takes the new one in the place of an untouched one.
pub fn default_dpkg_options() -> Names {
    Names(vec!["force-confdef".into(), "force-confold".into()])
}

/// Room that an installation needs, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NeededSpace {
    /// For the archives.
    pub fetched: u64,
    /// For what is in them.
    pub unpacked: u64,
}

impl NeededSpace {
    /// Reads `Need to get 1,234 kB/5 MB of archives.` and `After this operation, 12.3 MB of additional disk space …`.
    fn parse(output: &str) -> Self {
        let amount = |from: &str| output.lines().find_map(|line| bytes(line.trim().strip_prefix(from)?));
        let frees = output.contains("disk space will be freed");
        Self {
            fetched: amount("Need to get ").unwrap_or(0),
            unpacked: amount("After this operation, ").filter(|_| !frees).unwrap_or(0),
        }
    }
}

/// `1,234 kB` as bytes.
fn bytes(text: &str) -> Option<u64> {
    let mut words = text.split(['/', ' ']);
    let number: f64 = words.next()?.replace(',', "").parse().ok()?;
    let factor = match words.find(|word| word.ends_with('B'))? {
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        _ => 1.0,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size of a package, never negative")]
    Some((number * factor) as u64)
}

/// Packages that a finished or simulated run of apt-get installs, upgrades, downgrades or removes, as it sums up itself.
///
/// `0 upgraded, 1 newly installed, 0 to remove and 3 not upgraded.`
pub fn touched(output: &str) -> u64 {
    let summary = output.lines().rev().find(|line| line.contains("newly installed") && line.contains("to remove"));
    let counted = |part: &str| part.split_whitespace().next().and_then(|count| count.parse::<u64>().ok());
    summary.map_or(0, |line| {
        let line = line.replace(" and ", ", ");
        line.split(", ").filter(|part| !part.contains("not upgraded")).filter_map(counted).sum()
    })
}

/// Adds a run's output, and whether it changed anything, to what `register` sees.
pub fn record(finished: &Finished, result: &mut ResultMap) {
    let before = result.get("stdout").and_then(|text| text.as_str()).unwrap_or_default();
    let stdout = format!("{before}{}", finished.output);
    result.insert("stdout".into(), stdout.into());
    result.insert("stderr".into(), "".into());
    mark_changed(touched(&finished.output) > 0, result);
}

/// Says whether a step changed something; one that did outweighs any that did not.
pub fn mark_changed(changed: bool, result: &mut ResultMap) {
    let before = result.get("_changed").is_some_and(|before| *before == true);
    result.insert("_changed".into(), (before || changed).into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_counted() {
        let cases = [
            ("0 upgraded, 0 newly installed, 0 to remove and 3 not upgraded.\n", 0),
            ("Reading...\n1 upgraded, 2 newly installed, 1 to remove and 0 not upgraded.\nNeed to get", 4),
            ("0 upgraded, 0 newly installed, 1 reinstalled, 0 to remove and 0 not upgraded.", 1),
            ("0 upgraded, 0 newly installed, 1 downgraded, 0 to remove and 0 not upgraded.", 1),
            ("", 0),
        ];
        for (output, expected) in cases {
            assert_eq!(touched(output), expected, "{output}");
        }
    }

    #[test]
    fn the_needed_room_is_read_in_bytes() {
        let output =
            "Need to get 1,234 kB of archives.\nAfter this operation, 12.5 MB of additional disk space will be used.\n";
        assert_eq!(NeededSpace::parse(output), NeededSpace { fetched: 1_234_000, unpacked: 12_500_000 });
        let output = "Need to get 0 B/53.2 MB of archives.\nAfter this operation, 3 MB disk space will be freed.\n";
        assert_eq!(NeededSpace::parse(output), NeededSpace::default());
    }

    #[test]
    fn a_step_that_changed_something_outweighs_one_that_did_not() {
        let mut result = ResultMap::new();
        mark_changed(false, &mut result);
        assert_eq!(result["_changed"], false);
        mark_changed(true, &mut result);
        mark_changed(false, &mut result);
        assert_eq!(result["_changed"], true);
    }
}
