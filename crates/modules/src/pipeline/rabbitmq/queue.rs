//! `rabbitmq_queue`: a queue of a vhost.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde_json::{Map, Value, json};

use super::State;
use super::api::Api;
use super::definition::Definition;
use crate::arguments::{Flag, Whole};
use crate::pipeline::product::Product;
use crate::{Host, Survey};

with_login! {
    /// Parameters of `rabbitmq_queue`.
    pub struct RabbitmqQueue {
        name: String,
        #[serde(default = "super::root_vhost")]
        vhost: String,
        #[serde(default = "super::yes")]
        durable: Flag,
        #[serde(default)]
        auto_delete: Flag,
        #[serde(default)]
        message_ttl: Option<Whole>,
        #[serde(default)]
        auto_expires: Option<Whole>,
        #[serde(default)]
        max_length: Option<Whole>,
        #[serde(default)]
        dead_letter_exchange: Option<String>,
        #[serde(default)]
        dead_letter_routing_key: Option<String>,
        #[serde(default)]
        max_priority: Option<Whole>,
        #[serde(default)]
        arguments: Map<String, Value>,
        #[serde(default)]
        state: State,
        #[serde(default)]
        force: Flag,
    }
}

/// The arguments that have a parameter of their own.
const COMPARED: &[&str] = &[
    "x-message-ttl",
    "x-expires",
    "x-max-length",
    "x-dead-letter-exchange",
    "x-dead-letter-routing-key",
    "x-max-priority",
];

impl Product for RabbitmqQueue {
    const NAME: &'static str = "rabbitmq_queue";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.definition().change(if self.state == State::Absent { Verb::Delete } else { Verb::Create }))
    }

    fn look(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        self.definition().survey(&Api::new(&self.login())?)
    }

    fn make(&self, step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        self.definition().make(step, &Api::new(&self.login())?)
    }
}

impl RabbitmqQueue {
    fn definition(&self) -> Definition<'_> {
        let mut body = Map::new();
        body.insert("durable".into(), self.durable.0.into());
        body.insert("auto_delete".into(), self.auto_delete.0.into());
        body.insert("arguments".into(), self.all_arguments().into());
        let (name, vhost) = (self.name.as_str(), self.vhost.as_str());
        Definition { kind: "queue", name, vhost, body, state: self.state, compared: COMPARED, force: self.force.0 }
    }

    fn all_arguments(&self) -> Map<String, Value> {
        let numbers = [
            ("x-message-ttl", self.message_ttl),
            ("x-expires", self.auto_expires),
            ("x-max-length", self.max_length),
            ("x-max-priority", self.max_priority),
        ];
        let texts = [
            ("x-dead-letter-exchange", &self.dead_letter_exchange),
            ("x-dead-letter-routing-key", &self.dead_letter_routing_key),
        ];
        let numbers = numbers.into_iter().filter_map(|(key, value)| value.map(|value| (key, json!(value.0))));
        let texts = texts.into_iter().filter_map(|(key, value)| value.as_ref().map(|value| (key, json!(value))));
        let mut arguments = self.arguments.clone();
        arguments.extend(numbers.chain(texts).map(|(key, value)| (key.to_owned(), value)));
        arguments
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Mode;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    #[test]
    fn arguments_are_compared_and_the_vhosts_default_type_is_no_difference() {
        let found = r#"{"durable":true,"auto_delete":false,"messages":7,
            "arguments":{"x-max-length":5,"x-queue-type":"classic"}}"#;
        let stub = Stub::new(&[("GET /api/queues/%2Flog/logs", 200, found)]);
        let params = |length: u64| {
            json!({"name": "logs", "vhost": "/log", "max_length": length, "login_port": stub.port(),
            "login_host": "127.0.0.1"})
        };
        assert!(!run("rabbitmq_queue", &params(5), Mode::Apply).unwrap().changed);
        let failure = run("rabbitmq_queue", &params(6), Mode::Apply).unwrap_err();
        assert_eq!(failure.notes[0].text, "x-max-length is 5, wanted 6");
        let mut forced = params(6);
        forced["force"] = true.into();
        let outcome = run("rabbitmq_queue", &forced, Mode::Survey).unwrap();
        assert_eq!(outcome.changes[0].detail, "with 7 messages");
    }
}
