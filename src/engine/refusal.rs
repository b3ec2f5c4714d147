//! A connection that could not be made, and who has heard of it.

use std::time::{Duration, Instant};

use dpp_protocol::Failure;

use crate::transport::TransportError;

/// How long the failure of a connection that nobody had asked for yet is the answer to whoever asks.
const FRESH: Duration = Duration::from_secs(2);

/// A connection that could not be made: the verdict for every name of the machine, each of which hears it once. A name
/// that asks again wants another attempt.
pub(super) struct Refusal {
    failure: Failure,
    at: Instant,
    /// Who heard it; the first is the one for whom it was tried.
    told: Vec<String>,
}

impl Refusal {
    pub(super) fn new(failure: Failure, told: Vec<String>) -> Self {
        Self { failure, at: Instant::now(), told }
    }

    pub(super) fn verdict_for(&mut self, name: &str) -> Option<Failure> {
        let is_stale = self.told.is_empty() && self.at.elapsed() > FRESH;
        if is_stale || self.told.iter().any(|told| told == name) {
            return None;
        }
        self.told.push(name.to_owned());
        let failure = self.failure.clone();
        Some(match self.told.as_slice() {
            [first, _, ..] => failure.note("machine", format!("the same as {first}, for which it was tried")),
            _ => failure,
        })
    }
}

/// What connecting failed of, as a task's failure.
pub(super) fn refusal_of(error: &TransportError) -> Failure {
    let mut failure = Failure::new(error.to_string()).code(error.code());
    failure.help = error.help();
    failure
}
