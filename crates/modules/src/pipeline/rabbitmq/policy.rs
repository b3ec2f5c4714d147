//! `rabbitmq_policy`: properties that queues and exchanges of a vhost get by their names.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde_json::{Map, Value, json};

use super::State;
use super::api::{Api, path};
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
        pattern: String,
        #[serde(default = "all")]
        apply_to: String,
        #[serde(default, alias = "definition")]
        tags: Map<String, Value>,
        #[serde(default)]
        priority: Whole,
        #[serde(default)]
        state: State,
    }
}

fn all() -> String {
    "all".into()
}

impl Product for RabbitmqPolicy {
    const NAME: &'static str = "rabbitmq_policy";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.change(if self.state == State::Absent { Verb::Delete } else { Verb::Create }))
    }

    fn look(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let found = Api::new(&self.login()).find(&self.path(), &format!("policy {}", self.name))?;
        let step = match (self.state, found) {
            (State::Present, None) => Some(self.change(Verb::Create)),
            (State::Absent, Some(_)) => Some(self.change(Verb::Delete)),
            (State::Present, Some(found)) if !self.is(&found) => Some(self.change(Verb::Change)),
            _ => None,
        };
        Ok(Survey::steps(step.into_iter().collect()))
    }

    fn make(&self, step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let api = Api::new(&self.login());
        match step.verb {
            Verb::Delete => api.delete(&self.path(), &step.what),
            _ => api.put(&self.path(), &self.body(), &step.what),
        }
    }
}

impl RabbitmqPolicy {
    fn change(&self, verb: Verb) -> Change {
        Change::new(verb, format!("policy {} in {}", self.name, self.vhost)).detail(self.pattern.clone())
    }

    fn path(&self) -> String {
        path("policies", &[&self.vhost, &self.name])
    }

    fn body(&self) -> Value {
        json!({
            "pattern": self.pattern,
            "definition": self.definition(),
            "priority": self.priority.0,
            "apply-to": self.apply_to,
        })
    }

    /// Numbers that came as texts are numbers again: RabbitMQ refuses `"delivery-limit": "5"`.
    fn definition(&self) -> Map<String, Value> {
        let number = |value: &Value| value.as_str().and_then(|text| text.parse::<i64>().ok()).map(Value::from);
        self.tags.iter().map(|(key, value)| (key.clone(), number(value).unwrap_or_else(|| value.clone()))).collect()
    }

    fn is(&self, found: &Value) -> bool {
        let definition = Value::from(self.definition());
        plain::contains(found, &self.body()) && plain::contains(&definition, &found["definition"])
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
        let stub = Stub::new(&[("GET /api/policies/%2Flog/p", 200, found), ("PUT /api/policies/%2Flog/p", 204, "")]);
        let mut params = json!({"name": "p", "vhost": "/log", "pattern": "^logs$", "apply_to": "queues",
            "tags": {"delivery-limit": "5", "overflow": "reject-publish"}, "login_port": stub.port(), "login_host": "127.0.0.1"});
        assert!(!run("rabbitmq_policy", &params, Mode::Apply).unwrap().changed);
        params["tags"] = json!({"delivery-limit": "5"});
        assert_eq!(run("rabbitmq_policy", &params, Mode::Apply).unwrap().changes[0].verb, Verb::Change);
        assert!(stub.changes()[0].contains(r#""definition":{"delivery-limit":5}"#), "{:?}", stub.changes());
    }
}
