//! Sizes as tasks write them for Docker: `64M`, `1.5 GiB`, `512`.

use dpp_protocol::Failure;

/// A number of bytes.
pub(super) fn bytes(name: &str, text: &str) -> Result<i64, Failure> {
    let wrong = || Failure::new(format!("`{name}: {text}` is no size: 512, 64M and 2G are")).code("DPP0104");
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| wrong())?;
    let unit = text[end..].trim().to_ascii_uppercase();
    let unit = unit.trim_end_matches('B').trim_end_matches('I');
    let power = ["", "K", "M", "G", "T", "P"].iter().position(|known| *known == unit).ok_or_else(wrong)?;
    Ok((number * 1024f64.powi(i32::try_from(power).map_err(|_| wrong())?)) as i64)
}

/// The same, where there may be no limit.
pub(super) fn bytes_or_unlimited(name: &str, text: &str) -> Result<i64, Failure> {
    if matches!(text, "unlimited" | "-1") { Ok(-1) } else { bytes(name, text) }
}

/// Nanoseconds of a span like `1m30s` or `500ms`.
pub(super) fn nanoseconds(name: &str, text: &str) -> Result<i64, Failure> {
    let wrong = || Failure::new(format!("`{name}: {text}` is no span of time: 1m30s and 500ms are")).code("DPP0104");
    let mut rest = text.trim();
    let mut whole = 0f64;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(wrong)?;
        let number: f64 = rest[..end].parse().map_err(|_| wrong())?;
        let unit: String = rest[end..].chars().take_while(char::is_ascii_alphabetic).collect();
        let factor = match unit.as_str() {
            "h" => 3.6e12,
            "m" => 6e10,
            "s" => 1e9,
            "ms" => 1e6,
            "us" => 1e3,
            _ => return Err(wrong()),
        };
        whole += number * factor;
        rest = &rest[end + unit.len()..];
    }
    if text.trim().is_empty() { Err(wrong()) } else { Ok(whole as i64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_and_spans_are_nanoseconds() {
        for (text, wanted) in [("512", 512), ("64M", 67_108_864), ("1 KiB", 1024), ("2gb", 2_147_483_648), ("7B", 7)] {
            assert_eq!(bytes("memory", text).unwrap(), wanted, "{text}");
        }
        for bad in ["", "M", "1X", "-1", "1.2.3"] {
            assert_eq!(bytes("memory", bad).unwrap_err().code, "DPP0104", "{bad}");
        }
        assert_eq!(bytes_or_unlimited("memswap", "unlimited").unwrap(), -1);
        for (text, wanted) in [("1m30s", 90_000_000_000), ("500ms", 500_000_000), ("1.5h", 5_400_000_000_000)] {
            assert_eq!(nanoseconds("interval", text).unwrap(), wanted, "{text}");
        }
        for bad in ["", "5", "5x", "s"] {
            assert_eq!(nanoseconds("interval", bad).unwrap_err().code, "DPP0104", "{bad}");
        }
    }
}
