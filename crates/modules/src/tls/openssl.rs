//! Calls of `openssl`, and the texts it reads and writes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dpp_protocol::Failure;
use serde_json::{Map, Value};

use crate::Host;
use crate::commands::process::{Finished, Process};
use crate::files::checksum::Algorithm;
use crate::system::tool::{accepted, installed};

/// The variable in which openssl finds the passphrase of the key it reads.
pub(super) const PASSPHRASE: &str = "DPP_PASSPHRASE";

/// Whether there is an openssl on the host.
pub(super) fn is_there(host: &Host) -> bool {
    installed("openssl", host).is_some()
}

/// Runs it with this input; what it printed, or why it failed.
pub(super) fn openssl(words: &[&str], input: &[u8], passphrase: Option<&str>, host: &Host) -> Result<String, Failure> {
    let arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    accepted(tried(words, input, passphrase, host)?, "openssl", &arguments).map(|finished| finished.stdout)
}

/// As [`openssl`], for what is no text.
pub(super) fn bytes_of(
    words: &[&str],
    input: &[u8],
    passphrase: Option<&str>,
    host: &Host,
) -> Result<Vec<u8>, Failure> {
    let arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let (finished, bytes) = prepared(&arguments, input, passphrase, host)?.run_for_bytes(host)?;
    accepted(finished, "openssl", &arguments).map(|_| bytes)
}

/// Runs it with this input, whatever comes of it.
pub(super) fn tried(words: &[&str], input: &[u8], passphrase: Option<&str>, host: &Host) -> Result<Finished, Failure> {
    let arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    prepared(&arguments, input, passphrase, host)?.run(host)
}

fn prepared(arguments: &[String], input: &[u8], passphrase: Option<&str>, host: &Host) -> Result<Process, Failure> {
    let Some(program) = installed("openssl", host) else {
        return Err(Failure::new("there is no `openssl` on this host")
            .help("`apt: {name: openssl}` before this task brings it"));
    };
    let process = Process::new(&program.to_string_lossy(), arguments, host).untranslated();
    Ok(process.env(PASSPHRASE, passphrase.unwrap_or_default()).input(input.to_vec()))
}

/// The bytes in a text of PEM.
pub(super) fn der(pem: &str) -> Vec<u8> {
    let inner = pem.lines().skip_while(|line| !line.starts_with("-----BEGIN ")).skip(1);
    let text: String = inner.take_while(|line| !line.starts_with("-----END ")).map(str::trim).collect();
    STANDARD.decode(text).unwrap_or_default()
}

/// The certificates in a text of PEM, in their order, as DER.
pub(super) fn certificates(pem: &str) -> Vec<Vec<u8>> {
    let labels =
        ["-----BEGIN CERTIFICATE-----", "-----BEGIN X509 CERTIFICATE-----", "-----BEGIN TRUSTED CERTIFICATE-----"];
    let starts = pem.match_indices("-----BEGIN ").map(|(at, _)| &pem[at..]);
    let found = starts.filter(|rest| labels.iter().any(|label| rest.starts_with(label))).map(der);
    found.filter(|bytes| !bytes.is_empty()).collect()
}

/// Bytes as a text of PEM.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: String =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned() + "\n").collect();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

/// Digests by the names of their functions, two digits between colons.
pub(super) fn fingerprints(der: &[u8]) -> Map<String, Value> {
    let functions = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];
    let digest = |name: &str| {
        let hex = Algorithm::named(name)?.of(der).ok()?;
        let pairs: Vec<&str> = (0..hex.len()).step_by(2).map(|at| &hex[at..at + 2]).collect();
        Some((name.to_owned(), Value::from(pairs.join(":"))))
    };
    functions.into_iter().filter_map(digest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_and_der_are_the_same_bytes() {
        let bytes: Vec<u8> = (0..100).collect();
        let text = pem("THING", &bytes);
        assert!(text.starts_with("-----BEGIN THING-----\nAAECAwQF") && text.ends_with("\n-----END THING-----\n"));
        assert_eq!(der(&text), bytes);
        let (one, other) = (pem("CERTIFICATE", &bytes), pem("X509 CERTIFICATE", &[1]));
        assert_eq!(certificates(&format!("subject=a\n{one}{text}junk\n{other}")), [bytes, vec![1]]);
        assert!(certificates("-----BEGIN CERTIFICATE-----\n?\n").is_empty());
        assert_eq!(fingerprints(b"")["md5"], "d4:1d:8c:d9:8f:00:b2:04:e9:80:09:98:ec:f8:42:7e");
    }
}
