//! What an exchange or a queue is made with, and cannot change later: a difference is refused, never repaired by force.

use dpp_protocol::{Change, Failure, Verb};
use serde_json::{Map, Value};

use super::State;
use super::api::{Api, path};
use crate::Survey;
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
    /// Those of its arguments whose difference is refused, as Ansible does.
    pub(super) compared: &'static [&'static str],
    /// Whether it may be deleted and made anew.
    pub(super) force: bool,
}

impl Definition<'_> {
    pub(super) fn change(&self, verb: Verb) -> Change {
        Change::new(verb, format!("{} {} in {}", self.kind, self.name, self.vhost))
    }

    /// What leads to it.
    pub(super) fn survey(&self, api: &Api) -> Result<Survey<Change>, Failure> {
        let found = api.find(&self.path(), &format!("{} {}", self.kind, self.name))?;
        let survey = match (self.state, found) {
            (State::Absent, Some(found)) => Survey::steps(vec![self.deletion(&found)]),
            (State::Absent, None) => Survey::unchanged(),
            (State::Present, None) => Survey::steps(vec![self.change(Verb::Create)]),
            (State::Present, Some(found)) => self.beside(&found)?,
        };
        Ok(survey.value("name", self.name))
    }

    /// What leads from the one that is there to the wanted one.
    fn beside(&self, found: &Value) -> Result<Survey<Change>, Failure> {
        let (refused, borne) = (self.differences(found), self.borne(found));
        if self.force && !(refused.is_empty() && borne.is_empty()) {
            return Ok(Survey::steps(vec![self.deletion(found), self.change(Verb::Create)]));
        }
        if !refused.is_empty() {
            return Err(self.inequivalent(&refused));
        }
        let survey = Survey::unchanged();
        Ok(if borne.is_empty() {
            survey
        } else {
            let words = format!("{} {} keeps what it was made with: {}", self.kind, self.name, borne.join("; "));
            survey.warning(words)
        })
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
        let plain = self.body.iter().filter(|(_, wanted)| !wanted.is_object());
        let differing = plain.filter(|(key, wanted)| !plain::contains(&found[*key], wanted));
        let told = |(key, wanted): (&String, &Value)| {
            format!("{key} is {}, wanted {}", plain::text(&found[key]), plain::text(wanted))
        };
        differing.map(told).chain(self.arguments(found, true)).collect()
    }

    /// Arguments that Ansible does not compare either: they are told, and left as they are.
    fn borne(&self, found: &Value) -> Vec<String> {
        self.arguments(found, false)
    }

    fn arguments(&self, found: &Value, compared: bool) -> Vec<String> {
        let nothing = Map::new();
        let found = found["arguments"].as_object().unwrap_or(&nothing);
        let wanted = self.body.get("arguments").and_then(Value::as_object).unwrap_or(&nothing);
        let is_meant = |key: &str| self.compared.contains(&key) == compared;
        arguments_differ(found, wanted, &is_meant)
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
fn arguments_differ(
    found: &Map<String, Value>,
    wanted: &Map<String, Value>,
    is_meant: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let mut keys: Vec<&String> = wanted.keys().chain(found.keys().filter(|key| *key != "x-queue-type")).collect();
    keys.sort();
    keys.dedup();
    let shown = |value: Option<&Value>| value.map_or("not set".to_owned(), plain::text);
    keys.into_iter()
        .filter(|key| is_meant(key) && shown(found.get(*key)) != shown(wanted.get(*key)))
        .map(|key| format!("{key} is {}, wanted {}", shown(found.get(key)), shown(wanted.get(key))))
        .collect()
}
