//! How Kafka's brokers are spoken to: encrypted or not, and as whom.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

use super::TlsConfig;
use super::secret::Place;

/// What all clients of one Kafka have in common beside its address.
#[derive(Debug, Clone, Copy)]
pub struct KafkaAccess<'a> {
    /// How connections are encrypted, if they are.
    pub tls: Option<&'a TlsConfig>,
    /// As whom, if not as the one that the certificate names, or as nobody.
    pub sasl: Option<&'a SaslConfig>,
}

impl KafkaAccess<'_> {
    /// Returns the files that a client reads, as far as they can be named.
    pub fn files(&self) -> Vec<PathBuf> {
        let password = self.sasl.and_then(|sasl| sasl.password.path().ok());
        self.tls.map(TlsConfig::files).into_iter().flatten().chain(password).collect()
    }
}

/// A user and a password.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Raw")]
pub struct SaslConfig {
    /// How the password is proven.
    pub mechanism: Mechanism,
    /// The user.
    pub user: String,
    /// Where the password is.
    pub password: Place,
}

/// How a password is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the names are Kafka's own")]
pub enum Mechanism {
    #[serde(rename = "PLAIN")]
    Plain,
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    mechanism: Mechanism,
    user: String,
    password_file: Option<PathBuf>,
    password_credential: Option<String>,
}

impl TryFrom<Raw> for SaslConfig {
    type Error = &'static str;

    fn try_from(raw: Raw) -> Result<Self, Self::Error> {
        let Ok(Some(password)) = Place::one_of(raw.password_file, raw.password_credential) else {
            return Err("sasl needs exactly one of password_file and password_credential");
        };
        Ok(Self { mechanism: raw.mechanism, user: raw.user, password })
    }
}
