//! Where a message passes, and what is known of it there: a state machine without I/O.

use jiff::Timestamp;
use serde::Serialize;

/// A station of the pipeline behind the web page that can be asked for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// RabbitMQ, which confirms a message itself.
    Broker,
    /// The Kafka topic, which is read along.
    Kafka,
    /// The index, which is searched.
    Elasticsearch,
}

impl Hop {
    /// All hops in the order in which a message passes them.
    pub const ALL: [Self; 3] = [Self::Broker, Self::Kafka, Self::Elasticsearch];

    /// The product's name, as its makers write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Broker => "RabbitMQ",
            Self::Kafka => "Kafka",
            Self::Elasticsearch => "Elasticsearch",
        }
    }
}

/// What was learned about a message at one hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// It is there; `place` says where exactly, in the product's own terms.
    Seen {
        /// For example `partition 0, offset 42`.
        place: String,
    },
    /// It was refused here and goes no further.
    Stopped {
        /// In the product's own words where it gave any.
        why: String,
    },
    /// Whether it arrived cannot be known any more.
    Uncertain {
        /// What was lost before the answer came.
        why: String,
    },
}

/// What is known of a message at one hop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum HopState {
    /// The configuration names no such product, so nobody looks.
    NotWatched,
    /// Not seen yet.
    Waiting,
    /// Seen.
    Reached {
        /// When it was seen, which is a little after it arrived.
        at: Timestamp,
        /// Where exactly.
        place: String,
    },
    /// Refused; it goes no further.
    Stopped {
        /// When the refusal came.
        at: Timestamp,
        /// The reason.
        why: String,
    },
    /// Sent, but the answer was lost.
    Uncertain {
        /// When the answer was lost.
        at: Timestamp,
        /// What happened.
        why: String,
    },
}

impl HopState {
    /// The state after `observation` was made at `at`.
    ///
    /// A sighting outweighs any earlier doubt, and nothing outweighs the first sighting: a message that is delivered
    /// twice keeps the time of its first arrival.
    #[must_use]
    pub fn after(self, observation: Observation, at: Timestamp) -> Self {
        match (self, observation) {
            (seen @ (Self::Reached { .. } | Self::NotWatched), _) => seen,
            (_, Observation::Seen { place }) => Self::Reached { at, place },
            (Self::Waiting, Observation::Stopped { why }) => Self::Stopped { at, why },
            (Self::Waiting, Observation::Uncertain { why }) => Self::Uncertain { at, why },
            (doubted, _) => doubted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: i64) -> Timestamp {
        Timestamp::from_second(n).unwrap()
    }

    fn seen() -> Observation {
        Observation::Seen { place: "partition 0, offset 42".into() }
    }

    fn stopped() -> Observation {
        Observation::Stopped { why: "NO_ROUTE".into() }
    }

    fn uncertain() -> Observation {
        Observation::Uncertain { why: "connection reset".into() }
    }

    #[test]
    fn waiting_takes_whatever_is_observed() {
        let reached = HopState::Waiting.after(seen(), second(1));
        assert_eq!(reached, HopState::Reached { at: second(1), place: "partition 0, offset 42".into() });
        let refused = HopState::Waiting.after(stopped(), second(1));
        assert_eq!(refused, HopState::Stopped { at: second(1), why: "NO_ROUTE".into() });
        let lost = HopState::Waiting.after(uncertain(), second(1));
        assert_eq!(lost, HopState::Uncertain { at: second(1), why: "connection reset".into() });
    }

    #[test]
    fn the_first_sighting_keeps_its_time() {
        let first = HopState::Waiting.after(seen(), second(1));
        for later in [seen(), stopped(), uncertain()] {
            assert_eq!(first.clone().after(later, second(9)), first);
        }
    }

    #[test]
    fn a_sighting_outweighs_doubt_and_refusal() {
        for doubt in [stopped(), uncertain()] {
            let state = HopState::Waiting.after(doubt, second(1)).after(seen(), second(2));
            assert!(matches!(state, HopState::Reached { at, .. } if at == second(2)));
        }
    }

    #[test]
    fn a_refusal_is_not_softened_by_later_doubt() {
        let refused = HopState::Waiting.after(stopped(), second(1));
        assert_eq!(refused.clone().after(uncertain(), second(2)), refused);
    }

    #[test]
    fn what_nobody_watches_stays_unwatched() {
        for observation in [seen(), stopped(), uncertain()] {
            assert_eq!(HopState::NotWatched.after(observation, second(1)), HopState::NotWatched);
        }
    }
}
