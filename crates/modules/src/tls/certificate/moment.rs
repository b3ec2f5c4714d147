//! From when and until when a certificate is valid: a moment, or a time from now.

use dpp_protocol::Failure;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};

use super::X509Certificate;

impl X509Certificate {
    /// Both moments, as `20300101000000Z`.
    pub(super) fn validity(&self) -> Result<(String, String), Failure> {
        let (from, until) = if self.is_of_authority() {
            (&self.ownca_not_before, &self.ownca_not_after)
        } else {
            (&self.selfsigned_not_before, &self.selfsigned_not_after)
        };
        let now = Timestamp::now();
        let read = |text: &String| {
            moment(text, now).ok_or_else(|| {
                let words = format!("`{text}` is neither a moment like 20300101000000Z nor a time from now like +365d");
                Failure::new(words).code("DPP0104")
            })
        };
        Ok((read(from)?, read(until)?))
    }
}

/// A moment as `20300101000000Z`, which is written out or counted from now.
pub(in crate::tls) fn moment(text: &str, now: Timestamp) -> Option<String> {
    let Some(sign) = text.chars().next().filter(|first| matches!(first, '+' | '-')) else { return written_out(text) };
    let mut seconds = 0i64;
    let mut rest = &text[1..];
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok()?;
        let unit = match rest[end..].chars().next()? {
            'w' => 604_800,
            'd' => 86400,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    let span = SignedDuration::from_secs(if sign == '-' { -seconds } else { seconds });
    now.checked_add(span).ok().map(|at| at.strftime("%Y%m%d%H%M%SZ").to_string())
}

/// `YYYYMMDDHHMM[SS]` with `Z` or an offset like `+0200` behind.
fn written_out(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, zone) = text.split_at(end);
    let part = |from: usize| digits.get(from..from + 2)?.parse::<i8>().ok();
    let seconds = match digits.len() {
        12 => 0,
        14 => part(12)?,
        _ => return None,
    };
    let at = DateTime::new(digits[..4].parse().ok()?, part(4)?, part(6)?, part(8)?, part(10)?, seconds, 0).ok()?;
    // Not as a timestamp, which the end of the year 9999, a certificate's word for never, is beyond.
    at.checked_sub(offset(zone)?).ok().map(|at| at.strftime("%Y%m%d%H%M%SZ").to_string())
}

fn offset(zone: &str) -> Option<SignedDuration> {
    if zone == "Z" {
        return Some(SignedDuration::ZERO);
    }
    let (sign, digits) = zone.split_at_checked(1).filter(|(sign, digits)| "+-".contains(sign) && digits.len() == 4)?;
    let part = |from: usize| digits.get(from..from + 2)?.parse::<i64>().ok();
    let seconds = part(0)? * 3600 + part(2)? * 60;
    Some(SignedDuration::from_secs(if sign == "-" { -seconds } else { seconds }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_out_or_counted_from_now() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        for (text, wanted) in [
            ("+0s", Some("20260131120000Z")),
            ("+1d2h", Some("20260201140000Z")),
            ("-1w", Some("20260124120000Z")),
            ("20300101000000Z", Some("20300101000000Z")),
            ("99991231235959Z", Some("99991231235959Z")),
            ("203001010030Z", Some("20300101003000Z")),
            ("20300101003000+0200", Some("20291231223000Z")),
            ("203001010030-0030", Some("20300101010000Z")),
            ("20301301000000Z", None),
            ("20300101000000+2", None),
            ("20300101", None),
            ("+1x", None),
            ("+1ä", None),
            ("+1", None),
            ("soon", None),
        ] {
            assert_eq!(moment(text, now).as_deref(), wanted, "{text}");
        }
    }
}
