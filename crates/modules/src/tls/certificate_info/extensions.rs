//! The extensions of a certificate, in the words that OpenSSL and Ansible have for them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dpp_protocol::ResultMap;
use serde_json::{Map, Value, json};

use super::general_name::general_name;
use super::number::number;
use crate::tls::der::{element, inside};
use crate::tls::oid::{dotted, long};

const KEY_USAGES: [&str; 9] = [
    "Digital Signature",
    "Non Repudiation",
    "Key Encipherment",
    "Data Encipherment",
    "Key Agreement",
    "Certificate Sign",
    "CRL Sign",
    "Encipher Only",
    "Decipher Only",
];

/// One extension.
struct Extension<'a> {
    kind: String,
    is_critical: bool,
    value: &'a [u8],
}

/// All of a certificate.
pub(super) struct Extensions<'a> {
    all: Vec<Extension<'a>>,
    in_unicode: bool,
}

impl<'a> Extensions<'a> {
    /// Takes them apart; host names are told in their own letters if that is wanted.
    pub(super) fn new(list: &'a [Vec<u8>], in_unicode: bool) -> Self {
        let all = list.iter().filter_map(|whole| {
            let parts = inside(whole);
            let kind = dotted(element(parts.first()?)?.1);
            let is_critical = parts.get(1).is_some_and(|flag| matches!(flag, [0x01, _, value] if *value != 0));
            Some(Extension { kind, is_critical, value: element(parts.last()?)?.1 })
        });
        Self { all: all.collect(), in_unicode }
    }

    /// All of them as Ansible returns them; those that are not there are null.
    pub(super) fn told(&self) -> ResultMap {
        let mut told = ResultMap::new();
        let mut add = |name: &str, kind: &str, read: &dyn Fn(&[u8]) -> Value| {
            let found = self.find(kind);
            told.insert(name.to_owned(), found.map_or(Value::Null, |found| read(found.value)));
            told.insert(format!("{name}_critical"), found.is_some_and(|found| found.is_critical).into());
        };
        add("key_usage", "2.5.29.15", &|value| key_usages(value).into());
        add("extended_key_usage", "2.5.29.37", &|value| purposes(value).into());
        add("basic_constraints", "2.5.29.19", &|value| constraints(value).into());
        add("ocsp_must_staple", "1.3.6.1.5.5.7.1.24", &|value| staples(value).into());
        add("subject_alt_name", "2.5.29.17", &|value| self.names(value).into());
        told.insert("extensions_by_oid".into(), self.by_identifier().into());
        told.extend(self.keys());
        told.insert("ocsp_uri".into(), self.place_of("1.3.6.1.5.5.7.48.1").into());
        told.insert("issuer_uri".into(), self.place_of("1.3.6.1.5.5.7.48.2").into());
        told
    }

    fn find(&self, kind: &str) -> Option<&Extension<'a>> {
        self.all.iter().find(|extension| extension.kind == kind)
    }

    fn names(&self, list: &[u8]) -> Vec<String> {
        inside(list).into_iter().filter_map(|name| general_name(name, self.in_unicode)).collect()
    }

    fn by_identifier(&self) -> Map<String, Value> {
        let told = |extension: &Extension| {
            let value = BASE64_STANDARD.encode(extension.value);
            (extension.kind.clone(), json!({"critical": extension.is_critical, "value": value}))
        };
        self.all.iter().map(told).collect()
    }

    /// Identifiers of the own key and of the authority's.
    fn keys(&self) -> ResultMap {
        let own = self.find("2.5.29.14").and_then(|extension| Some(hex(element(extension.value)?.1)));
        let authority = self.find("2.5.29.35").map(|extension| inside(extension.value)).unwrap_or_default();
        let part = |tag: u8| authority.iter().copied().find(|part| part.first() == Some(&tag));
        let key = part(0x80).and_then(|part| Some(hex(element(part)?.1)));
        let serial = part(0x82).and_then(|part| Some(number(element(part)?.1)));
        [
            ("subject_key_identifier", Value::from(own)),
            ("authority_key_identifier", key.into()),
            ("authority_cert_issuer", part(0xa1).map(|part| self.names(part)).into()),
            ("authority_cert_serial_number", serial.unwrap_or_default()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
    }

    /// The first URI under which what the authority offers by this identifier is found.
    fn place_of(&self, kind: &str) -> Option<String> {
        let offers = inside(self.find("1.3.6.1.5.5.7.1.1")?.value);
        offers.iter().map(|offer| inside(offer)).find_map(|offer| {
            let is_it = dotted(element(offer.first()?)?.1) == kind && offer.get(1)?.first() == Some(&0x86);
            let uri = element(offer.get(1)?)?.1;
            is_it.then(|| String::from_utf8_lossy(uri).into_owned())
        })
    }
}

fn key_usages(value: &[u8]) -> Vec<&'static str> {
    let bits = element(value).and_then(|(_, inner)| inner.get(1..)).unwrap_or_default();
    let is_set = |at: usize| bits.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0);
    // The last two say how keys are agreed upon, and nothing where none are.
    let known = if is_set(4) { 9 } else { 7 };
    let mut names: Vec<&str> = (0..known).filter(|at| is_set(*at)).map(|at| KEY_USAGES[at]).collect();
    names.sort_unstable();
    names
}

fn purposes(value: &[u8]) -> Vec<String> {
    let kinds = inside(value).into_iter().filter_map(|kind| Some(dotted(element(kind)?.1)));
    let mut names: Vec<String> = kinds.map(|kind| long(&kind).to_owned()).collect();
    names.sort_unstable();
    names
}

fn constraints(value: &[u8]) -> Vec<String> {
    let parts = inside(value);
    let is_authority = parts.iter().any(|part| matches!(part, [0x01, _, flag] if *flag != 0));
    let mut words = vec![format!("CA:{}", if is_authority { "TRUE" } else { "FALSE" })];
    let length = parts.iter().find(|part| part.first() == Some(&0x02)).and_then(|part| element(part));
    if let Some((_, bytes)) = length {
        words.push(match number(bytes) {
            Value::String(digits) => format!("pathlen:{digits}"),
            other => format!("pathlen:{other}"),
        });
    }
    words
}

fn staples(value: &[u8]) -> bool {
    inside(value).into_iter().any(|feature| feature == [0x02, 0x01, 0x05])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usages_are_named_and_sorted() {
        for (value, wanted) in [
            (&[0x03, 2, 5, 0xa0][..], &["Digital Signature", "Key Encipherment"][..]),
            (&[0x03, 2, 1, 0x06], &["CRL Sign", "Certificate Sign"]),
            (&[0x03, 3, 7, 0x08, 0x80], &["Decipher Only", "Key Agreement"]),
            (&[0x03, 3, 7, 0x80, 0x80], &["Digital Signature"]),
            (&[0x03, 1, 0], &[]),
            (&[], &[]),
        ] {
            assert_eq!(key_usages(value), wanted, "{value:?}");
        }
    }

    #[test]
    fn small_extensions_are_read() {
        assert_eq!(constraints(&[0x30, 0]), ["CA:FALSE"]);
        assert_eq!(constraints(&[0x30, 6, 0x01, 1, 0xff, 0x02, 1, 2]), ["CA:TRUE", "pathlen:2"]);
        assert!(staples(&[0x30, 3, 0x02, 1, 5]) && !staples(&[0x30, 3, 0x02, 1, 17]));
        assert_eq!(purposes(&[0x30, 4, 0x06, 2, 0x2a, 3]), ["1.2.3"]);
    }
}
