//! Which moments of a run are worth a line, and how that line reads. Shared by every screen that has lines.

use crate::event::{Event, Stamped, Status, StepName, StepResult, clock};
use crate::ui::Ui;
use crate::ui::changes::{difference, words};

/// Makes lines of events.
pub(super) struct Lines {
    ui: Ui,
    diff: bool,
    timed: bool,
    failures: usize,
}

impl Lines {
    /// With `diff` the texts before and after are compared; with `timed` each line begins with the time.
    pub(super) fn new(ui: Ui, diff: bool, timed: bool) -> Self {
        Self { ui, diff, timed, failures: 0 }
    }

    /// The lines of one moment; mostly none.
    pub(super) fn of(&mut self, stamped: &Stamped) -> Vec<String> {
        let quiet = self.ui.verbosity < 0;
        let lines = match &stamped.event {
            Event::Warning { text } if self.ui.verbosity > -2 => {
                vec![format!("{} {text}", self.ui.paint(&format!("{:<8}", "warning"), "33"))]
            }
            Event::Pausing { text, .. } => vec![format!("{} {text}", self.painted("pause"))],
            Event::HostLost { host, failure } => {
                self.failures += 1;
                vec![format!("{} {host:<10} {}  ({})", self.painted("LOST"), failure.message, self.failures)]
            }
            Event::StepFinished { host, step, result } => {
                // The items of a loop have told already what came of it.
                let told = result.result.get("results").is_some() && result.status != Status::Failed;
                if told { Vec::new() } else { self.finished(host, step, None, result) }
            }
            Event::ItemFinished { host, step, item, result } => self.finished(host, step, Some(item), result),
            _ if quiet => Vec::new(),
            event => self.course(event),
        };
        lines.into_iter().map(|line| self.stamped(stamped.t, &line)).collect()
    }

    /// A sign of life of a step that is silent.
    pub(super) fn still(&self, now: u64, host: &str, step: &StepName, text: &str, seconds: u64) -> String {
        let text = if text.is_empty() { String::new() } else { format!(": {text}") };
        let line = format!("{:<8} {host:<10} {:<14} {}{text} ({seconds}s)", "still", role(step), step.task);
        self.stamped(now, &line)
    }

    fn stamped(&self, t: u64, line: &str) -> String {
        if self.timed && !line.starts_with("  ") { format!("{} {line}", clock(t)) } else { line.to_owned() }
    }

    /// How the run as a whole goes on.
    fn course(&self, event: &Event) -> Vec<String> {
        let loud = self.ui.verbosity > 0;
        match event {
            Event::RunStarted { hosts, check, same_machine, .. } => {
                let check = if *check { ", check: nothing is touched" } else { "" };
                let s = if hosts.len() == 1 { "" } else { "s" };
                let same: Vec<String> = same_machine.iter().map(|names| names.join(" = ")).collect();
                let same = if same.is_empty() { String::new() } else { format!(" (one machine: {})", same.join("; ")) };
                vec![format!("{} host{s}{same}{check}", hosts.len())]
            }
            // What is no part of a playbook has no name.
            Event::PlayStarted { play, .. } if play.is_empty() => Vec::new(),
            Event::PlayStarted { play, hosts } => vec![format!("{:<8} {play}: {}", "play", hosts.join(" "))],
            Event::HostConnected { host, ms } if loud => {
                vec![format!("{:<8} {host} ({:.2}s)", "reached", *ms as f64 / 1000.0)]
            }
            Event::Retrying { host, step, left } if loud => {
                vec![format!("{:<8} {host:<10} {}: {left} attempts left", "again", step.task)]
            }
            Event::DebtFound { host, debt, will_pay } => {
                let fate = if *will_pay {
                    "will be done in this run"
                } else {
                    "no handler of this name here; still owed, until a run has one or it is struck from debts.json there"
                };
                vec![format!("{:<8} {host:<10} {} ({}): {fate}", "owed", debt.handler, debt.reason)]
            }
            _ => Vec::new(),
        }
    }

