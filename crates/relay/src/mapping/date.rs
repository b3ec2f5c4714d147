//! The event's own time: a header in UNIX seconds, else AMQP's timestamp property or the time of Kafka's record.

use jiff::Timestamp;

use crate::envelope::{Envelope, Origin};

/// What a message says about its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Date {
    /// It says when.
    Known(Timestamp),
    /// It says something that is no time.
    Unreadable,
    /// It says nothing.
    Absent,
}

impl Date {
    pub(super) fn or(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Known(time) => time,
            Self::Unreadable | Self::Absent => now,
        }
    }
}

/// Returns the time a message carries; the header wins.
pub(super) fn of(envelope: &Envelope, header: &str) -> Date {
    match envelope.header(header) {
        Some(value) => value.number().and_then(from_seconds).map_or(Date::Unreadable, Date::Known),
        None => of_origin(&envelope.origin),
    }
}

/// AMQP 0-9-1 counts its property in seconds, Kafka its records' time in milliseconds.
fn of_origin(origin: &Origin) -> Date {
    let time = match origin {
        Origin::Rabbitmq(delivered) => delivered
            .properties
            .timestamp()
            .map(|seconds| i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok())),
        Origin::Kafka(place) => place.timestamp.map(|milliseconds| Timestamp::from_millisecond(milliseconds).ok()),
    };
    time.map_or(Date::Absent, |time| time.map_or(Date::Unreadable, Date::Known))
}

/// Kafka knows no time before 1970; milliseconds are all it keeps.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds out of range saturate and are refused by jiff")]
fn from_seconds(seconds: f64) -> Option<Timestamp> {
    let plausible = seconds.is_finite() && seconds >= 0.0;
    if plausible { Timestamp::from_millisecond((seconds * 1_000.0).round() as i64).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use lapin::types::AMQPValue;

    use super::*;

    fn date(value: AMQPValue) -> Date {
        of(&Envelope::of("").with_header("datetime", value), "datetime")
    }

    #[test]
    fn numbers_and_texts_are_read_as_unix_seconds() {
        let known = Date::Known(Timestamp::from_second(1_514_764_800).unwrap());
        for value in [
            AMQPValue::LongString("1514764800".into()),
            AMQPValue::LongString(" 1514764800.0 ".into()),
            AMQPValue::ShortString("1514764800".into()),
            AMQPValue::LongLongInt(1_514_764_800),
            AMQPValue::LongUInt(1_514_764_800),
            AMQPValue::Double(1_514_764_800.0),
            AMQPValue::Timestamp(1_514_764_800),
        ] {
            assert_eq!(date(value.clone()), known, "{value:?}");
        }
    }

    #[test]
    fn what_is_no_time_is_not_taken_for_one() {
        for value in [
            AMQPValue::LongString("2018-01-01".into()),
            AMQPValue::LongString("NaN".into()),
            AMQPValue::LongString("inf".into()),
            AMQPValue::LongInt(-1),
            AMQPValue::Double(1e300),
            AMQPValue::Void,
        ] {
            assert_eq!(date(value.clone()), Date::Unreadable, "{value:?}");
        }
        assert_eq!(of(&Envelope::of(""), "datetime"), Date::Absent);
    }

    #[test]
    fn the_property_stands_in_for_the_header() {
        let known = Date::Known(Timestamp::from_second(1_514_764_800).unwrap());
        let envelope = Envelope::of("").delivered(|delivered| {
            delivered.properties = std::mem::take(&mut delivered.properties).with_timestamp(1_514_764_800);
        });
        assert_eq!(of(&envelope, "datetime"), known);
        assert_eq!(of(&Envelope::of_kafka(""), "datetime"), known);
    }
}
