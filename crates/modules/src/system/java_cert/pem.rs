//! The first certificate of a text, to be compared with another one.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// SHA-256 of the first certificate in PEM, or of one in DER.
pub(super) fn fingerprint(bytes: &[u8]) -> Result<String, String> {
    let Some(begin) = find(bytes, BEGIN) else {
        let is_der = bytes.first() == Some(&0x30);
        return if is_der { Ok(hex(bytes)) } else { Err("there is no certificate in it".to_owned()) };
    };
    let rest = &bytes[begin + BEGIN.len()..];
    let end = find(rest, END).ok_or("it ends in the middle of a certificate")?;
    let text: Vec<u8> = rest[..end].iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).map(|der| hex(&der)).map_err(|error| format!("its certificate is damaged: {error}"))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn hex(der: &[u8]) -> String {
    Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_certificate_counts_in_whatever_form() {
        let der = [0x30, 0x01, 0x02];
        let pem = "Alias name: a\n-----BEGIN CERTIFICATE-----\nMAEC\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n";
        assert_eq!(fingerprint(pem.as_bytes()), fingerprint(&der));
        assert!(fingerprint(b"nothing").is_err());
        assert!(fingerprint(b"-----BEGIN CERTIFICATE-----\nMAEC").is_err());
        assert!(fingerprint(b"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----").is_err());
    }
}
