//! A cluster of brokers: who is there, who leads what, and a connection to each as it is needed.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use dpp_protocol::Failure;
use kafka_protocol::messages::MetadataRequest;
use kafka_protocol::messages::metadata_response::MetadataResponse;

use super::connection::{Connection, named};

/// Connections to a cluster, and what it last said of itself.
pub(super) struct Cluster {
    seed: Connection,
    brokers: HashMap<i32, Connection>,
    timeout: Duration,
    /// What the cluster last said of itself.
    pub(super) map: Map,
}

/// Brokers, controller and topics.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Map {
    pub(super) id: String,
    pub(super) controller: i32,
    /// `host:port` as advertised, by broker.
    pub(super) brokers: BTreeMap<i32, String>,
    pub(super) topics: BTreeMap<String, Topic>,
}

/// A topic.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Topic {
    pub(super) internal: bool,
    pub(super) partitions: BTreeMap<i32, Partition>,
}

/// A partition; `leader` is -1 when there is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Partition {
    pub(super) leader: i32,
    pub(super) replicas: Vec<i32>,
    pub(super) in_sync: Vec<i32>,
}

impl Cluster {
    /// Connects to the first of the servers that answers.
    pub(super) fn open(servers: &[String], timeout: Duration) -> Result<Self, Failure> {
        let mut last = Failure::new("no bootstrap server was given").code("DPP0104");
        for server in servers {
            let server = if server.contains(':') { server.clone() } else { format!("{server}:9092") };
            match Connection::open(&server, timeout) {
                Ok(seed) => {
                    let mut cluster = Self { seed, brokers: HashMap::new(), timeout, map: Map::default() };
                    cluster.refresh()?;
                    return Ok(cluster);
                }
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    /// Asks again who is there.
    pub(super) fn refresh(&mut self) -> Result<(), Failure> {
        let all = MetadataRequest::default().with_topics(None).with_allow_auto_topic_creation(false);
        self.map = read(&self.seed.ask(&all)?);
        Ok(())
    }

    /// The connection on which administration is accepted.
    pub(super) fn controller(&mut self) -> Result<&mut Connection, Failure> {
        let id = self.map.controller;
        if id < 0 { Err(Failure::new("the cluster has no controller").code("DPP0806")) } else { self.broker(id) }
    }

    /// A connection to any broker.
    pub(super) fn any(&mut self) -> &mut Connection {
        &mut self.seed
    }

    /// The connection to one broker, by its advertised address.
    pub(super) fn broker(&mut self, id: i32) -> Result<&mut Connection, Failure> {
        if !self.brokers.contains_key(&id) {
            let connection = self.connect(id)?;
            self.brokers.insert(id, connection);
        }
        self.brokers.get_mut(&id).ok_or_else(|| Failure::new(format!("there is no broker {id}")))
    }

    /// Forgets a connection that failed.
    pub(super) fn forget(&mut self, id: i32) {
        self.brokers.remove(&id);
    }

    fn connect(&self, id: i32) -> Result<Connection, Failure> {
        let Some(address) = self.map.brokers.get(&id) else {
            return Err(Failure::new(format!("there is no broker {id} in the cluster")).code("DPP0806"));
        };
        Connection::open(address, self.timeout).map_err(|failure| {
            if *address == self.seed.address() {
                return failure;
            }
            let help = format!(
                "broker {id} advertises {address}, which this host cannot reach although {} answers: correct \
                 advertised.listeners in server.properties",
                self.seed.address()
            );
            failure.help(help)
        })
    }
}

fn read(reply: &MetadataResponse) -> Map {
    let brokers =
        reply.brokers.iter().map(|broker| (*broker.node_id, format!("{}:{}", broker.host.as_str(), broker.port)));
    let topics = reply.topics.iter().filter(|topic| topic.error_code == 0).filter_map(|topic| {
        let name = topic.name.as_ref()?.as_str().to_owned();
        let partitions = topic.partitions.iter().map(|partition| {
            let ids = |nodes: &[kafka_protocol::messages::BrokerId]| nodes.iter().map(|id| **id).collect();
            let (replicas, in_sync) = (ids(&partition.replica_nodes), ids(&partition.isr_nodes));
            (partition.partition_index, Partition { leader: *partition.leader_id, replicas, in_sync })
        });
        Some((name, Topic { internal: topic.is_internal, partitions: partitions.collect() }))
    });
    Map {
        id: reply.cluster_id.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default(),
        controller: *reply.controller_id,
        brokers: brokers.collect(),
        topics: topics.collect(),
    }
}

impl Map {
    /// What keeps the cluster from being whole, in words; empty when nothing does.
    pub(super) fn troubles(&self, wanted_brokers: usize) -> Vec<String> {
        let mut troubles = Vec::new();
        if self.brokers.len() < wanted_brokers {
            let there: Vec<String> = self.brokers.iter().map(|(id, address)| format!("{id} ({address})")).collect();
            troubles.push(format!("{} of {wanted_brokers} brokers: {}", self.brokers.len(), there.join(", ")));
        }
        if !self.brokers.contains_key(&self.controller) {
            troubles.push("no controller".to_owned());
        }
        for (name, topic) in &self.topics {
            for (index, partition) in &topic.partitions {
                troubles.extend(partition.trouble().map(|trouble| format!("{name}-{index}: {trouble}")));
            }
        }
        troubles
    }
}

impl Partition {
    fn trouble(&self) -> Option<String> {
        if self.leader < 0 {
            return Some("no leader".to_owned());
        }
        let missing: Vec<String> =
            self.replicas.iter().filter(|id| !self.in_sync.contains(id)).map(i32::to_string).collect();
        (!missing.is_empty()).then(|| format!("not in sync on broker {}", missing.join(", ")))
    }
}

/// A failure out of an error code in a reply; nothing for code 0.
pub(super) fn refused(
    attempt: &str,
    code: i16,
    words: Option<&kafka_protocol::protocol::StrBytes>,
) -> Result<(), Failure> {
    if code == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("cannot {attempt}: {}", named(code, words))).code("DPP0802"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(leader: i32, replicas: &[i32], in_sync: &[i32]) -> Partition {
        Partition { leader, replicas: replicas.to_vec(), in_sync: in_sync.to_vec() }
    }

    #[test]
    fn a_cluster_says_what_it_lacks() {
        let mut map = Map { controller: 1, brokers: [(1, "k1:9092".to_owned())].into(), ..Map::default() };
        assert!(map.troubles(1).is_empty());
        let partitions =
            [(0, partition(1, &[1, 2], &[1])), (1, partition(-1, &[2], &[2])), (2, partition(1, &[1], &[1]))];
        map.topics.insert("logs".into(), Topic { internal: false, partitions: partitions.into() });
        map.controller = -1;
        let expected =
            ["1 of 3 brokers: 1 (k1:9092)", "no controller", "logs-0: not in sync on broker 2", "logs-1: no leader"];
        assert_eq!(map.troubles(3), expected);
    }
}
