//! `select_crypto_backend`: which of Python's libraries Ansible would use. Here it makes no difference.

use serde::Deserialize;

/// A library's name.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Backend {
    /// Whichever is there.
    Auto,
    /// The one that is left.
    Cryptography,
}
