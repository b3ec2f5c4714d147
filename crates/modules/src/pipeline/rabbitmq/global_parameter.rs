//! `rabbitmq_global_parameter`: a run-time parameter of the whole cluster, such as its name.

use dpp_protocol::{Change, Failure, ResultMap};
use serde_json::Value;

use super::State;
use super::access::Access;
use super::setting::{Scope, Setting, as_json};
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
        #[serde(default)]
        node: Option<String>,
    }
}

impl Product for RabbitmqGlobalParameter {
    const NAME: &'static str = "rabbitmq_global_parameter";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.setting().gist())
    }

    fn look(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let survey = self.setting().survey(&self.access(host)?)?.value("name", self.name.as_str());
        Ok(survey.value("value", as_json(&self.value)).value("state", self.state.word()))
    }

    fn make(&self, step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        self.setting().make(step, &self.access(host)?)
    }
}

impl RabbitmqGlobalParameter {
    fn access<'a>(&'a self, host: &'a Host<'a>) -> Result<Access<'a>, Failure> {
        Access::open(&self.login(), self.node.as_deref(), host)
    }

    fn setting(&self) -> Setting<'_> {
        Setting { scope: Scope::Cluster, name: &self.name, state: self.state, value: &self.value }
    }
}
