//! How a task ended for one item and for all of them, and what `register` sees of it.

use dpp_protocol::{Answer, Change, Failure, Outcome};
use serde_json::{Map as JsonMap, Value as Json};

use crate::event::Status;
use crate::value::{Map, Text, Value};

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
    /// Variables it sets.
    pub(super) sets: Sets,
}

/// Variables that a task sets for its host, by level.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sets {
    /// `set_fact`.
    pub set: Map,
    /// `include_vars`.
    pub included: Map,
    /// Facts.
    pub facts: Map,
}

impl Sets {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.included.is_empty() && self.facts.is_empty()
    }

    fn extend(&mut self, more: &Self) {
        let pairs = |map: &Map| map.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>();
        self.set.extend(pairs(&more.set));
        self.included.extend(pairs(&more.included));
        self.facts.extend(pairs(&more.facts));
    }
}

impl Ending {
    /// A condition kept it from running.
    pub(super) fn skipped(condition: &str) -> Self {
        let mut result = JsonMap::new();
        result.insert("skipped".into(), true.into());
        result.insert("skip_reason".into(), "Conditional result was False".into());
        // `when: false` is no expression, and is registered as it was written.
        let condition_value = if condition == "False" { Json::Bool(false) } else { condition.into() };
        result.insert("false_condition".into(), condition_value);
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
            (false, _) if outcome.result.get("skipped") == Some(&Json::Bool(true)) => Status::Skipped,
            (false, _) => Status::Ok,
        };
        let facts = match outcome.result.get("ansible_facts").map(Value::from) {
            Some(Value::Map(facts)) => facts.as_ref().clone(),
            _ => Map::new(),
        };
        Self {
            changes: outcome.changes,
            unpredicted,
            result: outcome.result,
            warnings: outcome.warnings,
            sets: Sets { facts, ..Sets::default() },
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
            sets: Sets::default(),
        }
    }

    /// All items of a loop as one; `fronts` are the variables that each of them had.
    pub(super) fn of_items(items: &[(Value, Ending)], fronts: &[Map]) -> Self {
        if items.is_empty() {
            return Self::of_nothing();
        }
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
            .zip(fronts)
            .map(|((_, ending), front)| {
                let mut result = ending.registered();
                result.extend(front.iter().map(|(name, value)| (name.clone(), Json::from(value))));
                result.into()
            })
            .collect();
        let mut this = Self::plain(status, "");
        this.result.insert("results".into(), results.into());
        this.result.insert("msg".into(), message.into());
        this.result.insert("skipped".into(), (status == Status::Skipped).into());
        if status == Status::Failed {
            this.result.insert("changed".into(), items.iter().any(|(_, ending)| ending.has_changed()).into());
        }
        items.iter().for_each(|(_, ending)| this.sets.extend(&ending.sets));
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

    /// `failed_when` says whether it failed.
    pub(super) fn set_failed(&mut self, failed: bool, conditions: &[Text]) {
        match (failed, self.status) {
            (true, Status::Failed) | (false, Status::Ok | Status::Changed | Status::Skipped | Status::Unreachable) => {}
            (true, _) => {
                let words: Vec<_> = conditions.iter().map(Text::as_str).collect();
                let mut failure = Failure::new(format!("failed_when holds: {}", words.join(" and ")));
                for name in ["msg", "stdout", "stderr"] {
                    if let Some(text) = self.result.get(name).and_then(Json::as_str).filter(|text| !text.is_empty()) {
                        failure = failure.note(name, text);
                    }
                }
                self.status = Status::Failed;
                self.failure = Some(failure);
            }
            (false, Status::Failed) => {
                self.failure = None;
                let changed =
                    self.result.get("changed").and_then(Json::as_bool) == Some(true) || !self.changes.is_empty();
                self.status = if changed { Status::Changed } else { Status::Ok };
            }
        }
    }

    /// `changed_when` says whether it changed something, which a failed task can have done, too.
    pub(super) fn set_changed(&mut self, changed: bool) {
        match self.status {
            Status::Failed => drop(self.result.insert("changed".into(), changed.into())),
            _ => self.status = if changed { Status::Changed } else { Status::Ok },
        }
    }

    /// It did its work, and what follows from that cannot be: what was changed stays changed.
    pub(super) fn fail_after_all(&mut self, failure: Failure) {
        self.status = Status::Failed;
        self.result.insert("msg".into(), failure.message.clone().into());
        self.failure = Some(failure);
    }

    /// `until` did not hold in the end.
    pub(super) fn exhausted(&mut self, attempts: u64) {
        if self.status != Status::Failed {
            self.status = Status::Failed;
            self.failure = Some(Failure::new(format!("`until` did not hold after {attempts} attempts")));
        }
    }

    /// A loop over an empty list.
    fn of_nothing() -> Self {
        let mut this = Self::plain(Status::Skipped, "");
        this.result.insert("results".into(), Json::Array(Vec::new()));
        this.result.insert("skipped".into(), true.into());
        this.result.insert("skipped_reason".into(), "No items in the list".into());
        this
    }

    /// Whether something was changed, also by a task that failed in the end.
    fn has_changed(&self) -> bool {
        match self.status {
            Status::Changed => true,
            Status::Failed => self.result.get("changed").and_then(Json::as_bool).unwrap_or(!self.changes.is_empty()),
            _ => false,
        }
    }

    /// What `register` sees.
    pub(super) fn registered(&self) -> JsonMap<String, Json> {
        let mut result = self.result.clone();
        result.insert("changed".into(), self.has_changed().into());
        result.insert("failed".into(), matches!(self.status, Status::Failed | Status::Unreachable).into());
        if self.status == Status::Skipped {
            result.insert("skipped".into(), true.into());
        }
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
}

fn is_command(change: &Change) -> bool {
    change.verb == dpp_protocol::Verb::Run
}
