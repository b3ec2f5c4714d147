//! A line per event, for pipes and CI: no cursor moves, no bars; what is silent for long gives a sign of life.

use std::collections::BTreeMap;

use dpp_protocol::Change;

use crate::event::{Event, Stamped, Status, StepName, StepResult};
use crate::report::RunReport;
use crate::ui::failure;
use crate::ui::{Reporter, Ui};

/// Seconds of silence after which a step gives a sign of life.
const STILL: u64 = 15_000;

/// The plain screen.
pub struct Plain {
    ui: Ui,
    diff: bool,
    running: BTreeMap<String, Running>,
    failures: usize,
}

struct Running {
    step: StepName,
    since: u64,
    told: u64,
}

impl Plain {
    /// A plain screen; with `diff` the texts before and after are compared.
    pub fn new(ui: Ui, diff: bool) -> Self {
        Self { ui, diff, running: BTreeMap::new(), failures: 0 }
    }

    fn finished(&mut self, t: u64, host: &str, step: &StepName, item: Option<&str>, result: &StepResult) {
        let word = match result.status {
            Status::Ok if self.ui.verbosity < 1 && result.message.is_empty() => return,
            Status::Ok => "ok",
            Status::Changed => "changed",
            Status::Failed if result.ignored => "ignored",
            Status::Failed if result.rescued => "rescued",
            Status::Failed => "FAILED",
            Status::Skipped if self.ui.verbosity < 1 => return,
            Status::Skipped => "skipped",
            Status::Unreachable => "LOST",
        };
        let item = item.map(|item| format!(" [{item}]")).unwrap_or_default();
        let seconds = if result.ms >= 1000 { format!(" ({:.1}s)", result.ms as f64 / 1000.0) } else { String::new() };
        let mark = self.failure_mark(item.is_empty(), result);
        let line = format!(
            "{} {:<8} {host:<10} {:<14} {}{item}{seconds}{mark}",
            clock(t),
            self.painted(word),
            role(step),
            step.task
        );
        self.ui.story(line.trim_end());
        self.details(result);
    }

    fn failure_mark(&mut self, whole: bool, result: &StepResult) -> String {
        if whole && result.status == Status::Failed && !result.ignored && !result.rescued {
            self.failures += 1;
            return format!("  ({})", self.failures);
        }
        String::new()
    }

    fn details(&self, result: &StepResult) {
        if !result.message.is_empty() && result.status != Status::Skipped {
            result.message.lines().for_each(|line| self.ui.story(&format!("           {line}")));
        }
        if result.status != Status::Changed {
            return;
        }
        for change in &result.changes {
            if self.diff || self.ui.verbosity > 0 {
                self.ui.story(&format!("           {}", words(change)));
            }
            if self.diff {
                difference(change).iter().for_each(|line| self.ui.story(&format!("             {line}")));
            }
        }
    }

    fn painted(&self, word: &str) -> String {
        let code = match word {
            "changed" => "33",
            "FAILED" | "LOST" => "1;31",
            "ignored" | "rescued" => "35",
            "skipped" => "36",
            _ => "32",
        };
        self.ui.paint(&format!("{word:<8}"), code)
    }

    fn alive(&mut self, t: u64, host: &str, text: &str) {
        let Some(running) = self.running.get_mut(host) else { return };
        if t.saturating_sub(running.told) < STILL {
            return;
        }
        running.told = t;
        let seconds = t.saturating_sub(running.since) / 1000;
        let line = format!(
            "{} still    {host:<10} {:<14} {}: {text} ({seconds}s)",
            clock(t),
            role(&running.step),
            running.step.task
        );
        self.ui.story(&line);
    }
}

