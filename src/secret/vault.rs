//! The passwords at hand: which one opens an envelope, and which one seals a new one.

use std::fs::File;
use std::io::Read;

use zeroize::Zeroizing;

use crate::secret::envelope::{Envelope, seal};
use crate::secret::{Decrypt, HEADER, Secret, VaultError};

const SALT: usize = 32;
/// The vault id of a password that was given without one; envelopes do not name it.
const NAMELESS: &str = "default";

/// A password with its vault id.
#[derive(Debug, Clone)]
pub struct Key {
    label: Option<String>,
    password: Secret,
}

impl Key {
    /// A password under a vault id; `default` is the one that needs no name.
    pub fn new(label: Option<String>, password: Secret) -> Self {
        Self { label: label.filter(|label| label != NAMELESS), password }
    }

    /// Its vault id.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Seals a content in an envelope of its own.
    pub fn seal(&self, content: &[u8]) -> Result<String, VaultError> {
        let mut salt = [0; SALT];
        let random = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut salt));
        random.map_err(|error| VaultError::NoRandomness(error.to_string()))?;
        Ok(seal(content, self.label(), &self.password, &salt))
    }
}

/// What an envelope held, and the key that opened it.
#[derive(Debug)]
pub struct Unsealed<'a> {
    /// The content.
    pub content: Zeroizing<Vec<u8>>,
    /// The key.
    pub key: &'a Key,
}

/// The passwords at hand, each with its vault id.
#[derive(Debug, Clone, Default)]
pub struct Vault {
    keys: Vec<Key>,
}

impl Vault {
    /// No password yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a password, under the vault id it was given for.
    #[must_use]
    pub fn with(mut self, label: Option<String>, password: Secret) -> Self {
        self.keys.push(Key::new(label, password));
        self
    }

    /// Whether there is no password to try.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// All of them, in the order they were given.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The first one under this vault id, which may be `default`.
    pub fn key(&self, label: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.label().unwrap_or(NAMELESS) == label)
    }

    /// Whether a text is an envelope.
    pub fn is_envelope(text: &str) -> bool {
        text.trim_start().starts_with(HEADER)
    }

    /// The vault id in an envelope's header.
    pub fn label_of(envelope: &str) -> Result<Option<String>, VaultError> {
        Envelope::parse(envelope).map(|envelope| envelope.label)
    }

    /// Opens an envelope with whichever password fits.
    pub fn unseal(&self, envelope: &str) -> Result<Unsealed<'_>, VaultError> {
        let envelope = Envelope::parse(envelope)?;
        if self.keys.is_empty() {
            return Err(VaultError::NoPassword);
        }
        // The vault id is a hint: its password first, and then every other.
        let is_hinted = |key: &&Key| key.label.is_some() && key.label == envelope.label;
        let hinted = self.keys.iter().filter(is_hinted);
        let others = self.keys.iter().filter(|key| !is_hinted(key));
        let opened = hinted.chain(others).find_map(|key| Some((key, envelope.open(&key.password)?)));
        match opened {
            Some((key, content)) => Ok(Unsealed { content: content?, key }),
            None => Err(VaultError::WrongPassword { tried: self.keys.len(), label: envelope.label }),
        }
    }

    /// Seals a text with the password of a vault id, or the first one.
    pub fn encrypt(&self, text: &str, label: Option<&str>) -> Result<String, VaultError> {
        let key = label.map_or(self.keys.first(), |label| self.key(label));
        key.ok_or(VaultError::NoPassword)?.seal(text.as_bytes())
    }
}

impl Decrypt for Vault {
    fn decrypt(&self, envelope: &str) -> Result<Zeroizing<String>, VaultError> {
        let content = self.unseal(envelope)?.content;
        std::str::from_utf8(&content).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| VaultError::NotText)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> String {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vault");
        std::fs::read_to_string(folder.join(name)).unwrap()
    }

    fn vault() -> Vault {
        Vault::new().with(None, Secret::new("correct horse"))
    }

