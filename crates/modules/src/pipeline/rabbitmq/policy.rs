//! `rabbitmq_policy`: properties that queues and exchanges of a vhost get by their names.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::State;
use super::access::Access;
use super::api::path;
use super::setting::{as_json, same};
use crate::arguments::Whole;
use crate::pipeline::plain;
use crate::pipeline::product::Product;
use crate::{Host, Survey};

with_login! {
    /// Parameters of `rabbitmq_policy`; `tags` is the definition, as Ansible calls it.
    pub struct RabbitmqPolicy {
        name: String,
        #[serde(default = "super::root_vhost")]
        vhost: String,
        #[serde(default)]
        pattern: Option<String>,
        #[serde(default)]
        apply_to: Target,
        #[serde(default, alias = "definition")]
        tags: Option<Map<String, Value>>,
        #[serde(default)]
        priority: Whole,
        #[serde(default)]
        state: State,
        #[serde(default)]
        node: Option<String>,
    }
}

/// What a policy is for.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Target {
    #[default]
    All,
    Exchanges,
    Queues,
    ClassicQueues,
    QuorumQueues,
    Streams,
}

impl Target {
    fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Exchanges => "exchanges",
            Self::Queues => "queues",
            Self::ClassicQueues => "classic_queues",
            Self::QuorumQueues => "quorum_queues",
            Self::Streams => "streams",
        }
    }
}

impl Product for RabbitmqPolicy {
    const NAME: &'static str = "rabbitmq_policy";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.change(if self.state == State::Absent { Verb::Delete } else { Verb::Create }))
    }

    fn look(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        if self.state == State::Present && (self.pattern.is_none() || self.tags.is_none()) {
            return Err(Failure::new("`pattern` and `tags` are needed with state=present").code("DPP0104"));
        }
        let step = match (self.state, self.found(&self.access(host)?)?) {
            (State::Present, None) => Some(self.change(Verb::Create)),
            (State::Absent, Some(_)) => Some(self.change(Verb::Delete)),
            (State::Present, Some(found)) if !self.is(&found) => Some(self.change(Verb::Change)),
            _ => None,
        };
        let survey = Survey::steps(step.into_iter().collect());
        Ok(survey.value("name", self.name.as_str()).value("state", self.state.word()))
    }

    fn make(&self, step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        match self.access(host)? {
            Access::Api(api) if step.verb == Verb::Delete => api.delete(&self.path(), &step.what),
            Access::Api(api) => api.put(&self.path(), &self.body(), &step.what),
            Access::Ctl(ctl) if step.verb == Verb::Delete => {
                ctl.run(&["clear_policy", "-p", &self.vhost, &self.name], None).map(drop)
            }
            Access::Ctl(ctl) => {
                let (definition, priority) = (Value::from(self.definition()).to_string(), self.priority.0.to_string());
                let order = ["set_policy", "-p", &self.vhost, "--priority", &priority, "--apply-to"];
                let what = [self.apply_to.word(), &self.name, self.pattern(), &definition];
                ctl.run(&[&order[..], &what].concat(), None).map(drop)
            }
        }
    }
}

impl RabbitmqPolicy {
    fn access<'a>(&'a self, host: &'a Host<'a>) -> Result<Access<'a>, Failure> {
        Access::open(&self.login(), self.node.as_deref(), host)
    }

    fn found(&self, access: &Access) -> Result<Option<Value>, Failure> {
        match access {
            Access::Api(api) => api.find(&self.path(), &format!("policy {}", self.name)),
            Access::Ctl(ctl) => {
                let listed = ctl.list(&["list_policies", "-p", &self.vhost])?;
                Ok(listed.into_iter().find(|policy| policy["name"] == self.name.as_str()))
            }
        }
    }

    fn change(&self, verb: Verb) -> Change {
        Change::new(verb, format!("policy {} in {}", self.name, self.vhost)).detail(self.pattern())
    }

    fn path(&self) -> String {
        path("policies", &[&self.vhost, &self.name])
    }

    fn pattern(&self) -> &str {
        self.pattern.as_deref().unwrap_or_default()
    }

    fn body(&self) -> Value {
        json!({
            "pattern": self.pattern(),
            "definition": self.definition(),
            "priority": self.priority.0,
            "apply-to": self.apply_to.word(),
        })
    }

    /// Numbers that came as texts are numbers again: RabbitMQ refuses `"delivery-limit": "5"`.
    fn definition(&self) -> Map<String, Value> {
        let number = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok()).map(Value::from);
        let tags = self.tags.iter().flatten();
        tags.map(|(key, value)| (key.clone(), number(value).unwrap_or_else(|| value.clone()))).collect()
    }

    fn is(&self, found: &Value) -> bool {
        let mut wanted = self.body();
        let definition = wanted["definition"].take();
        let is_same = ["pattern", "priority", "apply-to"].iter().all(|key| plain::contains(&found[key], &wanted[key]));
        is_same && same(&as_json(&found["definition"]), &definition)
    }
}
#[cfg(test)]
mod tests {
    use dpp_protocol::Mode;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    #[test]
    fn a_policy_is_compared_whole_and_its_numbers_are_numbers() {
        let found = r#"{"vhost":"/log","name":"p","pattern":"^logs$","apply-to":"queues","priority":0,
            "definition":{"delivery-limit":5,"overflow":"reject-publish"}}"#;
        let stub = Stub::new(&[
            ("GET /api/whoami", 200, "{}"),
            ("GET /api/policies/%2Flog/p", 200, found),
            ("PUT /api/policies/%2Flog/p", 204, ""),
        ]);
        let mut params = json!({"name": "p", "vhost": "/log", "pattern": "^logs$", "apply_to": "queues",
            "tags": {"delivery-limit": "5", "overflow": "reject-publish"}, "login_port": stub.port(), "login_host": "127.0.0.1"});
        assert!(!run("rabbitmq_policy", &params, Mode::Apply).unwrap().changed);
        params["tags"] = json!({"delivery-limit": "5"});
        assert_eq!(run("rabbitmq_policy", &params, Mode::Apply).unwrap().changes[0].verb, Verb::Change);
        assert!(stub.changes()[0].contains(r#""definition":{"delivery-limit":5}"#), "{:?}", stub.changes());
    }
}
