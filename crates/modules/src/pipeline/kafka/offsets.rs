//! Where a topic's partitions begin and end, and where a consumer group stands in them.

use std::collections::BTreeMap;

use dpp_protocol::Failure;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{
    BrokerId, FindCoordinatorRequest, GroupId, ListOffsetsRequest, OffsetFetchRequest, TopicName,
};

use super::cluster::{Cluster, refused};
use super::connection::text;

/// Asks for the offset after the last record.
pub(super) const LATEST: i64 = -1;
/// Asks for the offset of the oldest record that is kept.
pub(super) const EARLIEST: i64 = -2;

/// Offsets by partition.
pub(super) type Offsets = BTreeMap<i32, i64>;

/// Offsets of all led partitions at `time`: [`LATEST`], [`EARLIEST`] or milliseconds since the epoch.
pub(super) fn at(cluster: &mut Cluster, topic: &str, time: i64) -> Result<Offsets, Failure> {
    let mut offsets = Offsets::new();
    for (leader, partitions) in leaders(cluster, topic) {
        let partitions = partitions
            .iter()
            .map(|index| ListOffsetsPartition::default().with_partition_index(*index).with_timestamp(time))
            .collect();
        let topics = vec![ListOffsetsTopic::default().with_name(TopicName(text(topic))).with_partitions(partitions)];
        let request = ListOffsetsRequest::default().with_replica_id(BrokerId(-1)).with_topics(topics);
        let reply = cluster.broker(leader)?.ask(&request)?;
        for partition in reply.topics.iter().flat_map(|topic| &topic.partitions) {
            refused(&format!("read offsets of {topic}-{}", partition.partition_index), partition.error_code, None)?;
            offsets.insert(partition.partition_index, partition.offset);
        }
    }
    Ok(offsets)
}

/// A topic's partitions by the broker that leads them.
pub(super) fn leaders(cluster: &Cluster, topic: &str) -> BTreeMap<i32, Vec<i32>> {
    let mut leaders: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    let partitions = cluster.map.topics.get(topic).into_iter().flat_map(|topic| &topic.partitions);
    for (index, partition) in partitions.filter(|(_, partition)| partition.leader >= 0) {
        leaders.entry(partition.leader).or_default().push(*index);
    }
    leaders
}

/// What a group has committed, by topic and partition; a group that never was has committed nothing.
pub(super) fn committed(cluster: &mut Cluster, group: &str) -> Result<BTreeMap<String, Offsets>, Failure> {
    // Higher versions ask for several groups at once, in other fields.
    let find = FindCoordinatorRequest::default().with_key(text(group)).with_key_type(0);
    let coordinator = cluster.any().ask_up_to(&find, 3)?;
    refused(
        &format!("find the coordinator of group {group}"),
        coordinator.error_code,
        coordinator.error_message.as_ref(),
    )?;
    let fetch = OffsetFetchRequest::default().with_group_id(GroupId(text(group))).with_topics(None);
    let reply = cluster.broker(*coordinator.node_id)?.ask_up_to(&fetch, 7)?;
    refused(&format!("read offsets of group {group}"), reply.error_code, None)?;
    let mut committed: BTreeMap<String, Offsets> = BTreeMap::new();
    for topic in &reply.topics {
        let offsets = topic.partitions.iter().filter(|partition| partition.committed_offset >= 0);
        let offsets = offsets.map(|partition| (partition.partition_index, partition.committed_offset));
        committed.insert(topic.name.as_str().to_owned(), offsets.collect());
    }
    Ok(committed)
}
