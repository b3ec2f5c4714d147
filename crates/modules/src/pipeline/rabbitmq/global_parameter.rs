//! `rabbitmq_global_parameter`: a run-time parameter of the whole cluster, such as its name.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde_json::{Value, json};

use super::State;
use super::api::{Api, path};
use super::parameter::{same, value_of};
use crate::pipeline::product::Product;
use crate::{Host, Survey};

with_login! {
    /// Parameters of `rabbitmq_global_parameter`.
    pub struct RabbitmqGlobalParameter {
        name: String,
        #[serde(default)]
        value: Value,
        #[serde(default)]
        state: State,
    }
}

impl Product for RabbitmqGlobalParameter {
    const NAME: &'static str = "rabbitmq_global_parameter";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.change(if self.state == State::Absent { Verb::Delete } else { Verb::Create }))
    }

    fn look(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let found = Api::new(&self.login()).find(&self.path(), &format!("global parameter {}", self.name))?;
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
        match step.verb {
            Verb::Delete => api.delete(&self.path(), &step.what),
            _ => api.put(&self.path(), &json!({"name": self.name, "value": value_of(&self.value)}), &step.what),
        }
    }
}

impl RabbitmqGlobalParameter {
    fn change(&self, verb: Verb) -> Change {
        Change::new(verb, format!("global parameter {}", self.name))
    }

    fn path(&self) -> String {
        path("global-parameters", &[&self.name])
    }
}
