//! `kafka_facts`: brokers, topics with their ends, and how far groups are behind; for status screens and probes.

use std::time::Duration;

use dpp_protocol::Failure;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cluster::{Cluster, Topic};
use super::offsets::{self, EARLIEST, LATEST};
use super::topic::local;
use crate::arguments::{Names, Number};
use crate::pipeline::product::{Never, Product};
use crate::{Host, Survey};

/// Parameters of `kafka_facts`; without topics, all but Kafka's own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaFacts {
    #[serde(default = "local", alias = "bootstrap_server")]
    bootstrap_servers: Names,
    #[serde(default)]
    topics: Names,
    /// Consumer groups; the one of a sink connector is `connect-NAME`.
    #[serde(default)]
    groups: Names,
    #[serde(default = "ten_seconds")]
    timeout: Number,
}

fn ten_seconds() -> Number {
    Number(10.0)
}

impl Product for KafkaFacts {
    const NAME: &'static str = "kafka_facts";
    type Step = Never;

    only_asks!("brokers");

    fn look(&self, _host: &Host) -> Result<Survey<Never>, Failure> {
        let mut cluster =
            Cluster::open(&self.bootstrap_servers.0, Duration::from_secs_f64(self.timeout.0.clamp(1.0, 600.0)))?;
        let mut topics = Map::new();
        let map = cluster.map.clone();
        for (name, topic) in map.topics.iter().filter(|(name, topic)| self.is_wanted(name, topic)) {
            topics.insert(name.clone(), described(&mut cluster, name, topic)?);
        }
        let mut groups = Map::new();
        for group in &self.groups.0 {
            let lag = lag(&mut cluster, group).unwrap_or_else(|failure| json!({"lag": null, "error": failure.message}));
            groups.insert(group.clone(), lag);
        }
        Ok(Survey::unchanged()
            .value("cluster_id", map.id.clone())
            .value("controller", map.controller)
            .value("brokers", json!(map.brokers))
            .value("troubles", map.troubles(1))
            .value("topics", topics)
            .value("groups", groups))
    }
}

impl KafkaFacts {
    fn is_wanted(&self, name: &str, topic: &Topic) -> bool {
        if self.topics.0.is_empty() { !topic.internal } else { self.topics.0.iter().any(|wanted| wanted == name) }
    }
}

fn described(cluster: &mut Cluster, name: &str, topic: &Topic) -> Result<Value, Failure> {
    let ends = offsets::at(cluster, name, LATEST)?;
    let partitions: Map<String, Value> = topic
        .partitions
        .iter()
        .map(|(index, partition)| {
            let facts = json!({
                "leader": partition.leader,
                "replicas": partition.replicas,
                "isr": partition.in_sync,
                "end": ends.get(index),
            });
            (index.to_string(), facts)
        })
        .collect();
    Ok(json!({"partitions": partitions, "end": ends.values().sum::<i64>()}))
}

/// How far a group is behind, by topic; what it never committed counts from the oldest record on.
fn lag(cluster: &mut Cluster, group: &str) -> Result<Value, Failure> {
    let mut topics = Map::new();
    let mut sum = 0;
    for (topic, committed) in offsets::committed(cluster, group)? {
        let (ends, starts) = (offsets::at(cluster, &topic, LATEST)?, offsets::at(cluster, &topic, EARLIEST)?);
        let behind = |(index, end): (&i32, &i64)| {
            let stands = committed.get(index).or_else(|| starts.get(index)).copied().unwrap_or(*end);
            (end - stands).max(0)
        };
        let lag: i64 = ends.iter().map(behind).sum();
        sum += lag;
        let committed: Map<String, Value> =
            committed.iter().map(|(index, offset)| (index.to_string(), (*offset).into())).collect();
        topics.insert(topic, json!({"lag": lag, "committed": committed}));
    }
    // A group that has committed nothing yet may be anywhere behind.
    let sum = (!topics.is_empty()).then_some(sum);
    Ok(json!({"lag": sum, "topics": topics}))
}
