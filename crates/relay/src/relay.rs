//! The supervisor: one generation after the other, the sink first, until it is told to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::config::{Config, SinkConfig, SourceConfig};
use crate::dead_letter::DeadLetters;
use crate::envelope::Envelope;
use crate::flow::{Flow, Patience, Report};
use crate::health::{Health, Phase};
use crate::mapping::{Mapping, TableError};
use crate::orders::Orders;
use crate::pump::{End, Pump, Station};
use crate::sink::Sink;
use crate::source::Source;
use crate::voice::Voice;

/// A trouble that lasts is logged again after this long.
const SAY_AGAIN: Duration = Duration::from_mins(1);

/// Forwards messages for as long as the process lives.
pub struct Relay {
    config: Arc<Config>,
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
    ///
    /// Fails when a table of the mapping cannot be read.
    pub fn new(config: Config, health: Arc<Health>) -> Result<Self, TableError> {
        Ok(Self {
            mapping: Mapping::new(&config)?,
            dead_letters: DeadLetters::start(&config.dead_letter, Arc::clone(&health)),
            flow: Flow::new(config.limits.memory, patience(&config)),
            voice: Voice::default(),
            backoff: Backoff::new(),
            last_said: None,
            config: Arc::new(config),
            health,
        })
    }

    /// Runs until told to stop; returns whether everything that was taken had been settled.
    pub async fn run(mut self, mut orders: Orders) -> bool {
        loop {
            let end = self.generation(&mut orders).await;
            if orders.is_stop() {
                self.health.enter(Phase::Stopped, None);
                return !matches!(end, Some(End::DrainedLate));
            }
            if let Some(config) = orders.take_config() {
                self.follow(config);
            }
        }
    }

    /// Takes up another configuration between two generations; the counts go on.
    fn follow(&mut self, config: Arc<Config>) {
        match Mapping::new(&config) {
            Ok(mapping) => self.mapping = mapping,
            Err(error) => {
                tracing::error!("the old configuration is followed on: {error}");
                return self.health.configuration(Some(error.to_string()));
            }
        }
        self.dead_letters = DeadLetters::start(&config.dead_letter, Arc::clone(&self.health));
        self.flow.adapt(config.limits.memory, patience(&config));
        self.voice = Voice::default();
        self.backoff.reset();
        self.health.follow(config.sink.product());
        if config.http.listen != self.config.http.listen || config.log != self.config.log {
            tracing::warn!("http.listen and log are followed after a restart only");
        }
        self.config = config;
    }

    /// Lives through one generation; none when an order, or another sink, came before it began.
    async fn generation(&mut self, orders: &mut Orders) -> Option<End> {
        let (own_reports, reports) = unbounded_channel::<Report>();
        self.flow.open();
        let sink = match Sink::open(&self.config.sink, own_reports.clone(), self.voice.clone()) {
            Ok(sink) => sink,
            Err(error) => {
                self.pause(self.waiting_for_sink(), &error.to_string(), orders).await;
                return None;
            }
        };
        let source = self.open_source(&sink, orders).await?;
        Some(self.pump(source, sink, (own_reports, reports), orders).await)
    }

    /// Connects to the source, each time only after the sink has answered.
    async fn open_source(&mut self, sink: &Sink, orders: &mut Orders) -> Option<Source> {
        loop {
            self.wait_for_sink(sink, orders).await?;
            let source = tokio::select! {
                () = orders.next() => return None,
                source = Source::open(&self.config.source, self.config.limits.memory) => source,
            };
            match source {
                Ok(source) => return Some(source),
                Err(error) => self.pause(self.waiting_for_source(), &error.to_string(), orders).await,
            }
        }
    }

    async fn wait_for_sink(&mut self, sink: &Sink, orders: &mut Orders) -> Option<()> {
        loop {
            let probe = tokio::select! {
                () = orders.next() => return None,
                probe = sink.probe() => probe,
            };
            match probe {
                Ok(()) => return Some(()),
                Err(error) => self.pause(self.waiting_for_sink(), &error.to_string(), orders).await,
            }
            if sink.is_outdated() {
                tracing::info!("certificates or passwords are others now, and are read anew");
                return None;
            }
        }
    }

    async fn pump(
        &mut self,
        source: Source,
        sink: Sink,
        reports: (UnboundedSender<Report>, UnboundedReceiver<Report>),
        orders: &mut Orders,
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
        let end = Pump::new(station, &mut self.flow, source, sink, reports).run(orders).await;
        if self.settled() > settled_before {
            self.backoff.reset();
        }
        self.mourn(&end, orders).await;
        end
    }

    /// Says why a generation ended, and waits before the next one.
    async fn mourn(&mut self, end: &End, orders: &mut Orders) {
        let ledger = self.flow.ledger();
        match end {
            End::Drained | End::DrainedLate => tracing::info!(?ledger, "{end}"),
            End::HandBack { .. } | End::Broken(_) | End::Sink(_) => {
                tracing::warn!(?ledger, "messages are handed back to {}", self.config.source.product());
                self.pause(self.waiting_for_sink(), &end.to_string(), orders).await;
            }
            _ => self.pause(self.waiting_for_source(), &end.to_string(), orders).await,
        }
    }

    async fn pause(&mut self, phase: Phase, reason: &str, orders: &mut Orders) {
        let wait = self.backoff.wait();
        self.say(phase, reason);
        self.health.enter(phase, Some(reason.to_owned()));
        tokio::select! {
            () = orders.next() => {}
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
