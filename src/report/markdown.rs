//! A run as Markdown: for a ticket, a wiki, the summary of a CI job.

use std::fmt::Write as _;

use dpp_protocol::{Change, Verb};

use crate::event::{minute, minute_of};
use crate::report::account::Account;
use crate::report::{Changed, Failed, HostCounts};

/// The report as text.
pub(super) fn text(account: &Account) -> String {
    let report = &account.report;
    let Account { run, command, began, .. } = account;
    let mut text = format!("# Run {run}: {command}, {}\n\n{} UTC, {}\n", account.end(), minute(*began), account.sum());
    text.push_str("\n| host | ok | changed | failed | skipped | rescued | ignored | unreachable |\n");
    text.push_str("| --- | --: | --: | --: | --: | --: | --: | --: |\n");
    for (host, counts) in &report.hosts {
        let HostCounts { ok, changed, failed, skipped, rescued, ignored, unreachable } = counts;
        let host = cell(host);
        let _ = writeln!(
            text,
            "| {host} | {ok} | {changed} | {failed} | {skipped} | {rescued} | {ignored} | {unreachable} |"
        );
    }
    part(&mut text, "Failures", report.failures.iter().map(failure));
    part(&mut text, "Changes", (!report.changed.is_empty()).then(|| changes(&report.changed)));
    part(&mut text, "Warnings", list(&report.warnings));
    part(&mut text, "Not predicted", list(&report.unpredicted));
    let owed: Vec<String> = report.owed.iter().map(|(host, handler)| format!("{handler} on {host}")).collect();
    part(&mut text, "Owed", list(&owed));
    text
}

fn part(text: &mut String, head: &str, parts: impl IntoIterator<Item = String>) {
    let whole: Vec<String> = parts.into_iter().collect();
    if !whole.is_empty() {
        let _ = write!(text, "\n## {head}\n\n{}", whole.join("\n"));
    }
}

fn list(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| items.iter().map(|item| format!("- {}\n", cell(item))).collect())
}

fn failure(failed: &Failed) -> String {
    let step = failed.step.as_ref();
    let task = step.map_or("out of reach", |step| step.task.as_str());
    let at = step.map(|step| format!("`{}` · ", step.at)).unwrap_or_default();
    let mut text = format!("### {}: {}\n\n{at}{} ", cell(&failed.host), cell(task), failed.failure.code);
    let _ = write!(text, "after {:.1}s\n\n{}", failed.ms as f64 / 1000.0, fenced(&failed.failure.message));
    for note in &failed.failure.notes {
        let _ = write!(text, "\n{}:\n\n{}", note.label, fenced(&note.text));
    }
    if let Some(help) = &failed.failure.help {
        let _ = writeln!(text, "\nHelp: {}", cell(help));
    }
    text
}

fn changes(changed: &[Changed]) -> String {
    let mut text = "| host | role | task | change |\n| --- | --- | --- | --- |\n".to_owned();
    for Changed { host, step, changes } in changed {
        let words: Vec<String> = changes.iter().map(|change| cell(&words(change))).collect();
        let (host, role, task) = (cell(host), cell(&step.role), cell(&step.task));
        let _ = writeln!(text, "| {host} | {role} | {task} | {} |", words.join("<br>"));
    }
    text
}

/// `create /etc/hosts`
pub(super) fn words(change: &Change) -> String {
    let verb = match change.verb {
        Verb::Create => "create",
        Verb::Change => "change",
        Verb::Delete => "delete",
        Verb::Restart => "restart",
        Verb::Run => "run",
    };
    let detail = if change.detail == verb { "" } else { &change.detail };
    let since = change.drifted.as_deref().map(minute_of);
    let drift = since.map(|since| format!(" (changed by somebody else since {since})")).unwrap_or_default();
    format!("{verb} {} {detail}", change.what).trim_end().to_owned() + &drift
}

/// A text that stays in its cell and on its line, and is taken for no markup.
fn cell(text: &str) -> String {
    let mut plain = String::new();
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => plain.push(' '),
            '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '#' => plain.extend(['\\', letter]),
            other => plain.push(other),
        }
    }
    plain
}

/// A text as it is, within a fence that is longer than any in it.
fn fenced(text: &str) -> String {
    let longest = text.lines().map(|line| line.chars().take_while(|letter| *letter == '`').count()).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{}\n{fence}\n", text.trim_end())
}
