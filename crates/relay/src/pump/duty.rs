//! The pump's recurring duties: acknowledging, sending again, looking at the clock, draining, leaving.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{End, Pump};
use crate::health::Phase;
use crate::sink::{Lane, SinkError};
use crate::source::SourceError;
use crate::window::DeliveryId;

/// Records are on their way for longer than this only when something is the matter.
const QUIET: Duration = Duration::from_secs(1);

impl Pump<'_> {
    /// Acknowledges the settled prefix when it is worth a frame.
    pub(super) async fn acknowledge(&mut self, at_least: usize) -> Result<(), End> {
        match self.flow.take_ack(at_least) {
            Some(up_to) => Ok(self.source.acknowledge(up_to).await?),
            None => Ok(()),
        }
    }

    /// Sends a held message once more; a message that is no longer held needs nothing.
    pub(super) fn send_again(&mut self, id: DeliveryId, lane: Lane) -> Result<(), End> {
        let Some(envelope) = self.flow.held(id) else { return Ok(()) };
        match self.station.mapping.map(envelope, Timestamp::now()) {
            Ok(Some(record)) => self.sink.send(lane, id, &record)?,
            Ok(None) => self.flow.drop_out(id),
            Err(refusal) => self.bury(id, &refusal.to_string()),
        }
        Ok(())
    }

    /// Beats, sends again what is due, and hands everything back before the source would take it.
    pub(super) fn look_at_clock(&mut self) -> Result<(), End> {
        let now = Instant::now();
        self.station.health.beat(self.trouble(), self.source.complaint());
        self.end_if_outdated()?;
        self.source.mind_room(self.flow.takes_more())?;
        if let Some(waited) = self.flow.overdue(now) {
            let reason = self.trouble().unwrap_or_else(|| "no complaint of the client".to_owned());
            return Err(End::HandBack { waited, reason });
        }
        if self.flow.unheard(now) >= QUIET {
            self.sink.bear_silence();
        }
        self.doubt_silence(now)?;
        self.flow.due(now).into_iter().try_for_each(|id| self.send_again(id, Lane::Bulk))
    }

    /// A client at work keeps the password and the certificates it was made with: when it is in trouble and they are others
    /// now, the next generation's client is a better one.
    fn end_if_outdated(&self) -> Result<(), End> {
        if let Some(words) = self.trouble().filter(|_| self.sink.is_outdated()) {
            return Err(SinkError::Outdated(words).into());
        }
        match self.source.complaint().filter(|_| self.source.is_outdated()) {
            Some(words) => Err(SourceError::Outdated(words).into()),
            None => Ok(()),
        }
    }

    /// Logs a refusal once, and again when its reason changes.
    pub(super) fn say_refusal(&mut self) {
        let refusal = self.flow.refusal();
        if refusal == self.said.as_deref() {
            return;
        }
        if let Some(reason) = refusal {
            let from = self.station.source;
            tracing::warn!(%from, reason, "records are refused; they are sent again until they are taken");
        }
        self.said = refusal.map(str::to_owned);
    }

    fn trouble(&self) -> Option<String> {
        self.flow.refusal().map(str::to_owned).or_else(|| self.station.voice.last_words())
    }

    /// Asks for no more; what was sent ahead goes back when the source is closed.
    pub(super) async fn begin_drain(&mut self, is_last: bool) -> Result<(), End> {
        self.flow.begin_drain(Instant::now());
        self.station.health.enter(if is_last { Phase::Draining } else { Phase::Reloading }, None);
        tracing::info!(from = %self.station.source, in_flight = self.flow.ledger().in_flight, "draining");
        Ok(self.source.cancel().await?)
    }

    /// When the drain must end; far away while nobody drains.
    pub(super) fn deadline(&self) -> Instant {
        const FAR: Duration = Duration::from_hours(1);
        self.flow.drain_until().unwrap_or_else(|| Instant::now() + FAR)
    }

    /// Lets every reader see counts that add up.
    pub(super) fn publish(&self) {
        let oldest = self.flow.oldest_age(Instant::now());
        self.station.health.publish(self.flow.ledger(), oldest, self.flow.held_bytes());
    }

    /// Acknowledges what is settled, gives the rest back and takes the sink down.
    pub(super) async fn finish(mut self) {
        if let Err(error) = self.acknowledge(1).await {
            tracing::debug!(%error, "the last acknowledgement did not get through");
        }
        self.source.close().await;
        self.flow.hand_back();
        self.station.health.publish(self.flow.ledger(), Duration::ZERO, 0);
        let sink = self.sink;
        // Taking a producer down joins its thread, which may take a while.
        if let Err(error) = tokio::task::spawn_blocking(move || drop(sink)).await {
            tracing::warn!(%error, "the sink did not end well");
        }
    }
}
