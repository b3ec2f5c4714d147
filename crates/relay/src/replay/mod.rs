//! `dpp-relay replay`: dead letters through mapping and sink once more. What is taken leaves the file, the rest stays.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::config::Config;
use crate::dead_letter::{self, Kept};
use crate::errand::Errand;
use crate::mapping::{Mapping, TableError};
use crate::sink::SinkError;

/// So many letters are on their way at a time.
const AT_ONCE: usize = 500;

/// Why letters could not be sent again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file cannot be read, or not be written without what was taken.
    #[error("cannot {doing} the dead letters {}: {source}", path.display())]
    File {
        /// What was attempted.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A table of the mapping cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The sink is not there. Nothing was sent.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The sink gave up on the way; what it had taken by then has left the file.
    #[error("the sink gave up on the way: {0}")]
    Broken(String),
}

/// What became of the letters.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// So many were taken and are no longer in the file.
    pub taken: u64,
    /// So many stay, by the reason.
    pub refused: Reasons,
}

/// So many letters have each reason, without the words that quote the message.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reasons(BTreeMap<String, u64>);

impl Reasons {
    /// Returns how many letters there are.
    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    fn add(&mut self, reason: &str) {
        *self.0.entry(dead_letter::outline(reason).to_owned()).or_default() += 1;
    }
}

impl fmt::Display for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(reason, count)| write!(f, "\n  {count}: {reason}"))
    }
}

impl Replayed {
    /// Returns whether no letter is left of those that were there.
    pub fn is_complete(&self) -> bool {
        self.refused.count() == 0
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} dead letters were taken, {} stay{}", self.taken, self.refused.count(), self.refused)
    }
}

/// Sends the letters of a file again.
pub async fn replay(config: &Config, path: &Path) -> Result<Replayed, ReplayError> {
    let mut letters = letters(path)?;
    let mut errand = Errand::open(&config.sink)?;
    errand.probe().await?;
    let (mapping, mut taken, mut replayed) = (Mapping::new(config)?, BTreeSet::new(), Replayed::default());
    let mut end = Ok(());
    while end.is_ok() {
        let batch: Vec<Kept> = letters.by_ref().take(AT_ONCE).collect::<Result<_, _>>()?;
        if batch.is_empty() {
            break;
        }
        end = send(&mut errand, &mapping, &batch, &mut taken, &mut replayed).await;
    }
    if !taken.is_empty() {
        dead_letter::take_out(path, &taken).map_err(|source| file("take what was sent out of", path, source))?;
    }
    end.map(|()| replayed).map_err(ReplayError::Broken)
}

/// Counts the letters by the reason they have; nothing is sent.
pub fn look(path: &Path) -> Result<Reasons, ReplayError> {
    let mut found = Reasons::default();
    for letter in letters(path)? {
        found.add(&letter?.reason);
    }
    Ok(found)
}

async fn send(
    errand: &mut Errand,
    mapping: &Mapping,
    batch: &[Kept],
    taken: &mut BTreeSet<u64>,
    replayed: &mut Replayed,
) -> Result<(), String> {
    let (mut offsets, mut records) = (Vec::new(), Vec::new());
    for letter in batch {
        let mapped = letter.message.as_ref().map_err(Clone::clone);
        match mapped.and_then(|envelope| mapping.map(envelope, Timestamp::now()).map_err(|error| error.to_string())) {
            Ok(Some(record)) => {
                offsets.push(letter.offset);
                records.push(record);
            }
            // A rule that came since wants it dropped.
            Ok(None) => drop(taken.insert(letter.offset)),
            Err(reason) => replayed.refused.add(&reason),
        }
    }
    for (offset, refusal) in offsets.into_iter().zip(errand.run(&records).await?) {
        match refusal {
            Some(reason) => replayed.refused.add(&reason),
            None => {
                taken.insert(offset);
                replayed.taken += 1;
            }
        }
    }
    Ok(())
}

fn letters(path: &Path) -> Result<impl Iterator<Item = Result<Kept, ReplayError>>, ReplayError> {
    let failed = |source| file("read", path, source);
    Ok(dead_letter::read(path).map_err(failed)?.map(move |letter| letter.map_err(failed)))
}

fn file(doing: &'static str, path: &Path, source: std::io::Error) -> ReplayError {
    ReplayError::File { doing, path: path.into(), source }
}

#[cfg(test)]
mod tests;
