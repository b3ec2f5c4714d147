//! One generation's work: messages from RabbitMQ into Kafka, and Kafka's confirmations back as acknowledgements.
//!
//! Everything happens in one task and in one order; the rules are the flow's. When it returns, the generation is over.

mod duty;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::config::Config;
use crate::dead_letter::{DeadLetters, Letter};
use crate::envelope::Envelope;
use crate::flow::{Flow, Report, Todo};
use crate::health::Health;
use crate::mapping::Mapping;
use crate::prefetch::Prefetch;
use crate::sink::{KafkaVoice, Lane, Sink, SinkError};
use crate::source::{Source, SourceError};
use crate::window::{DeliveryId, TagOutOfOrder};

/// A settled message waits at most this long for its acknowledgement.
const ACK_DELAY: Duration = Duration::from_millis(20);

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(500);

/// What a message costs beside its bytes: entry, headers, the client's bookkeeping.
const OVERHEAD: usize = 512;

/// Why a generation ended.
#[derive(Debug, thiserror::Error)]
pub enum End {
    /// As asked, and everything that was taken is settled and acknowledged.
    #[error("stopped with nothing left")]
    Drained,
    /// As asked, but Kafka did not confirm in time.
    #[error("stopped; Kafka did not confirm everything within the time to drain")]
    DrainedLate,
    /// Kafka has been away for so long that RabbitMQ must have its messages back.
    #[error("Kafka has not confirmed a message for {} s: {reason}", waited.as_secs())]
    HandBack {
        /// How long the oldest message waited.
        waited: Duration,
        /// What Kafka's client last said.
        reason: String,
    },
    /// RabbitMQ is gone.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The producer can no longer be used.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The producer has ended itself.
    #[error("Kafka's client gave up: {0}")]
    Broken(String),
    /// The tags made no sense.
    #[error(transparent)]
    Tags(#[from] TagOutOfOrder),
}

/// What a pump needs that outlives its generation.
pub struct Station<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// How messages become records.
    pub mapping: &'a Mapping,
    /// Where refused messages go.
    pub dead_letters: &'a DeadLetters,
    /// Where the counts are published.
    pub health: &'a Health,
    /// What Kafka's client says.
    pub voice: &'a KafkaVoice,
}

/// One generation at work.
pub struct Pump<'a> {
    station: Station<'a>,
    flow: &'a mut Flow<Envelope>,
    prefetch: Prefetch,
    source: Source,
    sink: Arc<Sink>,
    reports: UnboundedReceiver<Report>,
    own_reports: UnboundedSender<Report>,
    said: Option<String>,
}

impl<'a> Pump<'a> {
    /// Puts a generation together; `own_reports` is the other end of `reports`.
    pub fn new(
        station: Station<'a>,
        flow: &'a mut Flow<Envelope>,
        prefetch: Prefetch,
        source: Source,
        sink: Arc<Sink>,
        (own_reports, reports): (UnboundedSender<Report>, UnboundedReceiver<Report>),
    ) -> Self {
        Self { station, flow, prefetch, source, sink, reports, own_reports, said: None }
    }

    /// Works until it is told to stop or something breaks, then closes the connection in good order.
    pub async fn run(mut self, stop: &mut watch::Receiver<bool>) -> End {
        let end = match self.work(stop).await {
            Ok(()) if self.flow.is_settled() => End::Drained,
            Ok(()) => End::DrainedLate,
            Err(end) => end,
        };
        self.finish().await;
        end
    }

    async fn work(&mut self, stop: &mut watch::Receiver<bool>) -> Result<(), End> {
        const AT_ONCE: usize = 1_024;
        let mut heard = Vec::with_capacity(AT_ONCE);
        let (mut tick, mut flush) = (interval(TICK), interval(ACK_DELAY));
        flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.flow.is_drained() {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop), if self.flow.drain_until().is_none() => self.begin_drain().await?,
                () = sleep_until(self.deadline().into()), if self.flow.drain_until().is_some() => return Ok(()),
                _ = self.reports.recv_many(&mut heard, AT_ONCE) => self.hear(heard.drain(..))?,
                _ = flush.tick(), if self.flow.ackable() > 0 => self.acknowledge(1).await?,
                _ = tick.tick() => self.look_at_clock()?,
                next = self.source.next(), if self.flow.takes_more() => self.take_or_resubscribe(next?).await?,
            }
            self.acknowledge(usize::from(self.prefetch.current() / 4)).await?;
            self.publish();
        }
        Ok(())
    }

    async fn take_or_resubscribe(&mut self, next: Option<(u64, Envelope)>) -> Result<(), End> {
        match next {
            Some((tag, envelope)) => self.take(tag, envelope)?,
            None => self.source.subscribe(self.prefetch.current()).await?,
        }
        if self.source.is_ending() {
            return Ok(());
        }
        if let Some(prefetch) = self.prefetch.resize() {
            tracing::debug!(prefetch, "subscribing with another prefetch");
            self.source.cancel().await?;
        }
        Ok(())
    }

    /// Sends a message on its way and holds it until somebody has taken it over.
    fn take(&mut self, tag: u64, envelope: Envelope) -> Result<(), End> {
        let record = self.station.mapping.map(&envelope, Timestamp::now());
        let refusal = record.as_ref().err().copied();
        let weight = OVERHEAD + envelope.body.len() + record.as_ref().map_or(0, |record| record.value.len());
        let sent = record.map_or(Ok(()), |record| self.sink.send(Lane::Bulk, tag, &record));
        self.prefetch.observe(weight);
        self.flow.admit(tag, weight, envelope, Instant::now())?;
        let id = self.flow.id(tag);
        if let Some(refusal) = refusal {
            self.bury(id, &refusal.to_string());
        }
        Ok(sent?)
    }

    fn hear(&mut self, reports: impl Iterator<Item = Report>) -> Result<(), End> {
        for report in reports {
            if matches!(report, Report::Confirmed(_)) {
                self.prefetch.prove();
            }
            match self.flow.hear(report, Instant::now()) {
                Some(Todo::Bury(id, reason)) => self.bury(id, &reason),
                Some(Todo::SendAlone(id)) => self.send_again(id, Lane::Alone)?,
                Some(Todo::GiveUp(reason)) => return Err(End::Broken(reason)),
                None => {}
            }
        }
        self.say_refusal();
        Ok(())
    }

    fn bury(&self, id: DeliveryId, reason: &str) {
        let Some(envelope) = self.flow.held(id) else { return };
        let source = &self.station.config.source;
        let letter = Letter { reason, vhost: &source.vhost, queue: &source.queue, envelope };
        self.station.dead_letters.bury(id, &letter, &self.own_reports);
    }
}
