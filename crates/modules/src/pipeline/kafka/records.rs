//! Reads records out of a topic, from given offsets on, as they come.

use std::time::Duration;

use bytes::{Buf, Bytes};
use dpp_protocol::Failure;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{BrokerId, FetchRequest, TopicName};
use kafka_protocol::records::{Record, RecordBatchDecoder};

use super::cluster::{Cluster, refused};
use super::connection::text;
use super::decompress::decompress;
use super::offsets::{Offsets, leaders};

/// Highest version in which topics are asked for by name.
const BY_NAME: i16 = 12;
const AT_ONCE: i32 = 8 << 20;
/// Base offset and length stand before a batch.
const BATCH_HEAD: usize = 12;

/// A record and its partition.
pub(super) struct Found {
    pub(super) partition: i32,
    pub(super) record: Record,
}

/// Reads what lies behind `from` in all partitions, waits up to `wait` when there is nothing, and moves `from` on.
pub(super) fn fetch(
    cluster: &mut Cluster,
    topic: &str,
    from: &mut Offsets,
    wait: Duration,
) -> Result<Vec<Found>, Failure> {
    let mut found = Vec::new();
    for (leader, partitions) in leaders(cluster, topic) {
        let request = request(topic, &partitions, from, wait);
        let reply = match cluster.broker(leader)?.ask_up_to(&request, BY_NAME) {
            Ok(reply) => reply,
            Err(failure) => {
                cluster.forget(leader);
                return Err(failure);
            }
        };
        refused(&format!("read topic {topic}"), reply.error_code, None)?;
        for partition in reply.responses.into_iter().flat_map(|topic| topic.partitions) {
            let index = partition.partition_index;
            refused(&format!("read {topic}-{index}"), partition.error_code, None)?;
            let records = partition.records.map(batches).transpose();
            let records = records
                .map_err(|error| Failure::new(format!("cannot read {topic}-{index}: {error}")).code("DPP0802"))?;
            let start = from.get(&index).copied().unwrap_or(0);
            for record in records.into_iter().flatten().filter(|record| record.offset >= start) {
                from.insert(index, record.offset + 1);
                if !record.control {
                    found.push(Found { partition: index, record });
                }
            }
        }
    }
    Ok(found)
}

fn request(topic: &str, partitions: &[i32], from: &Offsets, wait: Duration) -> FetchRequest {
    let partitions = partitions.iter().map(|index| {
        FetchPartition::default()
            .with_partition(*index)
            .with_fetch_offset(from.get(index).copied().unwrap_or(0))
            .with_partition_max_bytes(AT_ONCE)
    });
    let topic = FetchTopic::default().with_topic(TopicName(text(topic))).with_partitions(partitions.collect());
    FetchRequest::default()
        .with_replica_id(BrokerId(-1))
        .with_max_wait_ms(i32::try_from(wait.as_millis()).unwrap_or(i32::MAX))
        .with_min_bytes(1)
        .with_max_bytes(AT_ONCE)
        .with_topics(vec![topic])
}

/// All records of the whole batches; the last one may be cut by the broker and is then fetched again.
fn batches(mut bytes: Bytes) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    while bytes.remaining() > BATCH_HEAD {
        let length = (&bytes[8..BATCH_HEAD]).get_u32() as usize;
        if bytes.remaining() < BATCH_HEAD + length {
            break;
        }
        let mut batch = bytes.split_to(BATCH_HEAD + length);
        let unpack = |packed: &mut Bytes, compression| {
            decompress(packed, compression).map_err(std::io::Error::other).map_err(Into::into)
        };
        let set = RecordBatchDecoder::decode_with_custom_compression(&mut batch, Some(unpack));
        records.extend(set.map_err(|error| error.to_string())?.records);
    }
    Ok(records)
}
