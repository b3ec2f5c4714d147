//! Keeps the client asleep while Kafka is connected and says nothing.
//!
//! librdkafka's thread of a broker asks the clock without a pause whether records may go that wait behind others of their
//! partition, unless a request waits to be sent as well (2.12.1; its issues 2565 and 3692). So Kafka is asked for offsets, which
//! nobody needs, until the connection is full; the answers come when Kafka does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use rdkafka::metadata::MetadataTopic;
use rdkafka::producer::{Producer, ThreadedProducer};

use super::client::{IN_FLIGHT, Reporter};

/// As long as an unanswered request of the client keeps its connection: a question must not be what ends it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Each question is two requests, and one more than the connection takes must wait.
const QUESTIONS: u8 = IN_FLIGHT / 2 + 1;

/// What is asked of whom while Kafka is silent.
#[derive(Debug, Default)]
pub(super) struct Silence {
    /// A partition of each leader, as of the last time that Kafka answered.
    partitions: Mutex<Vec<i32>>,
    /// Held by every question that has no answer.
    asked: Arc<()>,
}

impl Silence {
    /// Learns who leads which partitions.
    pub(super) fn learn(&self, topic: &MetadataTopic) {
        let led = topic.partitions().iter().filter(|partition| partition.leader() >= 0);
        let by_leader: BTreeMap<i32, i32> = led.map(|partition| (partition.leader(), partition.id())).collect();
        *self.partitions.lock().unwrap_or_else(PoisonError::into_inner) = by_leader.into_values().collect();
    }

    /// Asks all leaders, unless they are asked already.
    pub(super) fn fill(&self, producer: &Arc<ThreadedProducer<Reporter>>, topic: &str) {
        if Arc::strong_count(&self.asked) > 1 {
            return;
        }
        let partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        for partition in partitions.iter().flat_map(|partition| [*partition; QUESTIONS as usize]) {
            let (asked, producer, topic) = (Arc::clone(&self.asked), Arc::clone(producer), topic.to_owned());
            let question = move || {
                // Whatever the answer is, the question has done its work.
                let _ = producer.client().fetch_watermarks(&topic, partition, PATIENCE);
                drop(asked);
            };
            // A thread that cannot be had costs processor time, and nothing else.
            let _ = thread::Builder::new().name("question".to_owned()).spawn(question);
        }
    }
}
