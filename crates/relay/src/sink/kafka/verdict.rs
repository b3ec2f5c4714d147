//! What a refusal means: is it the record's fault, perhaps a neighbour's, or has Kafka to be waited for?

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::flow::Verdict;

/// Judges a delivery error of a record that was sent alone or in a batch.
pub(super) fn of(error: &KafkaError, alone: bool) -> Verdict {
    match error.rdkafka_error_code() {
        Some(code) if is_the_records_fault(code) && alone => Verdict::Poison(format!("Kafka refused it: {code}")),
        Some(code) if is_the_records_fault(code) => Verdict::Suspect,
        Some(code) if is_the_producers_end(code) => Verdict::Broken(error.to_string()),
        _ => Verdict::Wait(error.to_string()),
    }
}

/// Judges a record that is larger than the configuration allows, which needs no broker.
pub(super) fn oversize(limit: usize) -> Verdict {
    Verdict::Poison(format!("the record is larger than sink.max_record_bytes ({limit})"))
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
        of(&KafkaError::MessageProduction(code), alone)
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
