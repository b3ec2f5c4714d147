//! Runs a job of a unit to its end and sees at once when the service dies of it, with its last words.

use std::time::{Duration, Instant, SystemTime};

use dpp_protocol::Failure;

use super::journal;
use super::manager::Manager;
use super::unit::Unit;
use crate::Host;

/// How long a service that cannot say when it is ready must stay up to count as started.
const SETTLES_IN: Duration = Duration::from_millis(700);

const SPEAK_EVERY: Duration = Duration::from_secs(2);

/// A job to be run: which method of the manager, and how it is spoken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// The unit is started.
    Start,
    /// The unit is stopped.
    Stop,
    /// The unit is stopped and started.
    Restart,
    /// The unit reads its configuration again.
    Reload,
}

impl Job {
    /// `start`
    pub fn verb(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Reload => "reload",
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Start => "StartUnit",
            Self::Stop => "StopUnit",
            Self::Restart => "RestartUnit",
            Self::Reload => "ReloadUnit",
        }
    }
}

/// Runs the job; unless `no_block`, returns when it is over and the service stays up.
pub fn run(
    manager: &mut Manager,
    unit: &Unit,
    job: Job,
    no_block: bool,
    timeout: Duration,
    host: &Host,
) -> Result<(), Failure> {
    let name = unit.text("Id").to_owned();
    let since = SystemTime::now();
    if job != Job::Stop && unit.text("ActiveState") == "failed" {
        manager.reset_failed(&name)?;
    }
    let object = manager.enqueue(job.method(), &name, &format!("{} {name}", job.verb()))?;
    if no_block {
        return Ok(());
    }
    match outcome(manager, unit, job, &object, timeout, host)?.as_deref() {
        Some("done" | "skipped") if matches!(job, Job::Stop | Job::Reload) => Ok(()),
        Some("done" | "skipped") => settle(manager, unit, job, since),
        Some(result) => Err(failed(job, &manager.again(unit)?, result, since)),
        None => Err(too_slow(job, &manager.again(unit)?, timeout, since)),
    }
}

/// The job's result; none when it takes longer than `timeout`.
fn outcome(
    manager: &mut Manager,
    unit: &Unit,
    job: Job,
    object: &str,
    timeout: Duration,
    host: &Host,
) -> Result<Option<String>, Failure> {
    let deadline = Instant::now() + timeout;
    loop {
        let next = deadline.min(Instant::now() + SPEAK_EVERY);
        if let Some(result) = manager.result_of(object, next)? {
            return Ok(Some(result));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        host.life(&format!("{}: {}", job.verb(), manager.again(unit)?.words()), None);
    }
}

/// Watches a service that was started for as long as it takes to tell a start from a crash.
fn settle(manager: &mut Manager, unit: &Unit, job: Job, since: SystemTime) -> Result<(), Failure> {
    let deadline = Instant::now() + SETTLES_IN;
    let restarts_before = restarts_when_started(unit, job, &manager.again(unit)?);
    loop {
        let now = manager.again(unit)?;
        if now.has_crashed() || now.number("NRestarts") > restarts_before {
            return Err(failed(job, &now, "crashed", since));
        }
        if now.says_when_ready() || now.text("ActiveState") == "inactive" || Instant::now() >= deadline {
            return Ok(());
        }
        manager.stirring(unit, deadline)?;
    }
}

/// How often a unit had been restarted when its job was done. systemd counts anew with a start from rest, and when what
/// ran was stopped for it; one that was on its way up by itself keeps its count, whoever cut its wait short.
fn restarts_when_started(before: &Unit, job: Job, after: &Unit) -> u64 {
    match before.text("ActiveState") {
        "inactive" | "failed" => 0,
        "activating" => after.number("NRestarts"),
        _ if job == Job::Restart => 0,
        _ => after.number("NRestarts"),
    }
}

fn failed(job: Job, unit: &Unit, result: &str, since: SystemTime) -> Failure {
    let name = unit.text("Id");
    let lines = journal::last_words(unit, since, None);
    let result = if unit.text("Result") == "timeout" { "timeout" } else { result };
    let why = match (result, journal::gist(&lines)) {
        ("dependency", _) => "a unit it needs did not start".to_owned(),
        ("timeout", _) => "systemd gave up waiting for it".to_owned(),
        ("canceled", _) => "another job came in between".to_owned(),
        (_, Some(line)) if unit.has_crashed() => format!("it died: {line}"),
        ("crashed", None) => format!("it died ({})", unit.text("Result")),
        _ => format!("systemd says `{result}`"),
    };
    let code = if result == "timeout" { "DPP0703" } else { "DPP0702" };
    described(Failure::new(format!("cannot {} {name}: {why}", job.verb())).code(code), unit, &lines)
}

fn too_slow(job: Job, unit: &Unit, timeout: Duration, since: SystemTime) -> Failure {
    let name = unit.text("Id");
    let message = format!("{name} did not {} within {}s; systemd still tries", job.verb(), timeout.as_secs());
    described(Failure::new(message).code("DPP0703"), unit, &journal::last_words(unit, since, None))
}

/// A failure of a unit with its state and its journal's lines.
pub(super) fn described(failure: Failure, unit: &Unit, lines: &[String]) -> Failure {
    let name = unit.text("Id");
    let failure = failure.note("unit", unit.words()).value("status", unit.status());
    let failure = if lines.is_empty() { failure } else { failure.note("journal", lines.join("\n")) };
    if lines.iter().any(|line| line.contains("Could not create the Java Virtual Machine")) {
        return failure.help(format!(
            "Java refuses one of its options: they stand in the product's jvm.options, in /etc/default and in `systemctl cat {name}`"
        ));
    }
    failure.help(format!("`journalctl -u {name}` on the host has the rest; correct the cause and run again"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::unit::tests::unit;

    #[test]
    fn restarts_before_the_start_are_no_deaths_after_it() {
        let after = unit(&[("ActiveState", "active"), ("NRestarts", "6")]);
        let cases = [
            ("inactive", "dead", Job::Start, 0),
            ("failed", "failed", Job::Start, 0),
            ("activating", "auto-restart", Job::Start, 6),
            ("active", "running", Job::Start, 6),
            ("active", "running", Job::Restart, 0),
            ("activating", "auto-restart", Job::Restart, 6),
            ("activating", "start", Job::Restart, 6),
        ];
        for (active, sub, job, expected) in cases {
            let before = unit(&[("ActiveState", active), ("SubState", sub), ("NRestarts", "5")]);
            assert_eq!(restarts_when_started(&before, job, &after), expected, "{active} {sub} {job:?}");
        }
    }
}
