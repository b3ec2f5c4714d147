//! What the web pages need of a message broker, so that they can be tested without one.

use futures_util::future::BoxFuture;

use crate::log_entry::LogEntry;

/// Takes messages and says honestly what became of them.
pub trait Broker: Send + Sync + 'static {
    /// Publishes `entry` and waits for the broker's answer, however long that takes.
    fn publish(&self, entry: LogEntry) -> BoxFuture<'static, Result<Delivery, Away>>;

    /// Why nothing can be published just now.
    fn absence(&self) -> Option<Away>;
}

/// What became of a message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The broker has it, and has put it into at least one queue.
    Confirmed,
    /// The broker took it, found no queue for it, and gave it back.
    Unrouted {
        /// The broker's own words.
        reply: String,
    },
    /// The broker could not store it.
    Refused,
    /// The connection broke before the answer: it may or may not have arrived.
    Unconfirmed {
        /// What broke.
        why: String,
    },
}

/// The broker cannot be reached, so nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Away {
    /// What was attempted and what came of it.
    pub why: String,
}
