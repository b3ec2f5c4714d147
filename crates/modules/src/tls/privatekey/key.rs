//! A private key as it lies in a file: in which form, of which kind, and how one is made.

use dpp_protocol::Failure;

use super::{Form, Kind};
use crate::Host;
use crate::tls::openssl::{der, openssl, pem, tried};

/// A key that was read.
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// In PEM, encrypted as it lies there.
    pem: String,
    /// How it lies there.
    pub(super) form: Form,
    is_encrypted: bool,
}

/// What openssl says of a key.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Traits {
    pub(super) size: Option<i64>,
    /// openssl's name of the curve.
    pub(super) curve: Option<String>,
    pub(super) kind: Option<Kind>,
}

impl Key {
    /// The key in these bytes, of the kind that raw ones are taken for.
    pub(super) fn read(bytes: &[u8], kind: Kind) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let Some(begin) = text.find("-----BEGIN ") else {
            let prefix = kind.prefix().filter(|prefix| usize::from(prefix[prefix.len() - 1]) == bytes.len())?;
            let pem = pem("PRIVATE KEY", &[prefix, bytes].concat());
            return Some(Self { pem, form: Form::Raw, is_encrypted: false });
        };
        let label = text[begin + "-----BEGIN ".len()..].split("-----").next().unwrap_or_default();
        let form = if matches!(label, "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY") { Form::Pkcs8 } else { Form::Pkcs1 };
        let is_encrypted = label.starts_with("ENCRYPTED") || text.contains("Proc-Type: 4,ENCRYPTED");
        Some(Self { pem: text.into_owned(), form, is_encrypted })
    }

    /// What kind of key it is; nothing when the passphrase does not open it, or opens what is not closed.
    pub(super) fn traits(&self, passphrase: Option<&str>, host: &Host) -> Result<Option<Traits>, Failure> {
        if self.is_encrypted != passphrase.is_some() {
            return Ok(None);
        }
        let words = ["pkey", "-noout", "-text_pub", "-passin", "env:DPP_PASSPHRASE"];
        let said = tried(&words, self.pem.as_bytes(), passphrase, host)?;
        Ok(said.succeeded().then(|| traits(&said.stdout)))
    }

    /// The public half, as bytes.
    pub(super) fn public(&self, passphrase: Option<&str>, host: &Host) -> Result<Vec<u8>, Failure> {
        let words = ["pkey", "-pubout", "-passin", "env:DPP_PASSPHRASE"];
        openssl(&words, self.pem.as_bytes(), passphrase, host).map(|pem| der(&pem))
    }

    /// The same key in another form, closed with the same passphrase.
    pub(super) fn in_form(&self, form: Form, passphrase: Option<&str>, host: &Host) -> Result<Vec<u8>, Failure> {
        let mut words = vec!["pkey", "-passin", "env:DPP_PASSPHRASE"];
        if form == Form::Pkcs1 {
            words.push("-traditional");
        }
        if passphrase.is_some() && form != Form::Raw {
            words.extend(["-aes256", "-passout", "env:DPP_PASSPHRASE"]);
        }
        let text = openssl(&words, self.pem.as_bytes(), passphrase, host)?;
        if form != Form::Raw {
            return Ok(text.into_bytes());
        }
        let bytes = der(&text);
        // Sixteen bytes say what kind of key follows.
        bytes.get(16..).filter(|key| matches!(key.len(), 32 | 56 | 57)).map(<[u8]>::to_vec).ok_or_else(|| {
            Failure::new("only keys of X25519, X448, Ed25519 and Ed448 can be written as `format: raw`").code("DPP0104")
        })
    }
}

/// Makes a key, in PKCS #8 and not encrypted.
pub(super) fn made(kind: Kind, size: i64, curve: Option<&str>, host: &Host) -> Result<Key, Failure> {
    let bits = format!("rsa_keygen_bits:{size}");
    let name = format!("ec_paramgen_curve:{}", curve.unwrap_or_default());
    let size = size.to_string();
    let words = match kind {
        Kind::Rsa => vec!["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits],
        Kind::Ecc => vec!["genpkey", "-algorithm", "EC", "-pkeyopt", &name, "-pkeyopt", "ec_param_enc:named_curve"],
        Kind::Dsa => vec!["dsaparam", "-genkey", "-noout", &size],
        other => vec!["genpkey", "-algorithm", other.algorithm()],
    };
    let text = openssl(&words, &[], None, host)?;
    Ok(Key { pem: text, form: Form::Pkcs8, is_encrypted: false })
}

/// Reads `openssl pkey -text_pub`.
fn traits(text: &str) -> Traits {
    let size = text.split_once("Public-Key: (").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
    let curve = text.lines().find_map(|line| line.strip_prefix("ASN1 OID: ")).map(|name| name.trim().to_owned());
    let named = [Kind::Ed25519, Kind::Ed448, Kind::X25519, Kind::X448];
    let named = named.into_iter().find(|kind| text.starts_with(kind.algorithm()));
    let kind = named.or_else(|| {
        let has = |start: &str| text.lines().any(|line| line.starts_with(start));
        match () {
            () if has("Modulus") => Some(Kind::Rsa),
            () if curve.is_some() => Some(Kind::Ecc),
            () if has("P:") && has("G:") => Some(Kind::Dsa),
            () => None,
        }
    });
    Traits { size, curve, kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_openssl_says_of_a_key_is_read_in_all_its_versions() {
        for (text, size, curve, kind) in [
            ("RSA Public-Key: (2048 bit)\nModulus:\n", Some(2048), None, Some(Kind::Rsa)),
            ("Public-Key: (4096 bit)\nModulus:\n", Some(4096), None, Some(Kind::Rsa)),
            ("Public-Key: (256 bit)\npub:\nASN1 OID: prime256v1\n", Some(256), Some("prime256v1"), Some(Kind::Ecc)),
            ("Public-Key: (1024 bit)\npub: \nP:   \nQ:   \nG:   \n", Some(1024), None, Some(Kind::Dsa)),
            ("ED25519 Public-Key:\npub:\n", None, None, Some(Kind::Ed25519)),
            ("nothing", None, None, None),
        ] {
            assert_eq!(traits(text), Traits { size, curve: curve.map(str::to_owned), kind }, "{text}");
        }
    }
}
