//! What happens in a run, moment by moment, as plain data. Screens, files and reports are folds over this one stream.

mod moment;
mod sink;
mod texts;

use dpp_protocol::{Change, Debt, Failure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use moment::{clock, iso, minute, minute_of, now};
pub use sink::{Events, Stamped};

use crate::source::Place;

/// How a step ended on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The host was as wanted.
    Ok,
    /// Something was changed, or would be.
    Changed,
    /// It failed.
    Failed,
    /// A condition kept it from running.
    Skipped,
    /// The host was out of reach.
    Unreachable,
}

/// A step, as the operator knows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepName {
    /// Its role; empty outside of roles.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// Its name.
    pub task: String,
    /// Its action.
    pub action: String,
    /// `file:line:column` of the task.
    pub at: String,
    /// The same with its text, for a screen that shows the line.
    #[serde(skip)]
    pub place: Option<Place>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepResult {
    /// How.
    pub status: Status,
    /// Whether the failure was ignored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
    /// Whether a rescue takes care of the failure.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rescued: bool,
    /// What was changed, or would be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Whether it could not be foreseen, in a check.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpredicted: bool,
    /// Words for the operator: the message of `debug`, the reason of a skip.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Everything `register` sees, with secrets masked; `null` when it is not to be shown.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub result: Value,
    /// How long it took.
    pub ms: u64,
}

/// One moment of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The run begins.
    RunStarted {
        /// `deploy`, `run`, `verify`.
        command: String,
        /// The name under which hosts write down what it replaces; empty for one that touches nothing.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        ticket: String,
        /// All hosts that may be touched.
        hosts: Vec<String>,
        /// Names that are one machine, when there are such.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        same_machine: Vec<Vec<String>>,
        /// Whether nothing will be touched.
        check: bool,
        /// Steps that are known beforehand, over all hosts; more may come.
        steps: usize,
    },
    /// A play begins.
    PlayStarted {
        /// Its name.
        play: String,
        /// Its hosts in this batch.
        hosts: Vec<String>,
    },
    /// A host answered for the first time.
    HostConnected {
        /// The host.
        host: String,
        /// How long it took.
        ms: u64,
    },
    /// A step begins on a host.
    StepStarted {
        /// The host.
        host: String,
        /// The step.
        step: StepName,
    },
    /// A sign of life of a long step.
    StepAlive {
        /// The host.
        host: String,
        /// What it does now.
        text: String,
        /// Done and whole, where it can be counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<(u64, u64)>,
    },
    /// One item of a loop ended.
    ItemFinished {
        /// The host.
        host: String,
        /// The step.
        step: StepName,
        /// The item, on one line.
        item: String,
        /// How.
        #[serde(flatten)]
        result: StepResult,
    },
    /// A failed attempt of an `until`.
    Retrying {
        /// The host.
        host: String,
        /// The step.
        step: StepName,
        /// Attempts that are left.
        left: u64,
    },
    /// A step ended on a host.
    StepFinished {
        /// The host.
        host: String,
        /// The step.
        step: StepName,
        /// How.
        #[serde(flatten)]
        result: StepResult,
    },
    /// A host is out of reach; nothing more is done on it.
    HostLost {
        /// The host.
        host: String,
        /// Why.
        failure: Failure,
    },
    /// Earlier runs owe this host something that this run will do.
    DebtFound {
        /// The host.
        host: String,
        /// What is owed.
        debt: Debt,
        /// Whether this run knows the handler and will pay.
        will_pay: bool,
    },
    /// What this run leaves owing.
    Owed {
        /// The host.
        host: String,
        /// What is owed.
        debt: Debt,
    },
    /// The run was broken off before it came to all plays of these hosts.
    LeftUndone {
        /// The hosts, without those that failed or were lost.
        hosts: Vec<String>,
    },
    /// The run waits: for some time, or for an answer.
    Pausing {
        /// What is to be read meanwhile.
        text: String,
        /// Whether an answer is waited for.
        asks: bool,
    },
    /// The question was answered.
    Answered,
    /// Something the operator should know.
    Warning {
        /// The words.
        text: String,
    },
    /// The run is over.
    RunFinished {
        /// How long it took.
        ms: u64,
    },
}
