//! What a survey found, and how a step shows itself to the operator.

use dpp_protocol::{Change, Failure, Outcome, ResultMap};
use serde_json::Value;

use crate::journal::Former;

/// A thing to be done that can say what it will do.
pub trait Step {
    /// The change as the screen and the journal show it; texts for a diff may be left out when `diff` is false.
    fn change(&self, diff: bool) -> Change;

    /// What is in the place of what it will make: for the journal right before the step is taken, and to see who changed it.
    ///
    /// As a rule that is what lies at the path which the change names.
    fn former(&self) -> Result<Vec<Former>, Failure> {
        Ok(vec![Former::of(&self.change(false))?])
    }
}

impl Step for Change {
    fn change(&self, _diff: bool) -> Change {
        self.clone()
    }
}

/// What a module found when it looked: the steps to the wanted state, and what it can tell already.
#[derive(Debug)]
pub struct Survey<S> {
    /// What is to be done, in order; empty when the host is as wanted.
    pub steps: Vec<S>,
    /// Values for `register` that are known before anything is done.
    pub result: ResultMap,
    /// Why the task does nothing by its own parameters.
    pub skipped: Option<String>,
    /// True when the steps may turn out to change nothing, or other things than they say.
    pub unpredicted: bool,
    /// Warnings for the operator.
    pub warnings: Vec<String>,
}

impl<S> Survey<S> {
    /// The host is as wanted.
    pub fn unchanged() -> Self {
        Self { steps: Vec::new(), result: ResultMap::new(), skipped: None, unpredicted: false, warnings: Vec::new() }
    }

    /// These steps lead to the wanted state.
    pub fn steps(steps: Vec<S>) -> Self {
        Self { steps, ..Self::unchanged() }
    }

    /// The task does nothing, for this reason.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self { skipped: Some(reason.into()), ..Self::unchanged() }
    }

    /// Says that only a real run can tell what happens.
    #[must_use]
    pub fn unpredicted(mut self) -> Self {
        self.unpredicted = true;
        self
    }

    /// Adds a value for `register`.
    #[must_use]
    pub fn value(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.result.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a warning.
    #[must_use]
    pub fn warning(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }
}

impl<S: Step> Survey<S> {
    /// The outcome that the steps will have if all goes well.
    pub(crate) fn foreseen(&self, diff: bool) -> Outcome {
        Outcome {
            changed: !self.steps.is_empty(),
            skipped: self.skipped.clone(),
            unpredicted: self.unpredicted,
            changes: self.steps.iter().map(|step| step.change(diff)).collect(),
            result: self.result.clone(),
            warnings: self.warnings.clone(),
        }
    }
}
