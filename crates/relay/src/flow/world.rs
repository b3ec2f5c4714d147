//! A RabbitMQ, a Kafka and a dead-letter file on paper, around the real rules: who has which message is always known.
//!
//! The world does to the rules what brokers do: deliver again, confirm late or for an old connection, refuse, fall silent,
//! and lose acknowledgements. After each step it says what must never be: a message that nobody has any more.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::{Flow, Patience, Report, Todo, Verdict};
use crate::window::DeliveryId;

pub(super) const BUDGET: usize = 2_000;
pub(super) const HEAVIEST: usize = 500;
const PREFETCH: usize = 12;
const HAND_BACK_AFTER: Duration = Duration::from_mins(15);
const CONSUMER_TIMEOUT: Duration = Duration::from_mins(30);
const DRAIN: Duration = Duration::from_secs(20);

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Publish,
    Deliver { weight: usize },
    Confirm { pick: usize },
    Refuse { pick: usize, verdict: Verdict },
    WriteLetter { pick: usize },
    Hear,
    Acknowledge { at_least: usize },
    AcknowledgementArrives,
    Wait { seconds: u64 },
    LoseConnection { stored_unheard: usize },
    Stop,
    Kill { stored_unheard: usize },
}

/// A mistake that a relay could make; the world must notice every one but `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    None,
    AcknowledgesOnArrival,
    DropsWhatIsRefused,
    BelievesOldConnections,
    ForgetsLetters,
    AcknowledgesPastGaps,
    NeverHandsBack,
    TakesWithoutBound,
}

pub(super) struct World {
    mistake: Mistake,
    now: Instant,
    flow: Flow<u64>,
    rabbitmq: Rabbitmq,
    on_the_way: Vec<(DeliveryId, u64)>,
    burials: Vec<(DeliveryId, u64)>,
    reports: VecDeque<Report>,
    stored: BTreeMap<u64, u64>,
    dead: BTreeMap<u64, u64>,
    received: u64,
    generations: u64,
    published: u64,
}

#[derive(Default)]
struct Rabbitmq {
    queue: VecDeque<u64>,
    unacked: BTreeMap<u64, (u64, Instant)>,
    last_tag: u64,
    acknowledgements: VecDeque<u64>,
}

impl World {
    pub(super) fn new(mistake: Mistake) -> Self {
        let mut world = Self {
            mistake,
            now: Instant::now(),
            flow: flow(),
            rabbitmq: Rabbitmq::default(),
            on_the_way: Vec::new(),
            burials: Vec::new(),
            reports: VecDeque::new(),
            stored: BTreeMap::new(),
            dead: BTreeMap::new(),
            received: 0,
            generations: 1,
            published: 0,
        };
        world.flow.open();
        world
    }

