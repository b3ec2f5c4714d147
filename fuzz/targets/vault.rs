//! Envelopes of ansible-vault: whatever they hold, opening them ends in a content or a told mistake.

use dppctl::secret::{Secret, Vault};

/// Opens the bytes as an envelope; what opens, is sealed and opened again.
pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let vault = Vault::new().with(None, Secret::new("correct horse")).with(Some("prod".into()), Secret::new("battery"));
    let _ = Vault::label_of(text);
    let Ok(unsealed) = vault.unseal(text) else { return };
    let again = unsealed.key.seal(&unsealed.content).expect("what was opened can be sealed");
    assert_eq!(*vault.unseal(&again).expect("what was sealed opens").content, *unsealed.content);
}
