//! One host's state, and what stands in the way there.

use std::collections::BTreeMap;

use dpp_protocol::{Answer, Failure};
use serde::Serialize;
use serde_json::Value as Json;

use crate::cli::doctor::Aspect;
use crate::cli::doctor::disks::Disk;
use crate::cli::doctor::ports::{Listener, Purposes};
use crate::cli::reach::is_lost;
use crate::exit::Exit;

/// The least free memory with which a product starts, in MiB.
const MEMORY: u64 = 400;
/// Milliseconds that clocks may differ: more spoils certificates and the order of events.
const SKEW: i64 = 2000;

/// When the hosts were asked for the time, and when they had answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) begun: u64,
    pub(super) ended: u64,
}

/// Something that stands in the way, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

/// What was found on one host.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Health {
    host: String,
    reachable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    sudo: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    system: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpus: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_free_mb: Option<u64>,
    /// By where a file system is mounted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    disk_free_mb: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_skew_ms: Option<i64>,
    /// Taken ports of the pipeline, and by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    ports: Option<BTreeMap<u16, Listener>>,
    findings: Vec<Finding>,
    #[serde(skip)]
    lost: bool,
}

impl Health {
    /// From the first answer, or from why there is none.
    pub(super) fn of(host: &str, answer: &Answer) -> Self {
        let mut health = Self { host: host.to_owned(), ..Self::default() };
        match answer {
            Ok(_) => health.reachable = true,
            Err(failure) => {
                health.lost = is_lost(failure);
                health.found(failure.message.clone(), failure.help.clone());
            }
        }
        health
    }

    /// Its name.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Whether there is a host to ask more of.
    pub(super) fn is_reached(&self) -> bool {
        self.reachable
    }

    /// What its facts say.
    pub(super) fn facts(&mut self, facts: &Json, aspects: &[Aspect]) {
        if aspects.contains(&Aspect::System) {
            self.read_system(facts);
        }
        if aspects.contains(&Aspect::Memory) {
            let free = facts["ansible_memory_mb"]["nocache"]["free"].as_u64().unwrap_or_default();
            self.memory_free_mb = Some(free);
            if free < MEMORY {
                let help = "see what takes it: ps aux --sort -rss | head; or give the host more";
                self.found(format!("only {free} MiB of memory are free, {MEMORY} are needed"), Some(help.to_owned()));
            }
        }
    }

    fn read_system(&mut self, facts: &Json) {
        let text = |name: &str| facts[format!("ansible_{name}")].as_str().unwrap_or("?").to_owned();
        let distribution = text("distribution");
        self.system = format!("{distribution} {} {}", text("distribution_version"), text("architecture"));
        self.cpus = facts["ansible_processor_vcpus"].as_u64();
        if !matches!(distribution.as_str(), "Debian" | "Ubuntu") {
            let help = "set it up with Debian 11 to 13, or Ubuntu 20.04 or later".to_owned();
            self.found(format!("{distribution} is neither Debian nor Ubuntu"), Some(help));
        }
        if text("service_mgr") != "systemd" {
            let help = "boot it with systemd: apt-get install systemd-sysv; a container often has none".to_owned();
            self.found("services are not managed by systemd".to_owned(), Some(help));
        }
    }

    fn found(&mut self, what: String, help: Option<String>) {
        self.findings.push(Finding { what, help });
    }

    /// What is free on its disks.
    pub(super) fn disks(&mut self, disks: Vec<Disk>) {
        for disk in disks {
            if let Some((what, help)) = disk.finding() {
                self.found(what, Some(help));
            }
            self.disk_free_mb.insert(disk.at, disk.free_mb);
        }
    }

    /// Who holds ports of the pipeline.
    pub(super) fn ports(&mut self, listeners: BTreeMap<u16, Listener>, purposes: &Purposes) {
        for (port, listener) in &listeners {
            if let Some((what, help)) = purposes.finding(&self.host, *port, listener) {
                self.found(what, Some(help));
            }
        }
        self.ports = Some(listeners);
    }

    /// Root was become.
    pub(super) fn root(&mut self) {
        self.sudo = Some(true);
    }

    /// Compares the host's time with the middle of the asking; what the asking took is no skew.
    pub(super) fn clock(&mut self, clock: &Clock, answer: &Answer) {
        let moment = answer.as_ref().ok().and_then(|outcome| {
            let moment = &outcome.result.get("ansible_facts")?["ansible_date_time"]["iso8601_micro"];
            moment.as_str()?.parse::<jiff::Timestamp>().ok()
        });
        let Some(moment) = moment else { return };
        let (begun, ended) = (clock.begun.cast_signed(), clock.ended.cast_signed());
        let skew = match moment.as_millisecond() {
            early if early < begun => early - begun,
            late if late > ended => late - ended,
            _ => 0,
        };
        self.clock_skew_ms = Some(skew);
        if skew.abs() > SKEW {
            let words =
                format!("the clock is {:.1}s {}", skew.abs() as f64 / 1000.0, if skew < 0 { "late" } else { "early" });
            self.found(words, Some("let it keep time: timedatectl set-ntp true".to_owned()));
        }
    }

    /// Root could not be become.
    pub(super) fn no_root(&mut self, failure: &Failure) {
        self.sudo = Some(false);
        self.found(failure.message.clone(), failure.help.clone());
    }

    /// How the programme would end for this host alone.
    pub(super) fn exit(&self) -> Exit {
        match (self.lost, self.findings.is_empty()) {
            (true, _) => Exit::Unreachable,
            (false, false) => Exit::Unhealthy,
            (false, true) => Exit::Ok,
        }
    }

