//! `systemd`: a unit started, stopped, restarted, reloaded, enabled or masked; `systemd_service` is another name for it.

use std::time::Duration;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Value, json};

use super::manager::{Manager, Scope};
use super::unit::Unit;
use super::unit_files;
use super::watch::{self, Job};
use crate::arguments::{Flag, Whole};
use crate::journal::Former;
use crate::{Host, Module, Step, Survey};

/// Parameters of `systemd`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Systemd {
    #[serde(default, alias = "service", alias = "unit")]
    name: Option<String>,
    #[serde(default)]
    state: Option<State>,
    #[serde(default)]
    enabled: Option<Flag>,
    #[serde(default)]
    masked: Option<Flag>,
    #[serde(default, alias = "daemon-reload")]
    daemon_reload: Flag,
    #[serde(default, alias = "daemon-reexec")]
    daemon_reexec: Flag,
    #[serde(default)]
    scope: ScopeName,
    #[serde(default)]
    no_block: Flag,
    #[serde(default)]
    force: Flag,
    /// Seconds that a job may take; systemd's own limit of the unit holds beside it.
    #[serde(default)]
    timeout: Option<Whole>,
}

/// What is to be with the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It runs.
    Started,
    /// It does not run.
    Stopped,
    /// It is stopped and started, whatever it did.
    Restarted,
    /// It reads its configuration again, and is started if it did not run.
    Reloaded,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Started | Self::Restarted | Self::Reloaded => "started",
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScopeName {
    #[default]
    System,
    User,
}

/// One order to systemd.
#[derive(Debug)]
pub struct Order {
    kind: Kind,
    change: Change,
    is_of_user: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Reexecute,
    ReadAgain,
    Unmask,
    Mask,
    Enable,
    Disable,
    Job(Job),
}

impl Step for Order {
    fn change(&self, _diff: bool) -> Change {
        self.change.clone()
    }

    /// Of a user's own units nothing is known: their manager may be gone when it is asked again.
    fn former(&self) -> Result<Vec<Former>, Failure> {
        match self.kind {
            Kind::ReadAgain | Kind::Reexecute => Ok(Vec::new()),
            Kind::Mask | Kind::Unmask => Ok(vec![Former::Unknown]),
            Kind::Enable | Kind::Disable | Kind::Job(_) if self.is_of_user => Ok(vec![Former::Unknown]),
            Kind::Enable | Kind::Disable | Kind::Job(_) => Ok(vec![Former::unit(&self.change.what)?]),
        }
    }
}

impl Module for Systemd {
    const NAME: &'static str = "systemd";
    type Step = Order;

    fn survey(&self, _host: &Host) -> Result<Survey<Order>, Failure> {
        if self.unit_name().is_none() && (self.state.is_some() || self.enabled.is_some() || self.masked.is_some()) {
            return Err(Failure::new("`state`, `enabled` and `masked` need `name`").code("DPP0104"));
        }
        let mut manager = self.manager()?;
        let mut orders = Vec::new();
        if self.daemon_reexec.0 {
            orders.push(Order::new(Kind::Reexecute, Verb::Restart, "systemd", "daemon-reexec"));
        }
        let files_changed = self.daemon_reload.0 && unit_files::changed_since(manager.units_read_at()?);
        let Some(name) = self.unit_name() else {
            orders.extend(files_changed.then(Order::read_again));
            return Ok(Survey::steps(orders).value("name", Value::Null).value("status", json!({})));
        };
        let unit = manager.unit(&name)?;
        let file_state = manager.file_state(&name)?;
        let to_unit = self.orders_to(&name, &unit, &file_state);
        if files_changed || unit.needs_reload() && (self.daemon_reload.0 || !to_unit.is_empty()) {
            orders.push(Order::read_again());
        }
        orders.extend(to_unit);
        orders.iter_mut().for_each(|order| order.is_of_user = matches!(self.scope, ScopeName::User));
        let survey = self.told(Survey::steps(orders), &unit, &file_state);
        Ok(if unit.exists() { survey } else { survey.unpredicted() })
    }

    fn apply(&self, order: &Order, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        // As for Ansible, systemd that reads its files is no change; a later order of the same task is one.
        result.insert("_changed".into(), order.is_change().into());
        let mut manager = self.manager()?;
        let name = self.unit_name().unwrap_or_default();
        let done = match order.kind {
            Kind::Reexecute => manager.reexecute(),
            Kind::ReadAgain => manager.reload(),
            Kind::Unmask => manager.unmask(&name),
            Kind::Mask => manager.mask(&name, self.force.0),
            Kind::Enable => manager.enable(&name, self.force.0),
            Kind::Disable => manager.disable(&name),
            Kind::Job(job) => self.run(job, &name, &mut manager, host),
        };
        done.map_err(|failure| self.known_to_roles(failure))
    }
}

