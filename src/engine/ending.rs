//! How a task ended for one item and for all of them, and what `register` sees of it.

use dpp_protocol::{Answer, Change, Failure, Outcome};
use serde_json::{Map as JsonMap, Value as Json};

use crate::event::Status;
use crate::value::{Map, Value};

/// How one item of a task, or a task without items, ended.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) status: Status,
    pub(super) changes: Vec<Change>,
    pub(super) unpredicted: bool,
    pub(super) message: String,
    pub(super) failure: Option<Failure>,
    /// What `register` sees, without `changed` and `failed`.
    pub(super) result: JsonMap<String, Json>,
    /// Warnings for the operator.
    pub(super) warnings: Vec<String>,
}

impl Ending {
    /// A condition kept it from running.
    pub(super) fn skipped(condition: &str) -> Self {
        let mut result = JsonMap::new();
        result.insert("skipped".into(), true.into());
        result.insert("skip_reason".into(), "Conditional result was False".into());
        result.insert("false_condition".into(), condition.into());
        Self { result, ..Self::plain(Status::Skipped, condition) }
    }

    /// It failed.
    pub(super) fn failed(failure: Failure) -> Self {
        let mut result = failure.result.clone();
        result.entry("msg").or_insert_with(|| failure.message.clone().into());
        Self { changes: failure.changes.clone(), result, failure: Some(failure), ..Self::plain(Status::Failed, "") }
    }

    /// It was answered, by a module or an action.
    pub(super) fn answered(answer: Answer, check: bool) -> Self {
        match answer {
            Ok(outcome) => Self::done(outcome, check),
            Err(failure) => Self::failed(failure),
        }
    }

    fn done(outcome: Outcome, check: bool) -> Self {
        let unpredicted = check && outcome.unpredicted;
        let status = match (outcome.changed, unpredicted && outcome.changes.iter().all(is_command)) {
            (true, true) => Status::Skipped,
            (true, false) => Status::Changed,
            (false, _) => Status::Ok,
        };
        Self {
            changes: outcome.changes,
            unpredicted,
            result: outcome.result,
            warnings: outcome.warnings,
            ..Self::plain(status, outcome.skipped.as_deref().unwrap_or_default())
        }
    }

    fn plain(status: Status, message: &str) -> Self {
        Self {
            status,
            changes: Vec::new(),
            unpredicted: false,
            message: message.to_owned(),
            failure: None,
            result: JsonMap::new(),
            warnings: Vec::new(),
        }
    }

    /// All items of a loop as one.
    pub(super) fn of_items(items: &[(Value, Ending)], var: &str) -> Self {
        let has = |status: Status| items.iter().any(|(_, ending)| ending.status == status);
        let status = match () {
            () if has(Status::Failed) => Status::Failed,
            () if has(Status::Changed) => Status::Changed,
            () if has(Status::Ok) => Status::Ok,
            () => Status::Skipped,
        };
        let message = match status {
            Status::Failed => "One or more items failed",
            Status::Skipped => "All items skipped",
            _ => "All items completed",
        };
        let results: Vec<Json> = items
            .iter()
            .map(|(item, ending)| {
                let mut result = ending.registered();
                result.insert(var.to_owned(), Json::from(item));
                result.insert("ansible_loop_var".into(), var.into());
                result.into()
            })
            .collect();
        let mut this = Self::plain(status, "");
        this.result.insert("results".into(), results.into());
        this.result.insert("msg".into(), message.into());
        if status == Status::Skipped {
            this.result.insert("skipped".into(), true.into());
        }
        this.changes = items.iter().flat_map(|(_, ending)| ending.changes.clone()).collect();
        this.unpredicted = items.iter().any(|(_, ending)| ending.unpredicted);
        let failures: Vec<_> =
            items.iter().filter_map(|(item, ending)| Some((item, ending.failure.as_ref()?))).collect();
        this.failure = failures.first().map(|(item, failure)| {
            let mut failure = (*failure).clone();
            failure.message = format!("{} (item {})", failure.message, Json::from(*item));
            failure
        });
        this
    }

    /// What `register` sees.
    pub(super) fn registered(&self) -> JsonMap<String, Json> {
        let mut result = self.result.clone();
        result.insert("changed".into(), (self.status == Status::Changed).into());
        result.insert("failed".into(), matches!(self.status, Status::Failed | Status::Unreachable).into());
        for name in ["stdout", "stderr"] {
            let lines =
                result.get(name).and_then(Json::as_str).map(|text| text.lines().map(Json::from).collect::<Vec<_>>());
            if let Some(lines) = lines {
                result.entry(format!("{name}_lines")).or_insert_with(|| lines.into());
            }
        }
        result
    }

    /// The same as a value.
    pub(super) fn value(&self) -> Value {
        Value::from(&Json::Object(self.registered()))
    }

    /// `ansible_facts` in the result, which become variables of the host.
    pub(super) fn facts(&self) -> Option<Map> {
        match Value::from(self.result.get("ansible_facts")?) {
            Value::Map(facts) => Some(facts.as_ref().clone()),
            _ => None,
        }
    }
}

fn is_command(change: &Change) -> bool {
    change.verb == dpp_protocol::Verb::Run
}