    fn finished(&mut self, host: &str, step: &StepName, item: Option<&str>, result: &StepResult) -> Vec<String> {
        let mark = self.failure_mark(item.is_none(), result);
        let Some(word) = self.word(result) else { return Vec::new() };
        let item = item.map(|item| format!(" [{item}]")).unwrap_or_default();
        let seconds = if result.ms >= 1000 { format!(" ({:.1}s)", result.ms as f64 / 1000.0) } else { String::new() };
        let line = format!("{} {host:<10} {:<14} {}{item}{seconds}{mark}", self.painted(word), role(step), step.task);
        std::iter::once(line.trim_end().to_owned()).chain(self.details(result)).collect()
    }

    /// The word for how a step ended, when this is to be told at this loudness.
    fn word(&self, result: &StepResult) -> Option<&'static str> {
        let verbosity = self.ui.verbosity;
        match result.status {
            Status::Failed if !result.ignored && !result.rescued => Some("FAILED"),
            Status::Unreachable => Some("LOST"),
            _ if verbosity < 0 => None,
            Status::Failed if result.ignored => Some("ignored"),
            Status::Failed => Some("rescued"),
            Status::Changed => Some("changed"),
            Status::Ok if verbosity < 1 && result.message.is_empty() => None,
            Status::Ok => Some("ok"),
            Status::Skipped if verbosity < 1 => None,
            Status::Skipped => Some("skipped"),
        }
    }

    fn failure_mark(&mut self, whole: bool, result: &StepResult) -> String {
        if whole && result.status == Status::Failed && !result.ignored && !result.rescued {
            self.failures += 1;
            return format!("  ({})", self.failures);
        }
        String::new()
    }

    /// The lines below: the message, the changes, and what the module answered.
    fn details(&self, result: &StepResult) -> Vec<String> {
        let verbosity = self.ui.verbosity;
        let mut lines: Vec<String> = result.message.lines().map(|line| format!("           {line}")).collect();
        // A failure that counts is told in full at the end of the run; of one that does not, this line is all.
        let cause = result.failure.as_ref().filter(|_| result.ignored || result.rescued);
        let cause = cause.and_then(|failure| failure.message.lines().next());
        lines.extend(cause.map(|cause| format!("           {cause}")));
        if result.status == Status::Changed {
            for change in &result.changes {
                if self.diff || verbosity > 0 {
                    lines.push(format!("           {}", words(change)));
                }
                if self.diff {
                    lines.extend(difference(change).iter().map(|line| format!("             {}", self.coloured(line))));
                }
            }
        }
        if verbosity > 1 {
            lines.extend(answered(result, verbosity > 2).into_iter().map(|line| format!("           {line}")));
        }
        lines
    }

    fn coloured(&self, line: &str) -> String {
        match line.as_bytes().first() {
            Some(b'+') => self.ui.paint(line, "32"),
            Some(b'-') => self.ui.paint(line, "31"),
            Some(b'@') => self.ui.paint(line, "36"),
            _ => line.to_owned(),
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
}

/// What the module answered, a value a line; what a process printed only when it is wanted.
fn answered(result: &StepResult, printed: bool) -> Vec<String> {
    const PRINTED: [&str; 4] = ["stdout", "stderr", "stdout_lines", "stderr_lines"];
    let Some(entries) = result.result.as_object() else { return Vec::new() };
    let mut lines = Vec::new();
    for (name, value) in entries {
        match value.as_str() {
            _ if name.ends_with("_lines") => {}
            _ if PRINTED.contains(&name.as_str()) && !printed => {}
            Some(text) if text.contains('\n') => {
                lines.push(format!("{name}:"));
                lines.extend(text.lines().map(|line| format!("  {line}")));
            }
            Some(text) => lines.push(format!("{name}: {text}")),
            None => lines.push(format!("{name}: {value}")),
        }
    }
    lines
}

/// The role of a step, or a dash.
pub(super) fn role(step: &StepName) -> &str {
    if step.role.is_empty() { "-" } else { &step.role }
}
