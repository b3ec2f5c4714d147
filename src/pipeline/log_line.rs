//! Lines of systemd's journal, as `journalctl -o json` prints them (systemd.journal-fields(7)); put into one stream. Pure.

use serde_json::Value;

/// What a unit said at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Microseconds since 1970.
    pub at: u64,
    /// The host.
    pub host: String,
    /// The unit, without `.service`.
    pub unit: String,
    /// The words, which may have several lines.
    pub text: String,
    /// syslog's priority: 3 is an error, 4 a warning, 6 an information.
    pub priority: u8,
    /// Where the journal goes on behind it.
    pub cursor: String,
}

/// The lines that a host's journalctl printed; what is none is passed over.
pub fn log_lines(host: &str, printed: &str) -> Vec<LogLine> {
    printed.lines().filter_map(|line| log_line(host, &serde_json::from_str(line).ok()?)).collect()
}

fn log_line(host: &str, entry: &Value) -> Option<LogLine> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    // What systemd itself says about a unit names it in another field.
    let unit = text("UNIT").or_else(|| text("_SYSTEMD_UNIT")).unwrap_or_default();
    Some(LogLine {
        at: text("__REALTIME_TIMESTAMP")?.parse().ok()?,
        host: host.to_owned(),
        unit: unit.trim_end_matches(".service").to_owned(),
        text: message(entry.get("MESSAGE")?),
        priority: text("PRIORITY").and_then(|text| text.parse().ok()).unwrap_or(6),
        cursor: text("__CURSOR").unwrap_or_default().to_owned(),
    })
}

/// Bytes that are no text come as a list of numbers.
fn message(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim_end().to_owned(),
        Value::Array(bytes) => {
            let bytes: Vec<u8> =
                bytes.iter().filter_map(Value::as_u64).filter_map(|byte| u8::try_from(byte).ok()).collect();
            String::from_utf8_lossy(&bytes).trim_end().to_owned()
        }
        _ => String::new(),
    }
}

/// Several hosts' lines as one stream, the newest last, no more than so many.
pub fn one_stream(mut lines: Vec<LogLine>, most: usize) -> Vec<LogLine> {
    lines.sort_by(|one, other| (one.at, &one.host).cmp(&(other.at, &other.host)));
    lines.split_off(lines.len().saturating_sub(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = r#"{"__REALTIME_TIMESTAMP":"20","_SYSTEMD_UNIT":"dpp-relay.service","MESSAGE":"relaying\n","PRIORITY":"6","__CURSOR":"c1"}
{"__REALTIME_TIMESTAMP":"10","_SYSTEMD_UNIT":"init.scope","UNIT":"kibana.service","MESSAGE":[72,195,40],"PRIORITY":"3"}
-- No entries --
{"MESSAGE":"without a time"}
"#;

    #[test]
    fn entries_become_lines_whatever_they_hold() {
        let lines = log_lines("h1", PRINTED);
        let told: Vec<_> =
            lines.iter().map(|line| (line.at, line.unit.as_str(), line.text.as_str(), line.priority)).collect();
        assert_eq!(told, [(20, "dpp-relay", "relaying", 6), (10, "kibana", "H\u{fffd}(", 3)]);
        assert_eq!(lines[0].cursor, "c1");
    }

    #[test]
    fn hosts_are_merged_by_time_and_the_newest_stay() {
        let line = |at: u64, host: &str| LogLine {
            at,
            host: host.into(),
            unit: String::new(),
            text: String::new(),
            priority: 6,
            cursor: String::new(),
        };
        let stream = one_stream(vec![line(3, "b"), line(1, "a"), line(3, "a"), line(2, "b")], 3);
        let order: Vec<(u64, &str)> = stream.iter().map(|line| (line.at, line.host.as_str())).collect();
        assert_eq!(order, [(2, "b"), (3, "a"), (3, "b")]);
    }
}