    /// Lets one thing happen; the error says what must never be.
    pub(super) fn play(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Publish => self.publish(),
            Step::Deliver { weight } => self.deliver(*weight)?,
            Step::Confirm { pick } => self.confirm(*pick),
            Step::Refuse { pick, verdict } => self.refuse(*pick, verdict),
            Step::WriteLetter { pick } => self.write_letter(*pick),
            Step::Hear => self.hear(),
            Step::Acknowledge { at_least } => self.acknowledge(*at_least),
            Step::AcknowledgementArrives => self.acknowledgement_arrives()?,
            Step::Wait { seconds } => self.wait(Duration::from_secs(*seconds))?,
            Step::LoseConnection { stored_unheard } => self.next_generation(*stored_unheard),
            Step::Stop => self.flow.begin_drain(self.now),
            Step::Kill { stored_unheard } => self.kill(*stored_unheard),
        }
        self.end_when_drained();
        self.check()
    }

    /// Everything works again, until nothing is left to do; then each message must be where it belongs.
    pub(super) fn heal(&mut self) -> Result<(), String> {
        const ENOUGH: usize = 10_000;
        for _ in 0..ENOUGH {
            if self.is_quiet() {
                return self.check_end();
            }
            self.play(&Step::Deliver { weight: 100 })?;
            self.play(&Step::Confirm { pick: 0 })?;
            self.play(&Step::WriteLetter { pick: 0 })?;
            self.play(&Step::Hear)?;
            self.play(&Step::Acknowledge { at_least: 1 })?;
            self.play(&Step::AcknowledgementArrives)?;
            self.play(&Step::Wait { seconds: 1 })?;
        }
        Err(format!("it stands still: {:?}", self.flow.ledger()))
    }

    fn publish(&mut self) {
        self.published += 1;
        self.rabbitmq.queue.push_back(self.published);
    }

    fn deliver(&mut self, weight: usize) -> Result<(), String> {
        let takes = self.flow.takes_more() || self.mistake == Mistake::TakesWithoutBound;
        if !takes || self.rabbitmq.unacked.len() >= PREFETCH {
            return Ok(());
        }
        let Some(number) = self.rabbitmq.queue.pop_front() else { return Ok(()) };
        self.rabbitmq.last_tag += 1;
        let tag = self.rabbitmq.last_tag;
        self.rabbitmq.unacked.insert(tag, (number, self.now));
        let id = self.flow.id(tag);
        self.flow.admit(tag, weight, number, self.now).map_err(|error| error.to_string())?;
        self.received += 1;
        self.on_the_way.push((id, number));
        if self.mistake == Mistake::AcknowledgesOnArrival {
            self.tell(Report::Confirmed(id));
        }
        Ok(())
    }

    fn confirm(&mut self, pick: usize) {
        let Some((id, number)) = take(&mut self.on_the_way, pick) else { return };
        *self.stored.entry(number).or_default() += 1;
        self.reports.push_back(Report::Confirmed(id));
    }

    fn refuse(&mut self, pick: usize, verdict: &Verdict) {
        let Some((id, _)) = take(&mut self.on_the_way, pick) else { return };
        self.reports.push_back(Report::Refused { id, verdict: verdict.clone() });
    }

    fn write_letter(&mut self, pick: usize) {
        let Some((id, number)) = take(&mut self.burials, pick) else { return };
        *self.dead.entry(number).or_default() += 1;
        self.reports.push_back(Report::Buried(id));
    }

    fn hear(&mut self) {
        let Some(report) = self.reports.pop_front() else { return };
        self.tell(report);
    }

    fn tell(&mut self, report: Report) {
        let todo = self.flow.hear(self.mistaken(report), self.now);
        match todo {
            Some(Todo::Bury(id, _)) if self.mistake == Mistake::ForgetsLetters => self.tell(Report::Buried(id)),
            Some(Todo::Bury(id, _)) => self.burials.extend(self.flow.held(id).map(|number| (id, *number))),
            Some(Todo::SendAlone(id)) => self.send(id),
            Some(Todo::GiveUp(_)) => self.next_generation(0),
            None => {}
        }
    }

    fn mistaken(&self, report: Report) -> Report {
        match (self.mistake, report) {
            (Mistake::DropsWhatIsRefused, Report::Refused { id, verdict: Verdict::Wait(_) }) => Report::Confirmed(id),
            (Mistake::BelievesOldConnections, Report::Confirmed(id)) => Report::Confirmed(self.flow.id(id.tag)),
            (_, report) => report,
        }
    }

    fn send(&mut self, id: DeliveryId) {
        self.on_the_way.extend(self.flow.held(id).map(|number| (id, *number)));
    }

    fn acknowledge(&mut self, at_least: usize) {
        let safe = self.flow.take_ack(at_least);
        let sent = if self.mistake == Mistake::AcknowledgesPastGaps && safe.is_some() {
            Some(self.rabbitmq.last_tag)
        } else {
            safe
        };
        self.rabbitmq.acknowledgements.extend(sent);
    }

    /// RabbitMQ forgets; from here on somebody else must have every one of them.
    fn acknowledgement_arrives(&mut self) -> Result<(), String> {
        let Some(up_to) = self.rabbitmq.acknowledgements.pop_front() else { return Ok(()) };
        let kept = self.rabbitmq.unacked.split_off(&(up_to + 1));
        let forgotten = std::mem::replace(&mut self.rabbitmq.unacked, kept);
        match forgotten.values().find(|(number, _)| !self.is_taken_over(*number)) {
            Some((number, _)) => Err(format!("message {number} was acknowledged before anybody had it")),
            None => Ok(()),
        }
    }

    /// Time passes in ticks, as the pump looks at the clock.
    fn wait(&mut self, time: Duration) -> Result<(), String> {
        while !self.rabbitmq.acknowledgements.is_empty() {
            self.acknowledgement_arrives()?;
        }
        self.now += time;
        if self.flow.drain_until().is_some_and(|until| until <= self.now) {
            self.kill(0);
        } else if self.flow.overdue(self.now).is_some() && self.mistake != Mistake::NeverHandsBack {
            self.next_generation(0);
        }
        for id in self.flow.due(self.now) {
            self.send(id);
        }
        Ok(())
    }

    /// The connection ends: RabbitMQ queues again what is unacknowledged, and acknowledgements on their way are lost.
    ///
    /// Of the records on their way to Kafka, some had arrived. Reports and burials of the old generation still come.
    fn next_generation(&mut self, stored_unheard: usize) {
        self.requeue();
        for (_, number) in self.on_the_way.drain(..).take(stored_unheard) {
            *self.stored.entry(number).or_default() += 1;
        }
        self.flow.open();
        self.generations += 1;
    }

    fn requeue(&mut self) {
        for (number, _) in std::mem::take(&mut self.rabbitmq.unacked).into_values().rev() {
            self.rabbitmq.queue.push_front(number);
        }
        self.rabbitmq.acknowledgements.clear();
        self.rabbitmq.last_tag = 0;
    }

    /// The process ends without a word, and another one starts with nothing.
    fn kill(&mut self, stored_unheard: usize) {
        self.next_generation(stored_unheard);
        self.flow = flow();
        self.flow.open();
        self.received = 0;
        self.burials.clear();
        self.reports.clear();
    }

    fn end_when_drained(&mut self) {
        if self.flow.is_drained() {
            self.acknowledge(1);
            while !self.rabbitmq.acknowledgements.is_empty() && self.acknowledgement_arrives().is_ok() {}
            self.kill(0);
        }
    }

    fn is_taken_over(&self, number: u64) -> bool {
        self.stored.contains_key(&number) || self.dead.contains_key(&number)
    }

    fn is_quiet(&self) -> bool {
        self.rabbitmq.queue.is_empty() && self.rabbitmq.unacked.is_empty() && self.reports.is_empty()
    }

    fn check(&self) -> Result<(), String> {
        let waiting = self.rabbitmq.queue.iter().chain(self.rabbitmq.unacked.values().map(|(number, _)| number));
        let waiting: Vec<u64> = waiting.copied().collect();
        if let Some(lost) = (1..=self.published).find(|n| !self.is_taken_over(*n) && !waiting.contains(n)) {
            return Err(format!("message {lost} is lost"));
        }
        let (ledger, held) = (self.flow.ledger(), self.flow.held_bytes());
        let oldest = self.rabbitmq.unacked.values().map(|(_, since)| self.now - *since).max().unwrap_or_default();
        let faults = [
            (!ledger.balances(), "the ledger does not add up"),
            (ledger.received != self.received, "the ledger counts other messages than came"),
            (held >= BUDGET + HEAVIEST, "more bytes are held than the budget allows"),
            (oldest >= CONSUMER_TIMEOUT, "RabbitMQ's consumer_timeout would have closed the channel"),
        ];
        faults.iter().find(|(is, _)| *is).map_or(Ok(()), |(_, words)| Err(format!("{words}: {ledger:?}, {held} bytes")))
    }

    /// Twice is allowed, but only for what was held when a connection ended.
    fn check_end(&self) -> Result<(), String> {
        let copies: u64 = self.stored.values().chain(self.dead.values()).sum();
        let repeated = copies - self.published;
        let bound = (self.generations - 1) * PREFETCH as u64;
        if repeated > bound {
            return Err(format!("{repeated} messages came twice, where {bound} may"));
        }
        if self.flow.is_settled() { Ok(()) } else { Err(format!("something is still held: {:?}", self.flow.ledger())) }
    }
}

fn flow() -> Flow<u64> {
    Flow::new(BUDGET, Patience { hand_back_after: Some(HAND_BACK_AFTER), drain: DRAIN })
}

fn take<T>(from: &mut Vec<T>, pick: usize) -> Option<T> {
    if from.is_empty() { None } else { Some(from.remove(pick % from.len())) }
}
