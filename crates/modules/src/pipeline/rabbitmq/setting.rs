//! A value under a name, which a run-time parameter is: of a component in a vhost, or of the whole cluster.

use dpp_protocol::{Change, Failure, Verb};
use serde_json::{Value, json};

use super::State;
use super::access::Access;
use super::api::path;
use super::ctl::Ctl;
use crate::Survey;
use crate::pipeline::plain;

/// A parameter as it is wanted.
pub(super) struct Setting<'a> {
    pub(super) scope: Scope<'a>,
    pub(super) name: &'a str,
    pub(super) state: State,
    pub(super) value: &'a Value,
}

/// Whose parameter it is.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    /// Of a component in a vhost.
    Component {
        /// Such as `shovel`.
        component: &'a str,
        vhost: &'a str,
    },
    /// Of the whole cluster.
    Cluster,
}

impl Setting<'_> {
    /// What the task does as long as nobody can tell what is there.
    pub(super) fn gist(&self) -> Change {
        self.change(if self.state == State::Absent { Verb::Delete } else { Verb::Create })
    }

    /// What leads to it.
    pub(super) fn survey(&self, access: &Access) -> Result<Survey<Change>, Failure> {
        let verb = match (self.state, self.found(access)?) {
            (State::Present, None) => Some(Verb::Create),
            (State::Absent, Some(_)) => Some(Verb::Delete),
            (State::Present, Some(found)) if !same(&found, &self.value()) => Some(Verb::Change),
            _ => None,
        };
        Ok(Survey::steps(verb.map(|verb| self.change(verb)).into_iter().collect()))
    }

    /// Does one of them.
    pub(super) fn make(&self, step: &Change, access: &Access) -> Result<(), Failure> {
        match access {
            Access::Api(api) if step.verb == Verb::Delete => api.delete(&self.path(), &step.what),
            Access::Api(api) => api.put(&self.path(), &self.body(), &step.what),
            Access::Ctl(ctl) if step.verb == Verb::Delete => self.clear(ctl),
            Access::Ctl(ctl) => ctl.import(&json!({ self.kind(): [self.body()] })),
        }
    }

    fn found(&self, access: &Access) -> Result<Option<Value>, Failure> {
        let entry = match access {
            Access::Api(api) => api.find(&self.path(), &self.label())?,
            Access::Ctl(ctl) => {
                let (component, listed) = match self.scope {
                    Scope::Component { component, vhost } => (component, ctl.list(&["list_parameters", "-p", vhost])?),
                    Scope::Cluster => ("", ctl.list(&["list_global_parameters"])?),
                };
                let is_it = |entry: &Value| {
                    entry["name"] == self.name && entry["component"].as_str().unwrap_or_default() == component
                };
                listed.into_iter().find(is_it)
            }
        };
        Ok(entry.map(|entry| as_json(&entry["value"])))
    }

    fn clear(&self, ctl: &Ctl) -> Result<(), Failure> {
        let words = match self.scope {
            Scope::Component { component, vhost } => vec!["clear_parameter", "-p", vhost, component, self.name],
            Scope::Cluster => vec!["clear_global_parameter", self.name],
        };
        ctl.run(&words, None).map(drop)
    }

    /// The part of RabbitMQ's definitions that it belongs to.
    fn kind(&self) -> &'static str {
        match self.scope {
            Scope::Component { .. } => "parameters",
            Scope::Cluster => "global_parameters",
        }
    }

    fn body(&self) -> Value {
        match self.scope {
            Scope::Component { component, vhost } => {
                json!({"component": component, "vhost": vhost, "name": self.name, "value": self.value()})
            }
            Scope::Cluster => json!({"name": self.name, "value": self.value()}),
        }
    }

    fn path(&self) -> String {
        match self.scope {
            Scope::Component { component, vhost } => path("parameters", &[component, vhost, self.name]),
            Scope::Cluster => path("global-parameters", &[self.name]),
        }
    }

    /// Its kind and name, for errors: `parameter x`.
    fn label(&self) -> String {
        match self.scope {
            Scope::Component { .. } => format!("parameter {}", self.name),
            Scope::Cluster => format!("global parameter {}", self.name),
        }
    }

    fn change(&self, verb: Verb) -> Change {
        let of = match self.scope {
            Scope::Component { component, vhost } => format!(" of {component} in {vhost}"),
            Scope::Cluster => String::new(),
        };
        Change::new(verb, self.label() + &of)
    }

    fn value(&self) -> Value {
        as_json(self.value)
    }
}

/// Ansible's users write the value as JSON in a text, and so does `rabbitmqctl`; a text that is no JSON is itself.
pub(super) fn as_json(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

/// Equal, with nothing more on either side.
pub(super) fn same(found: &Value, wanted: &Value) -> bool {
    plain::contains(found, wanted) && plain::contains(wanted, found)
}
