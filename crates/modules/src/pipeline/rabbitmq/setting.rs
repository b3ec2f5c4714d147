//! A value under a name, which a run-time parameter is: of a component in a vhost, or of the whole cluster.

use dpp_protocol::{Change, Failure, Verb};
use serde_json::Value;

use super::State;
use super::api::Api;
use crate::pipeline::plain;

/// A parameter as it is wanted.
pub(super) struct Setting<'a> {
    /// Its kind and name, for errors: `parameter x`.
    pub(super) label: String,
    /// As the operator knows it: `parameter x of shovel in /`.
    pub(super) shown: String,
    /// Its place in the API.
    pub(super) path: String,
    pub(super) state: State,
    pub(super) value: &'a Value,
}

impl Setting<'_> {
    /// What the task does as long as nobody can tell what is there.
    pub(super) fn gist(&self) -> Change {
        self.change(if self.state == State::Absent { Verb::Delete } else { Verb::Create })
    }

    /// What leads to it.
    pub(super) fn steps(&self, api: &Api) -> Result<Vec<Change>, Failure> {
        let found = api.find(&self.path, &self.label)?;
        let verb = match (self.state, found) {
            (State::Present, None) => Some(Verb::Create),
            (State::Absent, Some(_)) => Some(Verb::Delete),
            (State::Present, Some(found)) if !same(&found["value"], &self.value()) => Some(Verb::Change),
            _ => None,
        };
        Ok(verb.map(|verb| self.change(verb)).into_iter().collect())
    }

    /// Does one of them; `body` is what the API wants beside the value.
    pub(super) fn make(&self, step: &Change, api: &Api, mut body: Value) -> Result<(), Failure> {
        if step.verb == Verb::Delete {
            return api.delete(&self.path, &step.what);
        }
        body["value"] = self.value();
        api.put(&self.path, &body, &step.what)
    }

    fn change(&self, verb: Verb) -> Change {
        Change::new(verb, self.shown.as_str())
    }

    /// Ansible's users write the value as JSON in a text; a text that is no JSON is itself.
    fn value(&self) -> Value {
        match self.value {
            Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| self.value.clone()),
            other => other.clone(),
        }
    }
}

/// Equal, with nothing more on either side.
fn same(found: &Value, wanted: &Value) -> bool {
    plain::contains(found, wanted) && plain::contains(wanted, found)
}
