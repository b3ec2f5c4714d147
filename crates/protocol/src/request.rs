//! What `dppctl` asks of an agent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whether a task may touch the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Look and say what would change; touch nothing.
    Survey,
    /// Make the changes that the survey finds.
    Apply,
}

/// One module to be run with final parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Chosen by the asker, repeated in every response to this task.
    pub id: u64,
    /// Name of the module, without a collection's prefix.
    pub module: String,
    /// The module's parameters, rendered; secrets are in clear here and nowhere else.
    pub params: Value,
    /// Whether the host may be touched.
    pub mode: Mode,
    /// Whether the texts before and after are wanted in each change.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub diff: bool,
    /// Environment of processes that the module starts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// The run that this task is of, by which what it replaces is found again; empty outside of one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    /// Debts that a change of this task makes; kept on the host before the change is made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owes: Vec<Debt>,
    /// Debts that this task pays; struck from the host's list after it succeeded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settles: Vec<Debt>,
    /// How long it may take, and who waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<Bound>,
}

/// The bound of a task: what outlives it is stopped, with the processes it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// Seconds it may take.
    pub seconds: u64,
    /// Whether it runs on by itself: the answer is that it was begun, and under which name it can be asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub detached: bool,
}

/// Something that a run still owes a host, above all a restart that was notified and did not happen yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Debt {
    /// The handler, by the name or topic it was notified under.
    pub handler: String,
    /// The task that changed something, as the operator knows it.
    pub reason: String,
}

/// A message from `dppctl` to an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Request {
    /// Run one task.
    Run(Task),
    /// Survey tasks in their order and stop after the first that is not `unchanged`: the rest may depend on it.
    LookAhead {
        /// The tasks; their mode is taken as [`Mode::Survey`].
        tasks: Vec<Task>,
    },
    /// Ask how much of a blob is there; after the answer its missing bytes follow as blob frames.
    Blob {
        /// Lower-case hexadecimal SHA-256 of the whole.
        sha256: String,
        /// Size of the whole in bytes.
        size: u64,
    },
    /// End in order.
    Bye,
}
