//! `--events`: a run as lines of JSON for programmes, each written out when it happens. What came of a task on a host is
//! one line under Ansible's words: `event`, `host`, `status`, `ignored`, `path`, `action`; everything else is richer.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::event::{Event, Stamped, Status, StepName, iso};
use crate::report::RunReport;

const SCHEMA: &str = "dppctl.events/1";

/// A stream of events that is being written.
pub struct EventStream {
    run: u64,
    out: Box<dyn Write + Send>,
    /// What each host is at, for a host that is lost in the middle says nothing any more.
    at: HashMap<String, StepName>,
    report: RunReport,
}

impl EventStream {
    /// A stream of this run into a file that only its owner may read, a pipe or a device.
    ///
    /// # Errors
    /// What the file system says.
    pub fn create(path: &Path, run: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Ok(Self::to(Box::new(file), run))
    }

    /// A stream of this run to somebody.
    pub fn to(out: Box<dyn Write + Send>, run: u64) -> Self {
        Self { run, out, at: HashMap::new(), report: RunReport::default() }
    }

    /// Writes one event as a whole line, and holds nothing back.
    ///
    /// # Errors
    /// What the file system says.
    pub fn absorb(&mut self, stamped: &Stamped) -> io::Result<()> {
        self.report.absorb(stamped);
        for entries in self.entries(&stamped.event) {
            let mut line = json!({"event": Value::Null, "schema": SCHEMA, "run": self.run, "t": iso(stamped.t)});
            line.as_object_mut().iter_mut().for_each(|line| line.extend(entries.clone()));
            self.out.write_all(format!("{line}\n").as_bytes())?;
        }
        self.out.flush()
    }

    /// What is said about one event; a host that is lost in a task is a result of the task, too.
    fn entries(&mut self, event: &Event) -> Vec<Map<String, Value>> {
        match event {
            Event::StepStarted { host, step } => drop(self.at.insert(host.clone(), step.clone())),
            Event::StepFinished { host, step, result } => {
                self.at.remove(host);
                let mut line = task(host, Some(step), result.status, result.ignored);
                line.extend(of(event));
                return vec![renamed(line, "task")];
            }
            Event::HostLost { host, failure } => {
                let mut line = task(host, self.at.remove(host).as_ref(), Status::Unreachable, false);
                line.insert("failure".to_owned(), json!(failure));
                return vec![renamed(line, "task"), renamed(of(event), "host_lost")];
            }
            Event::RunFinished { .. } => {
                let mut line = of(event);
                line.insert("hosts".to_owned(), json!(self.report.hosts));
                return vec![renamed(line, "run_finished")];
            }
            _ => {}
        }
        let line = of(event);
        let kind = line.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        vec![renamed(line, &kind)]
    }
}

impl std::fmt::Debug for EventStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream").field("run", &self.run).finish_non_exhaustive()
    }
}

/// What every result of a task says.
fn task(host: &str, step: Option<&StepName>, status: Status, ignored: bool) -> Map<String, Value> {
    let path = step.map(|step| line_of(&step.at));
    let action = step.map(|step| step.action.as_str());
    let name = step.map(|step| step.task.as_str());
    let line = json!({
        "host": host, "status": status, "ignored": ignored, "path": path, "action": action, "task": name,
    });
    line.as_object().cloned().unwrap_or_default()
}

/// `file:line` of `file:line:column`.
fn line_of(at: &str) -> &str {
    let is_column = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    at.rsplit_once(':')
        .filter(|(place, column)| is_column(column) && place.contains(':'))
        .map_or(at, |(place, _)| place)
}

/// All fields of an event.
fn of(event: &Event) -> Map<String, Value> {
    serde_json::to_value(event).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default()
}

fn renamed(mut line: Map<String, Value>, kind: &str) -> Map<String, Value> {
    line.shift_remove("type");
    line.insert("event".to_owned(), kind.into());
    line
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use dpp_protocol::Failure;

    use super::*;
    use crate::event::StepResult;

    /// Hands on every write as it comes.
    struct Heard(Sender<String>);

    impl Write for Heard {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(String::from_utf8_lossy(bytes).into_owned()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn step(at: &str) -> StepName {
        StepName {
            role: "kafka".into(),
            task: "Configuration".into(),
            action: "template".into(),
            at: at.into(),
            place: None,
        }
    }

    fn result(status: Status, ignored: bool) -> StepResult {
        StepResult {
            status,
            ignored,
            rescued: false,
            changes: Vec::new(),
            unpredicted: false,
            message: String::new(),
            failure: None,
            result: json!({"rc": 0}),
            ms: 7,
        }
    }

    #[test]
    fn a_run_as_programmes_read_it() {
        let (sender, lines) = channel();
        let mut stream = EventStream::to(Box::new(Heard(sender)), 42);
        let host = || "k1".to_owned();
        let finished = |status, ignored| Event::StepFinished {
            host: host(),
            step: step("roles/kafka/tasks/main.yml:9:7"),
            result: result(status, ignored),
        };
        for event in [
            Event::PlayStarted { play: "Brokers".into(), hosts: vec![host()] },
            Event::StepStarted { host: host(), step: step("roles/kafka/tasks/main.yml:9:7") },
            finished(Status::Changed, false),
            finished(Status::Failed, true),
            Event::StepStarted { host: host(), step: step("site.yml:3:5") },
            Event::HostLost { host: host(), failure: Failure::new("it is gone") },
            Event::HostLost { host: host(), failure: Failure::new("it never came") },
            Event::RunFinished { ms: 9 },
        ] {
            stream.absorb(&Stamped { t: 0, event }).unwrap();
        }
        drop(stream);
        let lines: Vec<String> = lines.iter().collect();
        assert!(lines.iter().all(|line| line.ends_with('\n') && line.matches('\n').count() == 1), "a write is a line");
        insta::assert_snapshot!(lines.concat());
    }

    #[test]
    fn a_place_loses_its_column_and_nothing_else() {
        for (at, line) in [("a.yml:3:5", "a.yml:3"), ("a.yml:3", "a.yml:3"), ("(dppctl)", "(dppctl)"), ("", "")] {
            assert_eq!(line_of(at), line);
        }
    }
}
