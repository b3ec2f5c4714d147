//! What a service said before it died: its last lines in the journal or in its own files, the one that tells most first.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use super::output;
use super::unit::Unit;

/// How Erlang says that a port is taken: somewhere in a term of many lines, which begins with the port.
const IN_A_TERM: &str = "eaddrinuse";

/// Lines of the journal that are searched: some programs say much between their last error and their end.
const LINES: &str = "1000";

/// How many lines a failure quotes at most.
const QUOTED: usize = 12;

/// How many lines of it are the one that tells most and those after it: causes of a trace, or what a panic says.
const OF_ALARM: usize = 4;

/// Words that name a cause itself, whatever a program says after them.
const CAUSES: &[&str] = &[
    "Address already in use",
    "EADDRINUSE",
    "No space left on device",
    "Too many open files",
    "OutOfMemoryError",
    "Unrecognized option",
    "Unrecognized VM option",
    "Invalid maximum heap size",
    "UnsupportedClassVersionError",
];

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

/// Of the lines that are quoted, the one that says why: a cause that names itself, else what was at the root of a trace, else
/// the surest alarm, else the last word.
pub fn gist(lines: &[String]) -> Option<String> {
    let root = || lines.iter().rev().find_map(|line| line.trim_start().strip_prefix(ROOT)).map(ToOwned::to_owned);
    let alarm = || {
        let (line, word) =
            ALARMS.iter().find_map(|word| Some((lines.iter().find(|line| line.contains(word))?, word)))?;
        Some(from(word, line, HEADLINE))
    };
    cause(lines).or_else(root).or_else(alarm).or_else(|| lines.last().map(|line| line.trim().to_owned()))
}

/// The cause that names itself among the lines that are quoted; with what it was the cause of, which often has the number or name.
pub fn cause(lines: &[String]) -> Option<String> {
    let (at, word) = CAUSES.iter().find_map(|word| Some((lines.iter().position(|line| line.contains(word))?, word)))?;
    match (lines[at].trim_start().strip_prefix(ROOT), at.checked_sub(1).map(|before| lines[before].trim_start())) {
        (Some(root), Some(above)) => Some(format!("{root} ({})", above.trim_start_matches(ROOT))),
        (Some(root), None) => Some(root.to_owned()),
        (None, _) => Some(from(word, &lines[at], HEADLINE)),
    }
}

/// How Java's traces begin a line that tells what was behind the one above.
const ROOT: &str = "Caused by: ";

/// Characters of a line that a headline can hold.
const HEADLINE: usize = 200;

/// A line of at most so many characters; a longer one from the word on that tells most: a term of Erlang's may be a page long.
fn from(word: &str, line: &str, width: usize) -> String {
    let line = line.trim();
    match line.find(word).filter(|at| *at > 0 && line.chars().count() > width) {
        Some(at) => cut(&format!("…{}", &line[at..]), width),
        None => cut(line, width),
    }
}

/// The lines that are quoted: the ones that tell most and their next ones, then the last ones; without systemd's own and without
/// the frames of Java's traces.
fn telling(unit: &str, journal: &str) -> Vec<String> {
    const WIDTH: usize = 300;
    let told = |line: &&str| !line.is_empty() && !is_systemds(unit, line) && !is_frame(line);
    let lines: Vec<&str> = journal.lines().map(str::trim_end).filter(told).collect();
    let first = |words: &[&str]| words.iter().find_map(|word| lines.iter().position(|line| line.contains(word)));
    let of_cause = first(CAUSES).map(|at| at.saturating_sub(1)..at + OF_ALARM - 1);
    let told_most = of_cause.or_else(|| first(ALARMS).map(|at| at..at + OF_ALARM));
    let of_term = first(&[IN_A_TERM]);
    let mut chosen: BTreeSet<usize> = told_most.into_iter().flatten().chain(of_term).collect();
    chosen.retain(|at| *at < lines.len());
    let missing = QUOTED.saturating_sub(chosen.len());
    chosen.extend((0..lines.len()).rev().filter(|at| !chosen.contains(at)).take(missing).collect::<Vec<_>>());
    let alarm = |line: &str| ALARMS.iter().copied().find(|word| line.contains(word));
    let late = |line: &str| alarm(line).filter(|word| line.find(word).is_some_and(|at| at > WIDTH / 2));
    let quoted = |line: &str| late(line).map_or_else(|| cut(line, WIDTH), |word| from(word, line, WIDTH));
    chosen.into_iter().map(|at| quoted(lines[at])).collect()
}

