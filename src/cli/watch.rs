//! Whoever follows a run: the screen, the log, the reports that were asked for. A thread of its own, so that a slow
//! terminal holds up no host.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::cli::Stop;
use crate::event::{Event, Stamped, now};
use crate::report::{EventStream, ReportFile, ReportKind, RunLog, RunReport};
use crate::ui::{Reporter, Shows, Ui, reporter};

/// How often a screen that moves is drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// What is wanted beside the screen.
pub(super) struct Wanted<'a> {
    pub(super) reports: &'a [(ReportKind, PathBuf)],
    /// `-` is standard output.
    pub(super) events: Option<&'a Path>,
    pub(super) shows: Shows,
}

/// A run's followers.
pub(super) struct Watch {
    run: u64,
    log: Option<PathBuf>,
    thread: JoinHandle<Followers>,
}

/// The followers after the run.
pub(super) struct Followers {
    screen: Box<dyn Reporter + Send>,
    log: Option<RunLog>,
    events: Option<EventStream>,
    files: Vec<ReportFile>,
    pub(super) report: RunReport,
}

impl Watch {
    /// Opens the files and begins to listen.
    pub(super) fn begin(
        ui: Ui,
        diff: bool,
        project: &Path,
        wanted: &Wanted,
        inbox: Receiver<Stamped>,
    ) -> Result<Self, Stop> {
        let log = RunLog::begin(project);
        if let Err(error) = &log {
            ui.warning(&format!("no log is kept of this run: {}: {error}", project.join(".dppctl").display()));
        }
        let log = log.ok();
        let run = log.as_ref().map_or(0, RunLog::number);
        let shown = log.as_ref().map(|log| relative(log.path()));
        let files = wanted.reports.iter().map(|(kind, path)| ReportFile::create(*kind, path.clone(), run));
        let files = files.collect::<Result<_, _>>();
        let files = files.map_err(|error| Stop::Trouble(format!("cannot write a report to {error}")))?;
        let events = wanted.events.map(|path| events(path, run, ui)).transpose()?;
        if let Some(path) = &shown {
            ui.headline(&format!("run {run} · log {}", path.display()));
        }
        let followers = Followers {
            screen: reporter(ui, diff, run, wanted.shows),
            log,
            events,
            files,
            report: RunReport::default(),
        };
        Ok(Self { run, log: shown, thread: thread::spawn(move || followers.follow(&inbox)) })
    }

    /// Number of the run; 0 when no log could be kept.
    pub(super) fn run(&self) -> u64 {
        self.run
    }

    /// Where the log lies.
    pub(super) fn log(&self) -> Option<PathBuf> {
        self.log.clone()
    }

    /// Waits until the followers have seen everything.
    pub(super) fn join(self) -> Result<Followers, Stop> {
        self.thread.join().map_err(|_| Stop::Trouble("the screen broke down".into()))
    }
}

impl Followers {
    fn follow(mut self, inbox: &Receiver<Stamped>) -> Self {
        loop {
            match inbox.recv_timeout(TICK) {
                Ok(event) => {
                    self.take(&event);
                    if matches!(event.event, Event::RunFinished { .. }) {
                        return self;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self,
            }
            self.screen.tick(now());
        }
    }

    fn take(&mut self, event: &Stamped) {
        self.pass_on(event);
        if let Some(Err(error)) = self.events.as_mut().map(|events| events.absorb(event)) {
            self.events = None;
            let text = format!("the events of this run end here: {error}");
            self.pass_on(&Stamped { t: now(), event: Event::Warning { text } });
        }
        // A full disk here stops no host there.
        if let Some(Err(error)) = self.log.as_mut().map(|log| log.write(event)) {
            self.log = None;
            let text = format!("the log of this run ends here: {error}");
            self.pass_on(&Stamped { t: now(), event: Event::Warning { text } });
        }
    }

    fn pass_on(&mut self, event: &Stamped) {
        self.report.absorb(event);
        self.files.iter_mut().for_each(|file| file.absorb(event));
        self.screen.on(event);
    }

    /// Draws the end and writes what is left.
    pub(super) fn end(mut self, close: &crate::ui::Close) -> Result<(), Stop> {
        self.screen.end(&self.report, close);
        let mut finished = self.files.into_iter().map(ReportFile::finish);
        finished.find_map(Result::err).map_or(Ok(()), |error| Err(Stop::Trouble(format!("cannot write {error}"))))
    }
}

/// Opens the stream of events before anything is touched.
fn events(path: &Path, run: u64, ui: Ui) -> Result<EventStream, Stop> {
    if path == Path::new("-") {
        return Ok(EventStream::to(ui.answers(), run));
    }
    EventStream::create(path, run)
        .map_err(|error| Stop::Trouble(format!("cannot write the events to {}: {error}", path.display())))
}

/// As the operator would type it.
fn relative(path: &Path) -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_or_a_stream_that_cannot_be_written_any_more_is_told_of_once() {
        let log = RunLog::into_file(Path::new("/dev/full")).ok();
        let events = EventStream::create(Path::new("/dev/full"), 1).ok();
        let screen = reporter(Ui::plain(), false, 1, Shows::Story);
        let mut followers = Followers { screen, log, events, files: Vec::new(), report: RunReport::default() };
        for ms in 0..2 {
            followers.take(&Stamped { t: 0, event: Event::RunFinished { ms } });
        }
        let [events, log] = followers.report.warnings.as_slice() else { panic!("{:?}", followers.report.warnings) };
        assert!(events.starts_with("the events of this run end here: No space left"), "{events}");
        assert!(log.starts_with("the log of this run ends here: No space left"), "{log}");
    }
}
