//! What `command`, `shell`, `raw` and `script` share: when they are left out, what they are started as, what they register.

use std::path::Path;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use jiff::Zoned;
use serde_json::Value;

use crate::commands::process::{Finished, Process};
use crate::files::{glob, refused};
use crate::{Host, Survey};

/// What a check registers, in Ansible's words.
const WOULD_HAVE_RUN: &str = "Command would have run if not in check mode";

/// A task's command, ready to be started.
pub(super) struct Run<'a> {
    /// Program and arguments.
    pub(super) argv: Vec<String>,
    /// What `cmd` shows: the text or the list that the task gave.
    pub(super) shown: Value,
    /// Folder it starts in.
    pub(super) chdir: Option<&'a Path>,
    /// What it reads.
    pub(super) stdin: Option<Vec<u8>>,
    /// Whether empty lines at the end of its outputs are cut off.
    pub(super) strip: bool,
    /// Pattern of what makes it needless when there.
    pub(super) creates: Option<&'a Path>,
    /// Pattern of what makes it needless when not there.
    pub(super) removes: Option<&'a Path>,
}

impl Run<'_> {
    /// Left out when `creates` is there or `removes` is not; else nobody can say what it does before it has run.
    pub(super) fn survey(&self) -> Survey<Change> {
        let registered = |survey: Survey<Change>, stdout: Vec<String>, message: String| {
            let survey =
                ["start", "end", "delta"].into_iter().fold(survey, |survey, name| survey.value(name, Value::Null));
            survey
                .value("cmd", self.shown.clone())
                .value("rc", 0)
                .value("stdout", stdout.concat())
                .value("stdout_lines", stdout)
                .value("stderr", "")
                .value("stderr_lines", Value::Array(Vec::new()))
                .value("msg", message)
        };
        match self.needless() {
            Some(needless) => {
                let (reason, stdout) =
                    (needless.reason(), format!("skipped, since {} {}", needless.pattern, needless.words));
                registered(Survey::skipped(&reason), vec![stdout], format!("Did not run command since {reason}"))
            }
            None => {
                let survey = Survey::steps(vec![Change::new(Verb::Run, self.title())]).unpredicted();
                registered(survey, Vec::new(), WOULD_HAVE_RUN.to_owned())
            }
        }
    }

    /// Runs it and registers what came of it.
    pub(super) fn apply(self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let Some((program, arguments)) = self.argv.split_first() else {
            return Err(Failure::new("there is no command to run").code("DPP0104"));
        };
        let mut process = Process::new(program, arguments, host);
        if let Some(folder) = self.chdir {
            std::fs::read_dir(folder).map_err(|error| self.has_no_folder(folder, &error))?;
            process.chdir(folder);
        }
        if let Some(bytes) = self.stdin.clone() {
            process = process.input(bytes);
        }
        let finished = process.run(host).map_err(|failure| self.not_started(failure))?;
        let title = self.title();
        self.register(&finished, result);
        if finished.succeeded() {
            result.extend(
                finished.cut().map(|words| ("_warnings".to_owned(), vec![format!("`{title}`: {words}")].into())),
            );
            return Ok(());
        }
        let failure = Failure::new(format!("`{title}` {}", finished.ending()));
        let mut failure = finished.describe(failure);
        if let Some(words) = finished.cut() {
            failure = failure.note("output", words);
        }
        result.insert("msg".into(), "non-zero return code".into());
        // It ran, and nobody knows how far: Ansible counts that as a change.
        result.insert("changed".into(), true.into());
        failure.result = std::mem::take(result);
        Err(failure)
    }

    fn register(self, finished: &Finished, result: &mut ResultMap) {
        result.shift_remove("msg");
        result.insert("cmd".into(), self.shown);
        for (name, text) in [("stdout", &finished.stdout), ("stderr", &finished.stderr)] {
            let text = if self.strip { text.trim_end_matches(['\r', '\n']) } else { text };
            result.insert(name.into(), text.into());
            result.insert(format!("{name}_lines"), text.lines().collect::<Vec<_>>().into());
        }
        result.insert("rc".into(), finished.code().into());
        result.insert("start".into(), moment(&finished.start).into());
        result.insert("end".into(), moment(&finished.end).into());
        result.insert("delta".into(), delta(&finished.start, &finished.end).into());
        result.insert("msg".into(), "".into());
    }

    /// What Ansible registers of a command that could not even begin.
    fn has_no_folder(&self, folder: &Path, error: &std::io::Error) -> Failure {
        let message = format!("Unable to change directory before execution: {}", python_words(error, folder));
        let failure = ["rc", "start", "end", "delta"]
            .into_iter()
            .fold(refused("change to the folder", folder, error), |failure, name| failure.value(name, Value::Null));
        without_output(failure).value("cmd", self.shown.clone()).value("msg", message)
    }

    fn not_started(&self, failure: Failure) -> Failure {
        let line = shlex::try_join(self.argv.iter().map(String::as_str)).unwrap_or_else(|_| self.argv.join(" "));
        let told = |name: &str| failure.result.get(name).cloned();
        let (Some(rc), Some(Value::String(cause))) = (told("rc"), told("msg")) else { return failure };
        let program = self.argv.first().map(String::as_str).unwrap_or_default();
        without_output(failure).value("cmd", line).value("msg", format!("[Errno {rc}] {cause}: b'{program}'"))
    }

    /// Why it need not run, by `creates` or `removes`.
    pub(super) fn needless(&self) -> Option<Needless> {
        let there = |pattern: &Path| {
            let whole = self.chdir.map_or_else(|| pattern.to_owned(), |folder| folder.join(pattern));
            !glob::paths(&whole.to_string_lossy()).is_empty()
        };
        let created = self.creates.filter(|pattern| there(pattern));
        let created = created.map(|pattern| Needless::new(pattern, "exists", "creates"));
        created.or_else(|| {
            let removed = self.removes.filter(|pattern| !there(pattern));
            removed.map(|pattern| Needless::new(pattern, "does not exist", "removes"))
        })
    }

    /// The command on one line, cut where it gets long.
    fn title(&self) -> String {
        let text = match &self.shown {
            Value::String(text) => text.clone(),
            _ => self.argv.join(" "),
        };
        let line = text.trim().lines().next().unwrap_or_default();
        let short: String = line.chars().take(100).collect();
        if short.len() < text.trim().len() { format!("{short} …") } else { short }
    }
}

