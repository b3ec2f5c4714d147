//! The table of `docs/roles.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::row::Row;

/// Between these two lines the document is written by `make compat ROLES=folder`.
const MARKS: [&str; 2] = ["<!-- written by make compat ROLES=folder -->\n", "<!-- up to here -->\n"];

/// Which roles, of which commit.
const REQUIREMENTS: &str = include_str!("requirements.yml");

const HEAD: &str = "\
| Role | Commit | Tasks | Ansible | dppctl | Seconds, Ansible | Seconds, dppctl | Statuses | Final state | Note |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
";

/// Puts rows into the document; those of other roles stay.
pub(crate) fn keep(rows: &[Row]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/roles.md");
    let document = fs::read_to_string(&path).unwrap();
    let (Some((head, rest)), Some((_, end))) = (document.split_once(MARKS[0]), document.split_once(MARKS[1])) else {
        panic!("{}: the two lines around the table are gone", path.display())
    };
    let old = rest.split(MARKS[1]).next().unwrap_or_default();
    let mut lines: BTreeMap<String, String> = old.lines().filter_map(named).collect();
    lines.extend(rows.iter().map(line).filter_map(|line| named(&line)));
    fs::write(&path, [head, MARKS[0], &summary(&lines), MARKS[1], end].concat()).unwrap();
}

/// A line of the table by its role; nothing for its head.
fn named(line: &str) -> Option<(String, String)> {
    let [name, _, tasks, ..] = cells(line)[..] else { return None };
    tasks.parse::<usize>().is_ok().then(|| (name.to_owned(), line.to_owned()))
}

fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

fn summary(lines: &BTreeMap<String, String>) -> String {
    let good = lines.values().filter(|line| is_good(&cells(line))).count();
    let table: String = lines.values().map(|line| format!("{line}\n")).collect();
    format!(
        "{}: {} roles; {good} of them converge with both, change nothing the second time, and end in the same state.\n\n{HEAD}{table}",
        today(),
        lines.len()
    )
}

/// Both converged, changed nothing the second time, and nothing differs.
fn is_good(cells: &[&str]) -> bool {
    let quiet = |cell: &str| !cell.contains("fails") && cell.ends_with(", 0");
    quiet(cells[3]) && quiet(cells[4]) && cells[7] == "equal" && cells[8] == "equal"
}

fn line(row: &Row) -> String {
    let told = |(exit, changed): (i32, usize)| if exit == 0 { changed.to_string() } else { "fails".to_owned() };
    let counted = |found: &[String]| match found.len() {
        0 => "equal".to_owned(),
        count => format!("{count} differ"),
    };
    format!(
        "| {} | {} | {} | {}, {} | {}, {} | {:.0} | {:.0} | {} | {} | {} |",
        row.name,
        commit(&row.name),
        row.tasks,
        told(row.runs[0]),
        told(row.runs[1]),
        told(row.runs[2]),
        told(row.runs[3]),
        row.seconds.0,
        row.seconds.1,
        counted(&row.of_tasks),
        counted(&row.of_state),
        row.reasons.join("; ").replace('|', "\\|")
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
