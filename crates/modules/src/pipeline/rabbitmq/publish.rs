//! `rabbitmq_publish`: sends marked messages through the management API, confirmed one by one; for end-to-end probes.

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{Api, path};
use crate::arguments::Flag;
use crate::pipeline::deadline::now_ms;
use crate::pipeline::product::Product;
use crate::{Host, Survey};

/// One message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    id: String,
    payload: Value,
}

with_login! {
    /// Parameters of `rabbitmq_publish`.
    pub struct RabbitmqPublish {
        exchange: String,
        #[serde(default = "super::root_vhost")]
        vhost: String,
        #[serde(default)]
        routing_key: String,
        messages: Vec<Message>,
        /// Properties of every message; it is persistent JSON unless they say otherwise.
        #[serde(default)]
        properties: Map<String, Value>,
        /// A header that gets the UNIX time of sending, as the source documents' producer sets `datetime`.
        #[serde(default)]
        time_header: Option<String>,
        /// Whether a message that no queue gets is a failure.
        #[serde(default = "super::yes")]
        mandatory: Flag,
    }
}

impl Product for RabbitmqPublish {
    const NAME: &'static str = "rabbitmq_publish";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        let what = format!("exchange {} in {}", self.exchange, self.vhost);
        Some(Change::new(Verb::Run, what).detail(format!("publish {} messages", self.messages.len())))
    }

    fn look(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        Ok(Survey::steps(self.gist().into_iter().collect()))
    }

    fn make(&self, _step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let api = Api::new(&self.login())?;
        let mut sent = Map::new();
        let whole = self.messages.len() as u64;
        for (number, message) in (1..).zip(&self.messages) {
            let facts = self.publish(&api, message).map_err(|mut failure| {
                // Whoever follows the messages has to know which of them are on their way.
                failure.result.insert("sent".into(), sent.clone().into());
                failure
            })?;
            sent.insert(message.id.clone(), facts);
            host.life(&format!("publishing to {}", self.exchange), Some((number, whole)));
        }
        let unrouted: Vec<&String> =
            sent.iter().filter(|(_, facts)| facts["routed"] != true).map(|(id, _)| id).collect();
        if self.mandatory.0 && !unrouted.is_empty() {
            return Err(self.unrouted(unrouted.len()));
        }
        result.insert("unrouted".into(), json!(unrouted));
        result.insert("sent".into(), sent.into());
        Ok(())
    }
}

impl RabbitmqPublish {
    /// Sends one message and tells when it was sent and when the broker had it.
    fn publish(&self, api: &Api, message: &Message) -> Result<Value, Failure> {
        let payload = match &message.payload {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let sent = now_ms();
        let body = json!({
            "properties": self.properties(sent),
            "routing_key": self.routing_key,
            "payload": payload,
            "payload_encoding": "string",
        });
        let place = format!("{}/publish", path("exchanges", &[&self.vhost, &self.exchange]));
        let reply = api.post(&place, &body, &format!("a message to exchange {}", self.exchange))?;
        Ok(json!({"sent_ms": sent, "confirmed_ms": now_ms(), "routed": reply["routed"]}))
    }

    fn properties(&self, sent: u64) -> Map<String, Value> {
        let mut properties = Map::new();
        properties.insert("delivery_mode".into(), 2.into());
        properties.insert("content_type".into(), "application/json".into());
        properties.extend(self.properties.clone());
        if let Some(header) = &self.time_header {
            let headers = properties.entry("headers").or_insert_with(|| json!({}));
            headers[header] = (sent / 1000).into();
        }
        properties
    }

    fn unrouted(&self, count: usize) -> Failure {
        Failure::new(format!(
            "{count} of {} messages to exchange {} reached no queue",
            self.messages.len(),
            self.exchange
        ))
        .code("DPP0802")
        .help(format!("bind a queue to exchange {} in vhost {}", self.exchange, self.vhost))
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Mode, Outcome};

    use super::*;
    use crate::pipeline::stub::{Stub, run};

    fn publish(routed: &str) -> (Stub, Result<Outcome, Failure>) {
        let stub = Stub::new(&[("POST /api/exchanges/%2Flog/logging/publish", 200, routed)]);
        let params = json!({"exchange": "logging", "vhost": "/log", "time_header": "datetime",
            "messages": [{"id": "m-1", "payload": {"id": "m-1"}}, {"id": "m-2", "payload": "text"}],
            "login_port": stub.port(), "login_host": "127.0.0.1"});
        let outcome = run("rabbitmq_publish", &params, Mode::Apply);
        (stub, outcome)
    }

    #[test]
    fn every_message_is_persistent_stamped_and_timed() {
        let (stub, outcome) = publish(r#"{"routed":true}"#);
        let sent = outcome.unwrap().result["sent"].clone();
        assert!(sent["m-1"]["confirmed_ms"].as_u64() >= sent["m-1"]["sent_ms"].as_u64());
        assert!(
            stub.changes()[0].contains(r#""delivery_mode":2"#)
                && stub.changes()[0].contains(r#""headers":{"datetime":"#)
        );
        assert!(stub.changes()[0].contains(r#""payload":"{\"id\":\"m-1\"}""#), "{}", stub.changes()[0]);
        assert_eq!(stub.changes().len(), 2);
    }

    #[test]
    fn a_message_that_no_queue_gets_is_a_failure() {
        let (_stub, outcome) = publish(r#"{"routed":false}"#);
        assert_eq!(outcome.unwrap_err().message, "2 of 2 messages to exchange logging reached no queue");
    }
}
