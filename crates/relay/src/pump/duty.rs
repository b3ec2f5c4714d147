//! The pump's recurring duties: acknowledging, sending again, looking at the clock, draining, leaving.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{End, Pump, RETRY};
use crate::sink::Lane;
use crate::window::DeliveryId;

impl Pump<'_> {
    /// Acknowledges the settled prefix when it is worth a frame.
    pub(super) async fn acknowledge(&mut self, at_least: usize) -> Result<(), End> {
        match self.window.take_ack(at_least) {
            Some(up_to) => Ok(self.source.acknowledge(up_to).await?),
            None => Ok(()),
        }
    }

    /// Puts a record aside that Kafka will take once its trouble has passed.
    pub(super) fn send_later(&mut self, id: DeliveryId, reason: String) {
        if self.refusal.as_ref() != Some(&reason) {
            tracing::warn!(reason, "Kafka refuses records; they are sent again until it takes them");
        }
        self.refusal = Some(reason);
        self.retries.push(id);
        self.retry_at.get_or_insert(Instant::now() + RETRY);
    }

    /// Sends a held message once more; a message that is no longer held needs nothing.
    pub(super) fn send_again(&self, id: DeliveryId, lane: Lane) -> Result<(), End> {
        let Some(envelope) = self.window.held(id) else { return Ok(()) };
        match self.station.mapping.map(envelope, Timestamp::now()) {
            Ok(record) => Ok(self.sink.send(lane, id.tag, &record)?),
            Err(refusal) => {
                self.bury(id, &refusal.to_string());
                Ok(())
            }
        }
    }

    /// Beats, sends again what is due, and hands everything back before RabbitMQ would take it.
    pub(super) fn look_at_clock(&mut self) -> Result<(), End> {
        let now = Instant::now();
        self.station.health.beat(self.trouble());
        let waited = self.window.oldest_age(now);
        if waited >= self.station.config.source.hand_back_after() {
            let reason = self.trouble().unwrap_or_else(|| "no complaint of the client".to_owned());
            return Err(End::HandBack { waited, reason });
        }
        if self.retry_at.is_some_and(|at| at <= now) { self.retry() } else { Ok(()) }
    }

    fn retry(&mut self) -> Result<(), End> {
        self.retry_at = None;
        let mut due = std::mem::take(&mut self.retries);
        due.sort_unstable_by_key(|id| id.tag);
        due.into_iter().try_for_each(|id| self.send_again(id, Lane::Bulk))
    }

    fn trouble(&self) -> Option<String> {
        self.refusal.clone().or_else(|| self.station.voice.last_words())
    }

    /// Whether a message may be taken: there is room, and nobody wants to stop.
    pub(super) fn takes_more(&self) -> bool {
        self.drain_until.is_none() && self.window.has_room()
    }

    /// Asks RabbitMQ for no more; what it sent ahead goes back when the channel closes.
    pub(super) async fn begin_drain(&mut self) -> Result<(), End> {
        self.begin_drain_clock();
        tracing::info!(in_flight = self.window.ledger().in_flight, "draining");
        Ok(self.source.cancel().await?)
    }

    pub(super) fn is_drained(&self) -> bool {
        self.drain_until.is_some() && self.window.is_settled()
    }

    /// When the drain must end; far away while nobody drains.
    pub(super) fn deadline(&self) -> Instant {
        const FAR: Duration = Duration::from_hours(1);
        self.drain_until.unwrap_or_else(|| Instant::now() + FAR)
    }

    /// Lets every reader see counts that add up.
    pub(super) fn publish(&self) {
        let oldest = self.window.oldest_age(Instant::now());
        self.station.health.publish(self.window.ledger(), oldest, self.window.held_bytes());
    }

    /// Acknowledges what is settled, gives the rest back and takes the producer down.
    pub(super) async fn finish(mut self) {
        if let Err(error) = self.acknowledge(1).await {
            tracing::debug!(%error, "the last acknowledgement did not get through");
        }
        self.source.close().await;
        self.window.hand_back();
        self.station.health.publish(self.window.ledger(), Duration::ZERO, 0);
        let sink = self.sink;
        // Taking a producer down joins its thread, which may take a while.
        if let Err(error) = tokio::task::spawn_blocking(move || drop(sink)).await {
            tracing::warn!(%error, "the producer did not end well");
        }
    }
}
