//! How a connection is encrypted: who vouches for the server, and what it is shown when it asks who we are.

use std::path::PathBuf;

use serde::Deserialize;

use super::secret::Place;

/// TLS towards one product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct TlsConfig {
    /// The certificates of the authorities that vouch for the server; without it the system's authorities do.
    pub ca_file: Option<PathBuf>,
    /// What the server is shown when it asks.
    pub identity: Option<Identity>,
}

/// A certificate of our own and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those between it and the authority.
    pub cert_file: PathBuf,
    /// Where its key is.
    pub key: Place,
}

impl TlsConfig {
    /// Returns the files that a client reads, as far as they can be named.
    pub fn files(&self) -> Vec<PathBuf> {
        let own = self.identity.iter().flat_map(|own| [Some(own.cert_file.clone()), own.key.path().ok()]);
        self.ca_file.iter().cloned().chain(own.flatten()).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    ca_file: Option<PathBuf>,
    cert_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    key_credential: Option<String>,
}

impl TryFrom<Raw> for TlsConfig {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let identity = match (raw.cert_file, Place::one_of(raw.key_file, raw.key_credential)) {
            (None, Ok(None)) => None,
            (Some(cert_file), Ok(Some(key))) => Some(Identity { cert_file, key }),
            _ => return Err("tls needs both cert_file and one of key_file and key_credential, or none of them"),
        };
        Ok(Self { ca_file: raw.ca_file, identity })
    }
}
