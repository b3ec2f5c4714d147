//! Ansible's vault format, 1.1 and 1.2 with AES256: an envelope as it is written, opened and sealed with one password.

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secret::{HEADER, Secret, VaultError};

/// Ansible's number, which the format does not carry.
const ROUNDS: u32 = 10_000;
const BLOCK: usize = 16;
const LINE: usize = 80;

/// What stands between the header and the last line.
pub(super) struct Envelope {
    /// The vault id it was sealed with; a hint, for nothing keeps it from being edited.
    pub(super) label: Option<String>,
    pub(super) salt: Vec<u8>,
    seal: Vec<u8>,
    ciphertext: Vec<u8>,
}

impl Envelope {
    /// Reads an envelope from its header to its last line, however its lines are indented.
    pub(super) fn parse(text: &str) -> Result<Self, VaultError> {
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
    pub(super) fn open(&self, password: &Secret) -> Option<Result<Zeroizing<Vec<u8>>, VaultError>> {
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

/// The envelope of a content, with a line end behind its last line.
pub(super) fn seal(content: &[u8], label: Option<&str>, password: &Secret, salt: &[u8]) -> String {
    let keys = Keys::derive(password, salt);
    let padding = BLOCK - content.len() % BLOCK;
    // One buffer of the final size: one that grows would leave a copy behind.
    let mut padded = Zeroizing::new(Vec::with_capacity(content.len() + padding));
    padded.extend_from_slice(content);
    #[expect(clippy::cast_possible_truncation, reason = "a padding is 16 at most")]
    padded.resize(content.len() + padding, padding as u8);
    keys.apply(&mut padded);
    let tag = keys.mac(&padded).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
    let inner = [hex(salt), hex(&tag), hex(&padded)].join("\n");
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
