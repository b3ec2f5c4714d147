//! A batch of records through a sink, each to its end: taken, or refused for what it is. For dead letters, both ways.
//!
//! Like a generation, it waits for a sink that is away for as long as that takes; it has no source to give anything back to.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::config::SinkConfig;
use crate::flow::{Flow, Patience, Report, Todo};
use crate::mapping::Record;
use crate::sink::{Lane, Sink, SinkError};
use crate::voice::Voice;

const TICK: Duration = Duration::from_millis(500);

/// A sink with nothing on its way between two batches.
pub struct Errand {
    sink: Sink,
    reports: UnboundedReceiver<Report>,
    flow: Flow<()>,
    voice: Voice,
}

/// Why a record was not taken.
pub type Refusal = String;

impl Errand {
    /// Prepares the sink; it connects by itself.
    pub fn open(config: &SinkConfig) -> Result<Self, SinkError> {
        let ((own_reports, reports), voice) = (unbounded_channel(), Voice::default());
        let sink = Sink::open(config, own_reports, voice.clone())?;
        let patience = Patience { hand_back_after: None, drain: TICK };
        Ok(Self { sink, reports, flow: Flow::new(usize::MAX, patience), voice })
    }

    /// Asks whether records could be written now.
    pub async fn probe(&self) -> Result<(), SinkError> {
        self.sink.probe().await
    }

    /// Returns what the sink last complained about.
    pub fn complaint(&self) -> Option<String> {
        self.flow.refusal().map(str::to_owned).or_else(|| self.voice.last_words())
    }

    /// Sends records and returns, in their order, why each was refused, or nothing when it was taken.
    pub async fn run(&mut self, records: &[Record<'_>]) -> Result<Vec<Option<Refusal>>, String> {
        self.flow.open();
        let mut refusals = vec![None; records.len()];
        for (tag, record) in (1..).zip(records) {
            self.flow.admit(tag, 0, (), Instant::now()).map_err(|error| error.to_string())?;
            self.send(Lane::Bulk, tag, record)?;
        }
        while !self.flow.is_settled() {
            if let Ok(Some(report)) = timeout(TICK, self.reports.recv()).await {
                self.hear(report, records, &mut refusals)?;
            } else {
                self.end_if_outdated()?;
                self.sink.bear_silence();
            }
            for id in self.flow.due(Instant::now()) {
                self.send(Lane::Bulk, id.tag, record(records, id.tag)?)?;
            }
        }
        Ok(refusals)
    }

    fn end_if_outdated(&self) -> Result<(), String> {
        match self.complaint().filter(|_| self.sink.is_outdated()) {
            Some(words) => Err(SinkError::Outdated(words).to_string()),
            None => Ok(()),
        }
    }

    fn hear(&mut self, report: Report, records: &[Record<'_>], refusals: &mut [Option<Refusal>]) -> Result<(), String> {
        match self.flow.hear(report, Instant::now()) {
            Some(Todo::Bury(id, reason)) => {
                if let Some(refusal) = position(id.tag).and_then(|position| refusals.get_mut(position)) {
                    *refusal = Some(reason);
                }
                self.flow.hear(Report::Buried(id), Instant::now());
                Ok(())
            }
            Some(Todo::SendAlone(id)) => self.send(Lane::Alone, id.tag, record(records, id.tag)?),
            Some(Todo::GiveUp(reason)) => Err(reason),
            None => Ok(()),
        }
    }

    fn send(&self, lane: Lane, tag: u64, record: &Record<'_>) -> Result<(), String> {
        self.sink.send(lane, self.flow.id(tag), record).map_err(|error| error.to_string())
    }
}

fn record<'a, 'b>(records: &'a [Record<'b>], tag: u64) -> Result<&'a Record<'b>, String> {
    position(tag).and_then(|position| records.get(position)).ok_or_else(|| format!("there is no record {tag}"))
}

fn position(tag: u64) -> Option<usize> {
    usize::try_from(tag.checked_sub(1)?).ok()
}