fn is_systemds(unit: &str, line: &str) -> bool {
    const OWN: &[&str] = &["Started ", "Starting ", "Stopped ", "Stopping ", "Failed to start "];
    OWN.iter().any(|own| line.starts_with(own)) || line.strip_prefix(unit).is_some_and(|rest| rest.starts_with(": "))
}

fn is_frame(line: &str) -> bool {
    line.starts_with("\tat ") || (line.starts_with("\t... ") && line.ends_with(" more"))
}

fn cut(line: &str, width: usize) -> String {
    match line.char_indices().nth(width) {
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
        assert_eq!(lines.len(), QUOTED);
        assert_eq!(lines.last().map(String::as_str), Some("closing 29"), "a frame of a trace tells nothing");
    }

    #[test]
    fn the_cause_below_the_line_that_tells_most_is_quoted_and_nothing_twice() {
        let fatal = "FATAL [KafkaServer id=1] Prepare to shutdown\norg.apache.KafkaException: failed to bind\n\
                     \tat kafka.network.Acceptor\nCaused by: java.net.BindException: Address already in use\n";
        let closing: String = (0..20).map(|at| format!("INFO closing {at}\n")).collect();
        let lines = telling("kafka.service", &format!("INFO starting\n{fatal}{closing}"));
        let words = "java.net.BindException: Address already in use (org.apache.KafkaException: failed to bind)";
        assert_eq!(gist(&lines).as_deref(), Some(words));
        assert_eq!(telling("kafka.service", &format!("INFO starting\n{fatal}INFO closed\n")).len(), 5);
    }

    #[test]
    fn the_root_of_a_trace_says_why_else_the_surest_alarm() {
        let lines = |words: &[&str]| words.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let trace =
            lines(&["[ERROR] Exception", "StartupException: x", "Caused by: a.B: x", "Caused by: c.D: unknown"]);
        let gist = |lines: &[String]| gist(lines).unwrap_or_default();
        assert_eq!(gist(&trace), "c.D: unknown");
        assert_eq!(gist(&lines(&["loading", "  Error: bad port", "closing"])), "Error: bad port");
        assert_eq!((gist(&lines(&["one", "two"])), gist(&[])), ("two".to_owned(), String::new()));
    }

    #[test]
    fn a_cause_that_names_itself_is_found_before_all_that_came_of_it() {
        let rest: String = (0..300).map(|at| format!("INFO Closed {at}\n")).collect();
        let cases = [
            (
                "WARN FAILED ServerConnector{127.0.0.1:8083}: java.net.BindException: Address already in use\n\
                 ERROR Failed to start Connect\n",
                "WARN FAILED ServerConnector{127.0.0.1:8083}: java.net.BindException: Address already in use",
            ),
            (
                "[ERROR] Exception\na.BindHttpException: Failed to bind to [9200]\n\tat x\n\
                 Caused by: java.net.BindException: Address already in use\n[WARN] unexpected failure\n\
                 Caused by: a.TransportException: TransportService is closed\n",
                "java.net.BindException: Address already in use (a.BindHttpException: Failed to bind to [9200])",
            ),
            ("Unrecognized option: --\nError: Could not create the Java Virtual Machine.\n", "Unrecognized option: --"),
        ];
        for (journal, expected) in cases {
            let lines = telling("x.service", &format!("INFO starting\n{journal}{rest}"));
            assert_eq!((gist(&lines).as_deref(), lines.len()), (Some(expected), QUOTED), "{lines:#?}");
            assert_eq!(cause(&lines).as_deref(), Some(expected));
        }
        assert_eq!(cause(&["INFO all is well".to_owned()]), None);
    }

    #[test]
    fn of_a_page_of_erlang_the_headline_has_what_tells_most() {
        let page = format!(
            "  Starting broker...{{{}{{could_not_start_listener,[{{port,15672}}],{}",
            "[],".repeat(60),
            "x".repeat(300)
        );
        let lines = telling(
            "rabbitmq-server.service",
            &format!("{page}\n {{listen_error,eaddrinuse}},\nCrash dump is being written\n"),
        );
        let words = gist(&lines).unwrap();
        assert!(words.starts_with("…could_not_start_listener,[{port,15672}],xx"), "{words}");
        assert_eq!((words.chars().count(), lines[1].as_str()), (201, " {listen_error,eaddrinuse},"));
    }

    #[test]
    fn systemds_own_lines_are_left_out() {
        let journal = "Started x.service.\noops\nx.service: Main process exited, code=exited, status=1/FAILURE\n";
        assert_eq!(telling("x.service", journal), ["oops"]);
    }
}
