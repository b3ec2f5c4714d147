//! `rabbitmq_exchange`: an exchange of a vhost.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde_json::{Map, Value, json};

use super::State;
use super::api::Api;
use super::definition::Definition;
use crate::arguments::Flag;
use crate::pipeline::product::Product;
use crate::{Host, Survey};

with_login! {
    /// Parameters of `rabbitmq_exchange`.
    pub struct RabbitmqExchange {
        name: String,
        #[serde(default = "super::root_vhost")]
        vhost: String,
        #[serde(default = "direct", alias = "type")]
        exchange_type: String,
        #[serde(default = "super::yes")]
        durable: Flag,
        #[serde(default)]
        auto_delete: Flag,
        #[serde(default)]
        internal: Flag,
        #[serde(default)]
        arguments: Map<String, Value>,
        #[serde(default)]
        state: State,
        #[serde(default)]
        force: Flag,
    }
}

fn direct() -> String {
    "direct".into()
}

impl Product for RabbitmqExchange {
    const NAME: &'static str = "rabbitmq_exchange";
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

impl RabbitmqExchange {
    fn definition(&self) -> Definition<'_> {
        let mut body = Map::new();
        body.insert("type".into(), self.exchange_type.clone().into());
        body.insert("durable".into(), self.durable.0.into());
        body.insert("auto_delete".into(), self.auto_delete.0.into());
        body.insert("internal".into(), self.internal.0.into());
        body.insert("arguments".into(), json!(self.arguments));
        let (name, vhost) = (self.name.as_str(), self.vhost.as_str());
        Definition { kind: "exchange", name, vhost, body, state: self.state, compared: &[], force: self.force.0 }
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Mode, Outcome};

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    const LOGGING: &str = include_str!("../../../tests/fixtures/rabbitmq/exchange.json");

    fn exchange(stub: &Stub, more: &Value) -> Result<Outcome, Failure> {
        let mut params = json!({"name": "logging", "vhost": "/log", "type": "fanout", "login_port": stub.port(),
            "login_host": "127.0.0.1"});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        run("rabbitmq_exchange", &params, Mode::Apply)
    }

    #[test]
    fn an_exchange_is_made_and_then_left_alone() {
        let stub = Stub::new(&[("PUT /api/exchanges/%2Flog/logging", 201, "")]);
        assert!(exchange(&stub, &json!({})).unwrap().changed);
        assert!(stub.changes()[0].contains(r#""type":"fanout","durable":true"#));
        let stub = Stub::new(&[("GET /api/exchanges/%2Flog/logging", 200, LOGGING)]);
        assert!(!exchange(&stub, &json!({})).unwrap().changed);
    }

    #[test]
    fn what_cannot_be_changed_is_refused_and_only_force_makes_it_anew() {
        let stub = Stub::new(&[
            ("GET /api/exchanges/%2Flog/logging", 200, LOGGING),
            ("DELETE /api/exchanges/%2Flog/logging", 204, ""),
            ("PUT /api/exchanges/%2Flog/logging", 201, ""),
        ]);
        let failure = exchange(&stub, &json!({"durable": "no", "type": "topic"})).unwrap_err();
        assert_eq!((failure.code.as_str(), stub.changes().len()), ("DPP0807", 0));
        assert_eq!(failure.notes[0].text, "type is fanout, wanted topic\ndurable is true, wanted false");
        assert_eq!(exchange(&stub, &json!({"durable": "no", "force": "yes"})).unwrap().changes.len(), 2);
        let borne = exchange(&stub, &json!({"arguments": {"alternate-exchange": "other"}})).unwrap();
        assert!(!borne.changed && borne.warnings[0].contains("alternate-exchange is not set, wanted other"));
    }

    #[test]
    fn a_wrong_login_is_named() {
        let stub = Stub::new(&[(
            "GET /api/exchanges/%2Flog/logging",
            401,
            r#"{"error":"not_authorised","reason":"Login failed"}"#,
        )]);
        let failure = exchange(&stub, &json!({"login_user": "logger"})).unwrap_err();
        assert_eq!(failure.message, "cannot reach exchange logging as user logger: Login failed");
        let params = json!({"name": "logging", "vhost": "/log", "type": "fanout", "login_user": "logger",
            "login_port": stub.port(), "login_host": "127.0.0.1"});
        let looked = run("rabbitmq_exchange", &params, Mode::Survey).unwrap();
        assert!(looked.unpredicted, "a task before may yet set the password");
    }
}
