//! Keeps an eye on the unit of something that is waited for: a service that died will not become ready.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use dpp_protocol::Failure;

use super::journal;
use super::manager::{Manager, Scope};
use super::systemd::full_name;
use super::unit::Unit;
use super::watch::described;

/// Deaths after which a service that systemd starts again is given up. The first one may have been for want of
/// another service that is just starting.
const DEATHS: u64 = 2;

/// A watch over one unit.
pub struct Vigil {
    manager: Manager,
    unit: String,
    log: Option<PathBuf>,
    /// When its last words begin, and how often it had been started again by then.
    begun: Option<(SystemTime, u64)>,
}

/// Why a unit is not waited for any longer.
#[derive(Debug, PartialEq, Eq)]
enum Loss {
    Unknown,
    AtRest,
    Died,
}

impl Vigil {
    /// Begins to watch over a unit of the host, which may write a log of its own.
    pub fn over(unit: &str, log: Option<PathBuf>) -> Result<Self, Failure> {
        Ok(Self { manager: Manager::connect(Scope::System)?, unit: full_name(unit), log, begun: None })
    }

    /// Fails with the unit's last words when it does not run, or died again and again since the watch began.
    pub fn check(&mut self) -> Result<(), Failure> {
        let unit = self.manager.unit(&self.unit)?;
        let (since, restarts) = *self.begun.get_or_insert_with(|| (started(&unit), unit.number("NRestarts")));
        match loss(&unit, restarts) {
            Some(loss) => Err(loss.failure(&self.unit, &unit, &journal::last_words(&unit, since, self.log.as_deref()))),
            None => Ok(()),
        }
    }
}

fn loss(unit: &Unit, restarts_before: u64) -> Option<Loss> {
    let deaths = unit.number("NRestarts").saturating_sub(restarts_before) + u64::from(unit.is_restarting());
    match unit.text("ActiveState") {
        _ if !unit.exists() => Some(Loss::Unknown),
        _ if deaths >= DEATHS => Some(Loss::Died),
        // Between the end of one life and the start of the next, systemd shows a dead unit with a job.
        _ if unit.is_restarting() || unit.has_job() => None,
        _ if unit.has_crashed() => Some(Loss::Died),
        "inactive" => Some(Loss::AtRest),
        _ => None,
    }
}

impl Loss {
    fn failure(&self, name: &str, unit: &Unit, lines: &[String]) -> Failure {
        let words = match (self, journal::gist(lines)) {
            (Self::Unknown, _) => return Failure::new(format!("there is no unit {name}")).code("DPP0701"),
            (Self::AtRest, _) => match journal::cause(lines) {
                Some(cause) => format!("{name} does not run any more: {cause}"),
                None => format!("{name} does not run: nothing to wait for"),
            },
            (Self::Died, Some(line)) => format!("{name} died: {line}"),
            (Self::Died, None) => format!("{name} died ({})", unit.text("Result")),
        };
        described(Failure::new(words).code("DPP0702"), unit, lines)
    }
}

/// When the unit's main process was started last.
fn started(unit: &Unit) -> SystemTime {
    match unit.number("ExecMainStartTimestamp") {
        0 => SystemTime::now() - Duration::from_mins(1),
        micros => SystemTime::UNIX_EPOCH + Duration::from_micros(micros),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::bus::Value;
    use crate::services::unit::tests::unit;

    #[test]
    fn a_service_is_given_up_when_it_rests_or_has_died_twice() {
        let cases = [
            ("active", "running", "success", "4", None),
            ("activating", "start", "success", "4", None),
            ("activating", "auto-restart", "exit-code", "4", None),
            ("activating", "auto-restart", "exit-code", "5", Some(Loss::Died)),
            ("active", "running", "success", "5", None),
            ("active", "running", "success", "6", Some(Loss::Died)),
            ("failed", "failed", "exit-code", "4", Some(Loss::Died)),
            ("inactive", "dead", "signal", "4", Some(Loss::Died)),
            ("inactive", "dead", "success", "4", Some(Loss::AtRest)),
        ];
        for (active, sub, result, restarts, expected) in cases {
            let state = [("ActiveState", active), ("SubState", sub), ("Result", result), ("NRestarts", restarts)];
            assert_eq!(loss(&unit(&state), 4), expected, "{active} {sub} {result} {restarts}");
        }
        assert_eq!(loss(&unit(&[("LoadState", "not-found"), ("ActiveState", "inactive")]), 0), Some(Loss::Unknown));
    }

    #[test]
    fn a_unit_that_is_about_to_be_started_is_waited_for() {
        let job = |number| Value::Struct(vec![Value::Unsigned(number), Value::Path("/job".into())]);
        let unit = |result: &str, job| {
            let state = [("ActiveState", Value::text("inactive")), ("Result", Value::text(result)), ("Job", job)];
            Unit::new("/unit".into(), state.map(|(name, value)| (name.to_owned(), value)).into())
        };
        for (result, left) in [("success", Loss::AtRest), ("exit-code", Loss::Died)] {
            assert_eq!(
                (loss(&unit(result, job(17)), 0), loss(&unit(result, job(0)), 0)),
                (None, Some(left)),
                "{result}"
            );
        }
    }
}
