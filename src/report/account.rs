//! What a report for people tells of a run: what was run, when, and what it came to.

use crate::event::{Event, Stamped};
use crate::report::RunReport;

/// The fold.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Number of the run.
    pub(super) run: u64,
    /// `deploy`.
    pub(super) command: String,
    /// When it began, in milliseconds since 1970.
    pub(super) began: u64,
    /// What it came to.
    pub(super) report: RunReport,
    is_over: bool,
}

impl Account {
    /// Of a run of this number.
    pub(super) fn of(run: u64) -> Self {
        Self { run, ..Self::default() }
    }

    /// Takes one event into account.
    pub(super) fn absorb(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::RunStarted { command, .. } => {
                self.command.clone_from(command);
                self.began = stamped.t;
            }
            Event::RunFinished { .. } => self.is_over = true,
            _ => {}
        }
        self.report.absorb(stamped);
    }

    /// How it ended, in a word or two.
    pub(super) fn end(&self) -> &'static str {
        match () {
            () if self.report.failed_hosts() > 0 => "failed",
            () if self.report.lost_hosts() > 0 => "hosts out of reach",
            () if !self.is_over => "broken off",
            () if self.report.check => "done, nothing was touched",
            () => "done",
        }
    }

    /// `3 hosts, 49 changes, 32.0s`
    pub(super) fn sum(&self) -> String {
        let plural = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let hosts = plural(self.report.hosts.len() as u64, "host");
        format!("{hosts}, {}, {:.1}s", plural(self.report.changes(), "change"), self.report.ms as f64 / 1000.0)
    }
}
