//! Time: `now`, `strftime`, `to_datetime`, and moments as Python's `datetime` shows them.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, State, Value as Dynamic};

use super::arguments::Arguments;
use super::error::fault;
use super::frame::Frame;
use super::timespan::Timespan;

/// A moment without a time zone, as `to_datetime` gives it.
#[derive(Debug)]
pub(super) struct Moment(DateTime);

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Dynamic> {
        Some(Dynamic::from(match name {
            "year" => i64::from(self.0.year()),
            "month" => i64::from(self.0.month()),
            "day" => i64::from(self.0.day()),
            "hour" => i64::from(self.0.hour()),
            "minute" => i64::from(self.0.minute()),
            "second" => i64::from(self.0.second()),
            "microsecond" => i64::from(self.0.subsec_nanosecond() / 1000),
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
        arguments: &[Dynamic],
    ) -> Result<Dynamic, Error> {
        let argument = || arguments.first().and_then(Dynamic::as_str).unwrap_or_default();
        Ok(match method {
            "strftime" => Dynamic::from(formatted(argument(), &in_utc(self.0)?)?),
            "isoformat" => Dynamic::from(self.to_string().replacen(' ', "T", 1)),
            "timestamp" => Dynamic::from(seconds(&in_utc(self.0)?)),
            "weekday" => Dynamic::from(i64::from(self.0.weekday().to_monday_zero_offset())),
            "isoweekday" => Dynamic::from(i64::from(self.0.weekday().to_monday_one_offset())),
            "date" => Dynamic::from(self.0.date().to_string()),
            "time" => Dynamic::from(self.0.time().to_string()),
            _ => return Err(Error::from(minijinja::ErrorKind::UnknownMethod)),
        })
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.strftime("%Y-%m-%d %H:%M:%S").to_string();
        f.write_str(&text)?;
        match self.0.subsec_nanosecond() / 1000 {
            0 => Ok(()),
            micro => write!(f, ".{micro:06}"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a moment's seconds fit a float as Python has them")]
fn seconds(moment: &Zoned) -> f64 {
    moment.timestamp().as_microsecond() as f64 / 1e6
}

fn in_utc(moment: DateTime) -> Result<Zoned, Error> {
    moment.to_zoned(TimeZone::UTC).map_err(|_| fault("the moment is beyond the calendar"))
}

fn formatted(format: &str, moment: &Zoned) -> Result<String, Error> {
    jiff::fmt::strtime::format(format, moment).map_err(|error| fault(format!("`{format}` is no time format: {error}")))
}

fn zone(frame: &Frame, utc: bool) -> TimeZone {
    if utc {
        return TimeZone::UTC;
    }
    let offset = Offset::from_seconds(frame.engines().surroundings().utc_offset).unwrap_or(Offset::UTC);
    TimeZone::fixed(offset)
}

fn present(frame: &Frame) -> Timestamp {
    let now: SystemTime = (frame.engines().surroundings().now)();
    Timestamp::try_from(now).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `later - earlier`; nothing when the first is no moment.
pub(super) fn difference(later: &Dynamic, earlier: &Dynamic) -> Option<Result<Dynamic, Error>> {
    let later = later.downcast_object_ref::<Moment>()?;
    Some(match earlier.downcast_object_ref::<Moment>() {
        Some(earlier) => in_utc(later.0).and_then(|later| {
            let micro = |moment: &Zoned| i128::from(moment.timestamp().as_microsecond());
            Ok(Dynamic::from_object(Timespan(micro(&later) - micro(&in_utc(earlier.0)?))))
        }),
        None => Err(fault("only a moment can be taken from a moment")),
    })
}

/// `now(utc=False, fmt=None)`.
pub(super) fn now(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let utc = arguments.flag(0, "utc", false)?;
    let format = arguments.text(1, "fmt")?.filter(|format| !format.is_empty());
    let frame = Frame::current()?;
    let moment = present(&frame).to_zoned(zone(&frame, utc));
    match format {
        Some(format) => formatted(&format, &moment).map(Dynamic::from),
        None => Ok(Dynamic::from_object(Moment(moment.datetime()))),
    }
}

/// `'%Y' | strftime(seconds, utc)`.
pub(super) fn strftime(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let format = arguments.need_subject_text()?;
    let second = arguments.take(1, "second")?.filter(|second| !second.is_none());
    let utc = arguments.flag(2, "utc", false)?;
    let frame = Frame::current()?;
    let moment = match second {
        None => present(&frame),
        Some(second) => {
            let number = second.as_str().map_or_else(|| f64::try_from(second.clone()).ok(), |text| text.parse().ok());
            let moment =
                number.and_then(|number| Timestamp::from_duration(jiff::SignedDuration::from_secs_f64(number)).ok());
            moment.ok_or_else(|| arguments.refusal("needs seconds since 1970"))?
        }
    };
    formatted(&format, &moment.to_zoned(zone(&frame, utc))).map(Dynamic::from)
}

/// `text | to_datetime(format)`.
pub(super) fn to_datetime(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let text = arguments.need_subject_text()?;
    let format = arguments.text(1, "format")?.unwrap_or_else(|| "%Y-%m-%d %H:%M:%S".to_owned());
    let parsed = jiff::fmt::strtime::parse(&format, &text);
    let moment = parsed.and_then(|parsed| {
        // Without a day, it is the first one of its month or year.
        let first = || Date::new(parsed.year().unwrap_or(1900), parsed.month().unwrap_or(1), parsed.day().unwrap_or(1));
        let date = parsed.to_date().or_else(|_| first())?;
        Ok(parsed.to_time().map_or_else(|_| date.at(0, 0, 0, 0), |time| date.to_datetime(time)))
    });
    let moment = moment.map_err(|error| arguments.refusal(&format!("cannot read the time by `{format}`: {error}")))?;
    if format.contains("%Y") && !text.contains(&format!("{:04}", moment.year())) {
        return Err(arguments.refusal("needs four digits for a year"));
    }
    Ok(Dynamic::from_object(Moment(moment)))
}
