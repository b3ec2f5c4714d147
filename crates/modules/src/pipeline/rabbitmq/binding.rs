//! `rabbitmq_binding`: from an exchange to a queue or another exchange.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::State;
use super::api::{Api, path};
use crate::pipeline::plain;
use crate::pipeline::product::Product;
use crate::{Host, Survey};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Target {
    #[serde(alias = "q")]
    Queue,
    #[serde(alias = "e")]
    Exchange,
}

with_login! {
    /// Parameters of `rabbitmq_binding`.
    pub struct RabbitmqBinding {
        #[serde(alias = "src", alias = "source")]
        name: String,
        #[serde(alias = "dst", alias = "dest")]
        destination: String,
        #[serde(alias = "type", alias = "dest_type")]
        destination_type: Target,
        #[serde(default = "everything")]
        routing_key: String,
        #[serde(default)]
        arguments: Map<String, Value>,
        #[serde(default = "super::root_vhost")]
        vhost: String,
        #[serde(default)]
        state: State,
    }
}

fn everything() -> String {
    "#".into()
}

impl Product for RabbitmqBinding {
    const NAME: &'static str = "rabbitmq_binding";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.change(if self.state == State::Absent { Verb::Delete } else { Verb::Create }))
    }

    fn look(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let step = match (self.state, self.found()?) {
            (State::Present, None) => Some(self.change(Verb::Create)),
            (State::Absent, Some(_)) => Some(self.change(Verb::Delete)),
            _ => None,
        };
        let destination = step.as_ref().map(|_| self.destination.as_str());
        let survey = Survey::steps(step.into_iter().collect()).value("name", self.name.as_str());
        Ok(match destination {
            Some(destination) => survey.value("destination", destination),
            None => survey,
        })
    }

    fn make(&self, step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let api = Api::new(&self.login())?;
        if step.verb == Verb::Create {
            let body = json!({"routing_key": self.routing_key, "arguments": self.arguments});
            return api.post(&self.path(), &body, &step.what).map(drop);
        }
        match self.found()? {
            Some(key) => api.delete(&format!("{}/{}", self.path(), crate::pipeline::http::segment(&key)), &step.what),
            None => Ok(()),
        }
    }
}

impl RabbitmqBinding {
    fn change(&self, verb: Verb) -> Change {
        let what = format!("binding {} -> {} in {}", self.name, self.destination, self.vhost);
        Change::new(verb, what).detail(format!("key {}", self.routing_key))
    }

    fn path(&self) -> String {
        let target = match self.destination_type {
            Target::Queue => "q",
            Target::Exchange => "e",
        };
        path("bindings", &[&self.vhost, "e", &self.name, target, &self.destination])
    }

    /// The key under which RabbitMQ keeps the binding, if it is there.
    fn found(&self) -> Result<Option<String>, Failure> {
        let what = format!("bindings {} -> {}", self.name, self.destination);
        let found = Api::new(&self.login())?.find(&self.path(), &what)?.unwrap_or_default();
        let wanted = Value::from(self.arguments.clone());
        let same = |binding: &&Value| {
            binding["routing_key"] == self.routing_key.as_str()
                && plain::contains(&binding["arguments"], &wanted)
                && plain::contains(&wanted, &binding["arguments"])
        };
        let binding = found.as_array().into_iter().flatten().find(same);
        Ok(binding.map(|binding| plain::text(&binding["properties_key"])))
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Mode;

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    const BINDINGS: &str = include_str!("../../../tests/fixtures/rabbitmq/bindings.json");
    const PATH: &str = "/api/bindings/%2Flog/e/logging/q/logs";

    #[test]
    fn a_binding_is_known_by_key_and_arguments() {
        let (get, post, delete) = (format!("GET {PATH}"), format!("POST {PATH}"), format!("DELETE {PATH}/~"));
        let stub = Stub::new(&[(&get, 200, BINDINGS), (&post, 201, ""), (&delete, 204, "")]);
        let params = |key: &str, state: &str| {
            json!({"name": "logging", "destination": "logs", "type": "queue",
            "vhost": "/log", "routing_key": key, "state": state, "login_port": stub.port(), "login_host": "127.0.0.1"})
        };
        assert!(!run("rabbitmq_binding", &params("", "present"), Mode::Apply).unwrap().changed);
        assert!(run("rabbitmq_binding", &params("", "absent"), Mode::Apply).unwrap().changed);
        assert!(run("rabbitmq_binding", &params("other", "present"), Mode::Apply).unwrap().changed);
        let put = format!(r#"POST {PATH} {{"routing_key":"other","arguments":{{}}}}"#);
        assert_eq!(stub.changes(), [delete, put]);
    }
}
