//! What must never be shown: passwords and decrypted values as a type, and the files and values in Ansible's vault
//! format that they come from.

mod envelope;
mod error;
mod masker;
mod name;
mod password;
mod secret_text;
mod vault;

pub use error::VaultError;
pub use masker::Masker;
pub use name::names_secret;
pub use secret_text::Secret;
pub use vault::{Key, Unsealed, Vault};
use zeroize::Zeroizing;

/// The first characters of everything that is encrypted.
pub const HEADER: &str = "$ANSIBLE_VAULT;";

/// Whoever can turn a vault envelope into its text.
pub trait Decrypt: Send + Sync {
    /// Decrypts one envelope, from its `$ANSIBLE_VAULT;` line to its last.
    fn decrypt(&self, envelope: &str) -> Result<Zeroizing<String>, VaultError>;
}

/// No password was given: refuses every envelope and says so.
#[derive(Debug, Clone, Copy)]
pub struct NoPassword;

impl Decrypt for NoPassword {
    fn decrypt(&self, _envelope: &str) -> Result<Zeroizing<String>, VaultError> {
        Err(VaultError::NoPassword)
    }
}