impl Order {
    fn new(kind: Kind, verb: Verb, what: &str, detail: &str) -> Self {
        Self { kind, change: Change::new(verb, what).detail(detail), is_of_user: false }
    }

    fn is_change(&self) -> bool {
        !matches!(self.kind, Kind::ReadAgain | Kind::Reexecute)
    }

    fn read_again() -> Self {
        Self::new(Kind::ReadAgain, Verb::Run, "systemctl daemon-reload", "unit files changed")
    }
}

impl Systemd {
    /// The longest that a job may take: RabbitMQ's unit alone allows itself ten minutes to start.
    const LONGEST: Duration = Duration::from_mins(15);

    /// A service of the host, with nothing but these wishes.
    pub(crate) fn of(name: &str, state: Option<State>, enabled: Option<Flag>) -> Self {
        Self { name: Some(name.to_owned()), state, enabled, ..Self::default() }
    }

    fn manager(&self) -> Result<Manager, Failure> {
        Manager::connect(match self.scope {
            ScopeName::System => Scope::System,
            ScopeName::User => Scope::User,
        })
    }

    fn unit_name(&self) -> Option<String> {
        self.name.as_deref().filter(|name| !name.is_empty()).map(full_name)
    }

    /// What leads from how the unit is to how it is wanted.
    fn orders_to(&self, name: &str, unit: &Unit, file_state: &str) -> Vec<Order> {
        let masked = unit.text("LoadState") == "masked" || file_state.starts_with("masked");
        // What only a generator enabled is not for good: `enabled-runtime` is enabled once more, as by Ansible.
        let enabled = file_state == "enabled";
        // These have nothing to enable: others pull them in, or an init script stands behind them.
        let settled = matches!(file_state, "static" | "alias" | "indirect" | "generated" | "transient");
        let change = |kind, detail| Order::new(kind, Verb::Change, name, detail);
        let masking = match self.masked {
            Some(Flag(true)) if !masked => Some(change(Kind::Mask, "mask")),
            Some(Flag(false)) if masked => Some(change(Kind::Unmask, "unmask")),
            _ => None,
        };
        let enabling = match self.enabled {
            Some(Flag(true)) if !enabled && !settled => Some(change(Kind::Enable, "enable")),
            Some(Flag(false)) if enabled => Some(change(Kind::Disable, "disable")),
            _ => None,
        };
        let job = self.state.and_then(|state| job_to(state, unit)).map(|job| {
            let verb = if job == Job::Start || job == Job::Stop { Verb::Change } else { Verb::Restart };
            Order::new(Kind::Job(job), verb, name, job.verb())
        });
        masking.into_iter().chain(enabling).chain(job).collect()
    }

    fn told(&self, survey: Survey<Order>, unit: &Unit, file_state: &str) -> Survey<Order> {
        let survey = survey.value("name", self.name.clone()).value("status", unit.status());
        let survey = match self.state {
            Some(state) => survey.value("state", state.name()),
            None => survey,
        };
        match self.enabled {
            Some(Flag(false)) if matches!(file_state, "static" | "indirect" | "generated") => survey
                .value("enabled", false)
                .warning(format!("{} is {file_state}: there is nothing to disable", unit.text("Id"))),
            Some(Flag(enabled)) => survey.value("enabled", enabled),
            None => survey,
        }
    }

    fn run(&self, job: Job, name: &str, manager: &mut Manager, host: &Host) -> Result<(), Failure> {
        let unit = manager.unit(name)?;
        let seconds = |whole: Whole| Duration::from_secs(u64::try_from(whole.0).unwrap_or(0));
        watch::run(manager, &unit, job, self.no_block.0, self.timeout.map_or(Self::LONGEST, seconds), host)
    }

    /// Roles tell a service that is not there by Ansible's own sentence in `msg`, so it leads the failure.
    fn known_to_roles(&self, mut failure: Failure) -> Failure {
        if failure.code == "DPP0701" {
            let name = self.name.as_deref().unwrap_or_default();
            failure.message = format!("Could not find the requested service {name}: {}", failure.message);
        }
        failure
    }
}

