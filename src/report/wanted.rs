//! Reports that are wanted as files: `--report junit=out.xml`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use crate::event::Stamped;
use crate::report::account::Account;
use crate::report::{Junit, Line, html, markdown};

/// A kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// JUnit's XML.
    Junit,
    /// The stream of events.
    Jsonl,
    /// Markdown, for people.
    Markdown,
    /// One page that needs no other file, for people.
    Html,
}

impl ReportKind {
    /// The kind under the name that an option has for it.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "junit" => Some(Self::Junit),
            "jsonl" => Some(Self::Jsonl),
            "md" => Some(Self::Markdown),
            "html" => Some(Self::Html),
            _ => None,
        }
    }
}

/// What is gathered for a report until the run is over.
#[derive(Debug)]
enum Gathered {
    /// Nothing: each event is written as it comes.
    Lines,
    Junit(Junit),
    Markdown(Account),
    Html(Account),
}

/// A report that is being written.
#[derive(Debug)]
pub struct ReportFile {
    path: PathBuf,
    run: u64,
    file: BufWriter<File>,
    gathered: Gathered,
}

impl ReportFile {
    /// Makes the file, so that a folder that is not there is known before the run.
    pub fn create(kind: ReportKind, path: PathBuf, run: u64) -> io::Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let file = BufWriter::new(File::create(&path).map_err(named)?);
        let gathered = match kind {
            ReportKind::Junit => Gathered::Junit(Junit::default()),
            ReportKind::Jsonl => Gathered::Lines,
            ReportKind::Markdown => Gathered::Markdown(Account::of(run)),
            ReportKind::Html => Gathered::Html(Account::of(run)),
        };
        Ok(Self { path, run, file, gathered })
    }

    /// Takes one event into account.
    pub fn absorb(&mut self, event: &Stamped) {
        match &mut self.gathered {
            Gathered::Junit(junit) => junit.absorb(event),
            Gathered::Markdown(account) | Gathered::Html(account) => account.absorb(event),
            // A disk that is full is told at the end, when the rest is written.
            Gathered::Lines => drop(writeln!(self.file, "{}", Line::new(self.run, event).to_json())),
        }
    }

    /// Writes what is left.
    pub fn finish(mut self) -> io::Result<()> {
        let text = match self.gathered {
            Gathered::Lines => Ok(String::new()),
            Gathered::Junit(junit) => junit.to_xml().map_err(io::Error::other),
            Gathered::Markdown(account) => Ok(markdown::text(&account)),
            Gathered::Html(account) => Ok(html::page(&account)),
        };
        let written = text.and_then(|text| self.file.write_all(text.as_bytes()));
        written
            .and_then(|()| self.file.flush())
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.path.display())))
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Change, Failure, Verb};

    use super::*;
    use crate::event::{Event, Status, StepName, StepResult};

    fn step(task: &str) -> StepName {
        let at = "roles/kafka/tasks/main.yml:3:3".into();
        StepName { role: "kafka".into(), task: task.into(), action: "systemd".into(), at, place: None }
    }

    fn result(status: Status, changes: Vec<Change>, failure: Option<Failure>) -> StepResult {
        StepResult {
            status,
            ignored: false,
            rescued: false,
            changes,
            unpredicted: false,
            message: String::new(),
            failure,
            result: serde_json::Value::Null,
            ms: 1500,
        }
    }

    fn events() -> Vec<Event> {
        let hosts = vec!["k1".to_owned(), "k2".to_owned()];
        let texts = (Some("a=1\nb=<2>\n".to_owned()), Some("a=1\nb=<3>\n".to_owned()));
        let edited = Change::new(Verb::Change, "/etc/kafka/server.properties").texts(texts.0, texts.1);
        let failure =
            Failure::new("kafka.service | failed").code("DPP0702").note("journal", "```\nno space").help("df -h");
        let finished =
            |host: &str, task: &str, result| Event::StepFinished { host: host.into(), step: step(task), result };
        vec![
            Event::RunStarted {
                command: "deploy".into(),
                ticket: String::new(),
                hosts: hosts.clone(),
                same_machine: Vec::new(),
                check: false,
                steps: 2,
            },
            Event::PlayStarted { play: "kafka".into(), hosts },
            finished("k1", "settings <of kafka>", result(Status::Changed, vec![edited], None)),
            finished("k1", "start", result(Status::Failed, Vec::new(), Some(failure))),
            Event::HostLost { host: "k2".into(), failure: Failure::new("no route").code("DPP0401") },
            Event::Warning { text: "a `when` that is always true".into() },
            Event::RunFinished { ms: 12_300 },
        ]
    }

    /// What is in the file of this kind after the run.
    fn written(kind: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        let mut file = ReportFile::create(ReportKind::named(kind).unwrap(), path.clone(), 7).unwrap();
        events().into_iter().for_each(|event| file.absorb(&Stamped { t: 1_764_500_000_000, event }));
        file.finish().unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn people_read_what_went_wrong_and_what_was_changed() {
        insta::assert_snapshot!("a_run_in_markdown", written("md"));
        insta::assert_snapshot!("a_run_as_a_page", written("html"));
    }
}
