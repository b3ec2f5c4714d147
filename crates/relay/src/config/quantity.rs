//! Durations and sizes as people write them: `30m`, `5ms`, `32MiB`.

use std::num::NonZeroU16;
use std::time::Duration;

use bytesize::ByteSize;
use jiff::SignedDuration;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// Reads a duration that is longer than nothing.
pub(super) fn positive_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let duration = duration(from)?;
    if duration.is_zero() { Err(D::Error::custom("the duration must be longer than zero")) } else { Ok(duration) }
}

/// Reads a duration, zero included.
pub(super) fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    let parsed: SignedDuration = text
        .parse()
        .map_err(|error| D::Error::custom(format!("`{text}` is no duration such as 500ms, 20s or 30m: {error}")))?;
    Duration::try_from(parsed).map_err(|_| D::Error::custom("the duration must not be negative"))
}

/// Reads a number of bytes, at least one.
pub(super) fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let size = ByteSize::deserialize(from)?.as_u64();
    match usize::try_from(size) {
        Ok(0) => Err(D::Error::custom("the size must be more than zero")),
        Ok(size) => Ok(size),
        Err(_) => Err(D::Error::custom("the size is larger than this machine can address")),
    }
}

/// Reads a count of at least one.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    NonZeroU16::deserialize(from).map(NonZeroU16::get)
}
