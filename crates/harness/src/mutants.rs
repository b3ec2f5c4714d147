//! The proof that a green verdict means something: relays with one mistake each, every one of which must be told apart from
//! the right one, by the invariant that the mistake breaks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::lab::Error;
use crate::nemesis::{Fault, Step};
use crate::relay::Programme;
use crate::run::Plan;
use crate::stage::Stage;
use crate::trial::attempt;
use crate::verdict::Invariant;

/// A mistake, what brings it to light, and what must be found broken.
#[derive(Debug, Clone, Copy)]
pub struct Mutant {
    /// The relay's name for it.
    pub name: &'static str,
    /// What goes wrong meanwhile, and for how long.
    pub fault: Option<(Fault, Duration)>,
    /// What must be among the findings.
    pub breaks: Invariant,
}

/// Kafka is away for longer than the relay of these plans waits before it hands back.
const OUTAGE: Duration = Duration::from_secs(8);

/// All of them.
pub const MUTANTS: [Mutant; 6] = [
    Mutant { name: "acks-early", fault: None, breaks: Invariant::AckSafety },
    Mutant { name: "drops-on-error", fault: Some((Fault::KafkaAway, OUTAGE)), breaks: Invariant::NoLoss },
    Mutant { name: "acks-stale-tags", fault: Some((Fault::RabbitmqCut, Duration::ZERO)), breaks: Invariant::AckSafety },
    Mutant { name: "forgets-letters", fault: None, breaks: Invariant::Poison },
    Mutant { name: "reorders", fault: Some((Fault::KafkaAway, OUTAGE)), breaks: Invariant::Order },
    Mutant { name: "miscounts", fault: None, breaks: Invariant::Ledger },
];

/// Plays the right relay and every mutant; each comes back with what was found, and whether that is what must be.
pub async fn all(
    stage: &Stage,
    right: &Path,
    mutant: &Path,
    folder: &Path,
    mut tell: impl FnMut(&str),
) -> Result<bool, Error> {
    let mut all_told = true;
    for fault in [None, Some((Fault::RabbitmqCut, Duration::ZERO)), Some((Fault::KafkaAway, OUTAGE))] {
        let programme = Programme { path: right.to_owned(), mutant: None };
        let outcome = attempt(stage, &plan("right", fault, programme, folder)).await?;
        let is_right = outcome.broken().is_empty();
        tell(&format!("{} the right relay: {outcome}", word(is_right)));
        if !is_right {
            tell(&outcome.verdict.to_string());
        }
        all_told &= is_right;
    }
    for Mutant { name, fault, breaks } in MUTANTS {
        let programme = Programme { path: mutant.to_owned(), mutant: Some(name.to_owned()) };
        let outcome = attempt(stage, &plan(name, fault, programme, folder)).await?;
        let is_told = outcome.broken().contains(&breaks);
        tell(&format!("{} {name}, must break {breaks:?}: {outcome}", word(is_told)));
        if !is_told {
            tell(&outcome.verdict.to_string());
        }
        all_told &= is_told;
    }
    Ok(all_told)
}

fn word(as_it_must_be: bool) -> &'static str {
    if as_it_must_be { "ok     " } else { "FAILED " }
}

fn plan(name: &str, fault: Option<(Fault, Duration)>, programme: Programme, folder: &Path) -> Plan {
    const AFTER: Duration = Duration::from_secs(2);
    let fault_name = fault.map_or("calm".to_owned(), |(fault, _)| fault.to_string());
    Plan {
        name: format!("{name}-{fault_name}-{}", std::process::id()),
        programme,
        messages: 3_000,
        rate: 800,
        with_poison: true,
        schedule: fault.into_iter().map(|(fault, lasts)| Step { after: AFTER, fault, lasts }).collect(),
        prefetch: 200,
        // Handed back after half of it.
        consumer_timeout: OUTAGE,
        // A mutant that lost something will not find it again.
        patience: Duration::from_secs(8),
        folder: PathBuf::from(folder),
    }
}
