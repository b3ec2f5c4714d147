//! What a scalar without quotes means: the rules of YAML 1.1 as `PyYAML` has them.
//!
//! Two departures, both on purpose: numbers to the base of sixty (`22:30`) and dates stay texts, for whoever writes
//! them without quotes in a playbook means a text. A whole number that does not fit 64 bits stays a text too.

use crate::yaml::Data;

/// Reads a scalar without quotes; `None` means that it is a text.
pub fn resolve(word: &str) -> Option<Data> {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Data::Null),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Some(Data::Bool(true)),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Some(Data::Bool(false)),
        _ => {}
    }
    // Nearly every scalar of a playbook is a word, which the first character tells.
    if !word.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return None;
    }
    whole(word).map(Data::Int).or_else(|| fraction(word).map(Data::Float))
}

fn whole(word: &str) -> Option<i64> {
    let (sign, digits) = signed(word);
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'b', ..] => (2, &digits[2..]),
        [b'0', b'x', ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        [b'0'] | [b'1'..=b'9', ..] => (10, digits),
        _ => return None,
    };
    let digits = digits.replace('_', "");
    // `from_str_radix` would take a second sign.
    if !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

fn fraction(word: &str) -> Option<f64> {
    let (sign, magnitude) = signed(word);
    match magnitude {
        ".inf" | ".Inf" | ".INF" => return Some(if sign == "-" { f64::NEG_INFINITY } else { f64::INFINITY }),
        ".nan" | ".NaN" | ".NAN" if sign.is_empty() => return Some(f64::NAN),
        _ => {}
    }
    let (mantissa, exponent) = match magnitude.find(['e', 'E']) {
        Some(at) => (&magnitude[..at], Some(&magnitude[at + 1..])),
        None => (magnitude, None),
    };
    is_mantissa(mantissa, sign).then_some(())?;
    exponent.is_none_or(is_exponent).then_some(())?;
    format!("{sign}{}", magnitude.replace('_', "")).parse().ok()
}

/// Digits, a point (without which it is no fraction), digits; before a point without digits stands no sign.
fn is_mantissa(mantissa: &str, sign: &str) -> bool {
    let Some((whole, rest)) = mantissa.split_once('.') else { return false };
    let digits = |text: &str| text.chars().all(|digit| digit.is_ascii_digit() || digit == '_');
    if whole.is_empty() {
        return sign.is_empty() && rest.starts_with(|digit: char| digit.is_ascii_digit()) && digits(rest);
    }
    whole.starts_with(|digit: char| digit.is_ascii_digit()) && digits(whole) && digits(rest)
}

/// YAML 1.1 wants the sign: `1.0e3` is a text, `1.0e+3` a number.
fn is_exponent(exponent: &str) -> bool {
    exponent
        .strip_prefix(['+', '-'])
        .is_some_and(|digits| !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit()))
}

fn signed(word: &str) -> (&str, &str) {
    let length = usize::from(word.starts_with(['+', '-']));
    word.split_at(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_pyyaml_reads_them() {
        let table = [
            ("", Some(Data::Null)),
            ("Yes", Some(Data::Bool(true))),
            ("OFF", Some(Data::Bool(false))),
            ("y", None),
            ("yEs", None),
            ("0", Some(Data::Int(0))),
            ("-12", Some(Data::Int(-12))),
            ("+7", Some(Data::Int(7))),
            ("1_000", Some(Data::Int(1000))),
            ("0644", Some(Data::Int(420))),
            ("0o644", None),
            ("089", None),
            ("0x1F", Some(Data::Int(31))),
            ("0b101", Some(Data::Int(5))),
            ("--1", None),
            ("1.5", Some(Data::Float(1.5))),
            ("6.10", Some(Data::Float(6.1))),
            ("1.", Some(Data::Float(1.0))),
            (".5", Some(Data::Float(0.5))),
            ("-.5", None),
            ("1e3", None),
            ("1.0e3", None),
            ("1.0e+3", Some(Data::Float(1000.0))),
            ("-.inf", Some(Data::Float(f64::NEG_INFINITY))),
            ("6.2.1", None),
            ("10.0.0.1", None),
            ("22:30", None),
            ("2026-11-22", None),
            ("99999999999999999999", None),
            ("-", None),
            ("0x", None),
        ];
        for (word, meaning) in table {
            assert_eq!(resolve(word), meaning, "{word:?}");
        }
    }
}
