//! One generation's work: messages from the source into the sink, and the sink's confirmations back as acknowledgements.
//!
//! Everything happens in one task and in one order; the rules are the flow's. When it returns, the generation is over.

mod doubt;
mod duty;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::config::SourceConfig;
use crate::dead_letter::{DeadLetters, Letter, Queue};
use crate::envelope::Envelope;
use crate::flow::{Report, Todo};
use crate::health::Health;
use crate::mapping::Mapping;
use crate::orders::Orders;
use crate::sink::{Lane, SinkError};
use crate::source::{Arrival, Source, SourceError};
use crate::voice::Voice;
use crate::window::{DeliveryId, TagOutOfOrder};

#[cfg(feature = "mutants")]
pub use crate::mutant::{Flow, Sink};
#[cfg(not(feature = "mutants"))]
pub use crate::{flow::Flow, sink::Sink};

use doubt::Doubt;

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
    /// As asked, but the sink did not confirm in time.
    #[error("stopped; not everything was confirmed within the time to drain")]
    DrainedLate,
    /// Kafka has been away for so long that RabbitMQ must have its messages back.
    #[error("Kafka has not confirmed a message for {} s: {reason}", waited.as_secs())]
    HandBack {
        /// How long the oldest message waited.
        waited: Duration,
        /// What Kafka's client last said.
        reason: String,
    },
    /// The producer says nothing although Kafka is there.
    #[error("Kafka is there, but its client has not confirmed a message for {} s", silent_for.as_secs())]
    Silent {
        /// For how long it has said nothing while messages waited.
        silent_for: Duration,
    },
    /// The source is gone.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The sink can no longer be used.
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
    /// Where messages come from.
    pub source: &'a SourceConfig,
    /// How messages become records.
    pub mapping: &'a Mapping,
    /// Where refused messages go.
    pub dead_letters: &'a DeadLetters,
    /// Where the counts are published.
    pub health: &'a Health,
    /// What the sink's client says.
    pub voice: &'a Voice,
}

/// One generation at work.
pub struct Pump<'a> {
    station: Station<'a>,
    flow: &'a mut Flow<Envelope>,
    source: Source,
    sink: Sink,
    reports: UnboundedReceiver<Report>,
    own_reports: UnboundedSender<Report>,
    said: Option<String>,
    doubt: Doubt,
}

impl<'a> Pump<'a> {
    /// Puts a generation together; `own_reports` is the other end of `reports`.
    pub fn new(
        station: Station<'a>,
        flow: &'a mut Flow<Envelope>,
        source: Source,
        sink: Sink,
        (own_reports, reports): (UnboundedSender<Report>, UnboundedReceiver<Report>),
    ) -> Self {
        Self { station, flow, source, sink, reports, own_reports, said: None, doubt: Doubt::default() }
    }

    /// Works until an order comes or something breaks, then closes the connection in good order.
    pub async fn run<T>(mut self, orders: &mut Orders<T>) -> End {
        let end = match self.work(orders).await {
            Ok(()) if self.flow.is_settled() => End::Drained,
            Ok(()) => End::DrainedLate,
            Err(end) => end,
        };
        self.finish().await;
        end
    }

    async fn work<T>(&mut self, orders: &mut Orders<T>) -> Result<(), End> {
        const AT_ONCE: usize = 1_024;
        let mut heard = Vec::with_capacity(AT_ONCE);
        let (mut tick, mut flush) = (interval(TICK), interval(ACK_DELAY));
        flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.flow.is_drained() {
            tokio::select! {
                biased;
                () = orders.next(), if self.flow.drain_until().is_none() => self.begin_drain(orders.is_stop()).await?,
                () = sleep_until(self.deadline().into()), if self.flow.drain_until().is_some() => return Ok(()),
                _ = self.reports.recv_many(&mut heard, AT_ONCE) => self.hear(heard.drain(..))?,
                _ = flush.tick(), if self.flow.ackable() > 0 => self.acknowledge(1).await?,
                _ = tick.tick() => self.look_at_clock()?,
                next = self.source.next(), if self.listens() => self.arrived(next?).await?,
            }
            self.acknowledge(self.source.worth()).await?;
            self.publish();
        }
        Ok(())
    }

    /// Whether the source is listened to: it may have to be, even when nothing can be taken.
    fn listens(&self) -> bool {
        self.flow.drain_until().is_none() && self.source.is_heard(self.flow.takes_more())
    }

    async fn arrived(&mut self, arrival: Arrival) -> Result<(), End> {
        match arrival {
            Arrival::Message(tag, envelope) => self.take(tag, envelope)?,
            Arrival::Ended => self.source.resume().await?,
            Arrival::Reassigned => {
                tracing::info!(from = %self.station.source, ledger = ?self.flow.ledger(), "what is held is left to whoever reads it now");
                self.flow.open();
            }
        }
        Ok(self.source.adjust().await?)
    }

    /// Sends a message on its way and holds it until somebody has taken it over.
    fn take(&mut self, tag: u64, envelope: Envelope) -> Result<(), End> {
        let id = self.flow.id(tag);
        let mapped = self.station.mapping.map(&envelope, Timestamp::now());
        let (mut sent, mut weight) = (Ok(()), OVERHEAD + envelope.body.len());
        if let Ok(Some(record)) = &mapped {
            weight += record.value.len();
            sent = self.sink.send(Lane::Bulk, id, record);
        }
        let is_dropped = matches!(mapped, Ok(None));
        let refusal = mapped.err();
        self.source.observe(weight);
        self.flow.admit(tag, weight, envelope, Instant::now())?;
        if is_dropped {
            self.flow.drop_out(id);
        }
        if let Some(refusal) = refusal {
            self.bury(id, &refusal.to_string());
        }
        Ok(sent?)
    }

    fn hear(&mut self, reports: impl Iterator<Item = Report>) -> Result<(), End> {
        for report in reports {
            if matches!(report, Report::Confirmed(_)) {
                self.source.prove();
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
        let queue = match self.station.source {
            SourceConfig::Rabbitmq(source) => Some(Queue { vhost: &source.vhost, name: &source.queue }),
            SourceConfig::Kafka(_) => None,
        };
        let letter = Letter { reason, queue, envelope };
        self.station.dead_letters.bury(id, &letter, &self.own_reports);
    }
}
