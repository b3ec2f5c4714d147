//! What an agent answers.

use serde::{Deserialize, Serialize};

use crate::{Debt, Failure, Outcome};

/// The agent's first message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// Number of the protocol it speaks.
    pub protocol: u32,
    /// Its own version.
    pub version: String,
    /// The effective user it runs as, by number.
    pub uid: u32,
    /// `/etc/machine-id`, by which one machine under several names is noticed; empty when there is none.
    pub machine: String,
    /// What earlier runs owe this host; empty for users who may not know.
    pub debts: Vec<Debt>,
}

/// A sign of life of a running task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The task.
    pub id: u64,
    /// What it does now: `dpkg: unpacking`.
    pub text: String,
    /// Done and whole, in the unit of the text, where it can be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<(u64, u64)>,
}

/// A message from an agent to `dppctl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Response {
    /// The greeting; comes once, right after the magic.
    Hello(Hello),
    /// A sign of life; any number of them, before the answer to a task.
    Progress(Progress),
    /// Nothing new, but the agent is there; comes every [`ALIVE_EVERY`](crate::ALIVE_EVERY) while a task runs.
    Alive,
    /// A task succeeded.
    Done {
        /// The task.
        id: u64,
        /// What came of it.
        outcome: Outcome,
    },
    /// A task failed.
    Failed {
        /// The task.
        id: u64,
        /// Why.
        failure: Failure,
    },
    /// The look-ahead is over: tasks after the last answered one were not looked at.
    LookedAhead,
    /// How many bytes of a blob are there already; equal to its size when none is missing.
    Blob {
        /// Its hash.
        sha256: String,
        /// Bytes that need not be sent again.
        have: u64,
    },
    /// A blob arrived whole and its hash is right.
    BlobKept {
        /// Its hash.
        sha256: String,
    },
    /// A blob could not be kept.
    BlobRefused {
        /// Its hash.
        sha256: String,
        /// Why.
        failure: Failure,
    },
}
