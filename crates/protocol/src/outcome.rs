//! What came of a task: its changes, its result as Ansible would register it, or its failure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The values that `register` sees, by name, in the order the module gave them.
pub type ResultMap = Map<String, Value>;

/// What a change does, as the screen marks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Something new comes to be.
    Create,
    /// Something there becomes different.
    Change,
    /// Something there goes away.
    Delete,
    /// Something running is stopped and started, or told to read its configuration again.
    Restart,
    /// A command is run whose effect is not known beforehand.
    Run,
}

/// One change, made or foreseen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What is done.
    pub verb: Verb,
    /// To what: a path, a package, a unit, `queue logs in /log`.
    pub what: String,
    /// Further words on one line: `5.6.2 -> 6.2.1`, `mode 0640 -> 0600`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The text before, when a diff was asked for and the thing is a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The text after, under the same condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Since when somebody else may have changed what we had left otherwise, as RFC 3339 has it: drift, and no intent of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drifted: Option<String>,
    /// Why there is no way back from it: `6.2.1 rewrites its data, which no older version reads`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_return: Option<String>,
}

impl Change {
    /// Makes a change without a detail or texts.
    pub fn new(verb: Verb, what: impl Into<String>) -> Self {
        Self {
            verb,
            what: what.into(),
            detail: String::new(),
            before: None,
            after: None,
            drifted: None,
            no_return: None,
        }
    }

    /// Adds the words that say how.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds the texts from which a diff is drawn.
    #[must_use]
    pub fn texts(mut self, before: Option<String>, after: Option<String>) -> Self {
        self.before = before;
        self.after = after;
        self
    }
}

/// What came of a task that did not fail.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether something was changed, or would be.
    pub changed: bool,
    /// Why nothing was done, for a task that its own parameters made skip (`creates: /x exists`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// True in a survey that could not know: the task must be run to learn what it does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpredicted: bool,
    /// The changes, in the order they were or would be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What `register` sees beside `changed`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub result: ResultMap,
    /// Warnings for the operator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// A further line of a failure: `journal  FATAL …`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What the line is about: `unit`, `journal`, `holder`.
    pub label: String,
    /// The line, or lines.
    pub text: String,
}

/// Why a task failed, in the operator's terms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What was attempted and what stood against it; lower case, no full stop.
    pub message: String,
    /// The stable code of the error, `DPP0702`; empty where none fits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// The product's own last words and other facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What to do or type next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What `register` sees of the failed task: `rc`, `stdout`, `stderr`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub result: ResultMap,
    /// The changes that were made before it failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// What came of a task.
pub type Answer = Result<Outcome, Failure>;

impl Failure {
    /// Makes a failure of its one sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }

    /// Gives it its stable code.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        code.clone_into(&mut self.code);
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, label: &str, text: impl Into<String>) -> Self {
        self.notes.push(Note { label: label.to_owned(), text: text.into() });
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a value for `register`.
    #[must_use]
    pub fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.result.insert(name.to_owned(), value.into());
        self
    }
}
