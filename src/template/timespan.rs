//! What lies between two moments, as Python's `timedelta` shows it.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value as Dynamic};

const DAY: i128 = 86_400_000_000;

/// A span of time, in microseconds.
#[derive(Debug)]
pub(super) struct Timespan(pub(super) i128);

impl Timespan {
    fn days(&self) -> i128 {
        self.0.div_euclid(DAY)
    }

    /// Of the day, after the days.
    fn seconds(&self) -> i128 {
        self.0.rem_euclid(DAY) / 1_000_000
    }

    fn microseconds(&self) -> i128 {
        self.0.rem_euclid(1_000_000)
    }
}

impl Object for Timespan {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.0 != 0
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Dynamic> {
        Some(Dynamic::from(match name {
            "days" => self.days(),
            "seconds" => self.seconds(),
            "microseconds" => self.microseconds(),
            _ => return None,
        }))
    }

    fn get_value(self: &Arc<Self>, key: &Dynamic) -> Option<Dynamic> {
        self.get_value_by_str(key.as_str()?)
    }

    fn call_method(
        self: &Arc<Self>,
        _state: &mut State<'_, '_>,
        method: &str,
        _arguments: &[Dynamic],
    ) -> Result<Dynamic, Error> {
        match method {
            "total_seconds" => Ok(Dynamic::from(self.0 as f64 / 1e6)),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.days(), self.seconds());
        if days != 0 {
            write!(f, "{days} day{}, ", if days.abs() == 1 { "" } else { "s" })?;
        }
        write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        match self.microseconds() {
            0 => Ok(()),
            micro => write!(f, ".{micro:06}"),
        }
    }
}