    /// The host's row.
    pub(super) fn row(&self, aspects: &[Aspect]) -> Vec<String> {
        let cells = aspects.iter().flat_map(|aspect| self.cells(*aspect));
        std::iter::once(self.host.clone()).chain(cells).collect()
    }

    fn cells(&self, aspect: Aspect) -> Vec<String> {
        if !self.reachable && aspect != Aspect::Reach {
            return Vec::new();
        }
        match aspect {
            Aspect::Reach => vec![yes(Some(self.reachable))],
            Aspect::Sudo => vec![yes(self.sudo)],
            Aspect::System => {
                vec![self.system.clone(), self.cpus.map_or_else(unknown, |cpus| cpus.to_string())]
            }
            Aspect::Memory => vec![self.memory_free_mb.map_or_else(unknown, amount)],
            Aspect::Disk => vec![self.fullest()],
            Aspect::Clock => {
                vec![self.clock_skew_ms.map_or_else(unknown, |skew| format!("{:+.1}s", skew as f64 / 1000.0))]
            }
            Aspect::Ports => vec![self.ports.as_ref().map_or_else(unknown, taken)],
        }
    }

    /// What is free on `/`, and on a file system that has less.
    fn fullest(&self) -> String {
        let root = self.disk_free_mb.get("/").copied();
        let fullest = self.disk_free_mb.iter().min_by_key(|(_, free)| **free);
        match (root, fullest) {
            (Some(root), Some((at, free))) if *free < root => format!("{}, {} on {at}", amount(root), amount(*free)),
            (Some(root), _) => amount(root),
            (None, _) => unknown(),
        }
    }

    /// What stands in the way, in lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |finding: &Finding| {
            let help = finding.help.iter().map(|help| format!("   help: {}", help.replace('\n', "\n         ")));
            std::iter::once(format!("{}: {}", self.host, finding.what)).chain(help).collect::<Vec<_>>()
        };
        self.findings.iter().flat_map(line).collect()
    }
}

fn yes(yes: Option<bool>) -> String {
    match yes {
        Some(true) => "ok".to_owned(),
        Some(false) => "NO".to_owned(),
        None => unknown(),
    }
}

fn unknown() -> String {
    "?".to_owned()
}

fn taken(ports: &BTreeMap<u16, Listener>) -> String {
    let taken: Vec<String> = ports.iter().map(|(port, listener)| format!("{port} {}", listener.words())).collect();
    if taken.is_empty() { "free".to_owned() } else { taken.join(", ") }
}

fn amount(mb: u64) -> String {
    if mb < 10 << 10 { format!("{mb} MiB") } else { format!("{} GiB", mb >> 10) }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Outcome;
    use serde_json::json;

    use super::*;
    use crate::cli::doctor::disks;

    fn answer(facts: &Json) -> Answer {
        let mut outcome = Outcome::default();
        outcome.result.insert("ansible_facts".into(), facts.clone());
        Ok(outcome)
    }

    fn facts(distribution: &str) -> Json {
        json!({"ansible_distribution": distribution, "ansible_distribution_version": "12.5",
            "ansible_architecture": "x86_64", "ansible_service_mgr": "systemd", "ansible_processor_vcpus": 4,
            "ansible_memory_mb": {"nocache": {"free": 3000}}})
    }

    #[test]
    fn a_good_host_has_nothing_in_its_way() {
        let mut health = Health::of("es1", &Ok(Outcome::default()));
        health.facts(&facts("Debian"), &Aspect::ALL);
        health.disks(disks::parse("Mounted\n/ 53687091200 9 9\n/var/log 2147483648 9 9\n"));
        health.ports(BTreeMap::new(), &Purposes::default());
        health.root();
        assert_eq!((health.exit(), health.lines().len()), (Exit::Ok, 0));
        let row = health.row(&Aspect::ALL);
        let expected =
            ["es1", "ok", "ok", "Debian 12.5 x86_64", "4", "50 GiB, 2048 MiB on /var/log", "3000 MiB", "?", "free"];
        assert_eq!(row, expected);
        assert_eq!(health.row(&[Aspect::Reach]), ["es1", "ok"]);
    }

    #[test]
    fn what_stands_in_the_way_is_named_all_at_once() {
        let mut health = Health::of("es1", &Ok(Outcome::default()));
        health.facts(&facts("Alpine"), &[Aspect::System]);
        health.no_root(&Failure::new("sudo wants a password").code("DPP0502").help("-K"));
        let late = json!({"ansible_date_time": {"iso8601_micro": "1970-01-01T00:00:01.000000Z"}});
        health.clock(&Clock { begun: 9_000, ended: 9_500 }, &answer(&late));
        assert_eq!(health.exit(), Exit::Unhealthy);
        assert_eq!(
            health.lines(),
            [
                "es1: Alpine is neither Debian nor Ubuntu",
                "   help: set it up with Debian 11 to 13, or Ubuntu 20.04 or later",
                "es1: sudo wants a password",
                "   help: -K",
                "es1: the clock is 8.0s late",
                "   help: let it keep time: timedatectl set-ntp true"
            ]
        );
    }

    #[test]
    fn a_host_out_of_reach_is_that_and_nothing_else() {
        let health = Health::of("es1", &Err(Failure::new("no route").code("DPP0401")));
        assert_eq!((health.exit(), health.row(&Aspect::ALL)), (Exit::Unreachable, vec!["es1".into(), "NO".into()]));
    }
}
