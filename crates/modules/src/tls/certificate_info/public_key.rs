//! The public key of a certificate: of which kind it is, and its numbers.

use serde_json::{Value, json};

use super::number::number;
use crate::tls::der::{element, inside};
use crate::tls::oid::dotted;

/// Curves by their identifiers, with Ansible's names and the bits of a private key.
const CURVES: &[(&str, &str, u32)] = &[
    ("1.2.840.10045.3.1.1", "secp192r1", 192),
    ("1.3.132.0.33", "secp224r1", 224),
    ("1.2.840.10045.3.1.7", "secp256r1", 256),
    ("1.3.132.0.34", "secp384r1", 384),
    ("1.3.132.0.35", "secp521r1", 521),
    ("1.3.132.0.10", "secp256k1", 256),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", 256),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", 384),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", 512),
    ("1.3.132.0.1", "sect163k1", 163),
    ("1.3.132.0.15", "sect163r2", 163),
    ("1.3.132.0.26", "sect233k1", 233),
    ("1.3.132.0.27", "sect233r1", 233),
    ("1.3.132.0.16", "sect283k1", 281),
    ("1.3.132.0.17", "sect283r1", 282),
    ("1.3.132.0.36", "sect409k1", 407),
    ("1.3.132.0.37", "sect409r1", 409),
    ("1.3.132.0.38", "sect571k1", 570),
    ("1.3.132.0.39", "sect571r1", 570),
];

/// Its kind and its numbers; nothing for bytes that are no key.
pub(super) fn told(key: &[u8]) -> Option<(String, Value)> {
    let parts = inside(key);
    let algorithm = inside(parts.first()?);
    // The first byte of a string of bits counts those that are left over.
    let bits = element(parts.get(1)?)?.1.get(1..)?;
    let kind = dotted(element(algorithm.first()?)?.1);
    Some(match kind.as_str() {
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => ("RSA".to_owned(), rsa(bits)?),
        "1.2.840.10045.2.1" => ("ECC".to_owned(), ecc(algorithm.get(1)?, bits)?),
        "1.2.840.10040.4.1" => ("DSA".to_owned(), dsa(algorithm.get(1)?, bits)?),
        "1.3.101.110" => ("X25519".to_owned(), json!({})),
        "1.3.101.111" => ("X448".to_owned(), json!({})),
        "1.3.101.112" => ("Ed25519".to_owned(), json!({})),
        "1.3.101.113" => ("Ed448".to_owned(), json!({})),
        other => (format!("unknown ({other})"), json!({})),
    })
}

fn rsa(bits: &[u8]) -> Option<Value> {
    let numbers = inside(bits);
    let (modulus, exponent) = (element(numbers.first()?)?.1, element(numbers.get(1)?)?.1);
    Some(json!({"size": length(modulus), "modulus": number(modulus), "exponent": number(exponent)}))
}

fn ecc(curve: &[u8], point: &[u8]) -> Option<Value> {
    let curve = dotted(element(curve)?.1);
    let known = CURVES.iter().find(|(known, ..)| *known == curve);
    let name = known.map_or(curve.as_str(), |(_, name, _)| name);
    let mut told = json!({"curve": name, "exponent_size": known.map(|(.., size)| size)});
    // A point that is not compressed is written as 4, x, y.
    if let Some((4, coordinates)) = point.split_first() {
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        told["x"] = number(x);
        told["y"] = number(y);
    }
    Some(told)
}

fn dsa(parameters: &[u8], bits: &[u8]) -> Option<Value> {
    let parameters = inside(parameters);
    let [p, q, g] = parameters.as_slice() else { return None };
    let of = |part: &[u8]| Some(element(part)?.1.to_vec());
    let (p, q, g, y) = (of(p)?, of(q)?, of(g)?, of(bits)?);
    Some(json!({"size": length(&p), "p": number(&p), "q": number(&q), "g": number(&g), "y": number(&y)}))
}

/// How many bits a number has.
fn length(bytes: &[u8]) -> u64 {
    let from = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let rest = &bytes[from..];
    rest.first().map_or(0, |first| rest.len() as u64 * 8 - u64::from(first.leading_zeros()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_counted_without_leading_zeros() {
        for (bytes, wanted) in [(&[0, 0x80, 0][..], 16), (&[1], 1), (&[0], 0), (&[], 0), (&[0x0f, 0xff], 12)] {
            assert_eq!(length(bytes), wanted, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_no_key_or_an_unknown_one_is_told_as_such() {
        let unknown = [0x30, 9, 0x30, 4, 0x06, 2, 0x2a, 3, 0x03, 1, 0];
        assert_eq!(told(&unknown), Some(("unknown (1.2.3)".to_owned(), json!({}))));
        assert_eq!(told(&unknown[..6]), None);
        assert_eq!(told(&[]), None);
    }
}
