//! Why an envelope could not be opened or a password not be had.

use std::path::PathBuf;

use thiserror::Error;

/// Why something of the vault failed; never carries a secret.
#[derive(Debug, Error)]
pub enum VaultError {
    /// Nothing to try.
    #[error("it is encrypted and no vault password was given")]
    NoPassword,
    /// All that were tried failed the check of integrity.
    #[error("{}{}", misfits(*tried), label.as_deref().map(|label| format!(" (it was encrypted with vault id `{label}`)")).unwrap_or_default())]
    WrongPassword {
        /// How many passwords were tried.
        tried: usize,
        /// The vault id in the envelope's header.
        label: Option<String>,
    },
    /// Not an envelope, or a damaged one.
    #[error("the vault envelope is damaged: {0}")]
    Malformed(&'static str),
    /// A cipher or a version that Ansible itself has given up.
    #[error("vault format `{0}` is not supported, only 1.1 and 1.2 with AES256 are")]
    Unsupported(String),
    /// It was opened, and is not a text.
    #[error("the decrypted content is not text in UTF-8")]
    NotText,
    /// The password file cannot be read or run.
    #[error("cannot get the vault password from {}: {cause}", path.display())]
    PasswordSource {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: String,
    },
    /// The system gives no random bytes for a salt.
    #[error("no random bytes for a salt: {0}")]
    NoRandomness(String),
}

fn misfits(tried: usize) -> String {
    if tried == 1 {
        "the vault password does not fit".to_owned()
    } else {
        format!("none of the {tried} vault passwords fits")
    }
}

impl VaultError {
    /// The stable code of the problem it becomes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPassword => "DPP1202",
            Self::WrongPassword { .. } => "DPP1203",
            Self::Malformed(_) | Self::Unsupported(_) | Self::NotText => "DPP1204",
            Self::PasswordSource { .. } | Self::NoRandomness(_) => "DPP1205",
        }
    }

    /// What to type next, where there is something.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NoPassword => {
                Some("give it with --vault-password-file FILE or -J, or set [vault] password-file in dppctl.toml")
            }
            Self::WrongPassword { .. } => Some("see which password it wants: --vault-id LABEL@FILE may repeat"),
            _ => None,
        }
    }
}
