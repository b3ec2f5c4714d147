//! `rabbitmq_parameter`: a run-time parameter of a component in a vhost, such as a shovel or a federation upstream.

use dpp_protocol::{Change, Failure, ResultMap};
use serde_json::{Value, json};

use super::State;
use super::api::{Api, path};
use super::setting::Setting;
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
        Some(self.setting().gist())
    }

    fn look(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        self.setting().steps(&Api::new(&self.login())).map(Survey::steps)
    }

    fn make(&self, step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let body = json!({"component": self.component, "vhost": self.vhost, "name": self.name});
        self.setting().make(step, &Api::new(&self.login()), body)
    }
}

impl RabbitmqParameter {
    fn setting(&self) -> Setting<'_> {
        Setting {
            label: format!("parameter {}", self.name),
            shown: format!("parameter {} of {} in {}", self.name, self.component, self.vhost),
            path: path("parameters", &[&self.component, &self.vhost, &self.name]),
            state: self.state,
            value: &self.value,
        }
    }
}
