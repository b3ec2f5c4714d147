//! The topic of dead letters, beside the file: original bytes, key and headers, and in more headers why and from where.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Letter;
use crate::backoff::Backoff;
use crate::board::Board;
use crate::config::LetterTopicConfig;
use crate::envelope::{Envelope, Origin};
use crate::errand::Errand;
use crate::mapping::{self, Record};
use crate::refrain::Refrain;

/// A batch that takes longer than this is told of.
const SAY_AFTER: Duration = Duration::from_secs(5);

/// The way to the topic.
pub(super) struct LetterTopic {
    config: LetterTopicConfig,
    errand: Option<Errand>,
    refrain: Refrain,
}

impl LetterTopic {
    pub(super) fn new(config: LetterTopicConfig) -> Self {
        Self { config, errand: None, refrain: Refrain::default() }
    }

    /// Writes records for as long as it takes; what even this topic refuses is in the file, and only there.
    pub(super) async fn write(&mut self, records: &[Record<'_>], board: &Board) {
        let mut backoff = Backoff::new();
        while let Err(trouble) = self.attempt(records, board).await {
            if self.refrain.is_due(Instant::now()) {
                tracing::error!(
                    topic = self.config.topic,
                    trouble,
                    "cannot write dead letters to their topic, they wait"
                );
            }
            board.dead_letters(Some(trouble));
            self.errand = None;
            tokio::time::sleep(backoff.wait()).await;
        }
        if self.refrain.ends() {
            tracing::info!(topic = self.config.topic, "dead letters are written to their topic again");
        }
        board.dead_letters(None);
    }

    async fn attempt(&mut self, records: &[Record<'_>], board: &Board) -> Result<(), String> {
        let errand = match &mut self.errand {
            Some(errand) => errand,
            none => none.insert(Errand::open(&self.config.as_sink()).map_err(|error| error.to_string())?),
        };
        if let Err(error) = errand.probe().await {
            return Err(error.to_string());
        }
        let say_late = async {
            tokio::time::sleep(SAY_AFTER).await;
            board.dead_letters(Some(format!("topic {} does not confirm them", self.config.topic)));
            std::future::pending::<()>().await;
        };
        let refusals = tokio::select! {
            refusals = errand.run(records) => refusals?,
            () = say_late => return Ok(()),
        };
        for reason in refusals.into_iter().flatten() {
            tracing::warn!(topic = self.config.topic, reason, "the topic refuses a dead letter; the file has it");
        }
        Ok(())
    }
}

/// Returns the record of a letter; its time is now, so that retention begins with its death.
pub(super) fn record(letter: &Letter<'_>) -> Record<'static> {
    let text = |text: String| Some(Cow::Owned(text.into_bytes()));
    let owned = |(name, value): mapping::RecordHeader<'_>| {
        (Cow::Owned(name.into_owned()), value.map(|value| Cow::Owned(value.into_owned())))
    };
    let mut headers: Vec<mapping::RecordHeader<'static>> =
        mapping::headers(letter.envelope).into_iter().map(owned).collect();
    headers.push(("dead_letter.reason".into(), text(letter.reason.to_owned())));
    headers.push(("dead_letter.source".into(), text(source(letter))));
    Record {
        key: key(letter.envelope).map(Cow::Owned),
        value: Cow::Owned(letter.envelope.body.clone()),
        headers,
        timestamp: Timestamp::now().as_millisecond(),
        id: None,
    }
}

fn source(letter: &Letter<'_>) -> String {
    match (&letter.envelope.origin, letter.queue) {
        (Origin::Kafka(place), _) => format!("{}/{}/{}", place.topic, place.partition, place.offset),
        (Origin::Rabbitmq(_), Some(queue)) => format!("{} {}", queue.vhost, queue.name),
        (Origin::Rabbitmq(_), None) => String::new(),
    }
}

fn key(envelope: &Envelope) -> Option<Vec<u8>> {
    match &envelope.origin {
        Origin::Kafka(place) => place.key.clone(),
        Origin::Rabbitmq(_) => None,
    }
}
