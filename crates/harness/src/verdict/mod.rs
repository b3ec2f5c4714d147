//! The verdict: each of the eleven invariants holds, is broken, or was not shown by this run. Pure: evidence in, words out.

mod counts;
mod flow;
mod process;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::evidence::Evidence;

pub(crate) use process::BUDGET;

/// Longer lists of numbers are cut off here.
const SHOWN: usize = 8;

/// What must never be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// What RabbitMQ confirmed is in Kafka or in the dead letters.
    NoLoss = 1,
    /// What is there was published.
    NoInvention,
    /// It is there as it was published.
    Integrity,
    /// Twice is what was in flight at a disturbance, and it is marked.
    BoundedDuplication,
    /// Each key keeps its order.
    Order,
    /// RabbitMQ forgets only what Kafka answered for.
    AckSafety,
    /// Messages flow again soon after a disturbance.
    Liveness,
    /// Memory stays within its budget.
    Memory,
    /// Counts add up, and are those of the wire.
    Ledger,
    /// A stop ends in time and in good order.
    Shutdown,
    /// What Kafka cannot take is a dead letter, and nothing else is.
    Poison,
}

/// What a run says about an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// It holds; the evidence in figures.
    Holds(String),
    /// It does not; the evidence in figures.
    Broken(String),
    /// The run had nothing that could have broken it.
    NotShown(String),
}

impl Finding {
    /// It holds when nothing speaks against it.
    fn unless(broken: bool, words: String) -> Self {
        if broken { Self::Broken(words) } else { Self::Holds(words) }
    }
}

/// A finding for each invariant.
#[derive(Debug)]
pub struct Verdict(pub Vec<(Invariant, Finding)>);

impl Verdict {
    /// Judges a run.
    pub fn of(evidence: &Evidence) -> Self {
        Self(vec![
            (Invariant::NoLoss, counts::loss(evidence)),
            (Invariant::NoInvention, counts::invention(evidence)),
            (Invariant::Integrity, counts::integrity(evidence)),
            (Invariant::BoundedDuplication, counts::duplication(evidence)),
            (Invariant::Order, flow::order(evidence)),
            (Invariant::AckSafety, flow::ack_safety(evidence)),
            (Invariant::Liveness, flow::liveness(evidence)),
            (Invariant::Memory, process::memory(evidence)),
            (Invariant::Ledger, process::ledger(evidence)),
            (Invariant::Shutdown, process::shutdown(evidence)),
            (Invariant::Poison, counts::poison(evidence)),
        ])
    }

    /// Returns the invariants that are broken.
    pub fn broken(&self) -> Vec<Invariant> {
        let is_broken = |(_, finding): &&(Invariant, Finding)| matches!(finding, Finding::Broken(_));
        self.0.iter().filter(is_broken).map(|(invariant, _)| *invariant).collect()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(invariant, finding)| {
            let (word, words) = match finding {
                Finding::Holds(words) => ("holds", words),
                Finding::Broken(words) => ("BROKEN", words),
                Finding::NotShown(words) => ("not shown", words),
            };
            let (number, name) = (*invariant as u8, format!("{invariant:?}"));
            writeln!(f, "{number:>3} {name:<19} {word:<10} {words}")
        })
    }
}

/// The first of some numbers, in words.
fn shown(numbers: &[u64]) -> String {
    let first: Vec<String> = numbers.iter().take(SHOWN).map(u64::to_string).collect();
    let more = if numbers.len() > SHOWN { ", ..." } else { "" };
    format!("{}{more}", first.join(", "))
}
