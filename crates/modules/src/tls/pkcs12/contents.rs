//! What lies in a PKCS #12 file, as `openssl pkcs12` prints it: the key, its certificate, and further ones.

use std::collections::BTreeSet;

use dpp_protocol::Failure;

use crate::Host;
use crate::tls::openssl::{der, openssl, pem};

/// A key with its certificate, certificates beside it, and its name.
pub(super) struct Contents {
    /// In PEM, and not encrypted.
    pub(super) key: Option<String>,
    /// The certificate of the key, as DER.
    pub(super) certificate: Option<Vec<u8>>,
    /// The others, as DER.
    pub(super) others: Vec<Vec<u8>>,
    /// What a user calls them.
    pub(super) name: Option<String>,
}

impl Contents {
    /// Opens a file with its passphrase; old ones are encrypted in ways that openssl must be told to allow.
    pub(super) fn read(path: &str, passphrase: &str, host: &Host) -> Result<Self, Failure> {
        let mut words = vec!["pkcs12", "-nodes", "-in", path, "-passin", "env:DPP_PASSPHRASE"];
        if passphrase.is_empty() {
            words.push("-nomacver");
        }
        openssl(&words, &[], Some(passphrase), host)
            .or_else(|failure| {
                words.push("-legacy");
                openssl(&words, &[], Some(passphrase), host).map_err(|_| failure)
            })
            .map(|said| Self::of(&said))
    }

    fn of(said: &str) -> Self {
        let mut bags = bags(said);
        let at = bags.iter().position(|bag| bag.label.ends_with("PRIVATE KEY"));
        let key = at.map(|at| bags.remove(at));
        bags.retain(|bag| bag.label.ends_with("CERTIFICATE"));
        let is_of_key = |bag: &Bag| key.as_ref().is_some_and(|key| key.id.is_some() && key.id == bag.id);
        let certificate = bags.iter().position(is_of_key).map(|at| bags.remove(at));
        let named = [&certificate, &key].into_iter().flatten().find_map(|bag| bag.name.clone());
        Self {
            key: key.map(|key| key.pem),
            certificate: certificate.map(|bag| der(&bag.pem)),
            others: bags.iter().map(|bag| der(&bag.pem)).collect(),
            name: named,
        }
    }

    /// Whether it is the same as what is wanted, in whatever order and encryption.
    pub(super) fn is_like(&self, wanted: &Self, host: &Host) -> Result<bool, Failure> {
        let others = |of: &Self| of.others.iter().cloned().collect::<BTreeSet<_>>();
        let all = |of: &Self| others(of).into_iter().chain(of.certificate.clone()).collect::<BTreeSet<_>>();
        if wanted.key.is_none() {
            // Without a key there is no certificate of it, and no name.
            return Ok(self.key.is_none() && all(self) == all(wanted));
        }
        Ok(self.certificate == wanted.certificate
            && others(self) == others(wanted)
            && self.is_named(wanted.name.as_deref())
            && self.public(host)? == wanted.public(host)?)
    }

    /// openssl shows the lower byte of each unit of UTF-16 alone.
    fn is_named(&self, wanted: Option<&str>) -> bool {
        let shown = wanted.map(|name| {
            let bytes: Vec<u8> = name.encode_utf16().map(|unit| unit.to_be_bytes()[1]).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        self.name.as_deref() == wanted || self.name == shown
    }

    fn public(&self, host: &Host) -> Result<Option<Vec<u8>>, Failure> {
        let Some(key) = &self.key else { return Ok(None) };
        openssl(&["pkey", "-pubout"], key.as_bytes(), None, host).map(|pem| Some(der(&pem)))
    }

    /// All of it as one text of PEM, the key in the form of its kind.
    pub(super) fn as_pem(&self, host: &Host) -> Result<String, Failure> {
        let key = self.key.as_ref().map(|key| openssl(&["pkey", "-traditional"], key.as_bytes(), None, host));
        let certificates: String = self.certificate.iter().chain(&self.others).map(|der| certificate(der)).collect();
        Ok(key.transpose()?.unwrap_or_default() + &certificates)
    }
}

/// A certificate as PEM.
pub(super) fn certificate(der: &[u8]) -> String {
    pem("CERTIFICATE", der)
}

/// One thing in the file.
#[derive(Default)]
struct Bag {
    label: String,
    pem: String,
    id: Option<String>,
    name: Option<String>,
}

fn bags(said: &str) -> Vec<Bag> {
    let (mut bags, mut bag) = (Vec::new(), Bag::default());
    for line in said.lines() {
        let attribute = |name: &str| line.trim_start().strip_prefix(name).map(|value| value.trim().to_owned());
        if let Some(label) = line.strip_prefix("-----BEGIN ") {
            bag.label = label.trim_end_matches('-').to_owned();
        }
        if !bag.label.is_empty() {
            bag.pem.extend([line, "\n"]);
        } else if let Some(id) = attribute("localKeyID:") {
            bag.id = Some(id);
        } else if let Some(name) = attribute("friendlyName:") {
            bag.name = Some(name);
        }
        if line.starts_with("-----END ") {
            bags.push(std::mem::take(&mut bag));
        }
    }
    bags
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Bag Attributes\n    localKeyID: 54 D6 8F \n    friendlyName: our key\nsubject=CN = a\n\nissuer=CN = ca\n
-----BEGIN CERTIFICATE-----\nMAEC\n-----END CERTIFICATE-----\nBag Attributes: <No Attributes>\nsubject=CN = ca\n
-----BEGIN CERTIFICATE-----\nMAED\n-----END CERTIFICATE-----\nBag Attributes\n    localKeyID: 54 D6 8F \n    friendlyName: our key
Key Attributes: <No Attributes>\n-----BEGIN PRIVATE KEY-----\nMAEE\n-----END PRIVATE KEY-----\n";

    #[test]
    fn what_openssl_prints_is_taken_apart() {
        let found = Contents::of(SAID);
        assert_eq!(found.key.as_deref(), Some("-----BEGIN PRIVATE KEY-----\nMAEE\n-----END PRIVATE KEY-----\n"));
        assert_eq!(found.certificate, Some(vec![0x30, 1, 2]));
        assert_eq!(found.others, [[0x30, 1, 3]]);
        assert_eq!(found.name.as_deref(), Some("our key"));
        let without = Contents::of(&SAID.replace("54 D6 8F \n    friendlyName: our key\nsubject", "\nsubject"));
        assert_eq!((without.certificate, without.others.len()), (None, 2));
        assert!(Contents::of("").key.is_none());
    }

    #[test]
    fn names_are_compared_as_openssl_shows_them() {
        let named = |name: &str| Contents { name: Some(name.to_owned()), ..Contents::of("") };
        assert!(named("key").is_named(Some("key")) && !named("key").is_named(Some("other")));
        assert!(named("k\u{fffd}y").is_named(Some("köy")) && named("köy").is_named(Some("köy")));
        assert!(!named("key").is_named(None) && Contents::of("").is_named(None));
    }
}
