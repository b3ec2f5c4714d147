//! What a service said before it died: its last lines in the journal or in its own files, the one that tells most first.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use super::output;
use super::unit::Unit;

const LINES: &str = "60";

/// How many lines a failure quotes.
const QUOTED: usize = 12;

/// How many lines of it are the one that tells most and those after it: causes of a trace, or what a panic says.
const OF_ALARM: usize = 4;

/// Words by which programs of every language announce that they give up, the surest first.
const ALARMS: &[&str] = &[
    "could_not_start",
    "FATAL",
    "Fatal",
    "panicked",
    "Exception",
    "ERROR",
    "Error",
    "error:",
    "Failed",
    "failed",
    "Cannot",
    "cannot",
];

/// Last lines of a unit since a moment: from the journal; when it has none, from the files that take the unit's output;
/// when they have none, from its own log if one is named. Empty when nothing can be read.
pub fn last_words(unit: &Unit, since: SystemTime, log: Option<&Path>) -> Vec<String> {
    let name = unit.text("Id");
    let in_files = || telling(name, &output::of_unit(unit, since));
    let in_log = || log.map(|log| telling(name, &output::of_file(log, since))).unwrap_or_default();
    let until = started_again(unit, since);
    let sources: [&dyn Fn() -> Vec<String>; 3] = [&|| in_journal(name, since, until), &in_files, &in_log];
    sources.iter().map(|lines| lines()).find(|lines| !lines.is_empty()).unwrap_or_default()
}

/// When a unit that died since a moment runs again: when it was started. What it says from then on is no last word.
fn started_again(unit: &Unit, since: SystemTime) -> Option<SystemTime> {
    let started = SystemTime::UNIX_EPOCH + Duration::from_micros(unit.number("ExecMainStartTimestamp"));
    let runs_again = unit.number("MainPID") != 0 && unit.number("NRestarts") > 0;
    (runs_again && started > since).then_some(started)
}

fn in_journal(unit: &str, since: SystemTime, until: Option<SystemTime>) -> Vec<String> {
    let journalctl = |arguments: &[&str]| {
        Command::new("journalctl").args(arguments).env("LC_ALL", "C").stdin(Stdio::null()).output()
    };
    // What the dead process wrote last may not have been taken up yet.
    let _ = journalctl(&["--sync"]);
    let since = format!("--since={}", moment(since));
    let until = until.map(|until| format!("--until={}", moment(until)));
    // From the end on: with `--since`, journalctl of systemd 252 takes the first lines for `--lines`, not the last.
    let mut arguments = vec!["-u", unit, "--reverse", "--lines", LINES, "-o", "cat", "--no-pager", "-q", &since];
    arguments.extend(until.as_deref());
    let Ok(output) = journalctl(&arguments) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().rev().collect();
    telling(unit, &lines.join("\n"))
}

/// `@1700000000.000001`, as journalctl takes it.
fn moment(time: SystemTime) -> String {
    let time = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("@{}.{:06}", time.as_secs(), time.subsec_micros())
}

/// Of the lines that are quoted, the one that says why: what was at the root of a trace, else the surest alarm, else
/// the last word.
pub fn gist(lines: &[String]) -> Option<&str> {
    const ROOT: &str = "Caused by: ";
    let root = lines.iter().rev().find_map(|line| line.trim_start().strip_prefix(ROOT));
    let alarm = || ALARMS.iter().find_map(|word| lines.iter().find(|line| line.contains(word)));
    root.or_else(|| alarm().or_else(|| lines.last()).map(|line| line.trim()))
}

