//! From when and until when a certificate is valid: a moment, or a time from now.

use dpp_protocol::Failure;
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

fn moment(text: &str, now: Timestamp) -> Option<String> {
    let written = |at: Timestamp| at.strftime("%Y%m%d%H%M%SZ").to_string();
    let Some(sign) = text.chars().next().filter(|first| matches!(first, '+' | '-')) else {
        let digits = text.strip_suffix('Z')?;
        let is_moment = digits.len() == 14 && digits.bytes().all(|digit| digit.is_ascii_digit());
        return is_moment.then(|| text.to_owned());
    };
    let mut seconds = 0i64;
    let mut rest = &text[1..];
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok()?;
        let unit = match &rest[end..=end] {
            "w" => 604_800,
            "d" => 86400,
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    let span = SignedDuration::from_secs(if sign == '-' { -seconds } else { seconds });
    now.checked_add(span).ok().map(written)
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
            ("20300101", None),
            ("+1x", None),
            ("+1", None),
            ("soon", None),
        ] {
            assert_eq!(moment(text, now).as_deref(), wanted, "{text}");
        }
    }
}
