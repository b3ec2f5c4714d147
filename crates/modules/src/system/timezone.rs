//! `timezone`: the zone of the system's clock, and whether the clock of the machine runs in it or in UTC.

use std::fs;
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::files::content::{NewContent, Source};
use crate::files::step::{FileStep, NewLink};
use crate::system::tool::{installed, run_tool, words};
use crate::{Host, Module, Step, Survey};

const ZONES: &str = "/usr/share/zoneinfo";

/// Parameters of `timezone`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timezone {
    name: Option<String>,
    #[serde(alias = "rtc")]
    hwclock: Option<Clock>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Clock {
    #[serde(rename = "local")]
    Local,
    #[serde(rename = "UTC")]
    Utc,
}

impl Clock {
    fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Utc => "UTC",
        }
    }
}

/// What is set.
#[derive(Debug)]
pub enum ClockStep {
    /// The zone.
    Zone(Change),
    /// The clock of the machine.
    Hardware(Change),
}

impl Step for ClockStep {
    fn change(&self, _diff: bool) -> Change {
        let (Self::Zone(change) | Self::Hardware(change)) = self;
        change.clone()
    }
}

impl Module for Timezone {
    const NAME: &'static str = "timezone";
    type Step = ClockStep;

    fn survey(&self, _host: &Host) -> Result<Survey<ClockStep>, Failure> {
        self.check()?;
        let mut steps = Vec::new();
        let differs = |what: &str, now: &str, wanted: &str| {
            (now != wanted).then(|| Change::new(Verb::Change, what).detail(format!("{now} -> {wanted}")))
        };
        if let Some(wanted) = &self.name {
            steps.extend(differs("time zone", &zone(), wanted).map(ClockStep::Zone));
        }
        if let Some(wanted) = self.hwclock {
            steps.extend(differs("hardware clock", hardware_clock(), wanted.word()).map(ClockStep::Hardware));
        }
        // An earlier task may install tzdata, or the part of it that holds old names.
        let is_open = !steps.is_empty() && self.name.as_ref().is_some_and(|name| !file_of(name).is_file());
        let survey = Survey::steps(steps);
        Ok(if is_open { survey.unpredicted() } else { survey })
    }

    fn apply(&self, step: &ClockStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        match step {
            ClockStep::Zone(_) => self.set_zone(host, result),
            ClockStep::Hardware(_) => self.set_hardware_clock(host, result),
        }
    }
}

impl Timezone {
    fn check(&self) -> Result<(), Failure> {
        let wrong = match &self.name {
            None if self.hwclock.is_none() => "`timezone` needs `name` or `hwclock`".to_owned(),
            Some(name) if name.is_empty() || name.starts_with('/') || name.split('/').any(|part| part == "..") => {
                format!("`{name}` cannot be the name of a time zone")
            }
            _ => return Ok(()),
        };
        Err(Failure::new(wrong).code("DPP0104").help("`timedatectl list-timezones` names them: Europe/Berlin"))
    }

    fn set_zone(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let Some(name) = &self.name else { return Ok(()) };
        let target = file_of(name);
        if !target.is_file() {
            return Err(Failure::new(format!("there is no time zone {name} on this host"))
                .help("the package tzdata brings them, tzdata-legacy those with old names"));
        }
        if has_timedated(host) {
            return told(words(["set-timezone", name]), host, result);
        }
        let link = NewLink { path: "/etc/localtime".into(), target, hard: false };
        FileStep::Link(link).apply(host, result)?;
        NewContent::new("/etc/timezone", Source::Bytes(format!("{name}\n").into_bytes())).apply(host, result)
    }

    fn set_hardware_clock(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let is_local = self.hwclock == Some(Clock::Local);
        if has_timedated(host) {
            return told(words(["set-local-rtc", if is_local { "yes" } else { "no" }]), host, result);
        }
        run_tool("hwclock", &words(["--systohc", if is_local { "--localtime" } else { "--utc" }]), host)
    }
}

/// Whether systemd does it, which tells other programs at once.
fn has_timedated(host: &Host) -> bool {
    Path::new("/run/systemd/system").is_dir() && installed("timedatectl", host).is_some()
}

fn told(arguments: Vec<String>, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
    run_tool("timedatectl", &arguments, host)?;
    let line = format!("executed `timedatectl {}`", arguments.join(" "));
    let before = result.get("msg").and_then(|msg| msg.as_str()).map(|msg| format!("{msg}\n")).unwrap_or_default();
    result.insert("msg".into(), (before + &line).into());
    Ok(())
}

fn file_of(name: &str) -> PathBuf {
    Path::new(ZONES).join(name)
}

/// The zone that is set: where `/etc/localtime` leads, as systemd reads it.
fn zone() -> String {
    match fs::read_link("/etc/localtime") {
        Ok(target) => zone_of(&target).unwrap_or_else(|| "n/a".to_owned()),
        Err(_) if Path::new("/etc/localtime").exists() => {
            fs::read_to_string("/etc/timezone").map_or_else(|_| "n/a".to_owned(), |name| name.trim().to_owned())
        }
        Err(_) => "UTC".to_owned(),
    }
}

fn zone_of(target: &Path) -> Option<String> {
    let target = target.to_string_lossy();
    target.split_once("/zoneinfo/").map(|(_, name)| name.to_owned())
}

/// How the machine's own clock runs: the third line of `/etc/adjtime`.
fn hardware_clock() -> &'static str {
    let text = fs::read_to_string("/etc/adjtime").unwrap_or_default();
    if text.lines().any(|line| line.trim() == "LOCAL") { "local" } else { "UTC" }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn a_link_tells_the_zone() {
        for (target, name) in [
            ("../usr/share/zoneinfo/Europe/Berlin", Some("Europe/Berlin")),
            ("/usr/share/zoneinfo/Etc/UTC", Some("Etc/UTC")),
            ("/etc/own", None),
        ] {
            assert_eq!(zone_of(Path::new(target)).as_deref(), name, "{target}");
        }
    }

    #[test]
    fn what_is_set_already_is_left_and_what_cannot_be_a_zone_refused() {
        let ground = Ground::new();
        assert!(!ground.apply("timezone", &json!({"name": zone(), "rtc": hardware_clock()})).unwrap().changed);
        assert!(ground.survey("timezone", &json!({"name": "Nowhere/Land"})).unwrap().unpredicted);
        for wrong in
            [json!({}), json!({"name": "../../etc/passwd"}), json!({"name": "/etc/x"}), json!({"hwclock": "utc"})]
        {
            assert_eq!(ground.survey("timezone", &wrong).unwrap_err().code, "DPP0104", "{wrong}");
        }
    }
}
