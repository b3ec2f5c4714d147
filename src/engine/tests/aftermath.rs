//! What a run leaves behind beside the ends of its tasks: debts, failures, hosts it did not come to.

use super::stage::Run;
use crate::event::{Event, Stamped};
use crate::report::RunReport;

impl Run {
    /// Hosts that were lost.
    pub(super) fn lost(&self) -> &[String] {
        &self.end.lost
    }

    /// Why tasks failed, with what is to be done about it.
    pub(super) fn failures(&self) -> Vec<String> {
        let failure = |event: &Event| match event {
            Event::StepFinished { result, .. } => result.failure.clone(),
            _ => None,
        };
        let failures = self.events.iter().filter_map(failure);
        failures.map(|failure| format!("{} ({})", failure.message, failure.help.unwrap_or_default())).collect()
    }

    /// What was told of debts: found ones, and those that are left.
    pub(super) fn debts(&self) -> Vec<String> {
        let told = |event: &Event| match event {
            Event::DebtFound { host, debt, .. } => Some(format!("{host} owed {}", debt.handler)),
            Event::Owed { host, debt } => Some(format!("{host} still owed {}", debt.handler)),
            _ => None,
        };
        self.events.iter().filter_map(told).collect()
    }

    /// Hosts to whose plays the run did not come.
    pub(super) fn left(&self) -> Vec<String> {
        let left = |event: &Event| match event {
            Event::LeftUndone { hosts } => Some(hosts.clone()),
            _ => None,
        };
        self.events.iter().find_map(left).unwrap_or_default()
    }

    /// How many changes were counted.
    pub(super) fn changes(&self) -> u64 {
        let mut report = RunReport::default();
        self.events.iter().for_each(|event| report.absorb(&Stamped { t: 0, event: event.clone() }));
        report.changes()
    }

    /// How many debts each task was told to write down and to strike.
    pub(super) fn books(&self) -> Vec<(usize, usize)> {
        self.tasks().iter().map(|task| (task.owes.len(), task.settles.len())).collect()
    }
}
