//! The supervisor: one generation after the other, the sink first, until it is told to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::config::{Config, SinkConfig, SourceConfig};
use crate::dead_letter::DeadLetters;
use crate::envelope::Envelope;
use crate::flow::{Flow, Patience, Report};
use crate::health::{Health, Phase};
use crate::mapping::Mapping;
use crate::pump::{End, Pump, Station};
use crate::sink::Sink;
use crate::source::Source;
use crate::voice::Voice;

/// A trouble that lasts is logged again after this long.
const SAY_AGAIN: Duration = Duration::from_mins(1);

/// Forwards messages for as long as the process lives.
pub struct Relay {
    config: Config,
    mapping: Mapping,
    dead_letters: DeadLetters,
    health: Arc<Health>,
    voice: Voice,
    flow: Flow<Envelope>,
    backoff: Backoff,
    last_said: Option<(Phase, Instant)>,
}

impl Relay {
    /// Returns a relay that is connected to nothing yet.
    pub fn new(config: Config, health: Arc<Health>) -> Self {
        Self {
            mapping: Mapping::new(&config),
            dead_letters: DeadLetters::start(&config.dead_letter, Arc::clone(&health)),
            flow: Flow::new(config.limits.memory, patience(&config)),
            voice: Voice::default(),
            backoff: Backoff::new(),
            last_said: None,
            config,
            health,
        }
    }

    /// Runs until told to stop; returns whether everything that was taken had been settled.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> bool {
        loop {
            let end = self.generation(&mut stop).await;
            if *stop.borrow() {
                self.health.enter(Phase::Stopped, None);
                return !matches!(end, Some(End::DrainedLate));
            }
        }
    }

    /// Lives through one generation; none when it was told to stop before it began.
    async fn generation(&mut self, stop: &mut watch::Receiver<bool>) -> Option<End> {
        let (own_reports, reports) = unbounded_channel::<Report>();
        self.flow.open();
        let sink = match Sink::open(&self.config.sink, own_reports.clone(), self.voice.clone()) {
            Ok(sink) => sink,
            Err(error) => {
                self.pause(self.waiting_for_sink(), &error.to_string(), stop).await;
                return None;
            }
        };
        let source = self.open_source(&sink, stop).await?;
        Some(self.pump(source, sink, (own_reports, reports), stop).await)
    }

    /// Connects to the source, each time only after the sink has answered.
    async fn open_source(&mut self, sink: &Sink, stop: &mut watch::Receiver<bool>) -> Option<Source> {
        loop {
            self.wait_for_sink(sink, stop).await?;
            let source = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return None,
                source = Source::open(&self.config.source, self.config.limits.memory) => source,
            };
            match source {
                Ok(source) => return Some(source),
                Err(error) => self.pause(self.waiting_for_source(), &error.to_string(), stop).await,
            }
        }
    }

    async fn wait_for_sink(&mut self, sink: &Sink, stop: &mut watch::Receiver<bool>) -> Option<()> {
        loop {
            let probe = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return None,
                probe = sink.probe() => probe,
            };
            match probe {
                Ok(()) => return Some(()),
                Err(error) => self.pause(self.waiting_for_sink(), &error.to_string(), stop).await,
            }
        }
    }

    async fn pump(
        &mut self,
        source: Source,
        sink: Sink,
        reports: (UnboundedSender<Report>, UnboundedReceiver<Report>),
        stop: &mut watch::Receiver<bool>,
    ) -> End {
        let settled_before = self.settled();
        self.health.enter(Phase::Relaying, None);
        self.last_said = None;
        tracing::info!(from = %self.config.source, to = %self.config.sink, "relaying");
        let station = Station {
            config: &self.config,
            mapping: &self.mapping,
            dead_letters: &self.dead_letters,
            health: &self.health,
            voice: &self.voice,
        };
        let end = Pump::new(station, &mut self.flow, source, sink, reports).run(stop).await;
        if self.settled() > settled_before {
            self.backoff.reset();
        }
        self.mourn(&end, stop).await;
        end
    }

    /// Says why a generation ended, and waits before the next one.
    async fn mourn(&mut self, end: &End, stop: &mut watch::Receiver<bool>) {
        let ledger = self.flow.ledger();
        match end {
            End::Drained | End::DrainedLate => tracing::info!(?ledger, "{end}"),
            End::HandBack { .. } | End::Broken(_) | End::Sink(_) => {
                tracing::warn!(?ledger, "messages are handed back to {}", self.config.source.product());
                self.pause(self.waiting_for_sink(), &end.to_string(), stop).await;
            }
            _ => self.pause(self.waiting_for_source(), &end.to_string(), stop).await,
        }
    }

    async fn pause(&mut self, phase: Phase, reason: &str, stop: &mut watch::Receiver<bool>) {
        let wait = self.backoff.wait();
        self.say(phase, reason);
        self.health.enter(phase, Some(reason.to_owned()));
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = sleep(wait) => {}
        }
    }

    /// Logs why nothing flows: at once when that is new, and once a minute while it stays so.
    fn say(&mut self, phase: Phase, reason: &str) {
        let is_news = self.last_said.is_none_or(|(said, at)| said != phase || at.elapsed() >= SAY_AGAIN);
        if is_news {
            tracing::warn!(reason, "{}", phase.words());
            self.last_said = Some((phase, Instant::now()));
        }
    }

    fn waiting_for_source(&self) -> Phase {
        match self.config.source {
            SourceConfig::Rabbitmq(_) => Phase::WaitingForRabbitmq,
            SourceConfig::Kafka(_) => Phase::WaitingForKafka,
        }
    }

    fn waiting_for_sink(&self) -> Phase {
        match self.config.sink {
            SinkConfig::Kafka(_) => Phase::WaitingForKafka,
            SinkConfig::Elasticsearch(_) => Phase::WaitingForElasticsearch,
        }
    }

    fn settled(&self) -> u64 {
        let ledger = self.flow.ledger();
        ledger.confirmed + ledger.dead
    }
}

fn patience(config: &Config) -> Patience {
    Patience { hand_back_after: config.source.hand_back_after(), drain: config.limits.drain }
}
