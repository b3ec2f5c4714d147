//! The reader: what Kafka really has, read by a plain consumer past the proxy, and what lies in the file of dead letters.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;

use crate::evidence::Record;
use crate::lab::Error;
use crate::message::{Messages, hash};
use crate::relay::text_of;

/// What was read.
#[derive(Debug, Default)]
pub struct Read {
    /// Records of messages of the run.
    pub records: Vec<Record>,
    /// Records and letters of none.
    pub strangers: u64,
    /// Their numbers.
    pub numbers: BTreeSet<u64>,
}

/// Reads one topic.
pub struct Reader {
    consumer: BaseConsumer,
    messages: Messages,
    /// What was read so far.
    pub read: Read,
}

impl Reader {
    /// Begins at the beginning of a topic.
    pub fn open(bootstrap: &str, topic: &str, messages: Messages) -> Result<Self, Error> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "dpp-harness")
            .set("enable.auto.commit", "false")
            .create()?;
        let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(30))?;
        let mut all = TopicPartitionList::new();
        for partition in metadata.topics().first().ok_or("the topic does not exist")?.partitions() {
            all.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
        }
        consumer.assign(&all)?;
        Ok(Self { consumer, messages, read: Read::default() })
    }

    /// Reads what there is, until nothing came for a while.
    pub fn read_on(&mut self, quiet: Duration) {
        let mut last = Instant::now();
        while last.elapsed() < quiet {
            // A broker on its way back: the reader waits like everybody else.
            if let Some(Ok(record)) = self.consumer.poll(Duration::from_millis(100)) {
                last = Instant::now();
                self.read.take(&record, &self.messages);
            }
        }
    }
}

impl Read {
    fn take(&mut self, record: &BorrowedMessage<'_>, messages: &Messages) {
        let id = header(record, "amqp.message_id").unwrap_or_default();
        let Some(number) = messages.number(&id) else {
            self.strangers += 1;
            return;
        };
        self.numbers.insert(number);
        self.records.push(Record {
            number,
            partition: record.partition(),
            key: record.key().map(|key| String::from_utf8_lossy(key).into_owned()),
            redelivered: header(record, "amqp.redelivered").as_deref() == Some("true"),
            intact: is_intact(record, messages, number),
        });
    }
}

fn is_intact(record: &BorrowedMessage<'_>, messages: &Messages, number: u64) -> bool {
    let body = messages.published_body(number, record.payload().unwrap_or_default());
    let date = header(record, "datetime").and_then(|seconds| seconds.parse::<i64>().ok());
    body.is_some_and(|body| body == messages.body(number) && header(record, "sha256") == Some(hash(&body)))
        && header(record, "key") == Some(Messages::key(number))
        && date.is_some_and(|seconds| record.timestamp().to_millis() == Some(seconds * 1_000))
}

fn header(record: &BorrowedMessage<'_>, name: &str) -> Option<String> {
    let value = record.headers()?.iter().find(|header| header.key == name)?.value?;
    String::from_utf8(value.to_vec()).ok()
}

/// Reads the file of dead letters: number and whether the bytes are the published ones; and how many letters name none.
pub fn letters(path: &Path, messages: &Messages) -> (Vec<(u64, bool)>, u64) {
    let (mut letters, mut strangers) = (Vec::new(), 0);
    // A line that is torn is one that a killed relay did not finish; its message is not acknowledged and comes again.
    for letter in text_of(path).lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let id = letter["properties"]["message_id"].as_str().unwrap_or_default();
        let Some(number) = messages.number(id) else {
            strangers += 1;
            continue;
        };
        let body = STANDARD.decode(letter["body_base64"].as_str().unwrap_or_default()).unwrap_or_default();
        let intact = body == messages.body(number) && letter["headers"]["sha256"] == hash(&body);
        letters.push((number, intact));
    }
    (letters, strangers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_told_by_their_bytes_and_torn_lines_are_none() {
        let messages = Messages::of("r", true);
        let line = |number: u64, body: &[u8]| {
            let hash = hash(&messages.body(number));
            serde_json::json!({
                "properties": {"message_id": messages.id(number)},
                "headers": {"sha256": hash},
                "body_base64": STANDARD.encode(body),
            })
        };
        let text = format!(
            "{}\n{}\n{{\"properties\":{{}}}}\n{{\"torn",
            line(500, &messages.body(500)),
            line(700, b"something else")
        );
        let path = std::env::temp_dir().join(format!("dpp-harness-letters-{}", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let found = letters(&path, &messages);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(found, (vec![(500, true), (700, false)], 1));
    }
}
