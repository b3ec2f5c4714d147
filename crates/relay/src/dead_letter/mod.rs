//! Dead letters: what the sink refuses for what it is, kept whole, in a file and if so configured in a topic as well, before
//! the source may forget it.
//!
//! What cannot be written is tried again for as long as it takes; the message stays unacknowledged meanwhile.

mod exact;
mod file;
mod letter;
mod reading;
mod topic;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::backoff::Backoff;
use crate::board::Board;
use crate::config::DeadLetterConfig;
use crate::flow::Report;
use crate::mapping::Record;
use crate::refrain::Refrain;
use crate::window::DeliveryId;

pub use letter::{Letter, Queue};
pub use reading::{Kept, read};

use topic::LetterTopic;

/// The way to the dead letters.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    queue: UnboundedSender<Burial>,
    has_topic: bool,
}

#[derive(Debug)]
struct Burial {
    id: DeliveryId,
    line: String,
    record: Option<Record<'static>>,
    reports: UnboundedSender<Report>,
}

impl DeadLetters {
    /// Starts the one writer.
    pub fn start(config: &DeadLetterConfig, board: Arc<Board>) -> Self {
        let (queue, burials) = unbounded_channel();
        tokio::spawn(write_all(config.clone(), burials, board));
        Self { queue, has_topic: config.topic.is_some() }
    }

    /// Writes a letter; the report comes when it is on disk, and in the topic if there is one.
    pub fn bury(&self, id: DeliveryId, letter: &Letter<'_>, reports: &UnboundedSender<Report>) {
        tracing::warn!(reason = outline(letter.reason), tag = id.tag, "message goes to the dead letters");
        let record = self.has_topic.then(|| topic::record(letter));
        let burial = Burial { id, line: letter.to_line(), record, reports: reports.clone() };
        // The writer lives as long as the process; without it the message stays unacknowledged.
        let _ = self.queue.send(burial);
    }
}

/// Who refused and with which error; what follows may quote the message, which the log must not.
pub(crate) fn outline(reason: &str) -> &str {
    let second_colon = reason.match_indices(": ").nth(1).map(|(at, _)| at);
    &reason[..second_colon.unwrap_or(reason.len())]
}

/// Takes the letters that begin at these offsets out of a file.
pub fn take_out(path: &Path, offsets: &BTreeSet<u64>) -> io::Result<()> {
    file::take_out(path, offsets)
}

async fn write_all(config: DeadLetterConfig, mut burials: UnboundedReceiver<Burial>, board: Arc<Board>) {
    const AT_ONCE: usize = 256;
    let mut topic = config.topic.map(LetterTopic::new);
    let mut batch = Vec::new();
    while burials.recv_many(&mut batch, AT_ONCE).await > 0 {
        let lines: String = batch.iter().map(|burial| burial.line.as_str()).collect();
        write_until_done(&config.file, lines, &board).await;
        if let Some(topic) = &mut topic {
            let records: Vec<Record<'_>> = batch.iter_mut().filter_map(|burial| burial.record.take()).collect();
            topic.write(&records, &board).await;
        }
        for burial in batch.drain(..) {
            // A closed channel means that the generation has ended; its message comes again and is buried again.
            let _ = burial.reports.send(Report::Buried(burial.id));
        }
    }
}

async fn write_until_done(path: &Path, lines: String, board: &Board) {
    let lines: Arc<str> = lines.into();
    let (mut backoff, mut refrain) = (Backoff::new(), Refrain::default());
    while let Err(trouble) = append(path.to_owned(), Arc::clone(&lines)).await {
        if refrain.is_due(Instant::now()) {
            tracing::error!(file = %path.display(), trouble, "cannot write the dead-letter file, its messages wait");
        }
        board.dead_letters(Some(trouble));
        tokio::time::sleep(backoff.wait()).await;
    }
    if refrain.ends() {
        tracing::info!(file = %path.display(), "the dead-letter file is written again");
    }
    board.dead_letters(None);
}

async fn append(path: PathBuf, lines: Arc<str>) -> Result<(), String> {
    match tokio::task::spawn_blocking(move || file::append(&path, &lines)).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns the line of a letter from no queue.
#[cfg(test)]
pub(crate) fn line_of(reason: &str, envelope: &crate::envelope::Envelope) -> String {
    Letter { reason, queue: None, envelope }.to_line()
}

#[cfg(test)]
mod tests;
