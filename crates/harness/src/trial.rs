//! A trial: a plan made from a seed, played and judged, and what came of it in one line and in full.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::evidence::Evidence;
use crate::lab::Error;
use crate::nemesis::{Fault, schedule};
use crate::relay::Programme;
use crate::run::{Plan, run};
use crate::stage::Stage;
use crate::verdict::{Invariant, Verdict};

/// What a trial is made from; the same terms make the same schedule.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The seed.
    pub seed: u64,
    /// At least this many messages.
    pub messages: u64,
    /// Messages a second.
    pub rate: u64,
    /// How many disturbances.
    pub faults: usize,
    /// Which ones.
    pub kinds: Vec<Fault>,
    /// How long one lasts at most.
    pub longest: Duration,
    /// What the relay takes RabbitMQ's `consumer_timeout` to be.
    pub consumer_timeout: Duration,
}

impl Terms {
    /// Makes the plan of these terms.
    pub fn plan(&self, programme: Programme, folder: &Path) -> Plan {
        Plan {
            name: format!("run{}-{}", self.seed, std::process::id()),
            programme,
            messages: self.messages,
            rate: self.rate,
            with_poison: true,
            schedule: schedule(self.seed, &self.kinds, self.faults, self.longest),
            prefetch: 500,
            consumer_timeout: self.consumer_timeout,
            patience: Duration::from_mins(4),
            folder: folder.to_owned(),
        }
    }
}

/// What came of a trial.
#[derive(Debug)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// What was seen.
    pub evidence: Evidence,
    /// What that means.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

impl Outcome {
    /// Returns what is broken.
    pub fn broken(&self) -> Vec<Invariant> {
        self.verdict.broken()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (broken, evidence) = (self.broken(), &self.evidence);
        let word = if broken.is_empty() { "PASS".to_owned() } else { format!("FAIL {broken:?}") };
        write!(
            f,
            "{}: {word}, {} messages confirmed by RabbitMQ, {} records, {} letters, {} disturbances, {:.0} s",
            self.name,
            evidence.confirmed(),
            evidence.records.len(),
            evidence.letters.len(),
            evidence.disturbances.len(),
            self.took.as_secs_f64()
        )
    }
}

/// Plays a plan and judges it.
pub async fn attempt(stage: &Stage, plan: &Plan) -> Result<Outcome, Error> {
    let begun = Instant::now();
    let evidence = run(stage, plan).await?;
    let verdict = Verdict::of(&evidence);
    Ok(Outcome { name: plan.name.clone(), evidence, verdict, took: begun.elapsed() })
}
