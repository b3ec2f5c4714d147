//! A certificate or a request taken apart: whom it names, which key it is for, and with which extensions.

use crate::tls::der::{element, inside};

/// The object identifier of requested extensions.
const REQUESTED: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
/// Those of the extensions that name a key.
pub(super) const SUBJECT_KEY: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x0e];
pub(super) const AUTHORITY_KEY: &[u8] = &[0x06, 0x03, 0x55, 0x1d, 0x23];

/// Its parts, as they are written in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::tls) struct Form {
    pub(in crate::tls) issuer: Vec<u8>,
    pub(in crate::tls) subject: Vec<u8>,
    pub(in crate::tls) key: Vec<u8>,
    pub(in crate::tls) extensions: Vec<Vec<u8>>,
    /// From when and until when, as `20300101000000Z`.
    pub(in crate::tls) validity: (String, String),
}

impl Form {
    pub(in crate::tls) fn of_certificate(der: &[u8]) -> Option<Self> {
        let body = *inside(der).first()?;
        let mut parts = inside(body);
        if parts.first()?.first() == Some(&0xa0) {
            parts.remove(0);
        }
        let [_serial, _algorithm, issuer, validity, subject, key, more @ ..] = parts.as_slice() else { return None };
        let extensions = more.iter().find(|part| part[0] == 0xa3).and_then(|part| inside(part).first().copied());
        let times = inside(validity);
        Some(Self {
            issuer: issuer.to_vec(),
            subject: subject.to_vec(),
            key: key.to_vec(),
            extensions: extensions
                .map(|list| inside(list).into_iter().map(<[u8]>::to_vec).collect())
                .unwrap_or_default(),
            validity: (moment(times.first()?)?, moment(times.get(1)?)?),
        })
    }

    pub(super) fn of_request(der: &[u8]) -> Option<Self> {
        let body = *inside(der).first()?;
        let parts = inside(body);
        let [_version, subject, key, attributes @ ..] = parts.as_slice() else { return None };
        let wanted = attributes.iter().flat_map(|list| inside(list)).map(inside);
        let wanted = wanted.filter(|attribute| attribute.first() == Some(&REQUESTED)).flat_map(|attribute| {
            attribute.get(1).map(|set| inside(set)).unwrap_or_default().into_iter().flat_map(inside).collect::<Vec<_>>()
        });
        Some(Self {
            issuer: Vec::new(),
            subject: subject.to_vec(),
            key: key.to_vec(),
            extensions: wanted.map(<[u8]>::to_vec).collect(),
            validity: (String::new(), String::new()),
        })
    }

    /// The extension of this identifier.
    pub(super) fn extension(&self, identifier: &[u8]) -> Option<&[u8]> {
        self.extensions.iter().find(|extension| is_of(extension, identifier)).map(Vec::as_slice)
    }
}

pub(super) fn is_of(extension: &[u8], identifier: &[u8]) -> bool {
    inside(extension).first() == Some(&identifier)
}

/// A moment with a year of four digits.
fn moment(time: &[u8]) -> Option<String> {
    let text = String::from_utf8(element(time)?.1.to_vec()).ok()?;
    if time[0] == 0x18 {
        return Some(text);
    }
    let century = if text.get(..2)?.parse::<u8>().ok()? < 50 { "20" } else { "19" };
    Some(format!("{century}{text}"))
}
