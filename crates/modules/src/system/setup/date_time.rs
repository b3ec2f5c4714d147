//! The host's clock, in the many forms that Ansible gives it.

use dpp_protocol::ResultMap;
use jiff::Zoned;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::names::set;

pub(super) fn gather(facts: &mut ResultMap) {
    let now = Zoned::now();
    let utc = now.with_time_zone(TimeZone::UTC);
    let mut moment = Map::new();
    for (name, format) in [
        ("year", "%Y"),
        ("month", "%m"),
        ("weekday", "%A"),
        ("weekday_number", "%w"),
        ("weeknumber", "%W"),
        ("day", "%d"),
        ("hour", "%H"),
        ("minute", "%M"),
        ("second", "%S"),
        ("epoch", "%s"),
        ("epoch_int", "%s"),
        ("date", "%Y-%m-%d"),
        ("time", "%H:%M:%S"),
        ("iso8601_basic", "%Y%m%dT%H%M%S%6f"),
        ("iso8601_basic_short", "%Y%m%dT%H%M%S"),
        ("tz", "%Z"),
        ("tz_dst", "%Z"),
        ("tz_offset", "%z"),
    ] {
        moment.insert(name.into(), now.strftime(format).to_string().into());
    }
    moment.insert("iso8601".into(), utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into());
    moment.insert("iso8601_micro".into(), utc.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().into());
    set(facts, "date_time", Value::Object(moment));
    if let Some(up) = super::names::text("/proc/uptime").and_then(|up| up.split('.').next()?.parse::<u64>().ok()) {
        set(facts, "uptime_seconds", up);
    }
}