impl Reporter for Plain {
    fn on(&mut self, stamped: &Stamped) {
        let t = stamped.t;
        match &stamped.event {
            Event::RunStarted { hosts, check, same_machine, .. } => {
                let check = if *check { ", check: nothing is touched" } else { "" };
                self.ui.story(&format!("{} {} hosts{check}", clock(t), hosts.len()));
                for names in same_machine {
                    self.ui.story(&format!("{} one machine: {}", clock(t), names.join(" = ")));
                }
            }
            Event::PlayStarted { play, hosts } => {
                self.ui.story(&format!("{} play     {play}: {}", clock(t), hosts.join(" ")));
            }
            Event::HostConnected { host, ms } if self.ui.verbosity > 0 => {
                self.ui.story(&format!("{} reached  {host} ({:.2}s)", clock(t), *ms as f64 / 1000.0));
            }
            Event::StepStarted { host, step } => {
                self.running.insert(host.clone(), Running { step: step.clone(), since: t, told: t });
            }
            Event::StepAlive { host, text, .. } => self.alive(t, host, text),
            Event::ItemFinished { host, step, item, result } => self.finished(t, host, step, Some(item), result),
            Event::Retrying { host, step, left } if self.ui.verbosity > 0 => {
                self.ui.story(&format!("{} again    {host:<10} {}: {left} attempts left", clock(t), step.task));
            }
            Event::StepFinished { host, step, result } => {
                self.running.remove(host);
                let told = result.result.get("results").is_some() && result.status != Status::Failed;
                if !told {
                    self.finished(t, host, step, None, result);
                }
            }
            Event::HostLost { host, failure } => {
                self.failures += 1;
                self.ui.story(&format!(
                    "{} {} {host:<10} {}  ({})",
                    clock(t),
                    self.painted("LOST"),
                    failure.message,
                    self.failures
                ));
            }
            Event::DebtFound { host, debt, will_pay } => {
                let fate =
                    if *will_pay { "will be done in this run" } else { "no handler of this name here; still owed" };
                self.ui.story(&format!("{} owed     {host:<10} {} ({}): {fate}", clock(t), debt.handler, debt.reason));
            }
            Event::Warning { text } => {
                self.ui.story(&format!("{} {}: {text}", clock(t), self.ui.paint("warning", "33")))
            }
            _ => {}
        }
    }

    fn end(&mut self, report: &RunReport) {
        for (at, failed) in report.failures.iter().enumerate() {
            self.ui.story("");
            failure::lines(&self.ui, at + 1, failed).iter().for_each(|line| self.ui.story(line));
        }
        self.ui.story("");
        self.ui.story(&summary(report));
        if !report.unpredicted.is_empty() {
            self.ui.story(&format!(
                "Not predicted: {} steps ({})",
                report.unpredicted.len(),
                report.unpredicted.join(", ")
            ));
        }
        for (host, handler) in &report.owed {
            self.ui.story(&format!("Owed: {handler} on {host} (kept there; the next run does it)"));
        }
    }
}

fn summary(report: &RunReport) -> String {
    let hosts = report.hosts.len();
    let good = hosts - report.failed_hosts() - report.lost_hosts();
    let seconds = report.ms as f64 / 1000.0;
    let changes = report.changes();
    let would = if report.check { "would be made" } else { "made" };
    let mut line = format!("Done on {good} of {hosts} hosts, {changes} changes {would}, {seconds:.1}s.");
    if report.failed_hosts() > 0 {
        line.push_str(&format!(" {} failed.", report.failed_hosts()));
    }
    if report.lost_hosts() > 0 {
        line.push_str(&format!(" {} out of reach.", report.lost_hosts()));
    }
    line
}

fn words(change: &Change) -> String {
    let mark = match change.verb {
        dpp_protocol::Verb::Create => '+',
        dpp_protocol::Verb::Change => '~',
        dpp_protocol::Verb::Delete => '-',
        dpp_protocol::Verb::Restart => '>',
        dpp_protocol::Verb::Run => '$',
    };
    format!("{mark} {} {}", change.what, change.detail).trim_end().to_owned()
}

/// A unified difference with three lines of context.
fn difference(change: &Change) -> Vec<String> {
    if change.before.is_none() && change.after.is_none() {
        return Vec::new();
    }
    let (before, after) = (change.before.as_deref().unwrap_or_default(), change.after.as_deref().unwrap_or_default());
    let diff = similar::TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(3).to_string().lines().map(str::to_owned).collect()
}

fn role(step: &StepName) -> &str {
    if step.role.is_empty() { "-" } else { &step.role }
}

/// `14:03:11`, in UTC.
fn clock(t: u64) -> String {
    let seconds = t / 1000 % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
