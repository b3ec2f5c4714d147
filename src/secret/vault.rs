//! Ansible's vault format, 1.1 and 1.2 with AES256: opening and sealing envelopes.

use std::fs::File;
use std::io::Read;

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secret::{Decrypt, HEADER, Secret, VaultError};

/// Ansible's number, which the format does not carry.
const ROUNDS: u32 = 10_000;
const SALT: usize = 32;
const BLOCK: usize = 16;
const LINE: usize = 80;

/// The passwords at hand, each with its vault id.
#[derive(Debug, Clone, Default)]
pub struct Vault {
    passwords: Vec<(Option<String>, Secret)>,
}

impl Vault {
    /// No password yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a password, under the vault id it was given for.
    #[must_use]
    pub fn with(mut self, label: Option<String>, password: Secret) -> Self {
        self.passwords.push((label, password));
        self
    }

    /// Whether there is no password to try.
    pub fn is_empty(&self) -> bool {
        self.passwords.is_empty()
    }

    /// Whether a text is an envelope.
    pub fn is_envelope(text: &str) -> bool {
        text.trim_start().starts_with(HEADER)
    }

    /// Seals a text with the password of a vault id, or the first one.
    pub fn encrypt(&self, text: &str, label: Option<&str>) -> Result<String, VaultError> {
        let fits = |candidate: &&(Option<String>, Secret)| label.is_none() || candidate.0.as_deref() == label;
        let (label, password) = self.passwords.iter().find(fits).ok_or(VaultError::NoPassword)?;
        let mut salt = [0; SALT];
        let random = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut salt));
        random.map_err(|error| VaultError::NoRandomness(error.to_string()))?;
        Ok(seal(text, label.as_deref(), password, &salt))
    }
}

impl Decrypt for Vault {
    fn decrypt(&self, envelope: &str) -> Result<Zeroizing<String>, VaultError> {
        let envelope = Envelope::parse(envelope)?;
        if self.passwords.is_empty() {
            return Err(VaultError::NoPassword);
        }
        // The vault id is a hint: its password first, and then every other.
        let is_hinted = |label: &Option<String>| label.is_some() && *label == envelope.label;
        let hinted = self.passwords.iter().filter(|(label, _)| is_hinted(label));
        let others = self.passwords.iter().filter(|(label, _)| !is_hinted(label));
        let opened = hinted.chain(others).find_map(|(_, password)| envelope.open(password));
        let bytes =
            opened.ok_or(VaultError::WrongPassword { tried: self.passwords.len(), label: envelope.label })??;
        std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| VaultError::NotText)
    }
}

struct Envelope {
    label: Option<String>,
    salt: Vec<u8>,
    seal: Vec<u8>,
    ciphertext: Vec<u8>,
}

impl Envelope {
    fn parse(text: &str) -> Result<Self, VaultError> {
        let mut lines = text.trim().lines().map(str::trim);
        let header = lines.next().unwrap_or_default();
        let rest =
            header.strip_prefix(HEADER).ok_or(VaultError::Malformed("its first line is not $ANSIBLE_VAULT;…"))?;
        let fields: Vec<&str> = rest.split(';').collect();
        let label = match fields[..] {
            ["1.1", "AES256"] => None,
            ["1.2", "AES256", label] => Some(label.to_owned()),
            _ => return Err(VaultError::Unsupported(rest.to_owned())),
        };
        let body = lines.collect::<String>();
        let inner =
            hex_bytes(body.as_bytes()).ok_or(VaultError::Malformed("a line is not hexadecimal, or one is missing"))?;
        let mut parts = inner.split(|byte| *byte == b'\n').map(hex_bytes);
        match (parts.next().flatten(), parts.next().flatten(), parts.next().flatten(), parts.next()) {
            (Some(salt), Some(seal), Some(ciphertext), None) => Ok(Self { label, salt, seal, ciphertext }),
            _ => Err(VaultError::Malformed("it does not have salt, seal and content")),
        }
    }

    /// The content, if the password is the right one; an error if it is and the content is damaged all the same.
    fn open(&self, password: &Secret) -> Option<Result<Zeroizing<Vec<u8>>, VaultError>> {
        let keys = Keys::derive(password, &self.salt);
        keys.mac(&self.ciphertext)?.verify_slice(&self.seal).ok()?;
        let mut text = Zeroizing::new(self.ciphertext.clone());
        keys.apply(&mut text);
        let padding = text.last().map_or(0, |byte| usize::from(*byte));
        if !(1..=BLOCK).contains(&padding) || padding > text.len() {
            return Some(Err(VaultError::Malformed("its padding is wrong")));
        }
        let length = text.len() - padding;
        text.truncate(length);
        Some(Ok(text))
    }
}

fn seal(text: &str, label: Option<&str>, password: &Secret, salt: &[u8]) -> String {
    let keys = Keys::derive(password, salt);
    let padding = BLOCK - text.len() % BLOCK;
    let mut content = Zeroizing::new(text.as_bytes().to_vec());
    #[expect(clippy::cast_possible_truncation, reason = "a padding is 16 at most")]
    content.resize(text.len() + padding, padding as u8);
    keys.apply(&mut content);
    let tag = keys.mac(&content).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    let inner = [hex(salt), hex(&tag), hex(&content)].join("\n");
    let body = hex(inner.as_bytes());
    let mut envelope = match label {
        Some(label) => format!("{HEADER}1.2;AES256;{label}\n"),
        None => format!("{HEADER}1.1;AES256\n"),
    };
    // The body is ASCII, so that every boundary is one of a character.
    for start in (0..body.len()).step_by(LINE) {
        envelope.push_str(&body[start..body.len().min(start + LINE)]);
        envelope.push('\n');
    }
    envelope
}

/// What the password and the salt give: a key for the cipher, one for the seal, and the counter's start.
struct Keys(Zeroizing<[u8; 80]>);

impl Keys {
    fn derive(password: &Secret, salt: &[u8]) -> Self {
        let mut bytes = Zeroizing::new([0; 80]);
        pbkdf2::pbkdf2_hmac::<Sha256>(password.reveal().as_bytes(), salt, ROUNDS, &mut *bytes);
        Self(bytes)
    }

    fn mac(&self, content: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.0[32..64]).ok()?;
        mac.update(content);
        Some(mac)
    }

    fn apply(&self, content: &mut [u8]) {
        if let Ok(mut cipher) = Ctr128BE::<Aes256>::new_from_slices(&self.0[..32], &self.0[64..]) {
            cipher.apply_keystream(content);
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex_bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if digits.is_empty() || !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
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
            let ours = seal(&fixture("plain.yml"), label, &Secret::new("correct horse"), &salt);
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
    fn a_password_never_shows_itself() {
        assert!(!format!("{:?}", vault()).contains("horse"));
    }
}
