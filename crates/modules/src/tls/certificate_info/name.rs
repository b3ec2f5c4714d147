//! Names of who a certificate is for and who signed it, as pairs of a kind and a text.

use serde_json::{Map, Value};

use crate::tls::der::{element, inside};
use crate::tls::oid::{dotted, long, short};

/// The pairs of a name in their order, each kind by its long name.
pub(super) fn name(der: &[u8]) -> Vec<(String, String)> {
    parts(der).into_iter().map(|(kind, text)| (long(&kind).to_owned(), text)).collect()
}

/// The last text of each kind.
pub(super) fn as_mapping(pairs: &[(String, String)]) -> Map<String, Value> {
    pairs.iter().map(|(kind, text)| (kind.clone(), text.as_str().into())).collect()
}

/// A name on one line, from its end to its beginning, as RFC 4514 has it.
pub(super) fn on_one_line(der: &[u8]) -> String {
    let parts = parts(der);
    let words = parts.iter().rev().map(|(kind, text)| format!("{}={}", short(kind), escaped(text)));
    words.collect::<Vec<_>>().join(",")
}

fn parts(der: &[u8]) -> Vec<(String, String)> {
    let sets = inside(der);
    let pairs = sets.iter().flat_map(|set| inside(set)).map(inside);
    pairs.filter_map(|pair| Some((dotted(element(pair.first()?)?.1), text(pair.get(1)?)?))).collect()
}

/// The text in an element, by the alphabet it is written in.
fn text(whole: &[u8]) -> Option<String> {
    let bytes = element(whole)?.1;
    Some(match whole.first()? {
        // BMPString and UniversalString.
        0x1e => {
            let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        0x1c => {
            let points = bytes.chunks_exact(4).map(|four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]));
            points.map(|point| char::from_u32(point).unwrap_or('\u{fffd}')).collect()
        }
        // TeletexString, which the world writes as Latin-1.
        0x14 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    })
}

fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::new();
    for (at, c) in text.chars().enumerate() {
        match c {
            '\\' | ',' | '+' | '<' | '>' | ';' | '"' => out.extend(['\\', c]),
            '\0' => out.push_str("\\00"),
            ' ' | '#' if at == 0 => out.extend(['\\', c]),
            ' ' if at == last => out.push_str("\\ "),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_in_every_alphabet() {
        for (whole, wanted) in [
            (&[0x0c, 2, 0xc3, 0xa4][..], "ä"),
            (&[0x13, 2, b'D', b'E'], "DE"),
            (&[0x14, 1, 0xe4], "ä"),
            (&[0x1e, 4, 0x00, 0xe4, 0x20, 0xac], "ä€"),
            (&[0x1c, 4, 0, 0, 0, 0xe4], "ä"),
        ] {
            assert_eq!(text(whole).as_deref(), Some(wanted));
        }
        assert_eq!(text(&[0x0c, 5, 1]), None);
    }

    #[test]
    fn what_has_a_meaning_on_one_line_is_escaped() {
        for (plain, wanted) in
            [("a, b", "a\\, b"), ("#a", "\\#a"), (" a ", "\\ a\\ "), ("a#\0", "a#\\00"), ("C:\\", "C:\\\\"), ("", "")]
        {
            assert_eq!(escaped(plain), wanted, "{plain}");
        }
    }
}
