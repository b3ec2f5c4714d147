//! TLS as the configuration wants it: one implementation of cryptography, and certificates that are checked here before
//! anybody is asked, because a server tells little of what it does not like about them.
//!
//! Kafka's client reads the same files by itself; for it they are only checked.

mod error;
mod handshake;
mod validity;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

use crate::config::{Identity, TlsConfig};

pub use error::{TlsError, told};
pub use handshake::refusal;

const CA_FILE: &str = "tls.ca_file";
const CERT_FILE: &str = "tls.cert_file";
const KEY_FILE: &str = "tls.key_file";

/// Chooses the implementation, before the first client is made.
pub fn prepare() {
    // Fails only where it was done before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Returns what a connection is made with; reads the files as they are now.
pub fn client(config: &TlsConfig) -> Result<ClientConfig, TlsError> {
    prepare();
    let builder = match &config.ca_file {
        Some(path) => ClientConfig::builder().with_root_certificates(authorities(path)?),
        None => ClientConfig::builder().with_platform_verifier().map_err(TlsError::NoAuthorities)?,
    };
    match &config.identity {
        Some(identity) => known_as(builder, identity),
        None => Ok(builder.with_no_client_auth()),
    }
}

/// Reads and checks the files for somebody else, who will read them as well.
pub fn check(config: &TlsConfig) -> Result<(), TlsError> {
    prepare();
    let (authorities, identity) = (config.ca_file.as_deref().map(authorities), config.identity.as_ref());
    authorities.transpose()?;
    let builder = ClientConfig::builder().with_root_certificates(RootCertStore::empty());
    match identity.map_or(Ok(()), |identity| known_as(builder, identity).map(drop)) {
        // OpenSSL is not as strict.
        Err(TlsError::Version { .. }) => Ok(()),
        checked => checked,
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let certificates = certificates(CA_FILE, path)?;
    // An old authority may stay in the file beside its successor.
    let out_of_date = |certificate| validity::refuse_out_of_date(CA_FILE, path, certificate).err();
    let refusals: Vec<TlsError> = certificates.iter().filter_map(out_of_date).collect();
    if refusals.len() == certificates.len()
        && let Some(refusal) = refusals.into_iter().next()
    {
        return Err(refusal);
    }
    let mut roots = RootCertStore::empty();
    match roots.add_parsable_certificates(certificates) {
        (0, _) => Err(TlsError::no(CA_FILE, path, "certificate of an authority")),
        _ => Ok(roots),
    }
}

fn known_as(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: &Identity,
) -> Result<ClientConfig, TlsError> {
    let chain = certificates(CERT_FILE, &identity.cert_file)?;
    chain.iter().try_for_each(|link| validity::refuse_out_of_date(CERT_FILE, &identity.cert_file, link))?;
    let path = identity.key.path()?;
    let key = key(&path)?;
    let cert = identity.cert_file.clone();
    builder.with_client_auth_cert(chain, key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { key: path, cert },
        reason if reason.to_string().contains("UnsupportedCertVersion") => {
            TlsError::Version { what: CERT_FILE, path: cert }
        }
        reason => TlsError::Unusable { what: CERT_FILE, path: cert, reason: reason.to_string() },
    })
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(what, path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(TlsError::no(what, path, "certificate")),
        Ok(found) => Ok(found),
        Err(error) => Err(TlsError::Unusable { what, path: path.into(), reason: error.to_string() }),
    }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let pem = read(KEY_FILE, path)?;
    if String::from_utf8_lossy(&pem).contains("ENCRYPTED") {
        return Err(TlsError::Encrypted { path: path.into() });
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => TlsError::no(KEY_FILE, path, "private key"),
        error => TlsError::Unusable { what: KEY_FILE, path: path.into(), reason: error.to_string() },
    })
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Unreadable { what, path: path.into(), source })
}
