//! Why there is no encrypted connection, with the file that is to blame.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::config::SecretError;

/// Why a connection cannot be encrypted as configured.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {what} {}: {source}{}", path.display(), advice(source, path))]
    Unreadable {
        /// Which key of the configuration names it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A file has not what it should have.
    #[error("{what} {} has no {wanted} in PEM (-----BEGIN ...)", path.display())]
    Empty {
        /// Which key of the configuration names it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What it should have.
        wanted: &'static str,
    },
    /// What a file has cannot be used.
    #[error("cannot use {what} {}: {reason}", path.display())]
    Unusable {
        /// Which key of the configuration names it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The library's words.
        reason: String,
    },
    /// A certificate is of the first version, which has no extensions; Kafka's client alone takes it.
    #[error("{what} {} is of X.509 version 1, and only 3 can be shown: openssl x509 -req makes one with -extfile or \
             -copy_extensions", path.display())]
    Version {
        /// Which key of the configuration names it.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A key needs a passphrase, for which there is nobody to ask.
    #[error("tls.key_file {0} needs a passphrase; write it without one, readable for dpp-relay alone: \
             openssl pkey -in {0} -out NEW", path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
    /// A certificate is of the past.
    #[error("{what} {} expired on {since}", path.display())]
    Expired {
        /// Which key of the configuration names it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Since when.
        since: Timestamp,
    },
    /// A certificate is of the future, or this host's clock is of the past.
    #[error("{what} {} is not valid before {begin}; this host's clock says {now}", path.display())]
    Early {
        /// Which key of the configuration names it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// From when on.
        begin: Timestamp,
        /// What time it is here.
        now: Timestamp,
    },
    /// Certificate and key are not a pair.
    #[error("tls.key_file {} is not the key of tls.cert_file {}", key.display(), cert.display())]
    Mismatch {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        cert: PathBuf,
    },
    /// The system vouches for nobody.
    #[error("this system has no authorities ({0}): install ca-certificates, or name your own by tls.ca_file")]
    NoAuthorities(rustls::Error),
    /// The key is not where it should be.
    #[error(transparent)]
    Place(#[from] SecretError),
}

impl TlsError {
    pub(super) fn no(what: &'static str, path: &Path, wanted: &'static str) -> Self {
        Self::Empty { what, path: path.into(), wanted }
    }
}

/// The relay's user is not the one who checks its configuration, as a rule.
fn advice(error: &io::Error, path: &Path) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("; the service is dpp-relay: chgrp dpp-relay {path}; chmod 640 {path}")
        }
        _ => String::new(),
    }
}

/// OpenSSL lets such a certificate pass for a server's.
pub(super) const AN_AUTHORITYS: &str = "the server shows a certificate of an authority (CA:TRUE, as openssl req -x509 \
                                        makes it) and needs one of its own";

/// Returns what a failed handshake means for the one who configured it; nothing, when an error is not of that kind.
pub fn told(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(handshake) = handshake(error) {
            return Some(explained(handshake));
        }
        cause = error.source();
    }
    None
}

/// An error of the system does not count the error that it carries among its sources.
fn handshake<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let carried = |error: &'a io::Error| handshake(error.get_ref()?);
    error.downcast_ref().or_else(|| error.downcast_ref().and_then(carried))
}

fn explained(error: &rustls::Error) -> String {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error as Of};
    let meaning = match error {
        Of::InvalidCertificate(Bad::UnknownIssuer) => {
            "nobody who is trusted here (tls.ca_file, or else the system's authorities) vouches for the server"
        }
        Of::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => "the server's certificate has expired",
        Of::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "the server's certificate is of another host"
        }
        Of::InvalidCertificate(Bad::Other(reason)) if reason.to_string().contains("CaUsedAsEndEntity") => AN_AUTHORITYS,
        Of::InvalidCertificate(Bad::BadSignature) => {
            "the server's certificate is of another authority, which only has the name of one in tls.ca_file"
        }
        Of::AlertReceived(Alert::CertificateRequired) => "the server wants a certificate: tls.cert_file and its key",
        Of::AlertReceived(Alert::UnknownCA | Alert::BadCertificate | Alert::CertificateExpired) => {
            "the server does not accept the certificate of tls.cert_file"
        }
        Of::InvalidMessage(_) => "the server does not speak TLS at this port",
        _ => return error.to_string(),
    };
    format!("{meaning} ({error})")
}
