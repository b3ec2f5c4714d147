//! Kafka as a source: a member of a consumer group whose offsets follow what was settled, and nothing else.
//!
//! An acknowledgement stores offsets in the client, which commits them once a second, when partitions are taken away and
//! when it is closed. The client refuses to store an offset of a partition that is no longer its own.

mod context;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::timeout;

use super::{Arrival, SourceError};
use crate::config::{KafkaSourceConfig, codecs};
use crate::credentials::Credentials;
use crate::envelope::{Envelope, Origin, Place};
use crate::librdkafka::{self, AccessError, explained, without_words};

use context::Watch;

/// How long a broker may take to answer one question.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many settled records are worth an acknowledgement before its time, which costs next to nothing here.
const WORTH: usize = 1_000;

/// Without room for so many looks at the clock, reading is paused; at once would throw away what was fetched ahead.
const LOOKS_BEFORE_PAUSE: u32 = 20;

/// A member of a consumer group.
pub struct KafkaSource {
    consumer: StreamConsumer<Watch>,
    watch: Watch,
    credentials: Credentials,
    read: VecDeque<(Arc<str>, i32, i64)>,
    front_tag: u64,
    kept: Option<Envelope>,
    looks_without_room: u32,
    paused: bool,
}

impl KafkaSource {
    /// Joins the group, after the topics were found.
    pub async fn open(config: &KafkaSourceConfig) -> Result<Self, SourceError> {
        let (watch, credentials) = (Watch::default(), Credentials::of(config.access().files()));
        let refused = |source| SourceError::Kafka { doing: format!("read {config}"), reason: reason(&source, &watch) };
        let consumer: StreamConsumer<Watch> = settings(config)?.create_with_context(watch.clone()).map_err(refused)?;
        let consumer = find(consumer, config, &watch).await?;
        let topics: Vec<&str> = config.topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).map_err(refused)?;
        Ok(Self {
            consumer,
            watch,
            credentials,
            read: VecDeque::new(),
            front_tag: 1,
            kept: None,
            looks_without_room: 0,
            paused: false,
        })
    }

    /// Looks for the topics.
    pub async fn check(config: &KafkaSourceConfig) -> Result<(), SourceError> {
        let watch = Watch::default();
        let refused = |source| SourceError::Kafka { doing: format!("read {config}"), reason: reason(&source, &watch) };
        let consumer: StreamConsumer<Watch> = settings(config)?.create_with_context(watch.clone()).map_err(refused)?;
        let consumer = find(consumer, config, &watch).await?;
        // Taking a consumer down waits for its threads.
        let closed = tokio::task::spawn_blocking(move || drop(consumer)).await;
        closed.map_err(|error| SourceError::Kafka { doing: "close the consumer".to_owned(), reason: error.to_string() })
    }

    /// Returns the next record with its tag, or that the partitions are others now and tags begin anew.
    pub async fn next(&mut self) -> Result<Arrival, SourceError> {
        loop {
            if self.watch.take_reassigned() {
                self.begin_anew();
                return Ok(Arrival::Reassigned);
            }
            if let Some(envelope) = self.kept.take() {
                return Ok(self.arrived(envelope));
            }
            let received = tokio::select! {
                biased;
                () = self.watch.reassigned() => continue,
                received = self.consumer.recv() => received,
            };
            match received {
                Ok(message) => {
                    self.kept = Some(envelope(&message));
                    self.watch.is_content();
                }
                Err(error) => self.bear(error)?,
            }
        }
    }

    /// Everything but the client's own end heals without us.
    fn bear(&self, error: KafkaError) -> Result<(), SourceError> {
        if let Some(RDKafkaErrorCode::Fatal) = error.rdkafka_error_code() {
            return Err(SourceError::Kafka { doing: "read from Kafka".to_owned(), reason: error.to_string() });
        }
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            let words = words(&error);
            if self.watch.complain(&words) {
                tracing::warn!(reason = words, "reading is in trouble");
            }
        }
        Ok(())
    }

    fn arrived(&mut self, envelope: Envelope) -> Arrival {
        if let Origin::Kafka(place) = &envelope.origin {
            self.read.push_back((Arc::clone(&place.topic), place.partition, place.offset));
        }
        Arrival::Message(self.front_tag + self.read.len() as u64 - 1, envelope)
    }

    fn begin_anew(&mut self) {
        self.read.clear();
        (self.front_tag, self.looks_without_room, self.paused) = (1, 0, false);
        // A record that came before its partition was taken away is no longer ours; one that came after it is.
        let is_ours = |envelope: &Envelope| self.is_assigned(envelope);
        if !self.kept.as_ref().is_some_and(is_ours) {
            self.kept = None;
        }
    }

    fn is_assigned(&self, envelope: &Envelope) -> bool {
        let Origin::Kafka(place) = &envelope.origin else { return false };
        self.consumer.assignment().is_ok_and(|list| list.find_partition(&place.topic, place.partition).is_some())
    }

    /// Stores how far was read; Kafka learns it within a second.
    pub fn acknowledge(&mut self, up_to: u64) -> Result<(), SourceError> {
        let settled = usize::try_from((up_to + 1).saturating_sub(self.front_tag)).unwrap_or(0);
        let mut reached: HashMap<(Arc<str>, i32), i64> = HashMap::new();
        for (topic, partition, offset) in self.read.drain(..settled.min(self.read.len())) {
            reached.insert((topic, partition), offset + 1);
            self.front_tag += 1;
        }
        let mut list = TopicPartitionList::with_capacity(reached.len());
        for ((topic, partition), offset) in reached {
            list.add_partition_offset(&topic, partition, Offset::Offset(offset)).map_err(store_failed)?;
        }
        match self.consumer.store_offsets(&list) {
            // The partition is another member's by now, who reads the records again.
            Err(error) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::State) => Ok(()),
            stored => stored.map_err(store_failed),
        }
    }

    /// Returns how many settled records are worth an acknowledgement.
    pub fn worth() -> usize {
        WORTH
    }

    /// Returns what stands in the way of reading.
    pub fn complaint(&self) -> Option<String> {
        self.watch.complaint()
    }

    /// Returns whether the files of certificates and passwords are others now.
    pub fn is_outdated(&self) -> bool {
        self.credentials.changed()
    }

    /// Returns whether the client must be listened to even without room, since it is a member only as long as it is.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Pauses when there was no room for long, and goes on when there is some.
    pub fn mind_room(&mut self, has_room: bool) -> Result<(), SourceError> {
        self.looks_without_room = if has_room { 0 } else { self.looks_without_room + 1 };
        let pause = self.looks_without_room >= LOOKS_BEFORE_PAUSE;
        if pause == self.paused { Ok(()) } else { self.pause(pause) }
    }

    /// Reads no more; what was read is still settled and acknowledged.
    pub fn cancel(&mut self) -> Result<(), SourceError> {
        self.pause(true)
    }

    fn pause(&mut self, pause: bool) -> Result<(), SourceError> {
        let done = self
            .consumer
            .assignment()
            .and_then(|list| if pause { self.consumer.pause(&list) } else { self.consumer.resume(&list) });
        self.paused = pause;
        done.map_err(|error| SourceError::Kafka { doing: "pause reading".to_owned(), reason: error.to_string() })
    }

    /// Commits what is stored and leaves the group.
    pub async fn close(self) {
        let consumer = self.consumer;
        let closing = tokio::task::spawn_blocking(move || drop(consumer));
        if timeout(PATIENCE, closing).await.is_err() {
            tracing::warn!("Kafka did not let the consumer go; records may be read twice");
        }
    }
}

