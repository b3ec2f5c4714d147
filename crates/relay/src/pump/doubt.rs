//! Whether the sink's client still does its work: one that says nothing for long, while another one finds Kafka well, is
//! replaced. librdkafka waits for a broker without limit, which is right for as long as there is none.

use std::time::{Duration, Instant};

use tokio::sync::oneshot::{Receiver, error::TryRecvError};

use super::{End, Pump};

/// Another client is asked at most this often.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// A client that found Kafka back by itself has this long to say so.
const GRACE: Duration = Duration::from_secs(15);

/// What other clients say, while the sink's own is silent.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    asked_at: Option<Instant>,
    opinion: Option<Receiver<bool>>,
    well_since: Option<Instant>,
}

impl Doubt {
    /// Takes an opinion in, when one came.
    fn learn(&mut self, now: Instant) {
        let Some(opinion) = &mut self.opinion else { return };
        match opinion.try_recv() {
            Ok(true) => self.well_since = Some(now),
            Ok(false) | Err(TryRecvError::Closed) => self.well_since = None,
            Err(TryRecvError::Empty) => return,
        }
        self.opinion = None;
    }

    fn wants_another(&self, now: Instant) -> bool {
        let is_time = self.asked_at.is_none_or(|at| now.saturating_duration_since(at) >= ASK_AGAIN);
        is_time && self.opinion.is_none() && self.well_since.is_none()
    }

    fn is_sure(&self, now: Instant) -> bool {
        self.well_since.is_some_and(|since| now.saturating_duration_since(since) >= GRACE)
    }
}

impl Pump<'_> {
    /// Ends the generation of a client that is silent although Kafka is there.
    pub(super) fn doubt_silence(&mut self, now: Instant) -> Result<(), End> {
        let Some(silent_for) = self.flow.silence(now) else {
            self.doubt = Doubt::default();
            return Ok(());
        };
        self.doubt.learn(now);
        if self.doubt.is_sure(now) {
            self.flow.replace_client();
            return Err(End::Silent { silent_for });
        }
        if self.doubt.wants_another(now) {
            self.doubt.asked_at = Some(now);
            self.doubt.opinion = self.sink.another_opinion();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::channel;

    use super::*;

    #[test]
    fn kafka_must_be_well_for_a_while_before_its_client_is_given_up() {
        let (begun, mut doubt) = (Instant::now(), Doubt::default());
        let after = |seconds| begun + Duration::from_secs(seconds);
        let asked = |doubt: &mut Doubt, at: Instant, answer: bool| {
            assert!(doubt.wants_another(at));
            let (sender, opinion) = channel();
            (doubt.asked_at, doubt.opinion) = (Some(at), Some(opinion));
            doubt.learn(at);
            assert!(doubt.opinion.is_some() && !doubt.wants_another(at + ASK_AGAIN), "one at a time");
            sender.send(answer).unwrap();
            doubt.learn(at);
        };
        asked(&mut doubt, after(0), false);
        assert!(!doubt.wants_another(after(29)) && !doubt.is_sure(after(1_000)));
        asked(&mut doubt, after(30), true);
        assert!(!doubt.wants_another(after(100)), "it is well already");
        assert!(!doubt.is_sure(after(44)) && doubt.is_sure(after(45)));
    }
}
