//! `rabbitmq_parameter`: a run-time parameter of a component in a vhost, such as a shovel or a federation upstream.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde_json::{Value, json};

use super::State;
use super::api::{Api, path};
use crate::pipeline::plain;
use crate::pipeline::product::Product;
use crate::{Host, Survey};

with_login! {
    /// Parameters of `rabbitmq_parameter`.
    pub struct RabbitmqParameter {
        component: String,
        name: String,
        #[serde(default)]
        value: Value,
        #[serde(default = "super::root_vhost")]
        vhost: String,
        #[serde(default)]
        state: State,
    }
}

impl Product for RabbitmqParameter {
    const NAME: &'static str = "rabbitmq_parameter";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.change(if self.state == State::Absent { Verb::Delete } else { Verb::Create }))
    }

    fn look(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let found = Api::new(&self.login()).find(&self.path(), &format!("parameter {}", self.name))?;
        let step = match (self.state, found) {
            (State::Present, None) => Some(self.change(Verb::Create)),
            (State::Absent, Some(_)) => Some(self.change(Verb::Delete)),
            (State::Present, Some(found)) if !same(&found["value"], &value_of(&self.value)) => {
                Some(self.change(Verb::Change))
            }
            _ => None,
        };
        Ok(Survey::steps(step.into_iter().collect()))
    }

    fn make(&self, step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let api = Api::new(&self.login());
        if step.verb == Verb::Delete {
            return api.delete(&self.path(), &step.what);
        }
        let (component, vhost, name) = (&self.component, &self.vhost, &self.name);
        let body = json!({"component": component, "vhost": vhost, "name": name, "value": value_of(&self.value)});
        api.put(&self.path(), &body, &step.what)
    }
}

impl RabbitmqParameter {
    fn change(&self, verb: Verb) -> Change {
        Change::new(verb, format!("parameter {} of {} in {}", self.name, self.component, self.vhost))
    }

    fn path(&self) -> String {
        path("parameters", &[&self.component, &self.vhost, &self.name])
    }
}

/// Ansible's users write the value as JSON in a text; a text that is no JSON is itself.
pub(super) fn value_of(value: &Value) -> Value {
    match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or_else(|_| value.clone()),
        other => other.clone(),
    }
}

/// Equal, with nothing more on either side.
pub(super) fn same(found: &Value, wanted: &Value) -> bool {
    plain::contains(found, wanted) && plain::contains(wanted, found)
}
