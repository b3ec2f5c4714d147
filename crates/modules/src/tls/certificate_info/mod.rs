//! `x509_certificate_info`: what a certificate says of itself, read from its bytes; no `openssl` is needed on the host.
//!
//! Numbers of more than 64 bits (a modulus, most serial numbers) are texts of their decimal digits.

mod extensions;
mod general_name;
mod name;
mod number;
mod public_key;

use std::collections::BTreeMap;
use std::fs;

use dpp_protocol::{Change, Failure, ResultMap};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::arguments::HostPath;
use crate::files::refusal::refused;
use crate::tls::backend::Backend;
use crate::tls::certificate::form::Form;
use crate::tls::certificate::moment::moment;
use crate::tls::certificate_info::extensions::Extensions;
use crate::tls::certificate_info::name::{as_mapping, name};
use crate::tls::certificate_info::number::number;
use crate::tls::der::{element, inside};
use crate::tls::oid::{dotted, long};
use crate::tls::openssl::{certificates, fingerprints, pem};
use crate::{Host, Module, Survey};

/// Parameters of `x509_certificate_info`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct X509CertificateInfo {
    path: Option<HostPath>,
    content: Option<String>,
    #[serde(default)]
    valid_at: BTreeMap<String, String>,
    #[serde(default)]
    name_encoding: NameEncoding,
    #[serde(rename = "select_crypto_backend")]
    _backend: Option<Backend>,
}

/// How the labels of international host names are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum NameEncoding {
    #[default]
    Ignore,
    /// As they are in a certificate anyway.
    Idna,
    Unicode,
}

impl Module for X509CertificateInfo {
    const NAME: &'static str = "x509_certificate_info";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let moments = self.moments()?;
        let certificate = self.certificate()?;
        let told = self.told(&certificate).ok_or_else(|| self.unreadable())?;
        let form = Form::of_certificate(&certificate).ok_or_else(|| self.unreadable())?;
        let (from, until) = &form.validity;
        let valid: Map<String, Value> =
            moments.into_iter().map(|(name, at)| (name, (*from <= at && at <= *until).into())).collect();
        let mut survey = Survey::unchanged();
        survey.result = told;
        Ok(survey.value("valid_at", valid))
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

impl X509CertificateInfo {
    fn moments(&self) -> Result<Vec<(String, String)>, Failure> {
        if self.path.is_some() == self.content.is_some() {
            return Err(Failure::new("either `path` or `content` is needed").code("DPP0104"));
        }
        let now = Timestamp::now();
        let read = |(name, text): (&String, &String)| {
            let at = moment(text, now).ok_or_else(|| {
                let words = "is neither a moment like 20300101000000Z nor a time from now like +3w";
                Failure::new(format!("`{text}` (`valid_at.{name}`) {words}")).code("DPP0104")
            })?;
            Ok((name.clone(), at))
        };
        self.valid_at.iter().map(read).collect()
    }

    /// The certificate as DER; a file may hold it as such.
    fn certificate(&self) -> Result<Vec<u8>, Failure> {
        let bytes = match (&self.content, &self.path) {
            (None, Some(path)) => fs::read(path).map_err(|error| refused("read", path, &error))?,
            (content, _) => content.clone().unwrap_or_default().into_bytes(),
        };
        let first = certificates(&String::from_utf8_lossy(&bytes)).into_iter().next();
        let is_der = self.path.is_some() && bytes.first() == Some(&0x30);
        first.or_else(|| is_der.then_some(bytes)).ok_or_else(|| {
            Failure::new(format!("there is no certificate in {}", self.place()))
                .help("a certificate begins with `-----BEGIN CERTIFICATE-----`, or is DER in a file")
        })
    }

    fn place(&self) -> &str {
        self.path.as_ref().map_or("`content`", HostPath::text)
    }

    fn unreadable(&self) -> Failure {
        Failure::new(format!("cannot read the certificate in {}: its bytes are damaged", self.place()))
            .help("`openssl x509 -noout -text -in FILE` on the host says more")
    }

    /// All that is returned but `valid_at`; nothing for bytes that are no certificate.
    fn told(&self, der: &[u8]) -> Option<ResultMap> {
        let form = Form::of_certificate(der)?;
        let (version, serial) = head(der)?;
        let algorithm = inside(inside(der).get(1)?).first().and_then(|oid| Some(dotted(element(oid)?.1)))?;
        let (subject, issuer) = (name(&form.subject), name(&form.issuer));
        let (kind, data) = public_key::told(&form.key)?;
        let (from, until) = &form.validity;
        let now = moment("+0s", Timestamp::now())?;
        let told = json!({
            "signature_algorithm": long(&algorithm),
            "subject": as_mapping(&subject),
            "subject_ordered": subject,
            "issuer": as_mapping(&issuer),
            "issuer_ordered": issuer,
            "version": version,
            "serial_number": number(serial),
            "not_before": from,
            "not_after": until,
            "expired": *until < now,
            "public_key": pem("PUBLIC KEY", &form.key),
            "public_key_type": kind,
            "public_key_data": data,
            "public_key_fingerprints": fingerprints(&form.key),
            "fingerprints": fingerprints(der),
        });
        let Value::Object(mut told) = told else { return None };
        told.extend(Extensions::new(&form.extensions, self.name_encoding == NameEncoding::Unicode).told());
        Some(told)
    }
}

/// Its version and its serial number.
fn head(der: &[u8]) -> Option<(u64, &[u8])> {
    let parts = inside(inside(der).first()?);
    let first = *parts.first()?;
    let has_version = first.first() == Some(&0xa0);
    let version = if has_version { element(inside(first).first()?)?.1.last().map_or(0, |n| u64::from(*n)) } else { 0 };
    let serial = parts.get(usize::from(has_version))?;
    Some((version + 1, element(serial)?.1))
}

#[cfg(test)]
mod tests;
