//! The supervisor of one source: one generation after the other, the sink first, until it is told to stop.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::config::{Config, SinkConfig, SourceConfig};
use crate::dead_letter::DeadLetters;
use crate::envelope::Envelope;
use crate::flow::{Patience, Report};
use crate::health::{Health, Phase};
use crate::mapping::Mapping;
use crate::orders::Orders;
use crate::pump::{End, Flow, Pump, Sink, Station};
use crate::refrain::Refrain;
use crate::source::Source;
use crate::voice::Voice;

/// What a line follows; all of it may be another with the next configuration.
#[derive(Debug, Clone)]
pub struct Course {
    /// The configuration.
    pub config: Arc<Config>,
    /// The one source of it.
    pub source: SourceConfig,
    /// How messages become records.
    pub mapping: Arc<Mapping>,
    /// Where refused messages go.
    pub dead_letters: DeadLetters,
}

impl Course {
    /// Returns how many bytes of messages this line may hold: as many as every other one.
    fn memory(&self) -> usize {
        self.config.limits.memory / self.config.sources.len().max(1)
    }

    fn patience(&self) -> Patience {
        Patience { hand_back_after: self.source.hand_back_after(), drain: self.config.limits.drain }
    }
}

/// Forwards the messages of one source for as long as it is told to.
pub struct Line {
    course: Arc<Course>,
    health: Arc<Health>,
    voice: Voice,
    flow: Flow<Envelope>,
    backoff: Backoff,
    said: Option<Phase>,
    refrain: Refrain,
}

impl Line {
    /// Returns a line that is connected to nothing yet.
    pub fn new(course: Course, health: Arc<Health>) -> Self {
        Self {
            flow: Flow::new(course.memory(), course.patience()),
            voice: Voice::default(),
            backoff: Backoff::new(),
            said: None,
            refrain: Refrain::default(),
            course: Arc::new(course),
            health,
        }
    }

    /// Runs until told to stop; returns whether everything that was taken had been settled.
    pub async fn run(mut self, mut orders: Orders<Course>) -> bool {
        loop {
            let end = self.generation(&mut orders).await;
            if orders.is_stop() {
                self.health.enter(Phase::Stopped, None);
                return !matches!(end, Some(End::DrainedLate));
            }
            if let Some(course) = orders.take_config() {
                self.follow(course);
            }
        }
    }

    /// Takes up another course between two generations; the counts go on.
    fn follow(&mut self, course: Arc<Course>) {
        self.flow.adapt(course.memory(), course.patience());
        self.backoff.reset();
        self.health.follow(course.config.sink.product());
        self.course = course;
    }

    /// Lives through one generation; none when an order, or another sink, came before it began.
    async fn generation(&mut self, orders: &mut Orders<Course>) -> Option<End> {
        let (own_reports, reports) = unbounded_channel::<Report>();
        // What the last client complained of is not true of the next one.
        self.voice = Voice::default();
        self.flow.open();
        let sink = match Sink::open(&self.course.config.sink, own_reports.clone(), self.voice.clone()) {
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
    async fn open_source(&mut self, sink: &Sink, orders: &mut Orders<Course>) -> Option<Source> {
        loop {
            self.wait_for_sink(sink, orders).await?;
            let source = tokio::select! {
                () = orders.next() => return None,
                source = Source::open(&self.course.source, self.course.memory()) => source,
            };
            match source {
                Ok(source) => return Some(source),
                Err(error) => self.pause(self.waiting_for_source(), &error.to_string(), orders).await,
            }
        }
    }

    async fn wait_for_sink(&mut self, sink: &Sink, orders: &mut Orders<Course>) -> Option<()> {
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
        orders: &mut Orders<Course>,
    ) -> End {
        let settled_before = self.settled();
        self.health.enter(Phase::Relaying, None);
        self.said = None;
        tracing::info!(from = %self.course.source, to = %self.course.config.sink, "relaying");
        let station = Station {
            source: &self.course.source,
            mapping: &self.course.mapping,
            dead_letters: &self.course.dead_letters,
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
    async fn mourn(&mut self, end: &End, orders: &mut Orders<Course>) {
        let ledger = self.flow.ledger();
        match end {
            End::Drained | End::DrainedLate => tracing::info!(from = %self.course.source, ?ledger, "{end}"),
            End::HandBack { .. } | End::Silent { .. } | End::Broken(_) | End::Sink(_) => {
                tracing::warn!(?ledger, "messages are handed back to {}", self.course.source.product());
                self.pause(self.waiting_for_sink(), &end.to_string(), orders).await;
            }
            _ => self.pause(self.waiting_for_source(), &end.to_string(), orders).await,
        }
    }

    async fn pause(&mut self, phase: Phase, reason: &str, orders: &mut Orders<Course>) {
        let wait = self.backoff.wait();
        self.say(phase, reason);
        self.health.enter(phase, Some(reason.to_owned()));
        tokio::select! {
            () = orders.next() => {}
            () = sleep(wait) => {}
        }
    }

    /// Logs why nothing flows: at once when that is new, and ever more seldom while it stays so.
    fn say(&mut self, phase: Phase, reason: &str) {
        if self.said.replace(phase) != Some(phase) {
            self.refrain.ends();
        }
        if self.refrain.is_due(Instant::now()) {
            tracing::warn!(from = %self.course.source, reason, "{}", phase.words());
        }
    }

    fn waiting_for_source(&self) -> Phase {
        match self.course.source {
            SourceConfig::Rabbitmq(_) => Phase::WaitingForRabbitmq,
            SourceConfig::Kafka(_) => Phase::WaitingForKafka,
        }
    }

    fn waiting_for_sink(&self) -> Phase {
        match self.course.config.sink {
            SinkConfig::Kafka(_) => Phase::WaitingForKafka,
            SinkConfig::Elasticsearch(_) => Phase::WaitingForElasticsearch,
        }
    }

    fn settled(&self) -> u64 {
        let ledger = self.flow.ledger();
        ledger.confirmed + ledger.dead
    }
}
