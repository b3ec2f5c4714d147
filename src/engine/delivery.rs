//! A task that is to be done by an agent, with the files that must lie on its host before.

use std::path::PathBuf;
use std::time::Instant;

use dpp_protocol::{Answer, Failure, Progress, Task};

use crate::actions::{Blob, Supply, supply};
use crate::artifacts::Store;
use crate::engine::provisions::Alive;
use crate::transport::{Agent, LinkError, Pushed};

/// Brings what the task needs, and has it done.
pub(super) fn run(
    agent: &mut Agent,
    mut task: Task,
    mut blobs: Vec<Blob>,
    needed: Option<&Supply>,
    store: &Store,
    alive: Alive,
) -> Result<Answer, LinkError> {
    if let Some(needed) = needed {
        let text = format!("fetch {}", needed.artifact.file);
        let supplied = supply(needed, &task.params, store, &mut |here, of| alive(&text, of.map(|of| (here, of))));
        match supplied {
            Ok(supplied) => {
                task.params = supplied.params;
                blobs.extend(supplied.blobs);
            }
            Err(failure) => return Ok(Err(failure)),
        }
    }
    for blob in &blobs {
        if let Some(failure) = push(agent, blob, alive)? {
            return Ok(Err(failure));
        }
    }
    agent.run(task, &mut |Progress { text, count, .. }| alive(&text, count))
}

fn push(agent: &mut Agent, blob: &Blob, alive: Alive) -> Result<Option<Failure>, LinkError> {
    let name = blob.path.file_name().map(PathBuf::from).unwrap_or_default();
    let text = format!("push {}", name.display());
    let mut told = Instant::now();
    let pushed = agent.push(&blob.path, &blob.sha256, blob.size, &mut |at| {
        if told.elapsed().as_millis() >= 100 {
            told = Instant::now();
            alive(&text, Some((at, blob.size)));
        }
    })?;
    Ok(match pushed {
        Pushed::Kept { .. } => None,
        Pushed::Refused(failure) => Some(failure),
    })
}