    #[test]
    fn envelopes_that_ansible_vault_sealed_are_opened() {
        for name in ["file-1.1.yml", "file-1.2.yml"] {
            assert_eq!(*vault().decrypt(&fixture(name)).unwrap(), fixture("plain.yml"), "{name}");
        }
    }

    #[test]
    fn what_is_sealed_here_is_what_ansible_vault_seals_with_the_same_salt() {
        for (name, label) in [("file-1.1.yml", None), ("file-1.2.yml", Some("prod"))] {
            let theirs = fixture(name);
            let salt = Envelope::parse(&theirs).unwrap().salt;
            let ours = seal(fixture("plain.yml").as_bytes(), label, &Secret::new("correct horse"), &salt);
            assert_eq!(ours, theirs, "{name}");
        }
    }

    #[test]
    fn texts_of_every_length_come_back_and_no_two_envelopes_are_alike() {
        for length in [0, 1, 15, 16, 17, 1000] {
            let text = "ü".repeat(length);
            let envelope = vault().encrypt(&text, None).unwrap();
            assert_eq!(*vault().decrypt(&envelope).unwrap(), text);
            assert_ne!(envelope, vault().encrypt(&text, None).unwrap());
        }
    }

    #[test]
    fn the_password_of_the_vault_id_seals_and_every_password_is_tried() {
        let both = Vault::new()
            .with(Some("dev".to_owned()), Secret::new("one"))
            .with(Some("prod".to_owned()), Secret::new("correct horse"));
        assert!(both.encrypt("x", Some("prod")).unwrap().starts_with("$ANSIBLE_VAULT;1.2;AES256;prod\n"));
        assert!(both.decrypt(&fixture("file-1.1.yml")).is_ok());
        assert!(matches!(both.encrypt("x", Some("none")), Err(VaultError::NoPassword)));
    }

    #[test]
    fn what_cannot_be_opened_says_why() {
        let wrong = Vault::new().with(None, Secret::new("wrong"));
        let said = |vault: &Vault, text: &str| vault.decrypt(text).unwrap_err().to_string();
        assert!(said(&wrong, &fixture("file-1.2.yml")).contains("vault id `prod`"));
        assert!(said(&Vault::new(), &fixture("file-1.1.yml")).contains("no vault password"));
        assert!(said(&vault(), "$ANSIBLE_VAULT;1.0;AES\n00").contains("1.0;AES"));
        assert!(said(&vault(), &fixture("file-1.1.yml")[..200]).contains("damaged"));
        assert!(said(&vault(), "hello").contains("damaged"));
    }

    #[test]
    fn the_vault_id_default_is_written_nowhere() {
        let key = Key::new(Some("default".to_owned()), Secret::new("x"));
        assert!(key.seal(b"x").unwrap().starts_with("$ANSIBLE_VAULT;1.1;AES256\n"));
        assert!(Vault::new().with(None, Secret::new("x")).key("default").is_some());
    }

    #[test]
    fn bytes_that_are_no_text_are_kept_and_the_fitting_key_is_told() {
        let both = vault().with(Some("dev".to_owned()), Secret::new("other"));
        let envelope = both.key("dev").unwrap().seal(b"\xff\x00").unwrap();
        let opened = both.unseal(&envelope).unwrap();
        assert_eq!((opened.content.as_slice(), opened.key.label()), (&b"\xff\x00"[..], Some("dev")));
        assert!(matches!(both.decrypt(&envelope), Err(VaultError::NotText)));
        let theirs = fixture("binary.vault");
        assert_eq!(both.unseal(&theirs).unwrap().content.as_slice(), b"\xff\xfe\x00binary");
        assert_eq!(Vault::label_of(&envelope).unwrap().as_deref(), Some("dev"));
    }

    #[test]
    fn a_password_never_shows_itself() {
        assert!(!format!("{:?}", vault()).contains("horse"));
    }
}
