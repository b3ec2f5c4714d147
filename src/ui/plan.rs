//! The screen of a plan: what each role would do, the same change of several hosts on one line, and a sum.

use dpp_protocol::{Change, Verb};
use serde::Serialize;

use crate::event::Stamped;
use crate::report::{Changed, RunReport};
use crate::ui::changes::{difference, drift, mark};
use crate::ui::{Close, Reporter, Ui, answer_json, ending};

/// Above this a thing's name pushes the hosts beside it to the right.
const WIDEST: usize = 64;

/// Draws nothing until the plan is known.
pub struct PlanScreen {
    ui: Ui,
    diff: bool,
}

/// What one role would do.
#[derive(Debug, PartialEq, Serialize)]
struct Part<'a> {
    /// Empty for what is in no role.
    role: &'a str,
    hosts: Vec<&'a str>,
    changes: Vec<Row<'a>>,
}

/// One change, on all hosts that it is the same on.
#[derive(Debug, PartialEq, Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    change: Change,
    /// The task, as `file:line:column`.
    at: &'a str,
    hosts: Vec<&'a str>,
}

/// How many changes of which kind, on how many hosts.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Sum {
    create: usize,
    change: usize,
    delete: usize,
    restart: usize,
    run: usize,
    /// Of all these, what somebody else has changed and is put back.
    drift: usize,
    no_return: usize,
    hosts: usize,
}

#[derive(Serialize)]
struct Document<'a> {
    run: u64,
    parts: &'a [Part<'a>],
    sum: Sum,
    #[serde(flatten)]
    report: &'a RunReport,
}

impl PlanScreen {
    /// A plan; with `diff` the texts before and after are compared.
    pub fn new(ui: Ui, diff: bool) -> Self {
        Self { ui, diff }
    }
}

impl Reporter for PlanScreen {
    fn on(&mut self, _event: &Stamped) {}

    fn end(&mut self, report: &RunReport, close: &Close) {
        let parts = parts(report, self.diff);
        let told = text(&self.ui, &parts, self.diff);
        if self.ui.output.is_json() {
            let document = Document { run: close.run, parts: &parts, sum: sum(report), report };
            answer_json(&self.ui, "dppctl.plan/1", close.exit, &document);
        } else if !told.is_empty() {
            self.ui.answer(told.trim_end());
        }
        last(&self.ui, report, close).iter().for_each(|line| self.ui.story(line));
    }
}

fn last(ui: &Ui, report: &RunReport, close: &Close) -> Vec<String> {
    ending::of_plan(ui, report, close, &sum(report).words(report.hosts.len()))
}

/// All that is printed, as a person sees it.
#[cfg(test)]
pub(super) fn drawn(ui: &Ui, report: &RunReport, close: &Close, diff: bool) -> String {
    format!("{}\n{}", text(ui, &parts(report, diff), diff).trim_end(), last(ui, report, close).join("\n"))
}

/// Changes by role, in the order in which they would be made.
fn parts(report: &RunReport, diff: bool) -> Vec<Part<'_>> {
    let mut parts: Vec<Part> = Vec::new();
    for step in &report.changed {
        let at = parts.iter().position(|part| part.role == step.step.role).unwrap_or_else(|| {
            parts.push(Part { role: &step.step.role, hosts: Vec::new(), changes: Vec::new() });
            parts.len() - 1
        });
        add(&mut parts[at].hosts, &step.host);
        // What says no more than that it would run, says so by its task.
        let untold = step.changes.is_empty().then(|| Change::new(Verb::Run, step.step.task.clone()));
        for change in step.changes.iter().chain(&untold) {
            row(&mut parts[at].changes, step, change, diff);
        }
    }
    // Hosts answer in any order.
    let place = |host: &&str| report.hosts.keys().position(|name| name == host);
    for part in &mut parts {
        part.hosts.sort_by_key(place);
        part.changes.iter_mut().for_each(|row| row.hosts.sort_by_key(place));
        part.changes
            .chunk_by_mut(|one, next| one.at == next.at)
            .for_each(|rows| rows.sort_by_key(|row| row.hosts.first().and_then(place)));
    }
    parts
}

