//! What an exchange or a queue is made with, and cannot change later: a difference is refused, never repaired by force.

use dpp_protocol::{Change, Failure, Verb};
use serde_json::{Map, Value};

use super::State;
use super::api::{Api, path};
use crate::pipeline::plain;

/// An exchange or a queue as it is wanted.
pub(super) struct Definition<'a> {
    /// `exchange` or `queue`; its plural is the part of the path.
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    pub(super) vhost: &'a str,
    /// What the API is given, `arguments` among it.
    pub(super) body: Map<String, Value>,
    pub(super) state: State,
    /// Whether it may be deleted and made anew.
    pub(super) force: bool,
}

impl Definition<'_> {
    pub(super) fn change(&self, verb: Verb) -> Change {
        Change::new(verb, format!("{} {} in {}", self.kind, self.name, self.vhost))
    }

    /// What leads to it.
    pub(super) fn steps(&self, api: &Api) -> Result<Vec<Change>, Failure> {
        let found = api.find(&self.path(), &format!("{} {}", self.kind, self.name))?;
        match (self.state, found) {
            (State::Absent, Some(found)) => Ok(vec![self.deletion(&found)]),
            (State::Absent, None) => Ok(Vec::new()),
            (State::Present, None) => Ok(vec![self.change(Verb::Create)]),
            (State::Present, Some(found)) => match self.differences(&found) {
                differences if differences.is_empty() => Ok(Vec::new()),
                _ if self.force => Ok(vec![self.deletion(&found), self.change(Verb::Create)]),
                differences => Err(self.inequivalent(&differences)),
            },
        }
    }

    pub(super) fn make(&self, step: &Change, api: &Api) -> Result<(), Failure> {
        match step.verb {
            Verb::Delete => api.delete(&self.path(), &step.what),
            _ => api.put(&self.path(), &self.body.clone().into(), &step.what),
        }
    }

    fn path(&self) -> String {
        path(&format!("{}s", self.kind), &[self.vhost, self.name])
    }

    fn deletion(&self, found: &Value) -> Change {
        let change = self.change(Verb::Delete);
        match found["messages"].as_u64() {
            Some(messages) if messages > 0 => change.detail(format!("with {messages} messages")),
            _ => change,
        }
    }

    /// `durable is true, wanted false`.
    fn differences(&self, found: &Value) -> Vec<String> {
        let nothing = Map::new();
        let mut differences = Vec::new();
        for (key, wanted) in &self.body {
            match wanted {
                Value::Object(wanted) => {
                    let found = found[key].as_object().unwrap_or(&nothing);
                    differences.extend(arguments_differ(found, wanted));
                }
                wanted if !plain::contains(&found[key], wanted) => {
                    differences.push(format!("{key} is {}, wanted {}", plain::text(&found[key]), plain::text(wanted)));
                }
                _ => {}
            }
        }
        differences
    }

    fn inequivalent(&self, differences: &[String]) -> Failure {
        let (kind, name) = (self.kind, self.name);
        Failure::new(format!("{kind} {name} in {} exists with other properties, which cannot be changed", self.vhost))
            .code("DPP0807")
            .note("differs", differences.join("\n"))
            .help(format!(
                "write the task as the {kind} is; or make a new {kind}, bind it and move its users; \
                 force: yes deletes it with what is in it"
            ))
    }
}

/// The vhost's default type is found among the arguments without having been asked for.
fn arguments_differ(found: &Map<String, Value>, wanted: &Map<String, Value>) -> Vec<String> {
    let mut keys: Vec<&String> = wanted.keys().chain(found.keys().filter(|key| *key != "x-queue-type")).collect();
    keys.sort();
    keys.dedup();
    let shown = |value: Option<&Value>| value.map_or("not set".to_owned(), plain::text);
    keys.into_iter()
        .filter(|key| shown(found.get(*key)) != shown(wanted.get(*key)))
        .map(|key| format!("{key} is {}, wanted {}", shown(found.get(key)), shown(wanted.get(key))))
        .collect()
}
