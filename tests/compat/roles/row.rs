//! One role: both answers side by side, as a line of the table.

use super::answer::{Answer, Run};
use super::left::Left;
use super::noise::is_noise;
use super::role::Role;
use crate::differences::Differences;
use crate::record::TaskRecord;

/// Lines of a file that are shown of a difference.
const LINES: usize = 12;

/// What is told of a role.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) tasks: usize,
    /// Ansible's two runs, then dppctl's: exit, changed.
    pub(crate) runs: Vec<(i32, usize)>,
    /// Of both runs: Ansible's, dppctl's.
    pub(crate) seconds: (f64, f64),
    /// Whatever differs: in the tasks, in what is left.
    pub(crate) of_tasks: Vec<String>,
    pub(crate) of_state: Vec<String>,
    /// Of these, the reasons of those that are explained; filled by `judge`.
    pub(crate) reasons: Vec<String>,
    said: String,
}

impl Row {
    /// Compares.
    pub(crate) fn of(role: &Role, theirs: &Answer, ours: &Answer) -> Self {
        let runs = theirs.runs.iter().chain(&ours.runs).map(|run| (run.exit, run.changed())).collect();
        let seconds = |answer: &Answer| answer.runs.iter().map(|run| run.seconds).sum();
        let of_tasks = theirs.runs.iter().zip(&ours.runs).enumerate();
        let last = ours.runs.iter().find(|run| run.exit != 0).filter(|_| theirs.runs[0].exit == 0);
        Self {
            name: role.name.clone(),
            tasks: theirs.runs[0].tasks.len(),
            runs,
            seconds: (seconds(theirs), seconds(ours)),
            of_tasks: of_tasks.flat_map(|(number, (theirs, ours))| of_run(number + 1, theirs, ours)).collect(),
            of_state: of_state(theirs, ours),
            reasons: Vec::new(),
            said: last.map(|run| run.said.clone()).unwrap_or_default(),
        }
    }

    /// Whether both did the same but for what is explained.
    pub(crate) fn judge(&mut self, explained: &Differences) -> bool {
        let all = || self.of_tasks.iter().chain(&self.of_state);
        let mut reasons: Vec<String> = all().filter_map(|line| explained.reason(&self.name, line)).collect();
        reasons.sort();
        reasons.dedup();
        let is_known = all().all(|line| explained.explains(&self.name, line));
        self.reasons = reasons;
        is_known
    }

    /// For the screen, while others are still at work.
    pub(crate) fn told(&self) -> String {
        let mut lines = vec![format!("{}: {} tasks, {:?}, {:.0?} s", self.name, self.tasks, self.runs, self.seconds)];
        lines.extend(self.of_tasks.iter().chain(&self.of_state).map(|line| format!("    {line}")));
        lines.extend(self.said.lines().map(|line| format!("    | {line}")));
        lines.join("\n")
    }
}

fn of_run(number: usize, theirs: &Run, ours: &Run) -> Vec<String> {
    let mut found = Vec::new();
    if theirs.exit != ours.exit {
        found.push(format!("run {number}: exit code: Ansible {}, dppctl {}", theirs.exit, ours.exit));
    }
    let mut left: Vec<&TaskRecord> = ours.tasks.iter().collect();
    for task in &theirs.tasks {
        let named = format!("run {number}: {} {}", task.at, task.action);
        let Some(at) = left.iter().position(|other| place(other) == place(task)) else {
            found.push(format!("{named}: Ansible came to it ({}), dppctl did not", words(task)));
            continue;
        };
        let own = left.remove(at);
        if (&task.status, task.ignored) != (&own.status, own.ignored) {
            found.push(format!("{named}: Ansible {}, dppctl {}", words(task), words(own)));
        }
    }
    found.extend(left.iter().map(|task| {
        format!("run {number}: {} {}: dppctl came to it ({}), Ansible did not", task.at, task.action, words(task))
    }));
    found
}

/// The check of a role's arguments is written nowhere: one programme places it in the play, the other in its specification.
fn place(task: &TaskRecord) -> &str {
    if task.action.ends_with("validate_argument_spec") { "argument_specs" } else { &task.at }
}

fn words(task: &TaskRecord) -> String {
    let ignored = if task.ignored { ", ignored" } else { "" };
    let why = if task.status == "failed" {
        format!(": {}", task.result["msg"].as_str().unwrap_or_default())
    } else {
        String::new()
    };
    format!("{}{ignored}{why}", task.status)
}

/// What Ansible's host had from the beginning, and dppctl's never, is Python.
fn of_state(theirs: &Answer, ours: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    // What was kept of Ansible may be older than the list of noise.
    for (name, value) in theirs.after.things.iter().filter(|(name, _)| !is_noise(name)) {
        let is_pythons = !ours.before.things.contains_key(name) && theirs.before.things.get(name) == Some(value);
        match ours.after.things.get(name) {
            Some(own) if own == value => {}
            Some(own) => {
                found.push(format!("{name}: Ansible {value}, dppctl {own}{}", shown(name, &theirs.after, &ours.after)));
            }
            None if is_pythons => {}
            None => found.push(format!("{name}: Ansible {value}, dppctl none")),
        }
    }
    let more = ours.after.things.iter().filter(|(name, _)| !theirs.after.things.contains_key(*name));
    found.extend(more.map(|(name, value)| format!("{name}: Ansible none, dppctl {value}")));
    found
}

/// The lines of a file that only one of the two has.
fn shown<'a>(name: &str, theirs: &'a Left, ours: &'a Left) -> String {
    let path = name.trim_start_matches("file ");
    let text = |left: &'a Left| left.texts.get(path).filter(|text| !text.contains(['\0', '\u{fffd}']));
    let (Some(theirs), Some(ours)) = (text(theirs), text(ours)) else { return String::new() };
    let only = |of: &str, other: &str, sign: &str| {
        let lines = of.lines().filter(|line| !other.lines().any(|own| own == *line)).take(LINES);
        lines.map(|line| format!("\n        {sign} {line}")).collect::<String>()
    };
    only(theirs, ours, "Ansible:") + &only(ours, theirs, "dppctl: ")
}
