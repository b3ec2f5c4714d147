//! `kafka_wait`: waits until the brokers are there, one controls, and every partition is led and in sync.

use std::time::Duration;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;
use serde_json::json;

use super::cluster::Cluster;
use super::topic::local;
use crate::arguments::{Flag, Names, Number, Whole};
use crate::pipeline::awaited::Awaited;

/// Parameters of `kafka_wait`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaWait {
    #[serde(default = "local", alias = "bootstrap_server")]
    bootstrap_servers: Names,
    #[serde(default = "one")]
    brokers: Whole,
    #[serde(default = "yes")]
    in_sync: Flag,
    /// The unit on this host that a broker runs in; when it dies, nothing is waited for.
    #[serde(default)]
    unit: Option<String>,
    #[serde(default = "two_minutes")]
    timeout: Number,
}

fn one() -> Whole {
    Whole(1)
}

fn yes() -> Flag {
    Flag(true)
}

fn two_minutes() -> Number {
    Number(120.0)
}

impl Awaited for KafkaWait {
    const NAME: &'static str = "kafka_wait";
    const PRODUCT: &'static str = "Kafka";

    fn patience(&self) -> f64 {
        self.timeout.0
    }

    fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    fn missing(&self, limit: Duration, result: &mut ResultMap) -> Result<Vec<String>, Failure> {
        let mut cluster = Cluster::open(&self.bootstrap_servers.0, limit)?;
        let wanted = usize::try_from(self.brokers.0).unwrap_or(1);
        if !self.in_sync.0 {
            cluster.map.topics.clear();
        }
        let mut troubles = cluster.map.troubles(wanted);
        for id in cluster.map.brokers.keys().copied().collect::<Vec<_>>() {
            if let Err(failure) = cluster.broker(id) {
                troubles.push(failure.help.unwrap_or(failure.message));
            }
        }
        result.insert("brokers".into(), json!(cluster.map.brokers));
        Ok(troubles)
    }

    fn explain(&self, late: Failure) -> Failure {
        late.help("journalctl -u confluent-kafka -n 50 on the brokers that are missing or not in sync")
    }
}
