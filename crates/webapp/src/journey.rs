//! One message's way through the pipeline, as far as it is known.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    hop::{Hop, HopState, Observation},
    log_entry::LogEntry,
};

/// A message and what every hop knows of it.
#[derive(Debug, Clone)]
pub struct Journey {
    /// The message.
    pub entry: LogEntry,
    hops: [HopState; Hop::ALL.len()],
}

impl Journey {
    /// Begins the way of `entry`; hops for which `watched` is false stay unwatched.
    pub fn begin(entry: LogEntry, watched: impl Fn(Hop) -> bool) -> Self {
        let start = |hop| if watched(hop) { HopState::Waiting } else { HopState::NotWatched };
        Self { entry, hops: Hop::ALL.map(start) }
    }

    /// What is known at `hop`.
    pub fn at(&self, hop: Hop) -> &HopState {
        &self.hops[hop as usize]
    }

    /// Takes in what was observed at `hop`; returns whether that is news.
    pub fn observe(&mut self, hop: Hop, observation: Observation, at: Timestamp) -> bool {
        let before = self.at(hop).clone();
        let after = before.clone().after(observation, at);
        let news = before != after;
        self.hops[hop as usize] = after;
        news
    }

    /// How long after its receipt the message was seen at `hop`.
    pub fn time_to(&self, hop: Hop) -> Option<Duration> {
        match self.at(hop) {
            HopState::Reached { at, .. } => Some(self.age(*at)),
            _ => None,
        }
    }

    /// How long before `now` the message was received.
    pub fn age(&self, now: Timestamp) -> Duration {
        Duration::try_from(now.duration_since(self.entry.datetime)).unwrap_or_default()
    }

    /// Whether nothing more can be learned: it went the whole way, or was refused on it.
    pub fn is_settled(&self) -> bool {
        self.is_stopped() || self.hops.iter().all(|state| *state != HopState::Waiting)
    }

    /// Whether a hop refused the message.
    pub fn is_stopped(&self) -> bool {
        self.refused_at().is_some()
    }

    /// The way in one sentence, for a reader who does not see the strip.
    pub fn summary(&self) -> String {
        if let Some(hop) = self.refused_at() {
            return format!("The message was stopped at {}.", hop.name());
        }
        let waiting = Hop::ALL.into_iter().find(|hop| *self.at(*hop) == HopState::Waiting);
        match (self.farthest(), waiting) {
            (Some(reached), Some(next)) => format!("Reached {}; waiting for {}.", reached.name(), next.name()),
            (Some(reached), None) => format!("The message reached {}.", reached.name()),
            (None, Some(next)) => format!("Sent; waiting for {}.", next.name()),
            (None, None) => "It is not known whether the message arrived.".into(),
        }
    }

    fn refused_at(&self) -> Option<Hop> {
        Hop::ALL.into_iter().find(|hop| matches!(self.at(*hop), HopState::Stopped { .. }))
    }

    fn farthest(&self) -> Option<Hop> {
        Hop::ALL.into_iter().rev().find(|hop| matches!(self.at(*hop), HopState::Reached { .. }))
    }

    /// The way as a document for programs.
    pub fn document(&self) -> JourneyDocument<'_> {
        let hop = |hop| HopDocument { known: self.at(hop), after_ms: self.time_to(hop).map(|time| time.as_millis()) };
        JourneyDocument {
            schema: "dpp-webapp/message/1",
            id: self.entry.id.to_string(),
            received: self.entry.datetime,
            settled: self.is_settled(),
            rabbitmq: hop(Hop::Broker),
            kafka: hop(Hop::Kafka),
            elasticsearch: hop(Hop::Elasticsearch),
        }
    }
}

/// What `GET /messages/ID` answers to a program.
#[derive(Debug, Serialize)]
pub struct JourneyDocument<'a> {
    schema: &'static str,
    id: String,
    received: Timestamp,
    settled: bool,
    rabbitmq: HopDocument<'a>,
    kafka: HopDocument<'a>,
    elasticsearch: HopDocument<'a>,
}

#[derive(Debug, Serialize)]
struct HopDocument<'a> {
    #[serde(flatten)]
    known: &'a HopState,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ms: Option<u128>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log_entry::{Level, MessageId};

    fn second(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap()
    }

    fn journey(watched: impl Fn(Hop) -> bool) -> Journey {
        let entry = LogEntry {
            id: MessageId::random(),
            message: "hello".into(),
            level: Level::Info,
            client: "127.0.0.1".parse().unwrap(),
            page: "/".into(),
            datetime: second(100),
        };
        Journey::begin(entry, watched)
    }

    fn seen() -> Observation {
        Observation::Seen { place: "there".into() }
    }

    #[test]
    fn it_settles_when_the_last_hop_is_reached() {
        let mut journey = journey(|_| true);
        for (hop, at) in Hop::ALL.into_iter().zip(101..) {
            assert!(!journey.is_settled());
            assert!(journey.observe(hop, seen(), second(at)));
        }
        assert!(journey.is_settled());
        assert_eq!(journey.time_to(Hop::Elasticsearch), Some(Duration::from_secs(3)));
        assert_eq!(journey.summary(), "The message reached Elasticsearch.");
    }

    #[test]
    fn a_second_sighting_is_no_news() {
        let mut journey = journey(|_| true);
        assert!(journey.observe(Hop::Kafka, seen(), second(101)));
        assert!(!journey.observe(Hop::Kafka, seen(), second(102)));
    }

    #[test]
    fn unwatched_hops_are_not_waited_for() {
        let mut journey = journey(|hop| hop == Hop::Broker);
        journey.observe(Hop::Broker, seen(), second(101));
        assert!(journey.is_settled());
    }

    #[test]
    fn a_refusal_settles_it_and_is_told() {
        let mut journey = journey(|_| true);
        journey.observe(Hop::Broker, Observation::Stopped { why: "NO_ROUTE".into() }, second(101));
        assert!(journey.is_settled());
        assert_eq!(journey.summary(), "The message was stopped at RabbitMQ.");
    }

    #[test]
    fn after_a_lost_confirmation_the_next_hops_are_still_watched() {
        let mut journey = journey(|_| true);
        journey.observe(Hop::Broker, Observation::Uncertain { why: "reset".into() }, second(101));
        assert!(!journey.is_settled());
        assert_eq!(journey.summary(), "Sent; waiting for Kafka.");
    }

    #[test]
    fn the_document_names_every_hop() {
        let mut journey = journey(|hop| hop != Hop::Kafka);
        journey.observe(Hop::Broker, seen(), second(102));
        let document = serde_json::to_value(journey.document()).unwrap();
        assert_eq!(document["rabbitmq"]["state"], "reached");
        assert_eq!(document["rabbitmq"]["after_ms"], 2000);
        assert_eq!(document["kafka"]["state"], "not_watched");
        assert_eq!(document["elasticsearch"]["state"], "waiting");
        assert_eq!(document["settled"], false);
    }
}
