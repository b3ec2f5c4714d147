//! Ages and sizes with a unit: `4w`, `-10m`, `1g`.

use dpp_protocol::Failure;

/// Seconds of an age: `s`, `m`, `h`, `d`, `w`; seconds where no unit is given.
pub(super) fn seconds(text: &str) -> Result<i64, Failure> {
    measured(text, &[('s', 1), ('m', 60), ('h', 3600), ('d', 86400), ('w', 604_800)])
}

/// Bytes of a size: `b`, `k`, `m`, `g`, `t`; bytes where no unit is given.
pub(super) fn bytes(text: &str) -> Result<i64, Failure> {
    measured(text, &[('b', 1), ('k', 1 << 10), ('m', 1 << 20), ('g', 1 << 30), ('t', 1 << 40)])
}

fn measured(text: &str, units: &[(char, i64)]) -> Result<i64, Failure> {
    let text = text.trim().to_ascii_lowercase();
    let factor = units.iter().find(|(unit, _)| text.ends_with(*unit)).map_or(1, |(_, factor)| *factor);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let letters = text.len() - digits.len();
    let number = digits.parse::<i64>().ok().filter(|_| letters == 0 || letters == 1 && factor_known(&text, units));
    number.and_then(|number| number.checked_mul(factor)).ok_or_else(|| {
        let known: Vec<String> = units.iter().map(|(unit, _)| unit.to_string()).collect();
        Failure::new(format!("`{text}` is not a number with one of the units {}", known.join(", "))).code("DPP0104")
    })
}

fn factor_known(text: &str, units: &[(char, i64)]) -> bool {
    units.iter().any(|(unit, _)| text.ends_with(*unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_count() {
        assert_eq!((seconds("-2d").unwrap(), bytes("3k").unwrap(), seconds("7").unwrap()), (-172_800, 3072, 7));
        for wrong in ["3x", "d", "1dd"] {
            assert!(seconds(wrong).unwrap_err().message.contains(wrong));
        }
    }
}
