//! One host's state, and what stands in the way there.

use std::collections::BTreeMap;

use dpp_protocol::{Answer, Failure};
use serde::Serialize;
use serde_json::Value as Json;

use crate::cli::reach::is_lost;
use crate::exit::Exit;

/// Ports of the pipeline's products.
const PORTS: [u16; 9] = [2181, 5601, 5672, 8083, 9092, 9093, 9200, 9300, 15672];
/// The least that a product needs, in MiB.
const DISK: u64 = 1024;
const MEMORY: u64 = 400;
/// Milliseconds that clocks may differ: more spoils certificates and the order of events.
const SKEW: i64 = 2000;

/// When the hosts were asked for the time, and when they had answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    pub(super) begun: u64,
    pub(super) ended: u64,
}

/// What was found on one host.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Health {
    host: String,
    reachable: bool,
    sudo: bool,
    system: String,
    cpus: u64,
    memory_free_mb: u64,
    disk_free_mb: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_skew_ms: Option<i64>,
    /// Taken ports of the pipeline, and by whom.
    pub(super) ports: BTreeMap<u16, String>,
    /// What stands in the way, each with what to do.
    problems: Vec<(String, Option<String>)>,
    #[serde(skip)]
    lost: bool,
}

impl Health {
    /// From a host's facts, or from why there are none.
    pub(super) fn of(host: &str, facts: &Answer) -> Self {
        let mut health = Self::unknown(host);
        match facts {
            Ok(outcome) => health.read(outcome.result.get("ansible_facts").unwrap_or(&Json::Null)),
            Err(failure) => {
                health.lost = is_lost(failure);
                health.problems.push((failure.message.clone(), failure.help.clone()));
            }
        }
        health
    }

    fn unknown(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            reachable: false,
            sudo: false,
            system: String::new(),
            cpus: 0,
            memory_free_mb: 0,
            disk_free_mb: 0,
            clock_skew_ms: None,
            ports: BTreeMap::new(),
            problems: Vec::new(),
            lost: false,
        }
    }

    fn read(&mut self, facts: &Json) {
        let text = |name: &str| facts[format!("ansible_{name}")].as_str().unwrap_or("?");
        (self.reachable, self.sudo) = (true, true);
        self.system = format!("{} {} {}", text("distribution"), text("distribution_version"), text("architecture"));
        self.cpus = facts["ansible_processor_vcpus"].as_u64().unwrap_or_default();
        self.memory_free_mb = facts["ansible_memory_mb"]["nocache"]["free"].as_u64().unwrap_or_default();
        self.disk_free_mb = root_disk(facts).unwrap_or_default() >> 20;
        if !matches!(text("distribution"), "Debian" | "Ubuntu") {
            self.trouble(format!("{} is neither Debian nor Ubuntu", text("distribution")), None);
        }
        if text("service_mgr") != "systemd" {
            self.trouble("services are not managed by systemd".to_owned(), None);
        }
        if self.disk_free_mb < DISK {
            self.trouble(format!("only {} MiB are free on /", self.disk_free_mb), Some("make room: apt-get clean"));
        }
        if self.memory_free_mb < MEMORY {
            self.trouble(format!("only {} MiB of memory are free", self.memory_free_mb), None);
        }
    }

    fn trouble(&mut self, what: String, help: Option<&str>) {
        self.problems.push((what, help.map(str::to_owned)));
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
            self.trouble(words, Some("timedatectl set-ntp true"));
        }
    }

    /// Root could not be become, or could not look.
    pub(super) fn no_root(&mut self, failure: &Failure) {
        if failure.code.starts_with("DPP05") {
            self.sudo = false;
            self.problems.push((failure.message.clone(), failure.help.clone()));
        }
    }

    /// How the programme would end for this host alone.
    pub(super) fn exit(&self) -> Exit {
        match (self.lost, self.problems.is_empty()) {
            (true, _) => Exit::Unreachable,
            (false, false) => Exit::Unhealthy,
            (false, true) => Exit::Ok,
        }
    }

    /// The host's row.
    pub(super) fn row(&self) -> Vec<String> {
        let yes = |yes: bool| if yes { "ok".to_owned() } else { "NO".to_owned() };
        if !self.reachable {
            return vec![self.host.clone(), yes(false)];
        }
        let clock = self.clock_skew_ms.map_or("?".to_owned(), |skew| format!("{:+.1}s", skew as f64 / 1000.0));
        let ports: Vec<String> = self.ports.iter().map(|(port, owner)| format!("{port} {owner}")).collect();
        vec![
            self.host.clone(),
            yes(true),
            yes(self.sudo),
            self.system.clone(),
            self.cpus.to_string(),
            amount(self.memory_free_mb),
            amount(self.disk_free_mb),
            clock,
            if ports.is_empty() { "free".to_owned() } else { ports.join(", ") },
        ]
    }

    /// What stands in the way, in lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |(what, help): &(String, Option<String>)| {
            let help = help.iter().map(|help| format!("   help: {}", help.replace('\n', "\n         ")));
            std::iter::once(format!("{}: {what}", self.host)).chain(help).collect::<Vec<_>>()
        };
        self.problems.iter().flat_map(line).collect()
    }
}

