//! What a refusal means: is it the record's fault, perhaps a neighbour's, or has Kafka to be waited for?

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// What is to be done about a record that Kafka did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Kafka refuses the record for what it is: it belongs into the dead-letter file.
    Poison(String),
    /// Kafka refused the batch; sent alone, the record will show whether it was the cause.
    Suspect,
    /// Nothing is wrong with the record: it is sent again later, and never put aside.
    Wait(String),
    /// This producer will not send anything any more; another one has to.
    Broken(String),
}

impl Verdict {
    /// Judges a delivery error of a record that was sent alone or in a batch.
    pub(super) fn of(error: &KafkaError, alone: bool) -> Self {
        match error.rdkafka_error_code() {
            Some(code) if is_the_records_fault(code) && alone => Self::Poison(format!("Kafka refused it: {code}")),
            Some(code) if is_the_records_fault(code) => Self::Suspect,
            Some(code) if is_the_producers_end(code) => Self::Broken(error.to_string()),
            _ => Self::Wait(error.to_string()),
        }
    }

    /// Judges a record that is larger than the configuration allows, which needs no broker.
    pub(super) fn oversize(limit: usize) -> Self {
        Self::Poison(format!("the record is larger than sink.max_record_bytes ({limit})"))
    }
}

fn is_the_records_fault(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::MessageSizeTooLarge
            | Code::InvalidMessageSize
            | Code::InvalidMessage
            | Code::InvalidTimestamp
            | Code::InvalidRecord
            | Code::InvalidDifferentRecord
    )
}

fn is_the_producers_end(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(code, Code::Fatal | Code::PurgeQueue | Code::PurgeInflight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(code: RDKafkaErrorCode, alone: bool) -> Verdict {
        Verdict::of(&KafkaError::MessageProduction(code), alone)
    }

    #[test]
    fn only_what_was_refused_alone_is_poison() {
        for code in [RDKafkaErrorCode::MessageSizeTooLarge, RDKafkaErrorCode::InvalidTimestamp] {
            assert_eq!(verdict(code, false), Verdict::Suspect);
            assert!(matches!(verdict(code, true), Verdict::Poison(_)));
        }
    }

    #[test]
    fn what_heals_is_waited_for_and_never_put_aside() {
        for code in [
            RDKafkaErrorCode::TopicAuthorizationFailed,
            RDKafkaErrorCode::UnknownTopic,
            RDKafkaErrorCode::UnknownTopicOrPartition,
            RDKafkaErrorCode::NotEnoughReplicas,
            RDKafkaErrorCode::MessageTimedOut,
        ] {
            for alone in [false, true] {
                assert!(matches!(verdict(code, alone), Verdict::Wait(_)), "{code:?}");
            }
        }
    }

    #[test]
    fn a_producer_at_its_end_is_told_from_a_refusal() {
        assert!(matches!(verdict(RDKafkaErrorCode::Fatal, false), Verdict::Broken(_)));
        assert!(matches!(verdict(RDKafkaErrorCode::PurgeQueue, true), Verdict::Broken(_)));
    }
}
