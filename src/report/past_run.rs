//! Runs that are over, read from their logs: what they were and what they came to. It runs nothing again.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::event::{Event, Stamped};
use crate::report::RunReport;

/// A run of a project, as its log tells it.
#[derive(Debug)]
pub struct PastRun {
    /// Its number.
    pub number: u64,
    /// Where its log lies.
    pub log: PathBuf,
    /// Everything that happened.
    pub events: Vec<Stamped>,
    /// What it came to.
    pub report: RunReport,
    /// Whether the log has its end; else it was killed, or is going on.
    pub is_over: bool,
}

impl PastRun {
    /// The numbers of all runs of the project in this folder, the first one first.
    pub fn numbers(project: &Path) -> Vec<u64> {
        let entries = fs::read_dir(runs(project)).into_iter().flatten();
        let mut numbers: Vec<u64> =
            entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Reads a run's log. A line that is half written, or of another version's event, is passed over.
    ///
    /// # Errors
    /// What the file system says.
    pub fn read(project: &Path, number: u64) -> io::Result<Self> {
        let log = runs(project).join(number.to_string()).join("log.jsonl");
        let (mut events, mut report, mut is_over) = (Vec::new(), RunReport::default(), false);
        for line in BufReader::new(File::open(&log)?).split(b'\n') {
            let Ok(event) = serde_json::from_slice::<Stamped>(&line?) else { continue };
            is_over |= matches!(event.event, Event::RunFinished { .. });
            report.absorb(&event);
            events.push(event);
        }
        Ok(Self { number, log, events, report, is_over })
    }

    /// The runs that can be read, the last one first; each is read when it is come to.
    pub fn newest_first(project: &Path) -> impl Iterator<Item = Self> {
        Self::numbers(project).into_iter().rev().filter_map(move |number| Self::read(project, number).ok())
    }

    /// All hosts that it meant to work on.
    pub fn hosts(&self) -> &[String] {
        let started = self.events.iter().find_map(|stamped| match &stamped.event {
            Event::RunStarted { hosts, .. } => Some(hosts.as_slice()),
            _ => None,
        });
        started.unwrap_or_default()
    }

    /// What was run: `deploy`.
    pub fn command(&self) -> &str {
        let started = self.events.iter().find_map(|stamped| match &stamped.event {
            Event::RunStarted { command, .. } => Some(command.as_str()),
            _ => None,
        });
        started.unwrap_or("?")
    }

    /// The name under which hosts wrote down what it replaced; none for a run that only looked.
    pub fn ticket(&self) -> Option<&str> {
        let started = self.events.iter().find_map(|stamped| match &stamped.event {
            Event::RunStarted { ticket, .. } => Some(ticket.as_str()),
            _ => None,
        });
        started.filter(|ticket| !ticket.is_empty())
    }

    /// When it began, in milliseconds since 1970.
    pub fn began(&self) -> u64 {
        self.events.first().map_or(0, |event| event.t)
    }

    /// How it ended, in a word.
    pub fn end(&self) -> &'static str {
        match (self.is_over, self.report.failed_hosts(), self.report.lost_hosts()) {
            (false, ..) => "no end",
            (true, 0, 0) if self.report.left.is_empty() => "ok",
            (true, 0, 0) => "broken off",
            (true, 0, _) => "unreachable",
            (true, ..) => "failed",
        }
    }
}

fn runs(project: &Path) -> PathBuf {
    project.join(".dppctl/runs")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::event::{Status, StepName, StepResult};
    use crate::report::RunLog;

    fn finished(status: Status) -> Event {
        let step = StepName {
            role: String::new(),
            task: "t".into(),
            action: "copy".into(),
            at: "site.yml:3:5".into(),
            place: None,
        };
        let failure = (status == Status::Failed).then(|| dpp_protocol::Failure::new("no").code("DPP0604"));
        let result = StepResult {
            status,
            ignored: false,
            rescued: false,
            changes: Vec::new(),
            unpredicted: false,
            message: String::new(),
            failure,
            result: serde_json::json!({"msg": "x"}),
            ms: 3,
        };
        Event::StepFinished { host: "es1".into(), step, result }
    }

    #[test]
    fn a_run_is_read_as_it_was_written() {
        let project = tempfile::tempdir().unwrap();
        let started = Event::RunStarted {
            command: "deploy".into(),
            ticket: String::new(),
            hosts: vec!["es1".into()],
            same_machine: Vec::new(),
            check: false,
            steps: 1,
        };
        for (end, status, is_over) in
            [("ok", Status::Changed, true), ("failed", Status::Failed, true), ("no end", Status::Ok, false)]
        {
            let mut log = RunLog::begin(project.path()).unwrap();
            let events = [started.clone(), finished(status), Event::RunFinished { ms: 9 }];
            let events: Vec<Stamped> = events
                .into_iter()
                .map(|event| Stamped { t: 1_795_356_191_204, event })
                .take(if is_over { 3 } else { 2 })
                .collect();
            events.iter().for_each(|event| log.write(event).unwrap());
            let (number, path) = (log.number(), log.path().to_owned());
            fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"{\"t\": \"half").unwrap();
            let past = PastRun::read(project.path(), number).unwrap();
            assert_eq!((past.events.as_slice(), past.end(), past.command()), (events.as_slice(), end, "deploy"));
            assert_eq!(past.began(), 1_795_356_191_204);
        }
        assert_eq!(PastRun::numbers(project.path()), [1, 2, 3]);
        assert!(PastRun::numbers(Path::new("/nonexistent")).is_empty());
    }
}
