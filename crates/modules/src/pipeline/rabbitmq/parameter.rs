//! `rabbitmq_parameter`: a run-time parameter of a component in a vhost, such as a shovel or a federation upstream.

use dpp_protocol::{Change, Failure, ResultMap};
use serde_json::Value;

use super::State;
use super::access::Access;
use super::setting::{Scope, Setting};
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
        #[serde(default)]
        node: Option<String>,
    }
}

impl Product for RabbitmqParameter {
    const NAME: &'static str = "rabbitmq_parameter";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.setting().gist())
    }

    fn look(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let survey = self.setting().survey(&self.access(host)?)?;
        let survey = survey.value("component", self.component.as_str()).value("name", self.name.as_str());
        Ok(survey.value("vhost", self.vhost.as_str()).value("state", self.state.word()))
    }

    fn make(&self, step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        self.setting().make(step, &self.access(host)?)
    }
}

impl RabbitmqParameter {
    fn access<'a>(&'a self, host: &'a Host<'a>) -> Result<Access<'a>, Failure> {
        Access::open(&self.login(), self.node.as_deref(), host)
    }

    fn setting(&self) -> Setting<'_> {
        let scope = Scope::Component { component: &self.component, vhost: &self.vhost };
        Setting { scope, name: &self.name, state: self.state, value: &self.value }
    }
}
