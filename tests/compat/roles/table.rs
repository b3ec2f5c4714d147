//! The table of `docs/roles.md`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::row::Row;

/// Between these two lines the document is written by `make compat ROLES=folder`.
const MARKS: [&str; 2] = ["<!-- written by make compat ROLES=folder -->\n", "<!-- up to here -->\n"];

/// Which roles, of which commit.
const REQUIREMENTS: &str = include_str!("requirements.yml");

/// As Markdown.
pub(crate) fn of(rows: &[Row]) -> String {
    let mut text = format!(
        "{}: {} roles; {} converge with both, change nothing the second time, and end in the same state.\n\n\
         | Role | Commit | Tasks | Ansible | dppctl | Seconds, Ansible | Seconds, dppctl | Final state | Note |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        today(),
        rows.len(),
        rows.iter().filter(|row| is_good(row)).count()
    );
    text.extend(rows.iter().map(line));
    text
}

/// Puts it into the document.
pub(crate) fn keep(rows: &[Row]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/roles.md");
    let old = fs::read_to_string(&path).unwrap();
    let (Some((head, _)), Some((_, end))) = (old.split_once(MARKS[0]), old.split_once(MARKS[1])) else {
        panic!("{}: the two lines around the table are gone", path.display())
    };
    fs::write(&path, [head, MARKS[0], &of(rows), MARKS[1], end].concat()).unwrap();
}

fn is_good(row: &Row) -> bool {
    let [.., (0, _), (0, 0)] = row.runs[..] else { return false };
    row.runs[1] == (0, 0) && row.of_state.len() + row.of_tasks.len() == 0
}

fn line(row: &Row) -> String {
    let told = |(exit, changed): (i32, usize)| if exit == 0 { changed.to_string() } else { "fails".to_owned() };
    let state = if row.of_state.is_empty() { "equal".to_owned() } else { format!("{} differ", row.of_state.len()) };
    let mut notes = row.reasons.clone();
    if !row.of_tasks.is_empty() {
        notes.insert(0, format!("{} tasks differ", row.of_tasks.len()));
    }
    format!(
        "| {} | {} | {} | {}, {} | {}, {} | {:.0} | {:.0} | {state} | {} |\n",
        row.name,
        commit(&row.name),
        row.tasks,
        told(row.runs[0]),
        told(row.runs[1]),
        told(row.runs[2]),
        told(row.runs[3]),
        row.seconds.0,
        row.seconds.1,
        notes.join("; ")
    )
}

fn commit(name: &str) -> String {
    let mut lines = REQUIREMENTS.lines().skip_while(|line| *line != format!("- name: {name}"));
    let version = lines.find_map(|line| line.strip_prefix("  version: "));
    version.map_or_else(String::new, |version| format!("`{}`", &version[..version.len().min(10)]))
}

fn today() -> String {
    let output = Command::new("date").args(["--utc", "+%F"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
