//! `kafka_search`: waits for marked records in a topic and tells when each was seen; for end-to-end probes.

use std::collections::BTreeMap;
use std::time::Duration;

use dpp_protocol::{Failure, ResultMap};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cluster::Cluster;
use super::offsets::{self, LATEST, Offsets};
use super::records::{Found, fetch};
use super::topic::local;
use crate::arguments::{Names, Number};
use crate::pipeline::deadline::{Deadline, now_ms};
use crate::pipeline::product::{Never, Product};
use crate::{Host, Survey};

/// Parameters of `kafka_search`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSearch {
    #[serde(default = "local", alias = "bootstrap_server")]
    bootstrap_servers: Names,
    topic: String,
    /// Texts of which each marks one message.
    ids: Names,
    /// Where to begin, by partition: the ends that `kafka_facts` gave before the messages were sent.
    #[serde(default)]
    from: BTreeMap<String, i64>,
    /// Where to begin instead: records since so many milliseconds after the epoch.
    #[serde(default)]
    since: Option<i64>,
    #[serde(default = "a_minute")]
    timeout: Number,
}

fn a_minute() -> Number {
    Number(60.0)
}

impl Product for KafkaSearch {
    const NAME: &'static str = "kafka_search";
    type Step = Never;

    only_asks!();

    fn look(&self, _host: &Host) -> Result<Survey<Never>, Failure> {
        Ok(Survey::unchanged().unpredicted())
    }

    fn finish(&self, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let deadline = Deadline::seconds(self.timeout.0);
        let mut cluster = Cluster::open(&self.bootstrap_servers.0, deadline.left())?;
        if !cluster.map.topics.contains_key(&self.topic) {
            let there: Vec<&String> = cluster.map.topics.keys().collect();
            return Err(Failure::new(format!("there is no topic {} to search", self.topic))
                .code("DPP0802")
                .note("topics", there.into_iter().cloned().collect::<Vec<_>>().join(", ")));
        }
        let mut from = self.start(&mut cluster)?;
        let mut sightings = Sightings::default();
        loop {
            for found in fetch(&mut cluster, &self.topic, &mut from, deadline.left().min(Duration::from_millis(500)))? {
                sightings.note(&found, &self.ids.0, now_ms());
            }
            if sightings.seen.len() == self.ids.0.len() || deadline.over() {
                break;
            }
            let done = (sightings.seen.len() as u64, self.ids.0.len() as u64);
            host.life(&format!("searching topic {}", self.topic), Some(done));
        }
        result.extend(sightings.described(&self.ids.0));
        result.insert("next".into(), json!(from));
        Ok(())
    }
}

impl KafkaSearch {
    fn start(&self, cluster: &mut Cluster) -> Result<Offsets, Failure> {
        let mut start = offsets::at(cluster, &self.topic, LATEST)?;
        if let Some(since) = self.since {
            // A partition without a younger record answers -1: its end is right then.
            let since = offsets::at(cluster, &self.topic, since)?;
            start.extend(since.into_iter().filter(|(_, offset)| *offset >= 0));
        }
        for (partition, offset) in &self.from {
            let partition = partition.parse().map_err(|_| {
                Failure::new(format!("wrong parameters for `kafka_search`: from: {partition} is no partition"))
                    .code("DPP0104")
            })?;
            start.insert(partition, *offset);
        }
        Ok(start)
    }
}

/// What was seen of each id.
#[derive(Default)]
struct Sightings {
    seen: BTreeMap<String, Sighting>,
}

struct Sighting {
    count: u64,
    first_ms: u64,
    timestamp: i64,
    partition: i32,
    offset: i64,
}

impl Sightings {
    fn note(&mut self, found: &Found, ids: &[String], now: u64) {
        let Some(value) = &found.record.value else { return };
        let text = String::from_utf8_lossy(value);
        for id in ids.iter().filter(|id| text.contains(id.as_str())) {
            let (partition, offset, timestamp) = (found.partition, found.record.offset, found.record.timestamp);
            let first = Sighting { count: 0, first_ms: now, timestamp, partition, offset };
            self.seen.entry(id.clone()).or_insert(first).count += 1;
        }
    }

    fn described(&self, ids: &[String]) -> Map<String, Value> {
        let seen: Map<String, Value> = self
            .seen
            .iter()
            .map(|(id, sighting)| {
                let facts = json!({
                    "count": sighting.count,
                    "seen_ms": sighting.first_ms,
                    "timestamp_ms": sighting.timestamp,
                    "partition": sighting.partition,
                    "offset": sighting.offset,
                });
                (id.clone(), facts)
            })
            .collect();
        let lost: Vec<&String> = ids.iter().filter(|id| !self.seen.contains_key(*id)).collect();
        let doubled: Vec<&String> = self.seen.iter().filter(|(_, found)| found.count > 1).map(|(id, _)| id).collect();
        let mut result = Map::new();
        result.insert("lost".into(), json!(lost));
        result.insert("doubled".into(), json!(doubled));
        result.insert("seen".into(), seen.into());
        result
    }
}
