//! Invariant 6 as a state machine: RabbitMQ is told to forget a message only after Kafka has answered for it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

/// Violations that are kept in words; more are only counted.
const KEPT: usize = 20;

/// Answers that follow each other faster than this are one, when recovery is timed.
const RESOLUTION: Duration = Duration::from_millis(20);

/// A channel of a connection.
type Channel = (u64, u16);

/// What passed on both wires, in the order in which it passed.
#[derive(Debug, Default)]
pub struct Safety {
    connections: u64,
    held: HashMap<Channel, BTreeMap<u64, Option<u64>>>,
    confirmed: HashSet<u64>,
    answers: Vec<Instant>,
    sightings: Sightings,
}

/// What was seen of both wires.
#[derive(Debug, Clone, Default)]
pub struct Sightings {
    /// Deliveries of RabbitMQ, those of a second time included.
    pub delivered: u64,
    /// Deliveries that were acknowledged.
    pub acknowledged: u64,
    /// Different messages that Kafka confirmed.
    pub confirmed: u64,
    /// Requests with records that Kafka refused.
    pub refused: u64,
    /// The first acknowledgements that came too early or named what was not delivered.
    pub early: Vec<String>,
    /// How many there were.
    pub early_count: u64,
}

impl Safety {
    pub(super) fn begin_connection(&mut self) -> u64 {
        self.connections += 1;
        self.connections
    }

    pub(super) fn end_connection(&mut self, connection: u64) {
        self.held.retain(|(of, _), _| *of != connection);
    }

    pub(super) fn delivered(&mut self, channel: Channel, tag: u64, number: Option<u64>) {
        self.sightings.delivered += 1;
        self.held.entry(channel).or_default().insert(tag, number);
    }

    pub(super) fn answered(&mut self, numbers: &[u64]) {
        self.confirmed.extend(numbers);
        let now = Instant::now();
        if self.answers.last().is_none_or(|last| now.saturating_duration_since(*last) >= RESOLUTION) {
            self.answers.push(now);
        }
    }

    pub(super) fn refused(&mut self, numbers: &[u64]) {
        self.sightings.refused += u64::from(!numbers.is_empty());
    }

    pub(super) fn acknowledged(&mut self, channel: Channel, up_to: u64, multiple: bool) {
        let held = self.held.entry(channel).or_default();
        let done = if multiple {
            let later = held.split_off(&(up_to + 1));
            std::mem::replace(held, later)
        } else {
            held.remove(&up_to).map(|number| (up_to, number)).into_iter().collect()
        };
        if !done.contains_key(&up_to) {
            self.note(format!("connection {}: tag {up_to} was acknowledged, which was not delivered there", channel.0));
        }
        self.sightings.acknowledged += done.len() as u64;
        for (tag, number) in done {
            if let Some(number) = number.filter(|number| !self.confirmed.contains(number)) {
                let connection = channel.0;
                self.note(format!(
                    "connection {connection}: message {number}, tag {tag}, was acknowledged before Kafka answered for it"
                ));
            }
        }
    }

    pub(super) fn answered_after(&self, moment: Instant) -> Option<Instant> {
        let at = self.answers.partition_point(|answer| *answer < moment);
        self.answers.get(at).copied()
    }

    pub(super) fn sightings(&self) -> Sightings {
        Sightings { confirmed: self.confirmed.len() as u64, ..self.sightings.clone() }
    }

    fn note(&mut self, words: String) {
        self.sightings.early_count += 1;
        if self.sightings.early.len() < KEPT {
            self.sightings.early.push(words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Channel = (1, 1);
    const TWO: Channel = (2, 1);

    fn early(safety: &Safety) -> u64 {
        safety.sightings().early_count
    }

    #[test]
    fn an_acknowledgement_after_the_answer_is_safe_and_one_before_it_is_not() {
        let mut safety = Safety::default();
        for (tag, number) in [(1, 10), (2, 11), (3, 12)] {
            safety.delivered(ONE, tag, Some(number));
        }
        safety.answered(&[10, 12]);
        safety.acknowledged(ONE, 1, true);
        assert_eq!(early(&safety), 0);
        safety.acknowledged(ONE, 3, true);
        assert_eq!(
            safety.sightings().early,
            ["connection 1: message 11, tag 2, was acknowledged before Kafka answered for it"]
        );
        assert_eq!(safety.sightings().acknowledged, 3);
    }

    #[test]
    fn a_tag_of_another_connection_is_not_safe() {
        let mut safety = Safety::default();
        safety.delivered(ONE, 5, Some(10));
        safety.answered(&[10]);
        safety.end_connection(1);
        safety.acknowledged(TWO, 5, true);
        assert_eq!(safety.sightings().early, ["connection 2: tag 5 was acknowledged, which was not delivered there"]);
    }

    #[test]
    fn a_message_that_comes_again_needs_no_second_answer() {
        let mut safety = Safety::default();
        safety.delivered(ONE, 1, Some(10));
        safety.answered(&[10]);
        safety.end_connection(1);
        safety.delivered(TWO, 1, Some(10));
        safety.acknowledged(TWO, 1, false);
        assert_eq!((early(&safety), safety.sightings().delivered), (0, 2));
    }

    #[test]
    fn the_first_answer_after_a_moment_is_found() {
        let mut safety = Safety::default();
        let before = Instant::now();
        assert_eq!(safety.answered_after(before), None);
        safety.answered(&[1]);
        assert!(safety.answered_after(before).is_some());
        assert_eq!(safety.answered_after(Instant::now()), None);
    }
}
