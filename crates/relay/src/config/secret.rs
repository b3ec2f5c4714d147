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
    /// Outside of it.
    At(Place),
}

/// Where a secret lies outside of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
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
        match (inline, Place::one_of(file, credential)?) {
            (None, None) => Ok(None),
            (Some(secret), None) => Ok(Some(Self::Inline(secret))),
            (None, Some(place)) => Ok(Some(Self::At(place))),
            (Some(_), Some(_)) => Err(Ambiguous),
        }
    }

    /// Returns the secret as it is now.
    pub fn read(&self) -> Result<Secret, SecretError> {
        match self {
            Self::Inline(secret) => Ok(secret.clone()),
            Self::At(place) => place.read(),
        }
    }
}

impl Place {
    /// Returns the place that was named, if any was.
    pub(super) fn one_of(file: Option<PathBuf>, credential: Option<String>) -> Result<Option<Self>, Ambiguous> {
        match (file, credential) {
            (None, None) => Ok(None),
            (Some(path), None) => Ok(Some(Self::File(path))),
            (None, Some(name)) => Ok(Some(Self::Credential(name))),
            (Some(_), Some(_)) => Err(Ambiguous),
        }
    }

    /// Returns the file that has it; systemd's `LoadCredential=` makes one of a credential.
    pub fn path(&self) -> Result<PathBuf, SecretError> {
        match self {
            Self::File(path) => Ok(path.clone()),
            Self::Credential(name) => match env::var_os("CREDENTIALS_DIRECTORY") {
                Some(folder) => Ok(Path::new(&folder).join(name)),
                None => Err(SecretError::NoCredentials(name.clone())),
            },
        }
    }

    /// Returns the password as it is now; the line's end does not belong to it.
    pub fn read(&self) -> Result<Secret, SecretError> {
        let path = self.path()?;
        let text = fs::read_to_string(&path).map_err(|source| SecretError::Unreadable { path, source })?;
        Ok(Secret(text.trim_end_matches(['\r', '\n']).to_owned()))
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
    #[error("the credential `{0}` is not there, as systemd passed none: add LoadCredential={0}:FILE to the unit")]
    NoCredentials(String),
}
