//! Moments of a run: milliseconds since 1970, and how they are written.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// Milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// `2026-11-22T14:03:11.204Z`.
pub fn iso(t: u64) -> String {
    stamp(t).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// `14:03:11`, in UTC.
pub fn clock(t: u64) -> String {
    stamp(t).strftime("%H:%M:%S").to_string()
}

pub(super) fn serialize<S: Serializer>(t: &u64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&iso(*t))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let written: Timestamp = String::deserialize(from)?.parse().map_err(D::Error::custom)?;
    u64::try_from(written.as_millisecond()).map_err(D::Error::custom)
}

/// `2026-11-22 14:03`, in UTC.
pub fn minute(t: u64) -> String {
    to_the_minute(stamp(t))
}

/// The same of a time as RFC 3339 has it; a text that is no such time is returned as it is.
pub fn minute_of(time: &str) -> String {
    time.parse().map_or_else(|_| time.to_owned(), to_the_minute)
}

fn to_the_minute(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M").to_string()
}

fn stamp(t: u64) -> Timestamp {
    i64::try_from(t).ok().and_then(|t| Timestamp::from_millisecond(t).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_with_milliseconds() {
        assert_eq!(iso(1_795_356_191_204), "2026-11-22T14:03:11.204Z");
        assert_eq!(clock(1_795_356_191_204), "14:03:11");
        assert_eq!(iso(u64::MAX), "1970-01-01T00:00:00.000Z");
    }
}