fn row<'a>(rows: &mut Vec<Row<'a>>, step: &'a Changed, change: &Change, diff: bool) {
    let is_same = |row: &&mut Row| {
        let texts = !diff || (&row.change.before, &row.change.after) == (&change.before, &change.after);
        row.at == step.step.at
            && (row.change.verb, &row.change.what, &row.change.detail) == (change.verb, &change.what, &change.detail)
            && row.change.drifted.is_some() == change.drifted.is_some()
            && texts
    };
    match rows.iter_mut().find(is_same) {
        Some(row) => add(&mut row.hosts, &step.host),
        None => rows.push(Row { change: change.clone(), at: &step.step.at, hosts: vec![&step.host] }),
    }
}

fn add<'a>(hosts: &mut Vec<&'a str>, host: &'a str) {
    if !hosts.contains(&host) {
        hosts.push(host);
    }
}

fn sum(report: &RunReport) -> Sum {
    let mut sum = Sum::default();
    let mut hosts = Vec::new();
    for step in &report.changed {
        add(&mut hosts, &step.host);
        sum.run += usize::from(step.changes.is_empty());
        for change in &step.changes {
            *match change.verb {
                Verb::Create => &mut sum.create,
                Verb::Change => &mut sum.change,
                Verb::Delete => &mut sum.delete,
                Verb::Restart => &mut sum.restart,
                Verb::Run => &mut sum.run,
            } += 1;
            sum.drift += usize::from(change.drifted.is_some());
            sum.no_return += usize::from(change.no_return.is_some());
        }
    }
    sum.hosts = hosts.len();
    sum
}

impl Sum {
    /// `Plan: 9 to create, 5 to change, 3 restarts, on 5 of 6 hosts.`
    fn words(&self, of: usize) -> String {
        let s = if of == 1 { "" } else { "s" };
        let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        let counted = [
            (self.create, format!("{} to create", self.create)),
            (self.change, format!("{} to change", self.change)),
            (self.delete, format!("{} to delete", self.delete)),
            (self.restart, plural(self.restart, "restart")),
            (self.run, format!("{} to run", self.run)),
        ];
        let told: Vec<String> = counted.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect();
        if told.is_empty() {
            return format!("Plan: nothing to do on {of} host{s}.");
        }
        let drift = match self.drift {
            0 => String::new(),
            count => format!("; {count} of it drift"),
        };
        let no_return = match self.no_return {
            0 => String::new(),
            count => format!(" {} of no return.", plural(count, "point")),
        };
        format!("Plan: {}, on {} of {of} host{s}{drift}.{no_return}", told.join(", "), self.hosts)
    }
}

/// The plan as text: a head for each role, a line for each change, the hosts beside it where they are not all of the role's.
fn text(ui: &Ui, parts: &[Part], diff: bool) -> String {
    let mut text = String::new();
    for part in parts {
        let role = if part.role.is_empty() { "tasks" } else { part.role };
        text.push_str(&format!("{}\n", ui.paint(&format!("{role:<14} {}", part.hosts.join(" ")), "1")));
        let things: Vec<String> = part.changes.iter().map(|row| thing(&row.change)).collect();
        let wide = things.iter().map(|thing| thing.chars().count()).filter(|wide| *wide <= WIDEST).max().unwrap_or(0);
        for (row, thing) in part.changes.iter().zip(things) {
            let (sign, colour) = mark(&row.change);
            let hosts = if row.hosts.len() == part.hosts.len() { String::new() } else { row.hosts.join(" ") };
            let line = format!("  {} {thing:<wide$}  {hosts}", ui.paint(&sign.to_string(), colour));
            text.push_str(line.trim_end());
            text.push('\n');
            if let Some(words) = &row.change.no_return {
                text.push_str(&format!("  {} no return  {words}\n", ui.paint("x", "31")));
            }
            if diff {
                difference(&row.change).iter().for_each(|line| text.push_str(&format!("      {line}\n")));
            }
        }
        text.push('\n');
    }
    text
}

/// `restart  elasticsearch  config changed`
fn thing(change: &Change) -> String {
    let word = match change.verb {
        Verb::Create => "create",
        Verb::Change => "change",
        Verb::Delete => "delete",
        Verb::Restart => "restart",
        Verb::Run => "run",
    };
    let detail = if change.detail == word { "" } else { &change.detail };
    let drift = drift(change).map(|words| format!("  {words}")).unwrap_or_default();
    format!("{word:<8} {} {detail}", change.what).trim_end().to_owned() + &drift
}
