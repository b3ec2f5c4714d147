//! Which disturbance comes when: a schedule made from a seed alone, so that a run can be had again.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::dice::Dice;

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Connections to Kafka are cut.
    KafkaCut,
    /// Kafka's answers to records are lost, and its connections with them.
    KafkaAnswersLost,
    /// Kafka takes connections and says nothing; what was sent is lost.
    KafkaSilent,
    /// Nothing passes to or from Kafka for a while, and nothing is lost.
    KafkaHeld,
    /// Kafka cannot be reached.
    KafkaAway,
    /// Kafka is slow.
    KafkaSlow,
    /// Kafka's process is killed, and started again.
    KafkaKilled,
    /// Kafka is stopped in good order, and started again.
    KafkaStopped,
    /// Kafka's port is closed, then somebody has it who takes connections and says nothing, then it is Kafka's again.
    KafkaImpostor,
    /// The same, and Kafka is really stopped meanwhile.
    KafkaReplaced,
    /// Kafka refuses records, because the permission to write them is gone.
    KafkaRefuses,
    /// Connections to RabbitMQ are cut.
    RabbitmqCut,
    /// RabbitMQ takes connections and says nothing; what was sent is lost.
    RabbitmqSilent,
    /// Nothing passes to or from RabbitMQ for a while, and nothing is lost.
    RabbitmqHeld,
    /// RabbitMQ is slow.
    RabbitmqSlow,
    /// RabbitMQ's process is killed, and started again.
    RabbitmqKilled,
    /// RabbitMQ's application is stopped, and started again.
    RabbitmqStopped,
    /// The relay is killed, and started again.
    RelayKilled,
    /// The relay is stopped by SIGTERM, and started again.
    RelayStopped,
    /// The relay's process stands still, and goes on.
    RelayFrozen,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::KafkaCut,
        Self::KafkaAnswersLost,
        Self::KafkaSilent,
        Self::KafkaHeld,
        Self::KafkaAway,
        Self::KafkaSlow,
        Self::KafkaKilled,
        Self::KafkaStopped,
        Self::KafkaImpostor,
        Self::KafkaReplaced,
        Self::KafkaRefuses,
        Self::RabbitmqCut,
        Self::RabbitmqSilent,
        Self::RabbitmqHeld,
        Self::RabbitmqSlow,
        Self::RabbitmqKilled,
        Self::RabbitmqStopped,
        Self::RelayKilled,
        Self::RelayStopped,
        Self::RelayFrozen,
    ];

    /// Returns whether messages in flight may come twice after it. Idempotence forbids it for what befalls Kafka alone, as
    /// long as the producer lives; but it may not live, so that only what is harmless to both sides is promised here.
    pub fn repeats(self) -> bool {
        !matches!(self, Self::KafkaSlow | Self::RabbitmqSlow | Self::RelayStopped)
    }

    /// Returns whether it is over as soon as it was made.
    pub fn is_instant(self) -> bool {
        matches!(self, Self::KafkaCut | Self::RabbitmqCut)
    }

    /// Returns whether a broker is away meanwhile, so that the relay has nothing to do.
    pub fn is_absence(self) -> bool {
        matches!(
            self,
            Self::KafkaSilent
                | Self::KafkaHeld
                | Self::KafkaAway
                | Self::KafkaKilled
                | Self::KafkaStopped
                | Self::KafkaImpostor
                | Self::KafkaReplaced
        )
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|fault| fault.to_string() == name);
        found.ok_or_else(|| format!("`{name}` is none of {:?}", Self::ALL))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// One disturbance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Quiet before it.
    pub after: Duration,
    /// What goes wrong.
    pub fault: Fault,
    /// For how long.
    pub lasts: Duration,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {:.1} s", self.fault, self.lasts.as_secs_f64())
    }
}

/// Returns the schedule of a seed: each fault once before any comes again, in an order of its own.
pub fn schedule(seed: u64, faults: &[Fault], count: usize, longest: Duration) -> Vec<Step> {
    const QUIET: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(3));
    const SHORTEST: Duration = Duration::from_millis(200);
    let (mut dice, mut left) = (Dice::new(seed), Vec::new());
    let step = |_| {
        if left.is_empty() {
            left = faults.to_vec();
        }
        let at = dice.below(left.len() as u64) as usize;
        let fault = (at < left.len()).then(|| left.swap_remove(at))?;
        let lasts = if fault.is_instant() { Duration::ZERO } else { dice.between(SHORTEST.min(longest), longest) };
        Some(Step { after: dice.between(QUIET.0, QUIET.1), fault, lasts })
    };
    (0..count).map_while(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_schedule_again_and_another_one_another() {
        let of = |seed| schedule(seed, &Fault::ALL, 40, Duration::from_secs(5));
        assert_eq!((of(1), of(1).len()), (of(1), 40));
        assert_ne!(of(1), of(2));
        assert_eq!(schedule(1, &[], 5, Duration::ZERO), []);
    }

    #[test]
    fn every_fault_comes_before_any_comes_again() {
        let schedule = schedule(3, &Fault::ALL, Fault::ALL.len(), Duration::from_secs(5));
        assert!(Fault::ALL.iter().all(|fault| schedule.iter().any(|step| step.fault == *fault)));
        assert!(Fault::ALL.iter().all(|fault| fault.to_string().parse() == Ok(*fault)), "each is known by its name");
    }
}
