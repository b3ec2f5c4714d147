//! What a run came to: folds of all its events, in memory and in files. It prints nothing.

mod account;
mod event_stream;
mod html;
mod junit;
mod line;
mod markdown;
mod past_run;
mod run_log;
mod saved_plan;
mod wanted;

use std::collections::BTreeMap;

use dpp_protocol::{Change, Failure};
use serde::Serialize;

use crate::event::{Event, Stamped, Status, StepName, StepResult};

pub use event_stream::EventStream;
pub use junit::Junit;
pub use line::Line;
pub use past_run::PastRun;
pub use run_log::RunLog;
pub use saved_plan::SavedPlan;
pub use wanted::{ReportFile, ReportKind};

/// Counts of one host, under Ansible's names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HostCounts {
    /// Steps that found the host as wanted.
    pub ok: u64,
    /// Steps that changed something, or would.
    pub changed: u64,
    /// Steps that failed and were neither ignored nor rescued.
    pub failed: u64,
    /// Steps that a condition kept from running.
    pub skipped: u64,
    /// Failures that a rescue took care of.
    pub rescued: u64,
    /// Failures that were ignored.
    pub ignored: u64,
    /// 1 when the host was out of reach.
    pub unreachable: u64,
}

/// A failure with where it happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failed {
    /// The host.
    pub host: String,
    /// The step; none when the host was out of reach.
    pub step: Option<StepName>,
    /// Why.
    pub failure: Failure,
    /// After how long.
    pub ms: u64,
}

/// A step that changed something, or would.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// The host.
    pub host: String,
    /// The step.
    pub step: StepName,
    /// What.
    pub changes: Vec<Change>,
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RunReport {
    /// By host.
    pub hosts: BTreeMap<String, HostCounts>,
    /// In the order in which they happened.
    pub changed: Vec<Changed>,
    /// In the order in which they happened.
    pub failures: Vec<Failed>,
    /// What the operator should know.
    pub warnings: Vec<String>,
    /// What cannot be foreseen, as `file:line:column`.
    pub unpredicted: Vec<String>,
    /// What is owed after the run: host and handler.
    pub owed: Vec<(String, String)>,
    /// Hosts to whose plays a run that was broken off did not come.
    pub left: Vec<String>,
    /// How long it took.
    pub ms: u64,
    /// Whether nothing was touched.
    pub check: bool,
}

impl RunReport {
    /// Takes one event into account.
    pub fn absorb(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::RunStarted { check, .. } => self.check = *check,
            Event::PlayStarted { hosts, .. } => {
                for host in hosts {
                    self.hosts.entry(host.clone()).or_default();
                }
            }
            Event::StepFinished { host, step, result } => {
                if result.unpredicted && !self.unpredicted.contains(&step.at) {
                    self.unpredicted.push(step.at.clone());
                }
                if result.status == Status::Changed || has_changed_before_it_failed(result) {
                    let (host, step, changes) = (host.clone(), step.clone(), result.changes.clone());
                    self.changed.push(Changed { host, step, changes });
                }
                self.count(host, result.status, result.ignored, result.rescued);
                if has_changed_before_it_failed(result) {
                    self.hosts.entry(host.clone()).or_default().changed += 1;
                }
                if let Some(failure) = result.failure.as_ref().filter(|_| !result.ignored && !result.rescued) {
                    let (step, failure) = (Some(step.clone()), failure.clone());
                    self.failures.push(Failed { host: host.clone(), step, failure, ms: result.ms });
                }
            }
            Event::HostLost { host, failure } => {
                self.hosts.entry(host.clone()).or_default().unreachable = 1;
                self.failures.push(Failed { host: host.clone(), step: None, failure: failure.clone(), ms: 0 });
            }
            Event::Owed { host, debt } => self.owed.push((host.clone(), debt.handler.clone())),
            Event::LeftUndone { hosts } => {
                for host in hosts {
                    self.hosts.entry(host.clone()).or_default();
                }
                self.left.extend(hosts.iter().cloned());
            }
            Event::Warning { text } => self.warnings.push(text.clone()),
            Event::RunFinished { ms } => self.ms = *ms,
            _ => {}
        }
    }

    /// Takes nobody for done: a run that was broken off says of no host that it came to its end.
    pub fn break_off(&mut self) {
        let is_told = |name: &str, counts: &HostCounts| {
            counts.failed > 0 || counts.unreachable > 0 || self.left.iter().any(|left| left == name)
        };
        let left = self.hosts.iter().filter(|(name, counts)| !is_told(name, counts));
        let left: Vec<String> = left.map(|(name, _)| name.clone()).collect();
        self.left.extend(left);
    }

    fn count(&mut self, host: &str, status: Status, ignored: bool, rescued: bool) {
        let counts = self.hosts.entry(host.to_owned()).or_default();
        match status {
            Status::Ok => counts.ok += 1,
            Status::Changed => {
                counts.ok += 1;
                counts.changed += 1;
            }
            Status::Skipped => counts.skipped += 1,
            Status::Failed if ignored => {
                counts.ok += 1;
                counts.ignored += 1;
            }
            Status::Failed if rescued => counts.rescued += 1,
            Status::Failed => counts.failed += 1,
            Status::Unreachable => counts.unreachable = 1,
        }
    }

    /// Changes over all hosts.
    pub fn changes(&self) -> u64 {
        self.hosts.values().map(|counts| counts.changed).sum()
    }

    /// Hosts on which a step failed.
    pub fn failed_names(&self) -> Vec<&str> {
        self.names(|counts| counts.failed > 0)
    }

    /// Hosts that were out of reach.
    pub fn lost_names(&self) -> Vec<&str> {
        self.names(|counts| counts.failed == 0 && counts.unreachable > 0)
    }

    fn names(&self, wanted: impl Fn(&HostCounts) -> bool) -> Vec<&str> {
        self.hosts.iter().filter(|(_, counts)| wanted(counts)).map(|(host, _)| host.as_str()).collect()
    }

    /// How many hosts a step failed on.
    pub fn failed_hosts(&self) -> usize {
        self.failed_names().len()
    }

    /// How many hosts were out of reach.
    pub fn lost_hosts(&self) -> usize {
        self.lost_names().len()
    }
}

/// A failure does not take back what was changed before it.
fn has_changed_before_it_failed(result: &StepResult) -> bool {
    result.status == Status::Failed && !result.changes.is_empty()
}
