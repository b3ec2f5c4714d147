//! Reads the topic along and reports the records that are ours. It joins no group, commits nothing, keeps nothing.

use std::{sync::Arc, thread, time::Duration};

use jiff::Timestamp;
use rdkafka::{
    ClientConfig, ClientContext, Message, Offset, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, KafkaResult},
    message::BorrowedMessage,
    types::RDKafkaErrorCode,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    config::Kafka,
    hop::{Hop, Observation},
    log_entry::MessageId,
    tracker::Tracker,
};

const POLL: Duration = Duration::from_millis(200);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);
/// How often the topic is asked for new partitions, and how soon again after a failure.
const LOOK_AT_TOPIC: Duration = Duration::from_secs(15);
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Reads the topic in a thread of its own until `stop`.
pub fn watch(config: &Kafka, tracker: Arc<Tracker>, stop: CancellationToken) -> KafkaResult<()> {
    let (servers, topic) = (config.bootstrap_servers.clone(), config.topic.clone());
    let watch = TopicWatch { consumer: consumer(config)?, servers, topic, partitions: 0, tracker };
    thread::spawn(move || watch.run(&stop));
    Ok(())
}

/// Librdkafka wants a group's name even of a consumer that joins none; this one is nobody else's.
fn consumer(config: &Kafka) -> KafkaResult<BaseConsumer<Quiet>> {
    ClientConfig::new()
        .set("bootstrap.servers", &config.bootstrap_servers)
        .set("client.id", env!("CARGO_PKG_NAME"))
        .set("group.id", format!("{}-{}", env!("CARGO_PKG_NAME"), Uuid::new_v4().simple()))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("allow.auto.create.topics", "false")
        .set("auto.offset.reset", "latest")
        .set("reconnect.backoff.max.ms", "2000")
        .create_with_context(Quiet)
}

/// What librdkafka tells of its connections is for debugging; what matters is reported as a hindrance.
struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, message, "librdkafka");
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
    }
}

impl ConsumerContext for Quiet {}

struct TopicWatch {
    consumer: BaseConsumer<Quiet>,
    servers: String,
    topic: String,
    partitions: usize,
    tracker: Arc<Tracker>,
}

impl TopicWatch {
    fn run(mut self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let look = self.follow_topic();
            let next_look = if look.is_ok() { LOOK_AT_TOPIC } else { LOOK_AGAIN };
            self.tracker.hinder(Hop::Kafka, look.err());
            self.read_for(next_look, stop);
        }
    }

    fn read_for(&self, period: Duration, stop: &CancellationToken) {
        let end = std::time::Instant::now() + period;
        while std::time::Instant::now() < end && !stop.is_cancelled() {
            match self.consumer.poll(POLL) {
                Some(Ok(record)) => self.look_at(&record),
                Some(Err(error)) => {
                    self.tracker.hinder(Hop::Kafka, Some(self.in_words(&error)));
                    thread::sleep(POLL);
                    return;
                }
                None => {}
            }
        }
    }

    fn look_at(&self, record: &BorrowedMessage<'_>) {
        if let Some(id) = record.payload().and_then(MessageId::find_in) {
            let place = format!("partition {}, offset {}", record.partition(), record.offset());
            self.tracker.observe(id, Hop::Kafka, Observation::Seen { place });
        }
    }

    /// Makes sure that all partitions are read, also those that were added since.
    fn follow_topic(&mut self) -> Result<(), String> {
        let partitions = self.partitions().map_err(|error| self.in_words(&error))?;
        if partitions.len() != self.partitions {
            self.assign(&partitions).map_err(|error| self.in_words(&error))?;
            self.partitions = partitions.len();
        }
        Ok(())
    }

    fn partitions(&self) -> KafkaResult<Vec<i32>> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), REQUEST_TIMEOUT)?;
        let topic = metadata.topics().iter().find(|topic| topic.name() == self.topic);
        let topic = topic.ok_or(KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition))?;
        match topic.error() {
            Some(error) => Err(KafkaError::MetadataFetch(error.into())),
            None => Ok(topic.partitions().iter().map(rdkafka::metadata::MetadataPartition::id).collect()),
        }
    }

    /// Starts reading where the oldest message that is still waited for can be: a message sent while Kafka was away
    /// must not be missed because the reader came back after it.
    fn assign(&self, partitions: &[i32]) -> KafkaResult<()> {
        let mut start = TopicPartitionList::new();
        // The ends are asked for first; a record that comes in between is then read rather than skipped.
        for (partition, end) in self.ends(partitions)? {
            start.add_partition_offset(&self.topic, partition, Offset::Offset(end))?;
        }
        for found in self.since(partitions, self.oldest_wanted())?.elements() {
            if let Offset::Offset(_) = found.offset() {
                start.set_partition_offset(&self.topic, found.partition(), found.offset())?;
            }
        }
        self.consumer.assign(&start)
    }

    fn ends(&self, partitions: &[i32]) -> KafkaResult<Vec<(i32, i64)>> {
        let end = |&partition| {
            let (_, end) = self.consumer.fetch_watermarks(&self.topic, partition, REQUEST_TIMEOUT)?;
            Ok((partition, end))
        };
        partitions.iter().map(end).collect()
    }

    fn since(&self, partitions: &[i32], time: Timestamp) -> KafkaResult<TopicPartitionList> {
        let mut times = TopicPartitionList::new();
        for &partition in partitions {
            times.add_partition_offset(&self.topic, partition, Offset::Offset(time.as_millisecond()))?;
        }
        self.consumer.offsets_for_times(times, REQUEST_TIMEOUT)
    }

    /// One sentence for one trouble, however many ways librdkafka has of telling it.
    fn in_words(&self, error: &KafkaError) -> String {
        use RDKafkaErrorCode as Code;
        match error.rdkafka_error_code() {
            Some(Code::BrokerTransportFailure | Code::AllBrokersDown | Code::OperationTimedOut | Code::Resolve) => {
                format!("Kafka at {} cannot be reached", self.servers)
            }
            Some(Code::UnknownTopic | Code::UnknownTopicOrPartition) => format!("there is no topic {} yet", self.topic),
            _ => format!("Kafka topic {}: {error}", self.topic),
        }
    }

    /// The header that becomes a record's time holds whole seconds, so the second before may be meant.
    fn oldest_wanted(&self) -> Timestamp {
        let oldest = self.tracker.waiting_for(Hop::Kafka).first().map(|(_, received)| *received);
        let oldest = oldest.unwrap_or_else(Timestamp::now);
        oldest.checked_sub(Duration::from_secs(1)).unwrap_or(oldest)
    }
}