/// That a pattern is there, or is not.
pub(super) struct Needless {
    pattern: String,
    words: &'static str,
    parameter: &'static str,
}

impl Needless {
    fn new(pattern: &Path, words: &'static str, parameter: &'static str) -> Self {
        Self { pattern: pattern.to_string_lossy().into_owned(), words, parameter }
    }

    /// As `command` says it.
    pub(super) fn reason(&self) -> String {
        format!("'{}' {}", self.pattern, self.words)
    }

    /// As `script` registers it.
    pub(super) fn message_of_script(&self) -> String {
        format!("{} {}, matching {} option", self.pattern, self.words, self.parameter)
    }
}

/// `raw` and `script` run outside of Ansible's module for commands, and register less of it.
pub(super) fn lean(ran: Result<(), Failure>, result: &mut ResultMap) -> Result<(), Failure> {
    let outside = |result: &mut ResultMap| {
        ["cmd", "start", "end", "delta"].iter().for_each(|name| drop(result.shift_remove(*name)));
    };
    outside(result);
    result.shift_remove("msg");
    ran.map_err(|mut failure| {
        outside(&mut failure.result);
        failure
    })
}

fn without_output(failure: Failure) -> Failure {
    ["stdout", "stderr"].into_iter().fold(failure, |failure, name| {
        failure.value(name, "").value(&format!("{name}_lines"), Value::Array(Vec::new()))
    })
}

/// As Python prints an error about a path.
fn python_words(error: &std::io::Error, path: &Path) -> String {
    let words = error.to_string();
    let cause = words.split(" (os error").next().unwrap_or_default();
    format!("[Errno {}] {cause}: b'{}'", error.raw_os_error().unwrap_or_default(), path.display())
}

fn moment(at: &Zoned) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
}

/// As Python prints a timedelta: `0:00:01.234567`.
fn delta(start: &Zoned, end: &Zoned) -> String {
    let took = start.duration_until(end).unsigned_abs();
    let seconds = took.as_secs();
    format!("{}:{:02}:{:02}.{:06}", seconds / 3600, seconds / 60 % 60, seconds % 60, took.subsec_micros())
}
