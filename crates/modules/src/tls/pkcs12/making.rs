//! How a PKCS #12 file is made of keys and certificates, and taken apart again.

use std::fs;

use dpp_protocol::Failure;

use super::contents::{Contents, certificate};
use super::{Encryption, OpensslPkcs12};
use crate::Host;
use crate::arguments::HostPath;
use crate::files::refusal::refused;
use crate::tls::folder::{folder, write};
use crate::tls::openssl::{bytes_of, certificates, openssl};

impl OpensslPkcs12 {
    /// What is to lie in the file.
    pub(super) fn wanted(&self, host: &Host) -> Result<Contents, Failure> {
        let certificate = match (&self.certificate_content, &self.certificate_path) {
            (Some(content), _) => Some(first(content, "`certificate_content`")?),
            (None, Some(path)) => Some(first(&read(path)?, path.text())?),
            (None, None) => None,
        };
        Ok(Contents { key: self.key(host)?, certificate, others: self.others()?, name: self.name().map(str::to_owned) })
    }

    /// The private key, without its passphrase.
    fn key(&self, host: &Host) -> Result<Option<String>, Failure> {
        let passphrase = self.privatekey_passphrase.as_ref().map(|passphrase| passphrase.0.as_str());
        let mut words = vec!["pkey", "-passin", "env:DPP_PASSPHRASE"];
        let input = match (&self.privatekey_content, &self.privatekey_path) {
            (Some(content), _) => content.0.as_bytes(),
            (None, Some(path)) => {
                words.extend(["-in", path.text()]);
                &[]
            }
            (None, None) => return Ok(None),
        };
        openssl(&words, input, passphrase, host).map(Some)
    }

    fn others(&self) -> Result<Vec<Vec<u8>>, Failure> {
        let mut all = Vec::new();
        let mut add = |text: &str, place: &str| {
            let found =
                if self.other_certificates_parse_all.0 { certificates(text) } else { vec![first(text, place)?] };
            all.extend(found);
            Ok(())
        };
        for path in self.other_certificates.iter().flat_map(|paths| &paths.0) {
            add(&read(path)?, path.text())?;
        }
        for text in self.other_certificates_content.iter().flat_map(|texts| &texts.0) {
            add(text, "`other_certificates_content`")?;
        }
        Ok(all)
    }

    /// The bytes of a new file.
    pub(super) fn exported(&self, host: &Host) -> Result<Vec<u8>, Failure> {
        let wanted = self.wanted(host)?;
        let folder = folder()?;
        let of = |all: &[Vec<u8>]| all.iter().map(|der| certificate(der)).collect::<String>();
        let own = write(&folder, "own.pem", &wanted.certificate.as_deref().map(certificate).unwrap_or_default())?;
        let others = write(&folder, "others.pem", &of(&wanted.others))?;
        let name = self.name().unwrap_or_default();
        let rounds = self.rounds().to_string();
        let mut words = vec!["pkcs12", "-export", "-name", name, "-passout", "env:DPP_PASSPHRASE"];
        words.extend(self.encryption(&rounds));
        match wanted.key {
            Some(_) => words.extend(["-inkey", "/dev/stdin"]),
            None => words.push("-nokeys"),
        }
        match wanted.certificate {
            Some(_) => words.extend(["-in", &own]),
            None if wanted.key.is_some() => words.push("-nocerts"),
            None => words.extend(["-in", &others]),
        }
        if !wanted.others.is_empty() && (wanted.key.is_some() || wanted.certificate.is_some()) {
            words.extend(["-certfile", &others]);
        }
        let key = wanted.key.as_deref().unwrap_or_default();
        bytes_of(&words, key.as_bytes(), Some(self.passphrase()), host)
    }

    fn rounds(&self) -> i64 {
        match (self.encryption_level, &self.iter_size) {
            (Encryption::Auto, _) => 20_000,
            (Encryption::Compatibility2022, size) => size.as_ref().map_or(50_000, |size| size.0),
        }
    }

    /// The same on all versions of openssl, whose own choices differ.
    fn encryption<'a>(&self, rounds: &'a str) -> Vec<&'a str> {
        if self.passphrase().is_empty() {
            return vec!["-keypbe", "NONE", "-certpbe", "NONE", "-macalg", "sha256", "-iter", rounds];
        }
        let (encryption, digest) = match self.encryption_level {
            Encryption::Auto => ("AES-256-CBC", "sha256"),
            Encryption::Compatibility2022 => ("PBE-SHA1-3DES", "sha1"),
        };
        vec!["-keypbe", encryption, "-certpbe", encryption, "-macalg", digest, "-iter", rounds]
    }

    /// What lies in the file of the task, as PEM.
    pub(super) fn parsed(&self, host: &Host) -> Result<String, Failure> {
        let src = self.src.as_ref().map_or("", HostPath::text);
        let found = Contents::read(src, self.passphrase(), host).map_err(|failure| {
            let help = "a wrong `passphrase` is the usual reason; without one the file must have none";
            Failure { message: format!("cannot open the PKCS #12 file {src}: {}", failure.message), ..failure }
                .help(help)
        })?;
        found.as_pem(host)
    }
}

fn read(path: &HostPath) -> Result<String, Failure> {
    let bytes = fs::read(path).map_err(|error| refused("read", path, &error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn first(text: &str, place: &str) -> Result<Vec<u8>, Failure> {
    certificates(text).into_iter().next().ok_or_else(|| {
        Failure::new(format!("there is no certificate in {place}"))
            .help("a certificate begins with `-----BEGIN CERTIFICATE-----`")
    })
}
