//! How a run ends on the screen: each failure in full, one line that sums up, what is owed, what to type next.

use std::path::PathBuf;

use serde_json::Value as Json;

use crate::exit::Exit;
use crate::report::RunReport;
use crate::ui::{Ui, failure};

/// What the end of a run tells beside its report.
#[derive(Debug, Clone)]
pub struct Close {
    /// Number of the run; 0 when no log could be kept.
    pub run: u64,
    /// `run`, `deploy`.
    pub command: String,
    /// How the programme ends.
    pub exit: Exit,
    /// Commands to type next, each with what it is for.
    pub next: Vec<(String, String)>,
    /// Where the log lies.
    pub log: Option<PathBuf>,
    /// What was proved beside the run: a line, and a document under its name.
    pub proof: Option<(String, (&'static str, Json))>,
}

/// The last lines.
pub(super) fn lines(ui: &Ui, report: &RunReport, close: &Close) -> Vec<String> {
    let changes = report.changes();
    let would = if report.check { "would be made" } else { "made" };
    let s = if changes == 1 { "" } else { "s" };
    with_sum(ui, report, close, &format!("{changes} change{s} {would}"))
}

/// The last lines of a plan, whose sum is told by itself.
pub(super) fn of_plan(ui: &Ui, report: &RunReport, close: &Close, sum: &str) -> Vec<String> {
    let mut lines = with_sum(ui, report, close, "nothing was touched");
    if ui.verbosity >= -1 {
        let at = lines.iter().rposition(String::is_empty).map_or(0, |blank| blank + 1);
        lines.insert(at, sum.to_owned());
    }
    lines
}

fn with_sum(ui: &Ui, report: &RunReport, close: &Close, sum: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for group in failure::alike(&report.failures) {
        lines.push(String::new());
        lines.extend(failure::lines(ui, &group));
    }
    if ui.verbosity < -1 {
        return lines;
    }
    lines.push(String::new());
    lines.push(summary(report, close.exit, sum));
    lines.extend(close.proof.iter().map(|(line, _)| line.clone()));
    if ui.verbosity < 0 {
        return lines;
    }
    lines.extend(unpredicted(report, ui.verbosity > 0));
    lines.extend(report.owed.iter().map(|(host, handler)| {
        format!("Owed: {handler} on {host} (kept there; the next run that has this handler does it)")
    }));
    let wide = close.next.iter().map(|(what, _)| what.chars().count()).max().unwrap_or(0) + 1;
    lines.extend(close.next.iter().map(|(what, command)| format!("{:<wide$}   {command}", format!("{what}:"))));
    lines
}

fn summary(report: &RunReport, exit: Exit, sum: &str) -> String {
    let (hosts, failed, lost) = (report.hosts.len(), report.failed_hosts(), report.lost_hosts());
    let good = hosts.saturating_sub(failed + lost + report.left.len());
    let seconds = report.ms as f64 / 1000.0;
    let word = if matches!(exit, Exit::Interrupted | Exit::Terminated) { "Stopped. Done" } else { "Done" };
    let mut line = format!("{word} on {good} of {hosts} hosts, {sum}, {seconds:.1}s.");
    let left: Vec<&str> = report.left.iter().map(String::as_str).collect();
    for (words, hosts) in
        [("Failed", report.failed_names()), ("Out of reach", report.lost_names()), ("Still to do", left)]
    {
        if !hosts.is_empty() {
            line.extend([" ", words, ": ", &hosts.join(", "), "."]);
        }
    }
    line
}

fn unpredicted(report: &RunReport, is_loud: bool) -> Option<String> {
    const SHOWN: usize = 3;
    let places = &report.unpredicted;
    let count = places.len();
    let s = if count == 1 { "" } else { "s" };
    let shown = if is_loud { count } else { count.min(SHOWN) };
    let more = if shown < count { format!(" and {} more; -v names all", count - shown) } else { String::new() };
    (report.check && count > 0)
        .then(|| format!("Not predicted: {count} step{s} ({}{more})", places[..shown].join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::HostCounts;

    #[test]
    fn a_run_that_was_stopped_calls_nobody_done() {
        let failed = HostCounts { failed: 1, ..HostCounts::default() };
        let hosts = [("es1", HostCounts::default()), ("es2", failed)].map(|(name, counts)| (name.to_owned(), counts));
        let mut report = RunReport { hosts: hosts.into(), ..RunReport::default() };
        report.break_off();
        assert_eq!(
            summary(&report, Exit::Interrupted, "0 changes made"),
            "Stopped. Done on 0 of 2 hosts, 0 changes made, 0.0s. Failed: es2. Still to do: es1."
        );
    }

    #[test]
    fn of_many_steps_that_cannot_be_foretold_three_are_named() {
        let report = |count: usize| RunReport {
            check: true,
            unpredicted: (1..=count).map(|line| format!("a.yml:{line}")).collect(),
            ..RunReport::default()
        };
        let line = |count, is_loud| unpredicted(&report(count), is_loud);
        assert_eq!(line(0, false), None);
        assert_eq!(line(1, false).unwrap(), "Not predicted: 1 step (a.yml:1)");
        assert_eq!(
            line(43, false).unwrap(),
            "Not predicted: 43 steps (a.yml:1, a.yml:2, a.yml:3 and 40 more; -v names all)"
        );
        assert!(line(43, true).unwrap().ends_with("a.yml:42, a.yml:43)"));
    }
}