fn job_to(state: State, unit: &Unit) -> Option<Job> {
    let at_rest = matches!(unit.text("ActiveState"), "inactive" | "failed");
    match state {
        State::Started if unit.is_up() => None,
        State::Stopped if at_rest && unit.exists() => None,
        State::Stopped => Some(Job::Stop),
        State::Reloaded if unit.is_up() => Some(Job::Reload),
        // A start would wait until systemd tries again by itself, which can be minutes.
        State::Started if unit.is_restarting() => Some(Job::Restart),
        State::Started | State::Reloaded => Some(Job::Start),
        State::Restarted => Some(Job::Restart),
    }
}

/// A name without a suffix is a service's.
pub(super) fn full_name(name: &str) -> String {
    const SUFFIXES: &[&str] =
        &["service", "socket", "timer", "target", "mount", "automount", "path", "slice", "scope", "swap", "device"];
    match name.rsplit_once('.') {
        Some((_, suffix)) if SUFFIXES.contains(&suffix) => name.to_owned(),
        _ => format!("{name}.service"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json};

    use super::*;
    use crate::services::unit::tests::unit;

    fn orders(parameters: serde_json::Value, unit: &Unit, file_state: &str) -> Vec<String> {
        let systemd: Systemd = from_value(parameters).unwrap();
        systemd.orders_to("x.service", unit, file_state).into_iter().map(|order| order.change.detail).collect()
    }

    #[test]
    fn orders_lead_from_how_a_unit_is_to_how_it_is_wanted() {
        let running = unit(&[("LoadState", "loaded"), ("ActiveState", "active"), ("SubState", "running")]);
        let dead = unit(&[("LoadState", "loaded"), ("ActiveState", "inactive"), ("SubState", "dead")]);
        let looping = unit(&[("LoadState", "loaded"), ("ActiveState", "activating"), ("SubState", "auto-restart")]);
        let absent = unit(&[("LoadState", "not-found"), ("ActiveState", "inactive")]);
        let masked = unit(&[("LoadState", "masked"), ("ActiveState", "inactive")]);
        let cases: Vec<(serde_json::Value, &Unit, &str, &[&str])> = vec![
            (json!({"state": "started", "enabled": true}), &running, "enabled", &[]),
            (json!({"state": "started", "enabled": true}), &dead, "disabled", &["enable", "start"]),
            (json!({"state": "started"}), &looping, "enabled", &["restart"]),
            (json!({"state": "stopped"}), &looping, "enabled", &["stop"]),
            (json!({"state": "stopped", "enabled": "no"}), &dead, "enabled", &["disable"]),
            (json!({"state": "stopped"}), &absent, "", &["stop"]),
            (json!({"state": "restarted"}), &running, "enabled", &["restart"]),
            (json!({"state": "reloaded"}), &running, "enabled", &["reload"]),
            (json!({"state": "reloaded"}), &dead, "enabled", &["start"]),
            (json!({"enabled": true}), &dead, "static", &[]),
            (json!({"enabled": true}), &running, "enabled-runtime", &["enable"]),
            (json!({"enabled": false}), &running, "enabled-runtime", &[]),
            (json!({"masked": false, "state": "started"}), &masked, "masked", &["unmask", "start"]),
            (json!({"masked": true}), &masked, "masked", &[]),
        ];
        for (parameters, unit, file_state, expected) in cases {
            assert_eq!(orders(parameters.clone(), unit, file_state), expected, "{parameters} {}", unit.words());
        }
    }

    #[test]
    fn what_is_to_be_with_a_unit_needs_its_name() {
        for params in [json!({"state": "started"}), json!({"enabled": true}), json!({"masked": false, "name": ""})] {
            assert_eq!(crate::testing::Ground::new().survey("systemd", &params).unwrap_err().code, "DPP0104");
        }
    }

    #[test]
    fn systemd_that_reads_its_files_is_no_change() {
        let enable = Order::new(Kind::Enable, Verb::Change, "x.service", "enable");
        assert_eq!([Order::read_again(), enable].map(|order| order.is_change()), [false, true]);
    }

    #[test]
    fn a_name_without_a_suffix_is_a_services() {
        assert_eq!(full_name("kibana"), "kibana.service");
        assert_eq!(full_name("getty@tty1"), "getty@tty1.service");
        assert_eq!(full_name("org.example"), "org.example.service");
        assert_eq!(full_name("apt-daily.timer"), "apt-daily.timer");
    }
}
