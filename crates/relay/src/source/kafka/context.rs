//! What Kafka's client tells the consumer beside its messages: that partitions go to another member, and what is wrong.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use tokio::sync::Notify;

use crate::librdkafka;

/// The client repeats a complaint that lasts at least this often.
const COMPLAINTS_LAST: Duration = Duration::from_secs(90);

/// Shared between the client's callbacks and the one who reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Arc<Watched>);

#[derive(Debug, Default)]
struct Watched {
    reassigned: AtomicBool,
    wake: Notify,
    complaint: Mutex<Option<(Instant, String)>>,
}

impl Watch {
    /// Returns whether partitions were taken away since this was last asked.
    pub(super) fn take_reassigned(&self) -> bool {
        self.0.reassigned.swap(false, Ordering::AcqRel)
    }

    /// Waits until partitions are taken away.
    pub(super) async fn reassigned(&self) {
        self.0.wake.notified().await;
    }

    /// Returns what the client complained about lately.
    pub(super) fn complaint(&self) -> Option<String> {
        let complaint = self.0.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        complaint.as_ref().filter(|(at, _)| at.elapsed() < COMPLAINTS_LAST).map(|(_, words)| words.clone())
    }

    /// Records a complaint; returns whether it is another one than the last.
    pub(super) fn complain(&self, words: &str) -> bool {
        let words = librdkafka::in_our_words(words);
        let mut complaint = self.0.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = complaint.as_ref().is_none_or(|(_, last)| *last != words);
        *complaint = Some((Instant::now(), words));
        is_news
    }

    pub(super) fn is_content(&self) {
        *self.0.complaint.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        librdkafka::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "librdkafka");
        // "2/2 brokers are down" follows the reason of the last one, which says more.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.complain(reason);
        }
    }
}

impl ConsumerContext for Watch {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(partitions) => {
                tracing::info!(partitions = partitions.count(), "Kafka assigned partitions");
            }
            Rebalance::Revoke(partitions) => {
                tracing::info!(partitions = partitions.count(), "Kafka takes the partitions back");
                self.0.reassigned.store(true, Ordering::Release);
                self.0.wake.notify_one();
            }
            Rebalance::Error(error) => drop(self.complain(&error.to_string())),
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, _: &TopicPartitionList) {
        // What is not committed now is with the next commit; the worst is that records are read twice.
        if let Err(error) = result {
            tracing::debug!(%error, "Kafka did not take the offsets");
        }
    }
}
