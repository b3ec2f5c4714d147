//! Spans of time as people write them: `10s`, `30m`, `24h`.

use std::time::Duration;

/// Reads `500ms`, `10s`, `30m`, `24h` or `7d`; a bare number means seconds, as in Ansible.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let seconds = match text[end..].trim() {
        "ms" => return Some(Duration::from_millis(number)),
        "" | "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_and_words_are_not() {
        let seconds = |text: &str| parse_duration(text).map(|span| span.as_secs_f64());
        let table = [
            ("10s", Some(10.0)),
            ("30m", Some(1800.0)),
            ("24 h", Some(86400.0)),
            ("500ms", Some(0.5)),
            ("7", Some(7.0)),
            ("1d", Some(86400.0)),
            ("soon", None),
            ("", None),
            ("5 weeks", None),
            ("-1s", None),
            ("99999999999999999999d", None),
        ];
        for (text, expected) in table {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
