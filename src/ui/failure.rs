//! A failed task as the operator reads it: host, role and task, place, the product's own last words, what to do next.

use dpp_protocol::Failure;

use crate::report::Failed;
use crate::ui::Ui;

/// The lines of one failure; `number` is its mark on the screen.
pub(super) fn lines(ui: &Ui, number: usize, failed: &Failed) -> Vec<String> {
    let Failed { host, step, failure, ms } = failed;
    let what = step.as_ref().map_or_else(String::new, |step| {
        let role = if step.role.is_empty() { String::new() } else { format!(" · {}", step.role) };
        format!("{role} · {}", step.task)
    });
    let word = if step.is_some() { "FAILED" } else { "UNREACHABLE" };
    let after = if *ms > 0 { format!("  after {:.1}s", *ms as f64 / 1000.0) } else { String::new() };
    let code = if failure.code.is_empty() { String::new() } else { format!("  {}", failure.code) };
    let mut lines = vec![format!("({number}) {}  {host}{what}{code}{after}", ui.paint(word, "1;31"))];
    if let Some(step) = step {
        lines.push(format!("  --> {}", step.at));
    }
    lines.push(format!("   | {}", failure.message));
    lines.extend(notes(failure));
    if let Some(help) = &failure.help {
        lines.push(format!("{}: {help}", ui.paint("help", "1;36")));
    }
    lines
}

fn notes(failure: &Failure) -> Vec<String> {
    let printed = ["stderr", "stdout", "msg"].iter().filter_map(|name| {
        let text = failure.result.get(*name)?.as_str()?.trim();
        let known = failure.message.contains(text) || failure.notes.iter().any(|note| note.text.contains(text));
        (!text.is_empty() && !known).then(|| ((*name).to_owned(), text.to_owned()))
    });
    let noted = failure.notes.iter().map(|note| (note.label.clone(), note.text.clone()));
    let all: Vec<(String, String)> = noted.chain(printed).collect();
    let wide = all.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    all.iter().flat_map(|(label, text)| note_lines(label, text, wide)).collect()
}

/// The last lines of a note count most.
fn note_lines(label: &str, text: &str, wide: usize) -> Vec<String> {
    const MOST: usize = 12;
    let lines: Vec<&str> = text.lines().collect();
    let cut = lines.len().saturating_sub(MOST);
    let first = (cut > 0).then(|| format!("… {cut} lines before"));
    let shown = first.iter().map(String::as_str).chain(lines[cut..].iter().copied());
    shown.enumerate().map(|(at, line)| format!("   = {:wide$}  {line}", if at == 0 { label } else { "" })).collect()
}
