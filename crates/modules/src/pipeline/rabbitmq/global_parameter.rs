//! `rabbitmq_global_parameter`: a run-time parameter of the whole cluster, such as its name.

use dpp_protocol::{Change, Failure, ResultMap};
use serde_json::{Value, json};

use super::State;
use super::api::{Api, path};
use super::setting::Setting;
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
        Some(self.setting().gist())
    }

    fn look(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        self.setting().steps(&Api::new(&self.login())).map(Survey::steps)
    }

    fn make(&self, step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        self.setting().make(step, &Api::new(&self.login()), json!({"name": self.name}))
    }
}

impl RabbitmqGlobalParameter {
    fn setting(&self) -> Setting<'_> {
        let label = format!("global parameter {}", self.name);
        let path = path("global-parameters", &[&self.name]);
        Setting { shown: label.clone(), label, path, state: self.state, value: &self.value }
    }
}
