//! `kafka_connect_wait`: waits until a worker has read its plugins, joined its group and takes orders.

use std::time::Duration;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;

use super::connector::{debians_unit, local};
use super::worker::Worker;
use crate::arguments::Number;
use crate::pipeline::awaited::Awaited;
use crate::pipeline::product::UNREACHABLE;

/// Parameters of `kafka_connect_wait`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConnectWait {
    #[serde(default = "local")]
    url: String,
    /// The unit on this host that the worker runs in; when it dies, nothing is waited for.
    #[serde(default)]
    unit: Option<String>,
    #[serde(default = "two_minutes")]
    timeout: Number,
}

fn two_minutes() -> Number {
    Number(120.0)
}

impl Awaited for KafkaConnectWait {
    const NAME: &'static str = "kafka_connect_wait";
    const PRODUCT: &'static str = "Kafka Connect";

    fn patience(&self) -> f64 {
        self.timeout.0
    }

    fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// A worker tells its version before it is of any use; its connectors it tells once its group is formed. Until
    /// then it refuses in many ways.
    fn missing(&self, limit: Duration, result: &mut ResultMap) -> Result<Vec<String>, Failure> {
        let worker = Worker::within(&self.url, &self.unit_or_debians(), limit);
        let answer = worker.root().and_then(|root| worker.connectors().map(|_| root));
        match answer {
            Ok(root) => {
                result.insert("version".into(), root["version"].clone());
                Ok(Vec::new())
            }
            Err(failure) if failure.code == UNREACHABLE => Err(failure),
            Err(failure) => Ok(vec![failure.message]),
        }
    }

    fn explain(&self, late: Failure) -> Failure {
        late.help(format!("journalctl -u {} -n 50", self.unit_or_debians()))
    }
}

impl KafkaConnectWait {
    pub(super) fn of(url: &str, unit: &str) -> Self {
        Self { url: url.to_owned(), unit: Some(unit.to_owned()), timeout: two_minutes() }
    }

    fn unit_or_debians(&self) -> String {
        self.unit.clone().unwrap_or_else(debians_unit)
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Mode;
    use serde_json::json;

    use crate::pipeline::stub::{Stub, run};

    #[test]
    fn a_worker_is_ready_once_its_group_is_formed() {
        let forming =
            r#"{"error_code":409,"message":"Cannot complete request momentarily due to stale configuration"}"#;
        let stub = Stub::new(&[
            ("GET /", 200, r#"{"version":"4.3.1"}"#),
            ("GET /connectors", 409, forming),
            ("GET /connectors", 409, forming),
            ("GET /connectors", 200, "[]"),
        ]);
        let outcome = run("kafka_connect_wait", &json!({"url": stub.url()}), Mode::Apply).unwrap();
        assert_eq!((&outcome.result["ready"], &outcome.result["version"]), (&json!(true), &json!("4.3.1")));
        assert!(!outcome.changed);
    }

    #[test]
    fn what_it_last_said_is_told_when_the_time_is_over() {
        let stub = Stub::new(&[("GET /", 200, "{}"), ("GET /connectors", 500, r#"{"message":"not yet"}"#)]);
        let params = json!({"url": stub.url(), "timeout": 0.3});
        let failure = run("kafka_connect_wait", &params, Mode::Apply).unwrap_err();
        assert_eq!(failure.code, "DPP0806");
        assert!(failure.message.ends_with("cannot list connectors: not yet"), "{}", failure.message);
    }
}
