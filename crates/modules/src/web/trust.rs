//! Whose certificates are believed, and by which one the host shows who it is.

use std::fs;
use std::path::Path;

use dpp_protocol::Failure;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

/// Where Debian keeps the certificates it trusts; without it those of Mozilla that we carry are used.
const TRUSTED: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What a task says of certificates.
#[derive(Clone, Copy)]
pub(crate) struct Trust<'a> {
    pub(crate) validate_certs: bool,
    pub(crate) ca_path: Option<&'a Path>,
    pub(crate) client_cert: Option<&'a Path>,
    /// Where it is not in the file of the certificate.
    pub(crate) client_key: Option<&'a Path>,
}

impl Trust<'_> {
    /// As the library wants it.
    pub(crate) fn config(&self) -> Result<TlsConfig, Failure> {
        let tls = TlsConfig::builder().disable_verification(!self.validate_certs).client_cert(self.client()?);
        let path = self.ca_path.unwrap_or(Path::new(TRUSTED));
        let Ok(pem) = fs::read(path) else {
            return match self.ca_path {
                Some(path) => Err(Failure::new(format!("cannot read the certificates in {}", path.display()))),
                None => Ok(tls.build()),
            };
        };
        Ok(tls.root_certs(RootCerts::new_with_certs(&certificates(&pem))).build())
    }

    fn client(&self) -> Result<Option<ClientCert>, Failure> {
        let Some(path) = self.client_cert else { return Ok(None) };
        let read = |path: &Path| {
            fs::read(path).map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
        };
        let pem = read(path)?;
        let key = self.client_key.unwrap_or(path);
        let private = PrivateKey::from_pem(&read(key)?)
            .map_err(|error| Failure::new(format!("there is no private key in {}: {error}", key.display())))?;
        Ok(Some(ClientCert::new_with_certs(&certificates(&pem), private)))
    }
}

fn certificates(pem: &[u8]) -> Vec<Certificate<'static>> {
    let certificate = |item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    };
    parse_pem(pem).filter_map(Result::ok).filter_map(certificate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_a_task_names_must_be_there() {
        let trust = Trust { validate_certs: true, ca_path: None, client_cert: None, client_key: None };
        assert!(trust.config().is_ok());
        let gone = Some(Path::new("/nonexistent.pem"));
        assert!(Trust { ca_path: gone, ..trust }.config().unwrap_err().message.contains("/nonexistent.pem"));
        assert!(Trust { client_cert: gone, ..trust }.config().unwrap_err().message.contains("/nonexistent.pem"));
    }
}
