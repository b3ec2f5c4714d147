//! Waiting for a connector to run: a state is believed when it is seen twice, and what failed is restarted, but not for ever.

use std::time::{Duration, Instant};

use dpp_protocol::Failure;

use super::status::{Health, Status};
use super::trace::Cause;
use super::worker::Worker;
use crate::Host;
use crate::pipeline::deadline::Deadline;

/// Right after a start a task says RUNNING although the next record will kill it.
const BELIEVED: Duration = Duration::from_millis(1500);
/// After a restart it must last longer: the record, or the outage, that killed it may still be there.
const BELIEVED_AFTER_RESTART: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A wait for one connector.
pub(super) struct Settle<'a> {
    pub(super) worker: &'a Worker,
    pub(super) name: &'a str,
    pub(super) restarts: u32,
    pub(super) host: &'a Host<'a>,
    pub(super) limit: &'a Deadline,
}

impl Settle<'_> {
    /// Waits until the connector and all its tasks run; `restarted` when a failed one was restarted just before.
    pub(super) fn run(&self, restarted: bool) -> Result<Status, Failure> {
        let mut restarts = u32::from(restarted);
        let mut running_since = None;
        loop {
            let status = self.worker.status(self.name)?;
            match status.as_ref().map(Status::health) {
                Some(Health::Running) => {
                    let since = *running_since.get_or_insert_with(Instant::now);
                    let believed = if restarts > 0 { BELIEVED_AFTER_RESTART } else { BELIEVED };
                    if let Some(status) = status.clone().filter(|_| since.elapsed() >= believed) {
                        return Ok(status);
                    }
                }
                Some(Health::Failed { tasks, connector, cause }) => {
                    if restarts >= self.restarts {
                        return Err(self.failed(status.as_ref(), &cause, restarts));
                    }
                    running_since = None;
                    self.restart(&tasks, connector, &cause, restarts)?;
                    restarts += 1;
                }
                _ => running_since = None,
            }
            let words = status.as_ref().map_or("no status yet".to_owned(), Status::words);
            self.host.life(&format!("connector {}: {words}", self.name), Some(self.limit.progress()));
            if !self.limit.pause(LOOK_EVERY) {
                return Err(self.late(&words));
            }
        }
    }

    /// Waits until the connector says that it is paused.
    pub(super) fn paused(&self) -> Result<Status, Failure> {
        loop {
            let status = self.worker.status(self.name)?;
            let words = match status {
                Some(status) if status.health() == Health::Paused => return Ok(status),
                Some(status) => status.words(),
                None => "no status yet".to_owned(),
            };
            if !self.limit.pause(LOOK_EVERY) {
                return Err(self.late(&words));
            }
        }
    }

    fn restart(&self, tasks: &[u64], connector: bool, cause: &Cause, earlier: u32) -> Result<(), Failure> {
        let text = format!("connector {} failed, is restarted: {}", self.name, cause.text);
        self.host.life(&text, Some((u64::from(earlier) + 1, u64::from(self.restarts))));
        self.limit.pause(Duration::from_secs(1 << earlier.min(4)));
        self.worker.restart(self.name, tasks, connector, self.host, self.limit)
    }

    fn failed(&self, status: Option<&Status>, cause: &Cause, restarts: u32) -> Failure {
        let times = match restarts {
            0 => String::new(),
            1 => " after 1 restart".to_owned(),
            many => format!(" after {many} restarts"),
        };
        let failure = Failure::new(format!("connector {} failed{times}: {}", self.name, cause.text)).code("DPP0808");
        let failure = match status {
            Some(status) => failure.note("state", status.words()),
            None => failure,
        };
        let trace = status.and_then(|status| status.tasks.iter().find_map(|task| task.trace.clone()));
        let failure = failure.value("trace", trace.unwrap_or_default());
        failure
            .help(cause.help.unwrap_or("the whole trace is in the connector's status; correct the cause and run again"))
    }

    fn late(&self, words: &str) -> Failure {
        let seconds = self.limit.elapsed();
        let failure = Failure::new(format!("connector {} is not running after {seconds} s: {words}", self.name));
        let failure = failure.code("DPP0806");
        match self.worker.journal() {
            Some(lines) => failure.note("journal", lines),
            None => failure,
        }
    }
}
