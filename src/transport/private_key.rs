//! What a private key's file tells without being used: whether it is encrypted, whether a passphrase opens it, and its
//! public half.

use std::path::Path;

use ssh_key::{PrivateKey as Parsed, PublicKey};
use zeroize::Zeroizing;

use crate::secret::Secret;

/// A private key's file.
pub struct PrivateKey {
    text: Zeroizing<String>,
    /// OpenSSH's own form; the older PEM forms are left to libssh2.
    parsed: Option<Parsed>,
    public: Option<PublicKey>,
}

impl PrivateKey {
    /// Reads it; a file that cannot be read is the login's business to complain about.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        let text = Zeroizing::new(std::fs::read_to_string(path)?);
        let parsed = Parsed::from_openssh(text.as_str()).ok();
        let beside = std::fs::read_to_string(path.with_added_extension("pub")).ok();
        let public = beside.and_then(|line| PublicKey::from_openssh(line.trim()).ok());
        Ok(Self { text, parsed, public })
    }

    /// Whether it is a private key at all.
    pub(super) fn is_one(&self) -> bool {
        self.text.contains("PRIVATE KEY")
    }

    /// Whether it wants a passphrase.
    pub fn is_encrypted(&self) -> bool {
        match &self.parsed {
            Some(key) => key.is_encrypted(),
            None => self.is_one() && self.text.contains("ENCRYPTED"),
        }
    }

    /// Whether a passphrase opens it; `None` for the older forms, of which only the login knows.
    pub fn opens_with(&self, passphrase: &Secret) -> Option<bool> {
        self.parsed.as_ref().map(|key| key.decrypt(passphrase.reveal()).is_ok())
    }

    /// Its public half, as ssh agents name a key; `None` if neither the file nor the one beside it has it.
    pub fn public_half(&self) -> Option<Vec<u8>> {
        let public = self.parsed.as_ref().map(Parsed::public_key).or(self.public.as_ref())?;
        public.to_bytes().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn key(options: &[&str], passphrase: &str) -> (tempfile::TempDir, PrivateKey) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = Command::new("ssh-keygen").args(options).args(["-q", "-N", passphrase, "-f"]).arg(&path).status();
        assert!(made.unwrap().success());
        let key = PrivateKey::read(&path).unwrap();
        (folder, key)
    }

    #[test]
    fn an_encrypted_key_is_told_from_an_open_one_in_every_form() {
        for (options, parsed) in [
            (&["-t", "ed25519"][..], true),
            (&["-t", "rsa", "-b", "2048"], true),
            (&["-t", "ecdsa"], true),
            (&["-t", "rsa", "-b", "2048", "-m", "PEM"], false),
            (&["-t", "rsa", "-b", "2048", "-m", "PKCS8"], false),
        ] {
            let (_folder, locked) = key(options, "correct horse");
            assert!(locked.is_encrypted(), "{options:?}");
            assert_eq!(locked.opens_with(&Secret::new("correct horse")), parsed.then_some(true), "{options:?}");
            assert_eq!(locked.opens_with(&Secret::new("wrong")), parsed.then_some(false), "{options:?}");
            let (_folder, open) = key(options, "");
            assert!(!open.is_encrypted(), "{options:?}");
            assert!(open.public_half().is_some() && locked.public_half().is_some(), "{options:?}");
        }
    }

    #[test]
    fn what_is_no_key_wants_no_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "ENCRYPTED nonsense\n").unwrap();
        let key = PrivateKey::read(&path).unwrap();
        assert!(!key.is_one() && !key.is_encrypted() && key.public_half().is_none());
    }
}
