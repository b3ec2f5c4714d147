//! Numbers of DER as values: one that 64 bits do not hold is the text of its decimal digits.

use serde_json::Value;

/// Nine digits at a time.
const BASE: u64 = 1_000_000_000;

/// The whole number in these bytes, which is not below zero in a certificate.
pub(super) fn number(bytes: &[u8]) -> Value {
    let digits = decimal(bytes);
    digits.parse::<i64>().map_or_else(|_| digits.into(), Value::from)
}

fn decimal(bytes: &[u8]) -> String {
    // The lowest nine digits come first.
    let mut groups = vec![0u64];
    for byte in bytes {
        let mut carry = u64::from(*byte);
        for group in &mut groups {
            let sum = (*group << 8) + carry;
            *group = sum % BASE;
            carry = sum / BASE;
        }
        if carry > 0 {
            groups.push(carry);
        }
    }
    let mut digits = groups.pop().unwrap_or(0).to_string();
    digits.extend(groups.iter().rev().map(|group| format!("{group:09}")));
    digits
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_values_as_long_as_they_fit() {
        for (bytes, wanted) in [
            (&[][..], json!(0)),
            (&[0x01, 0x00, 0x01], json!(65537)),
            (&[0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], json!(i64::MAX)),
            (&[0x80, 0, 0, 0, 0, 0, 0, 0], json!("9223372036854775808")),
            (&[0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], json!("340282366920938463463374607431768211456")),
        ] {
            assert_eq!(number(bytes), wanted, "{bytes:?}");
        }
    }
}
