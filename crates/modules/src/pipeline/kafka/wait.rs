//! `kafka_wait`: waits until the brokers are there, one controls, and every partition is led and in sync.

use std::time::Duration;

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;
use serde_json::json;

use super::cluster::Cluster;
use super::topic::local;
use crate::arguments::{Flag, Names, Number, Whole};
use crate::pipeline::deadline::Deadline;
use crate::pipeline::product::{Never, Product, UNREACHABLE};
use crate::{Host, Survey};

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

impl Product for KafkaWait {
    const NAME: &'static str = "kafka_wait";
    type Step = Never;

    fn gist(&self) -> Option<Change> {
        None
    }

    fn look(&self, _host: &Host) -> Result<Survey<Never>, Failure> {
        let (troubles, brokers) = self.troubles(Duration::from_secs(5))?;
        let survey = Survey::unchanged().value("brokers", brokers);
        Ok(if troubles.is_empty() { survey.value("ready", true) } else { survey.unpredicted() })
    }

    fn make(&self, step: &Never, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        match *step {}
    }

    fn finish(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if result.contains_key("ready") {
            return Ok(());
        }
        let deadline = Deadline::seconds(self.timeout.0);
        loop {
            let troubles = match self.troubles(deadline.left().min(Duration::from_secs(10))) {
                Ok((troubles, brokers)) if troubles.is_empty() => {
                    result.insert("brokers".into(), brokers);
                    result.insert("ready".into(), true.into());
                    result.insert("elapsed".into(), deadline.elapsed().into());
                    return Ok(());
                }
                Ok((troubles, _)) => troubles,
                Err(failure) if failure.code == UNREACHABLE => vec![failure.message],
                Err(failure) => return Err(failure),
            };
            host.life(&format!("Kafka: {}", troubles[0]), Some(deadline.progress()));
            if !deadline.pause(Duration::from_millis(250)) {
                return Err(late(&deadline, &troubles));
            }
        }
    }
}

impl KafkaWait {
    /// What keeps the cluster from being ready, and its brokers.
    fn troubles(&self, timeout: Duration) -> Result<(Vec<String>, serde_json::Value), Failure> {
        let mut cluster = Cluster::open(&self.bootstrap_servers.0, timeout)?;
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
        Ok((troubles, json!(cluster.map.brokers)))
    }
}

fn late(deadline: &Deadline, troubles: &[String]) -> Failure {
    let shown = troubles.iter().take(10).cloned().collect::<Vec<_>>();
    let failure = Failure::new(format!("Kafka is not ready after {} s: {}", deadline.elapsed(), shown[0]));
    let failure = failure.code("DPP0806").note("missing", shown.join("\n"));
    failure.help("journalctl -u confluent-kafka -n 50 on the brokers that are missing or not in sync")
}
