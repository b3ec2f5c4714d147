//! Is it a certificate's time? Asked of the verifier of TLS itself, so that the answer is the one the other side would give.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{CertificateError, Error, RootCertStore};

use super::TlsError;

/// Refuses a certificate of the past or the future; whatever else may be wrong with it is not asked here.
pub(super) fn refuse_out_of_date(
    what: &'static str,
    path: &Path,
    certificate: &CertificateDer<'static>,
) -> Result<(), TlsError> {
    let time = |time: UnixTime| {
        i64::try_from(time.as_secs()).ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_default()
    };
    match verdict(certificate) {
        Some(CertificateError::ExpiredContext { not_after, .. }) => {
            Err(TlsError::Expired { what, path: path.into(), since: time(not_after) })
        }
        Some(CertificateError::NotValidYetContext { time: now, not_before }) => {
            Err(TlsError::Early { what, path: path.into(), begin: time(not_before), now: time(now) })
        }
        _ => Ok(()),
    }
}

/// A certificate's time comes before everything else that is verified, so it may vouch for itself.
fn verdict(certificate: &CertificateDer<'static>) -> Option<CertificateError> {
    let mut itself = RootCertStore::empty();
    itself.add(certificate.clone()).ok()?;
    let verifier = WebPkiClientVerifier::builder(Arc::new(itself)).build().ok()?;
    match verifier.verify_client_cert(certificate, &[], UnixTime::now()) {
        Err(Error::InvalidCertificate(error)) => Some(error),
        _ => None,
    }
}
