//! What a service said before it died: its last lines in the journal or in its own files, the one that tells most first.

use std::process::{Command, Stdio};
use std::time::SystemTime;

use super::output;
use super::unit::Unit;

const LINES: &str = "60";

/// How many lines a failure quotes.
const QUOTED: usize = 12;

/// Words by which programs of every language announce that they give up, the surest first.
const ALARMS: &[&str] =
    &["FATAL", "Fatal", "panicked", "Exception", "ERROR", "Error", "error:", "failed", "cannot", "Cannot"];

/// Last lines of a unit since a moment, from the files that take its output when the journal has none; empty when
/// nothing can be read.
pub fn last_words(unit: &Unit, since: SystemTime) -> Vec<String> {
    let lines = in_journal(unit.text("Id"), since);
    if lines.is_empty() { telling(unit.text("Id"), &output::written_since(unit, since)) } else { lines }
}

fn in_journal(unit: &str, since: SystemTime) -> Vec<String> {
    let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let journalctl = |arguments: &[&str]| {
        Command::new("journalctl").args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).output()
    };
    // What the dead process wrote last may not have been taken up yet.
    let _ = journalctl(&["--sync"]);
    let since = format!("@{}.{:06}", since.as_secs(), since.subsec_micros());
    match journalctl(&["-u", unit, "-n", LINES, "-o", "cat", "--no-pager", "-q", "--since", &since]) {
        Ok(output) => telling(unit, &String::from_utf8_lossy(&output.stdout)),
        Err(_) => Vec::new(),
    }
}

/// The lines that are quoted: the one that tells most, then the last ones, without systemd's own.
fn telling(unit: &str, journal: &str) -> Vec<String> {
    let lines: Vec<&str> =
        journal.lines().map(str::trim_end).filter(|line| !line.is_empty() && !is_systemds(unit, line)).collect();
    let alarm = ALARMS.iter().find_map(|word| lines.iter().position(|line| line.contains(word)));
    let tail = lines.len().saturating_sub(QUOTED);
    let first = alarm.filter(|at| *at < tail).map(|at| lines[at]);
    first.into_iter().chain(lines[tail..].iter().copied()).map(cut).collect()
}

fn is_systemds(unit: &str, line: &str) -> bool {
    const OWN: &[&str] = &["Started ", "Starting ", "Stopped ", "Stopping ", "Failed to start "];
    OWN.iter().any(|own| line.starts_with(own)) || line.strip_prefix(unit).is_some_and(|rest| rest.starts_with(": "))
}

fn cut(line: &str) -> String {
    const WIDTH: usize = 300;
    match line.char_indices().nth(WIDTH) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_tells_most_comes_first_when_it_is_not_among_the_last() {
        let trace: String = (0..30).map(|at| format!("\tat org.elasticsearch.X{at}\n")).collect();
        let journal = format!("Started kibana.service - Kibana.\nstarting\nFATAL: duplicate field path.data\n{trace}");
        let lines = telling("kibana.service", &journal);
        assert_eq!(lines[0], "FATAL: duplicate field path.data");
        assert_eq!(lines.len(), QUOTED + 1);
        assert_eq!(lines[QUOTED], "\tat org.elasticsearch.X29");
    }

    #[test]
    fn systemds_own_lines_are_left_out() {
        let journal = "Started x.service.\noops\nx.service: Main process exited, code=exited, status=1/FAILURE\n";
        assert_eq!(telling("x.service", journal), ["oops"]);
    }
}
