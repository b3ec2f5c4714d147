//! The dead-letter file: what the sink refuses for what it is, kept whole, and synced before the source may forget it.
//!
//! A file that cannot be written is tried again for as long as it takes; the message stays unacknowledged meanwhile.

mod file;
mod letter;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::backoff::Backoff;
use crate::flow::Report;
use crate::health::Health;
use crate::window::DeliveryId;

pub use letter::{Letter, Queue};

/// The way to the dead-letter file.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    queue: UnboundedSender<Burial>,
}

#[derive(Debug)]
struct Burial {
    id: DeliveryId,
    line: String,
    reports: UnboundedSender<Report>,
}

impl DeadLetters {
    /// Starts the one writer of the file.
    pub fn start(file: PathBuf, health: Arc<Health>) -> Self {
        let (queue, burials) = unbounded_channel();
        tokio::spawn(write_all(file, burials, health));
        Self { queue }
    }

    /// Writes a letter; the report comes when it is on disk.
    pub fn bury(&self, id: DeliveryId, letter: &Letter<'_>, reports: &UnboundedSender<Report>) {
        tracing::warn!(reason = outline(letter.reason), tag = id.tag, "message goes to the dead letters");
        let burial = Burial { id, line: letter.to_line(), reports: reports.clone() };
        // The writer lives as long as the process; without it the message stays unacknowledged.
        let _ = self.queue.send(burial);
    }
}

/// Who refused and with which error; what follows may quote the message, which the log must not.
fn outline(reason: &str) -> &str {
    let second_colon = reason.match_indices(": ").nth(1).map(|(at, _)| at);
    &reason[..second_colon.unwrap_or(reason.len())]
}

async fn write_all(path: PathBuf, mut burials: UnboundedReceiver<Burial>, health: Arc<Health>) {
    const AT_ONCE: usize = 256;
    let mut batch = Vec::new();
    while burials.recv_many(&mut batch, AT_ONCE).await > 0 {
        let lines: String = batch.iter().map(|burial| burial.line.as_str()).collect();
        write_until_done(&path, lines, &health).await;
        for burial in batch.drain(..) {
            // A closed channel means that the generation has ended; its message comes again and is buried again.
            let _ = burial.reports.send(Report::Buried(burial.id));
        }
    }
}

async fn write_until_done(path: &Path, lines: String, health: &Health) {
    let lines: Arc<str> = lines.into();
    let (mut backoff, mut last) = (Backoff::new(), String::new());
    while let Err(trouble) = append(path.to_owned(), Arc::clone(&lines)).await {
        if trouble != last {
            tracing::error!(file = %path.display(), trouble, "cannot write the dead-letter file, its messages wait");
            last.clone_from(&trouble);
        }
        health.dead_letters(Some(trouble));
        tokio::time::sleep(backoff.wait()).await;
    }
    health.dead_letters(None);
}

async fn append(path: PathBuf, lines: Arc<str>) -> Result<(), String> {
    match tokio::task::spawn_blocking(move || file::append(&path, &lines)).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::outline;

    #[test]
    fn the_log_tells_the_error_and_not_the_message() {
        let reason = "Elasticsearch refused it: 400 mapper_parsing_exception: failed to parse [n]. Preview of field's value: 'x'";
        assert_eq!(outline(reason), "Elasticsearch refused it: 400 mapper_parsing_exception");
        assert_eq!(outline("the body is not valid UTF-8"), "the body is not valid UTF-8");
    }
}
