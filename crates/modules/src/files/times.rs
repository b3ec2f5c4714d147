//! What a task wants a file's time to be: now, as it is, or a moment.

use std::time::SystemTime;

use dpp_protocol::Failure;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A wish for one of a file's two times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeWish {
    Now,
    Preserve,
    At(SystemTime),
}

impl TimeWish {
    /// Reads a task's text.
    pub(crate) fn read(text: &str, format: &str) -> Result<Self, Failure> {
        match text {
            "now" => Ok(Self::Now),
            "preserve" => Ok(Self::Preserve),
            text => DateTime::strptime(format, text)
                .and_then(|moment| moment.to_zoned(TimeZone::system()))
                .map(|moment| Self::At(moment.timestamp().into()))
                .map_err(|error| Failure::new(format!("`{text}` is no time in the form `{format}`: {error}"))),
        }
    }

    /// The time to set on a file that has `current`, or nothing where it has it already.
    pub(crate) fn against(self, current: Option<SystemTime>, now: SystemTime) -> Option<SystemTime> {
        match self {
            Self::Now => Some(now),
            Self::Preserve => None,
            Self::At(wanted) => Some(wanted).filter(|wanted| current != Some(*wanted)),
        }
    }
}
