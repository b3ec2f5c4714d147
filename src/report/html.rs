//! A run as one HTML file that needs no other: failures first, differences folded.

use std::fmt::Write as _;

use dpp_protocol::Change;

use crate::event::minute;
use crate::report::account::Account;
use crate::report::markdown::words;
use crate::report::{Changed, Failed, HostCounts};

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}td.n,th.n{text-align:right}\
pre{background:#f5f5f5;padding:.6rem;overflow:auto;white-space:pre-wrap}.bad{color:#a11}.add{color:#171}.del{color:#a11}\
code{font-size:.9em}details{margin:.2rem 0}@media(prefers-color-scheme:dark){body{background:#181818;color:#ddd}\
pre{background:#242424}th,td{border-color:#444}.bad,.del{color:#f77}.add{color:#7c7}}";

/// The report as a page.
pub(super) fn page(account: &Account) -> String {
    let report = &account.report;
    let title = format!("Run {}: {}, {}", account.run, escaped(&account.command), account.end());
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n<p>{} UTC, {}</p>\n",
        minute(account.began),
        account.sum()
    );
    page.push_str(&hosts(account));
    part(&mut page, "Failures", report.failures.iter().map(failure).collect());
    part(&mut page, "Changes", if report.changed.is_empty() { String::new() } else { changes(&report.changed) });
    part(&mut page, "Warnings", list(&report.warnings));
    part(&mut page, "Not predicted", list(&report.unpredicted));
    let owed: Vec<String> = report.owed.iter().map(|(host, handler)| format!("{handler} on {host}")).collect();
    part(&mut page, "Owed", list(&owed));
    page + "</body></html>\n"
}

fn hosts(account: &Account) -> String {
    const HEADS: [&str; 7] = ["ok", "changed", "failed", "skipped", "rescued", "ignored", "unreachable"];
    let heads: String = HEADS.iter().map(|head| format!("<th class=\"n\">{head}</th>")).collect();
    let mut table = format!("<table><tr><th>host</th>{heads}</tr>\n");
    for (host, counts) in &account.report.hosts {
        let HostCounts { ok, changed, failed, skipped, rescued, ignored, unreachable } = *counts;
        let bad = if failed + unreachable > 0 { " class=\"bad\"" } else { "" };
        let counted = [ok, changed, failed, skipped, rescued, ignored, unreachable];
        let cells: String = counted.iter().map(|count| format!("<td class=\"n\">{count}</td>")).collect();
        let _ = writeln!(table, "<tr><td{bad}>{}</td>{cells}</tr>", escaped(host));
    }
    table + "</table>\n"
}

fn part(page: &mut String, head: &str, body: String) {
    if !body.is_empty() {
        let _ = writeln!(page, "<h2>{head}</h2>\n{body}");
    }
}

fn list(items: &[String]) -> String {
    let items: String = items.iter().map(|item| format!("<li>{}</li>", escaped(item))).collect();
    if items.is_empty() { items } else { format!("<ul>{items}</ul>") }
}

fn failure(failed: &Failed) -> String {
    let step = failed.step.as_ref();
    let task = step.map_or("out of reach", |step| step.task.as_str());
    let at = step.map(|step| format!("<code>{}</code> · ", escaped(&step.at))).unwrap_or_default();
    let mut text = format!(
        "<h3 class=\"bad\">{}: {}</h3><p>{at}{} after {:.1}s</p><pre>{}</pre>",
        escaped(&failed.host),
        escaped(task),
        escaped(&failed.failure.code),
        failed.ms as f64 / 1000.0,
        escaped(&failed.failure.message)
    );
    for note in &failed.failure.notes {
        let _ = write!(text, "<p>{}</p><pre>{}</pre>", escaped(&note.label), escaped(&note.text));
    }
    if let Some(help) = &failed.failure.help {
        let _ = write!(text, "<p>Help: {}</p>", escaped(help));
    }
    text + "\n"
}

fn changes(changed: &[Changed]) -> String {
    let mut table = "<table><tr><th>host</th><th>role</th><th>task</th><th>change</th></tr>\n".to_owned();
    for Changed { host, step, changes } in changed {
        let told: String = changes.iter().map(change).collect();
        let [host, role, task] = [host, &step.role, &step.task].map(|text| escaped(text));
        let _ = writeln!(table, "<tr><td>{host}</td><td>{role}</td><td>{task}</td><td>{told}</td></tr>");
    }
    table + "</table>"
}

fn change(change: &Change) -> String {
    let words = escaped(&words(change));
    let (before, after) = (change.before.as_deref().unwrap_or_default(), change.after.as_deref().unwrap_or_default());
    if before == after {
        return format!("<div>{words}</div>");
    }
    let diff = similar::TextDiff::from_lines(before, after).unified_diff().context_radius(3).to_string();
    let lines: String = diff.lines().map(line).collect();
    format!("<details><summary>{words}</summary><pre>{lines}</pre></details>")
}

fn line(line: &str) -> String {
    let class = match line.as_bytes().first() {
        Some(b'+') => "add",
        Some(b'-') => "del",
        _ => return format!("{}\n", escaped(line)),
    };
    format!("<span class=\"{class}\">{}</span>\n", escaped(line))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
