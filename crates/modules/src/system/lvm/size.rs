//! Sizes of logical volumes as tasks write them: `512`, `10g`, `80%VG`, `+100%FREE`, `-1.5T`.

use dpp_protocol::Failure;

/// How large a volume is to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Size {
    /// `+` or `-`, where it is more or less than now.
    pub(super) sign: Option<char>,
    pub(super) amount: Amount,
    /// As LVM takes it, without the sign.
    pub(super) text: String,
}

/// A number of bytes, or a part of something.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Amount {
    Bytes(f64),
    Percent(f64, Whole),
}

/// What a part is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whole {
    Group,
    Devices,
    Free,
    Origin,
}

impl Size {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let sign = text.chars().next().filter(|first| matches!(first, '+' | '-'));
        let rest = if sign.is_some() { &text[1..] } else { text };
        if let Some((part, whole)) = rest.split_once('%') {
            return Ok(Self { sign, amount: percent(part, whole)?, text: rest.to_owned() });
        }
        let unit = rest.chars().last().filter(char::is_ascii_alphabetic);
        let number = if unit.is_some() { &rest[..rest.len() - 1] } else { rest };
        let factor = factor(unit.unwrap_or('m')).ok_or_else(|| bad(text))?;
        let begins = number.starts_with(|c: char| c.is_ascii_digit());
        let number: f64 = number.parse().ok().filter(|_| begins).ok_or_else(|| bad(text))?;
        let written = if unit.is_some() { rest.to_owned() } else { format!("{rest}m") };
        Ok(Self { sign, amount: Amount::Bytes(number * factor), text: written })
    }

    /// The option by which LVM takes it.
    pub(super) fn option(&self) -> &'static str {
        if matches!(self.amount, Amount::Percent(..)) { "-l" } else { "-L" }
    }

    /// The size with its sign.
    pub(super) fn signed(&self) -> String {
        self.sign.into_iter().collect::<String>() + &self.text
    }

    /// Bytes of the unit in which a result tells sizes.
    pub(super) fn unit(&self) -> f64 {
        let unit = self.text.chars().last().filter(|_| self.option() == "-L");
        unit.and_then(factor).unwrap_or(1_048_576.0)
    }
}

fn percent(part: &str, whole: &str) -> Result<Amount, Failure> {
    let wrong = |message: &str| Failure::new(message).code("DPP0104");
    let part: u32 = part.parse().map_err(|_| bad(&format!("{part}%{whole}")))?;
    if part > 100 {
        return Err(wrong("a size in percent is 100 at most"));
    }
    let whole = match whole {
        "VG" => Whole::Group,
        "PVS" => Whole::Devices,
        "FREE" => Whole::Free,
        "ORIGIN" => Whole::Origin,
        _ => return Err(wrong("a size in percent is one of VG, PVS, FREE or ORIGIN: 80%VG")),
    };
    Ok(Amount::Percent(f64::from(part), whole))
}

fn factor(unit: char) -> Option<f64> {
    if unit.eq_ignore_ascii_case(&'s') {
        return Some(512.0);
    }
    let power = "bkmgtpe".find(unit.to_ascii_lowercase())?;
    Some(1024f64.powi(i32::try_from(power).ok()?))
}

fn bad(text: &str) -> Failure {
    Failure::new(format!("`size: {text}` is no size: 512 (megabytes), 10g and 80%VG are")).code("DPP0104")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_lvm_means_them() {
        let (m, free) = (1_048_576.0, Whole::Free);
        for (text, sign, amount, signed, option, unit) in [
            ("512", None, Amount::Bytes(512.0 * m), "512m", "-L", m),
            ("1.5g", None, Amount::Bytes(1536.0 * m), "1.5g", "-L", 1024.0 * m),
            ("+8S", Some('+'), Amount::Bytes(4096.0), "+8S", "-L", 512.0),
            ("-1M", Some('-'), Amount::Bytes(m), "-1M", "-L", m),
            ("80%VG", None, Amount::Percent(80.0, Whole::Group), "80%VG", "-l", m),
            ("+100%FREE", Some('+'), Amount::Percent(100.0, free), "+100%FREE", "-l", m),
        ] {
            let size = Size::read(text).unwrap();
            assert_eq!((size.sign, &size.amount), (sign, &amount), "{text}");
            assert_eq!((size.signed().as_str(), size.option(), size.unit()), (signed, option, unit), "{text}");
        }
        for bad in ["", "g", "10x", ".5g", "++1", "101%VG", "50%ALL", "x%VG", "-", "1ä"] {
            assert_eq!(Size::read(bad).unwrap_err().code, "DPP0104", "{bad}");
        }
    }
}
