//! The password: from the file itself, from another file, or from a systemd credential; never from argv, never shown.

use std::path::{Path, PathBuf};
use std::{env, fmt, fs, io};

use serde::Deserialize;

/// A text that shows itself as `****`.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Returns the text itself, for the one place that hands it to the server.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Where a secret is; read anew for every connection, so that it can be changed without a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// In the configuration itself.
    Inline(Secret),
    /// In a file of its own.
    File(PathBuf),
    /// In a credential of the systemd unit.
    Credential(String),
}

/// More than one place was named.
#[derive(Debug)]
pub(super) struct Ambiguous;

impl Password {
    /// Returns the place that was named, if any was.
    pub(super) fn one_of(
        inline: Option<Secret>,
        file: Option<PathBuf>,
        credential: Option<String>,
    ) -> Result<Option<Self>, Ambiguous> {
        match (inline, file, credential) {
            (None, None, None) => Ok(None),
            (Some(secret), None, None) => Ok(Some(Self::Inline(secret))),
            (None, Some(path), None) => Ok(Some(Self::File(path))),
            (None, None, Some(name)) => Ok(Some(Self::Credential(name))),
            _ => Err(Ambiguous),
        }
    }

    /// Returns the secret as it is now.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Inline(secret) => Ok(secret.clone()),
            Self::File(path) => from_file(path),
            Self::Credential(name) => from_credential(name),
        }
    }
}

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the password from {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The unit passes no credentials.
    #[error("password_credential is `{0}`, but systemd passed no credentials: add LoadCredential={0}:FILE to the unit")]
    NoCredentials(String),
}

/// Reads a password file; the line's end does not belong to it.
fn from_file(path: &Path) -> Result<Secret, SecretError> {
    let text = fs::read_to_string(path).map_err(|source| SecretError::Unreadable { path: path.into(), source })?;
    Ok(Secret(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Reads a credential that systemd's `LoadCredential=` passed.
fn from_credential(name: &str) -> Result<Secret, SecretError> {
    let folder = env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| SecretError::NoCredentials(name.to_owned()))?;
    from_file(&Path::new(&folder).join(name))
}