/// The lines that are quoted: the one that tells most and its next ones, then the last ones; without systemd's own and without the frames
/// of Java's traces.
fn telling(unit: &str, journal: &str) -> Vec<String> {
    let told = |line: &&str| !line.is_empty() && !is_systemds(unit, line) && !is_frame(line);
    let lines: Vec<&str> = journal.lines().map(str::trim_end).filter(told).collect();
    let alarm = ALARMS.iter().find_map(|word| lines.iter().position(|line| line.contains(word)));
    let tail = lines.len().saturating_sub(QUOTED);
    let first = alarm.map_or(tail..tail, |at| at.min(tail)..tail.min(at + OF_ALARM));
    lines[first].iter().chain(&lines[tail..]).map(|line| cut(line)).collect()
}

fn is_systemds(unit: &str, line: &str) -> bool {
    const OWN: &[&str] = &["Started ", "Starting ", "Stopped ", "Stopping ", "Failed to start "];
    OWN.iter().any(|own| line.starts_with(own)) || line.strip_prefix(unit).is_some_and(|rest| rest.starts_with(": "))
}

fn is_frame(line: &str) -> bool {
    line.starts_with("\tat ") || (line.starts_with("\t... ") && line.ends_with(" more"))
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
    use crate::services::unit::tests::unit;

    #[test]
    fn what_a_unit_says_after_it_was_started_again_is_no_last_word() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let cases = [
            ("0", "1", "7000000", None),
            ("99", "0", "7000000", None),
            ("99", "1", "4000000", None),
            ("99", "1", "7000000", Some(at(7))),
        ];
        for (pid, restarts, started, expected) in cases {
            let unit = unit(&[("MainPID", pid), ("NRestarts", restarts), ("ExecMainStartTimestamp", started)]);
            assert_eq!(started_again(&unit, at(5)), expected, "{pid} {restarts} {started}");
        }
        assert_eq!(moment(at(7) + Duration::from_micros(20)), "@7.000020");
    }

    #[test]
    fn the_line_that_tells_most_comes_first_when_it_is_not_among_the_last() {
        let rest: String = (0..30).map(|at| format!("closing {at}\n\tat org.elasticsearch.X{at}\n")).collect();
        let journal = format!("Started kibana.service - Kibana.\nstarting\nFATAL: duplicate field path.data\n{rest}");
        let lines = telling("kibana.service", &journal);
        assert_eq!(lines[0], "FATAL: duplicate field path.data");
        assert_eq!(lines.len(), OF_ALARM + QUOTED);
        assert_eq!(lines.last().map(String::as_str), Some("closing 29"), "a frame of a trace tells nothing");
    }

    #[test]
    fn the_cause_below_the_line_that_tells_most_is_quoted_and_nothing_twice() {
        let fatal = "FATAL [KafkaServer id=1] Prepare to shutdown\norg.apache.KafkaException: failed to bind\n\
                     \tat kafka.network.Acceptor\nCaused by: java.net.BindException: Address already in use\n";
        let closing: String = (0..20).map(|at| format!("INFO closing {at}\n")).collect();
        let lines = telling("kafka.service", &format!("INFO starting\n{fatal}{closing}"));
        assert_eq!(gist(&lines), Some("java.net.BindException: Address already in use"));
        assert_eq!(telling("kafka.service", &format!("INFO starting\n{fatal}INFO closed\n")).len(), 5);
    }

    #[test]
    fn the_root_of_a_trace_says_why_else_the_surest_alarm() {
        let lines = |words: &[&str]| words.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let trace =
            lines(&["[ERROR] Exception", "StartupException: x", "Caused by: a.B: x", "Caused by: c.D: unknown"]);
        assert_eq!(gist(&trace), Some("c.D: unknown"));
        assert_eq!(gist(&lines(&["loading", "  Error: bad port", "closing"])), Some("Error: bad port"));
        assert_eq!((gist(&lines(&["one", "two"])), gist(&[])), (Some("two"), None));
    }

    #[test]
    fn systemds_own_lines_are_left_out() {
        let journal = "Started x.service.\noops\nx.service: Main process exited, code=exited, status=1/FAILURE\n";
        assert_eq!(telling("x.service", journal), ["oops"]);
    }
}
