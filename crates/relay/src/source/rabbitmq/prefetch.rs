//! How many messages RabbitMQ may send ahead: small until Kafka has confirmed something, then by the size of the messages.
//!
//! AMQP 0-9-1 counts messages, memory counts bytes; this turns the one into the other. It only computes.

/// The first subscription of a connection asks for this many: enough to learn their size and that Kafka takes them.
const FIRST: u16 = 8;

/// The wanted prefetch of a subscription, between 1 and the configured limit.
#[derive(Debug)]
pub(super) struct Prefetch {
    limit: u16,
    budget: usize,
    current: u16,
    mean_weight: usize,
    proven: bool,
}

impl Prefetch {
    /// Returns the sizing of a new connection.
    pub(super) fn new(limit: u16, budget: usize) -> Self {
        Self { limit, budget, current: FIRST.min(limit), mean_weight: 0, proven: false }
    }

    /// Returns the prefetch of the running subscription.
    pub(super) fn current(&self) -> u16 {
        self.current
    }

    /// Learns the size of a message that came in.
    pub(super) fn observe(&mut self, weight: usize) {
        let is_first = self.mean_weight == 0;
        self.mean_weight = if is_first { weight } else { self.mean_weight - self.mean_weight / 10 + weight / 10 };
    }

    /// Learns that the sink settles messages, which is what more than the first few may rely on.
    pub(super) fn prove(&mut self) {
        self.proven = true;
    }

    /// Returns a new prefetch when the running one is off by a factor of two or more, and takes it as running.
    pub(super) fn resize(&mut self) -> Option<u16> {
        let target = self.target();
        let off = target >= self.current.saturating_mul(2) || target <= self.current / 2;
        let grows_blindly = target > self.current && !self.proven;
        if !off || grows_blindly || target == self.current {
            return None;
        }
        self.current = target;
        Some(target)
    }

    fn target(&self) -> u16 {
        let fitting = self.budget / self.mean_weight.max(1);
        u16::try_from(fitting).unwrap_or(u16::MAX).clamp(1, self.limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_small_until_kafka_confirmed_something() {
        let mut prefetch = Prefetch::new(1_000, 1 << 20);
        prefetch.observe(100);
        assert_eq!((prefetch.current(), prefetch.resize()), (8, None));
        prefetch.prove();
        assert_eq!(prefetch.resize(), Some(1_000));
        assert_eq!(prefetch.resize(), None);
    }

    #[test]
    fn shrinks_when_messages_grow_even_before_proof() {
        let mut prefetch = Prefetch::new(1_000, 1 << 20);
        prefetch.observe(1 << 20);
        assert_eq!(prefetch.resize(), Some(1));
    }

    #[test]
    fn never_asks_for_none_and_never_for_more_than_the_limit() {
        for (limit, weight) in [(1, 1), (1, usize::MAX), (u16::MAX, 0), (10, 1 << 40)] {
            let mut prefetch = Prefetch::new(limit, 1 << 20);
            prefetch.prove();
            prefetch.observe(weight);
            prefetch.resize();
            assert!(
                (1..=limit).contains(&prefetch.current()),
                "limit {limit}, weight {weight}: {}",
                prefetch.current()
            );
        }
    }
}
