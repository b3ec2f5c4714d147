//! General names, of which alternative names and pointers to authorities consist: `DNS:a`, `IP:::1`, `dirName:CN=b`.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::name::on_one_line;
use crate::tls::der::{element, inside};
use crate::tls::oid::dotted;

/// A name by its kind; nothing for kinds that nobody uses (x400, EDI).
pub(super) fn general_name(whole: &[u8], in_unicode: bool) -> Option<String> {
    let inner = element(whole)?.1;
    let text = String::from_utf8_lossy(inner);
    let shown = |host: &str| if in_unicode { unicode(host) } else { host.to_owned() };
    Some(match whole.first()? & 0x1f {
        0 => other(whole)?,
        1 => match text.split_once('@') {
            Some((user, host)) => format!("email:{user}@{}", shown(host)),
            None => format!("email:{text}"),
        },
        2 => format!("DNS:{}", shown(&text)),
        4 => format!("dirName:{}", on_one_line(inside(whole).first()?)),
        6 => format!("URI:{}", if in_unicode { unicode_url(&text) } else { text.into_owned() }),
        7 => format!("IP:{}", address(inner)?),
        8 => format!("RID:{}", dotted(inner)),
        _ => return None,
    })
}

fn other(whole: &[u8]) -> Option<String> {
    let parts = inside(whole);
    let value = element(parts.get(1)?)?.1;
    let digits: Vec<String> = value.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("otherName:{};{}", dotted(element(parts.first()?)?.1), digits.join(":")))
}

/// An address, or a network by its address and mask.
fn address(bytes: &[u8]) -> Option<String> {
    let plain = |bytes: &[u8]| match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| Ipv4Addr::from(bytes).to_string()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).to_string()),
        _ => None,
    };
    if !matches!(bytes.len(), 8 | 32) {
        return plain(bytes);
    }
    let (network, mask) = bytes.split_at(bytes.len() / 2);
    let bits: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    plain(network).map(|network| format!("{network}/{bits}"))
}

/// A host's name whose encoded labels are told in their own letters.
fn unicode(host: &str) -> String {
    let label = |label: &str| {
        let encoded = label.strip_prefix("xn--").and_then(idna::punycode::decode_to_string);
        encoded.unwrap_or_else(|| label.to_owned())
    };
    host.split('.').map(label).collect::<Vec<_>>().join(".")
}

fn unicode_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (place, path) = rest.split_at(end);
    let (user, host) = place.rsplit_once('@').map_or(("", place), |(user, host)| (user, host));
    let at = if place.contains('@') { "@" } else { "" };
    format!("{scheme}://{user}{at}{}{path}", unicode(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_with_their_kind() {
        let name =
            [&[0xa4, 0x0f, 0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x02][..], b"a,"];
        for (whole, wanted) in [
            (&b"\x82\x01a"[..], Some("DNS:a")),
            (b"\x81\x03a@b", Some("email:a@b")),
            (b"\x86\x08http://a", Some("URI:http://a")),
            (&[0x87, 4, 10, 0, 0, 1], Some("IP:10.0.0.1")),
            (&[0x87, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], Some("IP:::1")),
            (&[0x87, 8, 10, 0, 0, 0, 255, 0, 0, 0], Some("IP:10.0.0.0/8")),
            (&[0x88, 3, 0x2a, 0x03, 0x04], Some("RID:1.2.3.4")),
            (&[0xa0, 9, 0x06, 2, 0x2a, 3, 0xa0, 3, 0x0c, 1, 0x61], Some("otherName:1.2.3;0c:01:61")),
            (&name.concat(), Some("dirName:CN=a\\,")),
            (&[0x87, 3, 1, 2, 3], None),
            (&[0x85, 0], None),
        ] {
            assert_eq!(general_name(whole, false).as_deref(), wanted, "{whole:?}");
        }
    }

    #[test]
    fn international_names_are_told_in_their_letters_if_wanted() {
        let name = b"\x82\x18*.xn--bcher-kva.example";
        assert_eq!(general_name(&name[..], true), None, "it is cut");
        let name = [&[0x82, 23][..], b"*.xn--bcher-kva.example"].concat();
        assert_eq!(general_name(&name, true).as_deref(), Some("DNS:*.bücher.example"));
        assert_eq!(general_name(&name, false).as_deref(), Some("DNS:*.xn--bcher-kva.example"));
        for (url, wanted) in [
            ("http://u@xn--bcher-kva.de:80/xn--bcher-kva", "http://u@bücher.de:80/xn--bcher-kva"),
            ("ldap:xn--a", "ldap:xn--a"),
        ] {
            assert_eq!(unicode_url(url), wanted);
        }
    }
}