/// Asks for all topics, because a broker may create a topic that is asked for by name.
async fn find(
    consumer: StreamConsumer<Watch>,
    config: &KafkaSourceConfig,
    watch: &Watch,
) -> Result<StreamConsumer<Watch>, SourceError> {
    let doing = format!("read {config}");
    let asked = tokio::task::spawn_blocking(move || {
        let metadata = consumer.fetch_metadata(None, PATIENCE);
        let names = metadata.map(|all| all.topics().iter().map(|topic| topic.name().to_owned()).collect::<Vec<_>>());
        (consumer, names)
    });
    let (consumer, names) =
        asked.await.map_err(|error| SourceError::Kafka { doing: doing.clone(), reason: error.to_string() })?;
    let names = match names {
        Ok(names) => names,
        Err(error) => {
            let reason = explained(reason(&error, watch), &config.bootstrap_servers, config.access()).await;
            return Err(SourceError::Kafka { doing, reason });
        }
    };
    match config.topics.iter().find(|topic| !names.contains(topic)) {
        None => Ok(consumer),
        Some(absent) => {
            let reason = format!("there is no topic `{absent}`, or it may not be described");
            Err(SourceError::Kafka { doing, reason })
        }
    }
}

fn reason(error: &KafkaError, watch: &Watch) -> String {
    watch.complaint().unwrap_or_else(|| without_words(error))
}

/// A batch that cannot be read is asked for again and again, and nothing behind it is read: none is passed over.
fn words(error: &KafkaError) -> String {
    use RDKafkaErrorCode::{NotImplemented, UnsupportedCompressionType};
    match error.rdkafka_error_code() {
        Some(NotImplemented | UnsupportedCompressionType) => format!(
            "the next records are compressed by a codec that is not built into this dpp-relay, which has {}; \
             write the topic with one of them (its compression.type, or the producer's): {error}",
            codecs().join(", ")
        ),
        _ => error.to_string(),
    }
}

fn store_failed(error: KafkaError) -> SourceError {
    SourceError::Kafka { doing: "store offsets".to_owned(), reason: error.to_string() }
}

fn envelope(message: &BorrowedMessage<'_>) -> Envelope {
    let header =
        |header: rdkafka::message::Header<'_, &[u8]>| (header.key.to_owned(), header.value.map(<[u8]>::to_vec));
    let place = Place {
        topic: message.topic().into(),
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        headers: message.headers().map(|headers| headers.iter().map(header).collect()).unwrap_or_default(),
        timestamp: message.timestamp().to_millis(),
    };
    Envelope { origin: Origin::Kafka(place), body: message.payload().unwrap_or_default().to_vec() }
}

fn settings(config: &KafkaSourceConfig) -> Result<ClientConfig, AccessError> {
    let mut settings = librdkafka::settings(&config.bootstrap_servers, config.access())?;
    settings
        .set("group.id", &config.group)
        .set("auto.offset.reset", config.start.to_string())
        .set("session.timeout.ms", config.session_timeout.as_millis().to_string())
        // The guarantee: what is committed is what was acknowledged, and what was aborted is not read.
        .set("enable.auto.offset.store", "false")
        .set("enable.auto.commit", "true")
        .set("auto.commit.interval.ms", "1000")
        .set("isolation.level", "read_committed")
        // What is fetched ahead is beside the window's budget, so it is small.
        .set("queued.min.messages", "5000")
        .set("queued.max.messages.kbytes", "8192")
        .set("fetch.message.max.bytes", "1048576")
        // So small, it is full again and again: by itself the client would look only after a second whether it still is.
        .set("fetch.queue.backoff.ms", "20");
    if let Some(instance) = &config.instance {
        settings.set("group.instance.id", instance);
    }
    Ok(settings)
}
