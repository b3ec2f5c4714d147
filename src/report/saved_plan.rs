//! A plan that was kept: what a run would change, so that a later run can be held to it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dpp_protocol::{Change, Verb};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::report::{Changed, RunReport};

/// What the file says of itself.
const SCHEMA: &str = "dppctl.plan-file/1";

/// A plan as it lies in a file.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedPlan {
    schema: String,
    /// When it was made.
    pub made: String,
    /// By whom: `mohsen@laptop`.
    pub by: String,
    /// Where the command was typed.
    pub folder: PathBuf,
    /// What was typed, without what only shows or keeps the plan.
    pub words: Vec<String>,
    changes: Vec<Expected>,
}

/// A change that is expected; of the texts before and after only a hash, since they may be secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Expected {
    host: String,
    at: String,
    verb: Option<Verb>,
    what: String,
    detail: String,
    texts: String,
}

impl SavedPlan {
    /// The plan that a check came to.
    pub fn of(report: &RunReport, made: String, by: String, folder: PathBuf, words: Vec<String>) -> Self {
        Self { schema: SCHEMA.to_owned(), made, by, folder, words, changes: expected(report) }
    }

    /// Whether a file's text says that it is a plan.
    pub fn is_one(text: &str) -> bool {
        text.trim_start().starts_with('{') && text.contains(SCHEMA)
    }

    /// How many changes it expects.
    pub fn changes(&self) -> usize {
        self.changes.len()
    }

    /// What another check found that is not as it was planned, a sentence each.
    pub fn differences(&self, report: &RunReport) -> Vec<String> {
        let key = |change: &Expected| (change.host.clone(), change.at.clone(), change.what.clone());
        let mut planned: BTreeMap<_, Vec<Expected>> = BTreeMap::new();
        for change in &self.changes {
            planned.entry(key(change)).or_default().push(change.clone());
        }
        let mut told = Vec::new();
        for change in expected(report) {
            let Expected { host, at, what, .. } = &change;
            match planned.get_mut(&key(&change)).and_then(|known| (!known.is_empty()).then(|| known.remove(0))) {
                Some(known) if known == change => {}
                Some(_) => told.push(format!("{host}: {what}: another change than planned ({at})")),
                None => told.push(format!("{host}: {what}: a change that was not planned ({at})")),
            }
        }
        let left = planned.into_values().flatten();
        told.extend(
            left.map(|Expected { host, what, at, .. }| format!("{host}: {what}: nothing to do any more ({at})")),
        );
        told
    }
}

fn expected(report: &RunReport) -> Vec<Expected> {
    report.changed.iter().flat_map(of_step).collect()
}

fn of_step(step: &Changed) -> Vec<Expected> {
    let named = |verb, what: &str, detail: &str, texts| Expected {
        host: step.host.clone(),
        at: step.step.at.clone(),
        verb,
        what: what.to_owned(),
        detail: detail.to_owned(),
        texts,
    };
    if step.changes.is_empty() {
        return vec![named(None, &step.step.task, "", String::new())];
    }
    let of_change = |change: &Change| named(Some(change.verb), &change.what, &change.detail, hash(change));
    step.changes.iter().map(of_change).collect()
}

fn hash(change: &Change) -> String {
    let mut hash = Sha256::new();
    for text in [&change.before, &change.after] {
        hash.update(text.as_ref().map_or(0, |text| text.len() + 1).to_be_bytes());
        hash.update(text.as_deref().unwrap_or_default());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::StepName;

    fn report(changes: &[(&str, &str, &str)]) -> RunReport {
        let step = |at: &str| StepName { at: at.to_owned(), ..StepName::default() };
        let changed = |(host, what, after): &(&str, &str, &str)| Changed {
            host: (*host).to_owned(),
            step: step("a.yml:1:1"),
            changes: vec![Change::new(Verb::Change, *what).texts(None, Some((*after).to_owned()))],
        };
        RunReport { changed: changes.iter().map(changed).collect(), ..RunReport::default() }
    }

    #[test]
    fn what_is_not_as_planned_is_told_and_the_order_of_hosts_is_nothing() {
        let plan = |report: RunReport| SavedPlan::of(&report, String::new(), String::new(), PathBuf::new(), Vec::new());
        let saved = plan(report(&[("a", "/x", "1"), ("b", "/x", "1"), ("b", "/y", "1")]));
        let read: SavedPlan = serde_json::from_str(&serde_json::to_string(&saved).unwrap()).unwrap();
        assert_eq!(read, saved);
        assert!(read.differences(&report(&[("b", "/y", "1"), ("b", "/x", "1"), ("a", "/x", "1")])).is_empty());
        assert_eq!(
            read.differences(&report(&[("a", "/x", "2"), ("b", "/x", "1"), ("b", "/z", "1")])),
            [
                "a: /x: another change than planned (a.yml:1:1)",
                "b: /z: a change that was not planned (a.yml:1:1)",
                "b: /y: nothing to do any more (a.yml:1:1)"
            ]
        );
        assert!(!serde_json::to_string(&plan(report(&[("a", "/x", "geheim")]))).unwrap().contains("geheim"));
    }
}