fn root_disk(facts: &Json) -> Option<u64> {
    let mounts = facts["ansible_mounts"].as_array()?;
    mounts.iter().find(|mount| mount["mount"] == "/")?["size_available"].as_u64()
}

fn amount(mb: u64) -> String {
    if mb < 10 << 10 { format!("{mb} MiB") } else { format!("{} GiB", mb >> 10) }
}

/// The pipeline's ports that somebody listens on, from what `ss -Hltnp` prints.
pub(super) fn ports(printed: Option<&Json>) -> BTreeMap<u16, String> {
    let lines = printed.and_then(Json::as_str).unwrap_or_default().lines();
    let row = |line: &str| {
        let port: u16 = line.split_whitespace().nth(3)?.rsplit(':').next()?.parse().ok()?;
        let owner = line.split_once("((\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or("?");
        PORTS.contains(&port).then(|| (port, owner.to_owned()))
    };
    lines.filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Outcome;
    use serde_json::json;

    use super::*;

    fn answer(facts: &Json) -> Answer {
        let mut outcome = Outcome::default();
        outcome.result.insert("ansible_facts".into(), facts.clone());
        Ok(outcome)
    }

    fn good() -> Json {
        json!({"ansible_distribution": "Debian", "ansible_distribution_version": "12.5",
            "ansible_architecture": "x86_64", "ansible_service_mgr": "systemd", "ansible_processor_vcpus": 4,
            "ansible_memory_mb": {"nocache": {"free": 3000}},
            "ansible_mounts": [{"mount": "/", "size_available": 50_u64 << 30}]})
    }

    #[test]
    fn a_good_host_has_nothing_in_its_way() {
        let health = Health::of("es1", &answer(&good()));
        assert_eq!((health.exit(), health.lines().len()), (Exit::Ok, 0));
        assert_eq!(health.row()[3..], ["Debian 12.5 x86_64", "4", "3000 MiB", "50 GiB", "?", "free"]);
    }

    #[test]
    fn what_stands_in_the_way_is_named_all_at_once() {
        let mut facts = good();
        facts["ansible_distribution"] = "Alpine".into();
        facts["ansible_mounts"][0]["size_available"] = (10 << 20).into();
        let mut health = Health::of("es1", &answer(&facts));
        health.no_root(&Failure::new("sudo wants a password").code("DPP0502").help("-K"));
        let late = json!({"ansible_date_time": {"iso8601_micro": "1970-01-01T00:00:01.000000Z"}});
        health.clock(&Clock { begun: 9_000, ended: 9_500 }, &answer(&late));
        assert_eq!(health.exit(), Exit::Unhealthy);
        assert_eq!(
            health.lines(),
            [
                "es1: Alpine is neither Debian nor Ubuntu",
                "es1: only 10 MiB are free on /",
                "   help: make room: apt-get clean",
                "es1: sudo wants a password",
                "   help: -K",
                "es1: the clock is 8.0s late",
                "   help: timedatectl set-ntp true"
            ]
        );
    }

    #[test]
    fn a_host_out_of_reach_is_that_and_nothing_else() {
        let health = Health::of("es1", &Err(Failure::new("no route").code("DPP0401")));
        assert_eq!((health.exit(), health.row()), (Exit::Unreachable, vec!["es1".to_owned(), "NO".to_owned()]));
    }

    #[test]
    fn ports_of_the_pipeline_are_shown_with_their_owners() {
        let printed = json!(
            "LISTEN 0 128 0.0.0.0:22 0.0.0.0:* users:((\"sshd\",pid=1,fd=3))\n\
            LISTEN 0 50 *:9092 *:* users:((\"java\",pid=7,fd=9))\nLISTEN 0 50 [::]:5672 [::]:*\n"
        );
        let found = ports(Some(&printed));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [(5672, "?".to_owned()), (9092, "java".to_owned())]);
    }
}
