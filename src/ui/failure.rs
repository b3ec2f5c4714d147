//! A failed task as the operator reads it: host, role and task, its line with a caret, the product's own last words,
//! what to do next.

use dpp_protocol::Failure;

use crate::event::StepName;
use crate::report::Failed;
use crate::source::Place;
use crate::ui::Ui;

/// Failures with their marks on the screen; those that read alike on several hosts together.
pub(super) fn alike(failures: &[Failed]) -> Vec<Vec<(usize, &Failed)>> {
    let mut groups: Vec<Vec<(usize, &Failed)>> = Vec::new();
    for (at, failed) in failures.iter().enumerate() {
        match groups.iter_mut().find(|group| reads_like(group[0].1, failed)) {
            Some(group) => group.push((at + 1, failed)),
            None => groups.push(vec![(at + 1, failed)]),
        }
    }
    groups
}

fn reads_like(one: &Failed, other: &Failed) -> bool {
    let words = |failed: &Failed| {
        let step = failed.step.as_ref().map(|step| (step.role.clone(), step.task.clone(), step.at.clone()));
        let Failure { message, code, help, .. } = &failed.failure;
        (step, message.clone(), code.clone(), help.clone(), notes(&failed.failure))
    };
    words(one) == words(other)
}

/// The lines of failures that read alike.
pub(super) fn lines(ui: &Ui, group: &[(usize, &Failed)]) -> Vec<String> {
    let Some((_, first)) = group.first() else { return Vec::new() };
    let Failed { step, failure, .. } = first;
    let numbers: Vec<String> = group.iter().map(|(number, _)| number.to_string()).collect();
    let hosts: Vec<&str> = group.iter().map(|(_, failed)| failed.host.as_str()).collect();
    let ms = group.iter().map(|(_, failed)| failed.ms).max().unwrap_or(0);
    let (numbers, host) = (numbers.join(", "), hosts.join(", "));
    let what = step.as_ref().map_or_else(String::new, |step| {
        let role = if step.role.is_empty() { String::new() } else { format!(" · {}", step.role) };
        format!("{role} · {}", step.task)
    });
    let word = if step.is_some() { "FAILED" } else { "UNREACHABLE" };
    let after = if ms >= 100 { format!("  after {:.1}s", ms as f64 / 1000.0) } else { String::new() };
    let code = if failure.code.is_empty() { String::new() } else { format!("  {}", failure.code) };
    let mut lines = vec![format!("({numbers}) {}  {host}{what}{code}{after}", ui.paint(word, "1;31"))];
    let margin = step.as_ref().and_then(|step| step.place.as_ref()).map_or(2, margin);
    match step {
        Some(step) => lines.extend(excerpt(ui, step, &failure.message, margin)),
        None => lines.extend(failure.message.lines().map(|line| format!("{:margin$} | {line}", ""))),
    }
    let notes = notes(failure);
    if !notes.is_empty() {
        lines.push(format!("{:margin$} |", ""));
        lines.extend(notes.into_iter().map(|note| format!("{:margin$} {note}", "")));
    }
    if let Some(help) = &failure.help {
        let mut words = help.lines();
        lines.push(format!("{}: {}", ui.paint("help", "1;36"), words.next().unwrap_or_default()));
        lines.extend(words.map(|line| format!("      {line}")));
    }
    lines
}

/// The task's first line with the reason under it; the reason alone where the line is not at hand.
fn excerpt(ui: &Ui, step: &StepName, message: &str, margin: usize) -> Vec<String> {
    let mut reason = message.lines();
    let first = reason.next().unwrap_or_default();
    let mut lines = vec![format!("  --> {}", step.at)];
    let Some(place) = &step.place else {
        lines.push(format!("{:margin$} | {first}", ""));
        lines.extend(reason.map(|line| format!("{:margin$} | {line}", "")));
        return lines;
    };
    let line = place.line();
    let text = place.source().text().lines().nth(line - 1).unwrap_or_default();
    let (text, column) = cut(text.trim_end(), place.column());
    let before: String = text.chars().take(column - 1).collect();
    let blank: String = before.chars().map(|character| if character == '\t' { '\t' } else { ' ' }).collect();
    let wide = text.trim_end().chars().count().saturating_sub(before.chars().count()).max(1);
    lines.push(format!("{:margin$} |", ""));
    lines.push(format!("{line:>margin$} | {text}"));
    lines.push(format!("{:margin$} | {blank}{}", "", ui.paint(&format!("{} {first}", "^".repeat(wide)), "1;31")));
    lines.extend(reason.map(|line| format!("{:margin$} | {blank}{line}", "")));
    lines
}

/// Of a very long line what is around a column, and the column in that.
fn cut(text: &str, column: usize) -> (String, usize) {
    const MOST: usize = 240;
    const BEFORE: usize = 80;
    let length = text.chars().count();
    if length <= MOST {
        return (text.to_owned(), column);
    }
    let from = column.saturating_sub(BEFORE);
    let part: String = text.chars().skip(from).take(MOST).collect();
    let (head, tail) = (if from > 0 { "…" } else { "" }, if from + MOST < length { "…" } else { "" });
    (format!("{head}{part}{tail}"), column - from + head.chars().count())
}

/// Columns before the bar: as many as the line's number takes, at least two.
fn margin(place: &Place) -> usize {
    place.line().to_string().len().max(2)
}

fn notes(failure: &Failure) -> Vec<String> {
    let printed = ["stderr", "stdout", "msg"].iter().filter_map(|name| {
        let text = failure.result.get(*name)?.as_str()?.trim();
        let known = failure.message.contains(text) || failure.notes.iter().any(|note| tells(&note.text, text));
        (!text.is_empty() && !known && text != "non-zero return code").then(|| ((*name).to_owned(), text.to_owned()))
    });
    let noted = failure.notes.iter().map(|note| (note.label.clone(), note.text.clone()));
    let all: Vec<(String, String)> = noted.chain(printed).collect();
    let wide = all.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    all.iter().flat_map(|(label, text)| note_lines(label, text, wide)).collect()
}

/// Whether a note says what was printed, or is the part of it that counts.
fn tells(note: &str, printed: &str) -> bool {
    note.contains(printed) || note.contains('\n') && printed.contains(note)
}

/// The last lines of a note count most.
fn note_lines(label: &str, text: &str, wide: usize) -> Vec<String> {
    const MOST: usize = 12;
    let lines: Vec<&str> = text.lines().collect();
    let cut = lines.len().saturating_sub(MOST);
    let first = (cut > 0).then(|| format!("… {cut} lines before"));
    let shown = first.iter().map(String::as_str).chain(lines[cut..].iter().copied());
    shown.enumerate().map(|(at, line)| format!("= {:wide$}  {line}", if at == 0 { label } else { "" })).collect()
}
