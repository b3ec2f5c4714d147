//! Names in a request: those of its subject, and the general ones of its extensions, as openssl's configuration has them.

use dpp_protocol::Failure;
use serde_json::{Map, Value};

/// Pairs of a kind and a value out of a mapping, whose values may be lists.
pub(super) fn pairs(subject: &Map<String, Value>) -> Result<Vec<(String, String)>, Failure> {
    let mut pairs = Vec::new();
    for (kind, value) in subject {
        let values = match value {
            Value::Array(values) => values.iter().collect(),
            one => vec![one],
        };
        for value in values {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return Err(wrong(&format!("`{kind}` of `subject` is no text"))),
            };
            pairs.push((kind.clone(), text));
        }
    }
    Ok(pairs)
}

/// A text as it stands behind an equals sign.
pub(super) fn escaped(text: &str) -> Result<String, Failure> {
    if text.contains(['\n', '\r', '\0']) {
        return Err(wrong("a name in a request has one line"));
    }
    Ok(text.chars().flat_map(|c| ("\\$#\"'`".contains(c).then_some('\\')).into_iter().chain([c])).collect())
}

/// A section of general names, and the sections that it needs; each is `DNS:x`, `IP:x`, `dirName:/CN=x` and so on.
pub(super) fn general(section: &str, names: &[String], before: &str) -> Result<String, Failure> {
    let mut lines = format!("[{section}]\n");
    let mut more = String::new();
    for (at, name) in names.iter().enumerate() {
        let (kind, value) = name
            .split_once(':')
            .ok_or_else(|| wrong(&format!("`{name}` does not say what kind of name it is, like `DNS:{name}`")))?;
        let kind = ["DNS", "IP", "URI", "email", "RID", "dirName", "otherName"]
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(kind))
            .ok_or_else(|| wrong(&format!("there is no kind of name `{kind}` (in `{name}`)")))?;
        let value = match kind {
            "dirName" => {
                let inner = format!("{section}_{at}");
                more += &directory(&inner, value.trim())?;
                inner
            }
            "IP" if !before.is_empty() => masked(value)?,
            _ => escaped(value.trim())?,
        };
        lines += &format!("{before}{kind}.{at} = {value}\n");
    }
    Ok(lines + &more)
}

/// A section of a directory's name, written as `/CN=a/O=b` or `CN=a,O=b`.
fn directory(section: &str, name: &str) -> Result<String, Failure> {
    let sign = if name.starts_with('/') { '/' } else { ',' };
    let parts = name.split(sign).map(str::trim).filter(|part| !part.is_empty());
    let pairs: Option<Vec<(String, String)>> = parts
        .map(|part| part.split_once('=').map(|(kind, value)| (kind.trim().to_owned(), value.to_owned())))
        .collect();
    let pairs = pairs.ok_or_else(|| wrong(&format!("`{name}` is no directory's name, like `/CN=a/O=b`")))?;
    subject(section, &pairs)
}

/// A section that spells a name out.
pub(super) fn subject(section: &str, pairs: &[(String, String)]) -> Result<String, Failure> {
    let mut lines = format!("[{section}]\n");
    for (at, (kind, value)) in pairs.iter().enumerate() {
        let is_name = !kind.is_empty() && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
        if !is_name {
            return Err(wrong(&format!("there is no kind of name `{kind}`")));
        }
        let kind = if kind == "E" { "emailAddress" } else { kind };
        lines += &format!("{at}.{kind} = {}\n", escaped(value)?);
    }
    Ok(lines)
}

/// `10.0.0.0/8` with its mask spelt out, as constraints want it.
fn masked(network: &str) -> Result<String, Failure> {
    let Some((address, bits)) = network.split_once('/') else { return escaped(network) };
    let Ok(bits) = bits.parse::<u32>() else { return escaped(network) };
    let is_v6 = address.contains(':');
    let mask = if is_v6 {
        let whole = u128::MAX.checked_shl(128u32.saturating_sub(bits)).unwrap_or(0);
        std::net::Ipv6Addr::from(whole).to_string()
    } else {
        let whole = u32::MAX.checked_shl(32u32.saturating_sub(bits)).unwrap_or(0);
        std::net::Ipv4Addr::from(whole).to_string()
    };
    Ok(format!("{}/{mask}", escaped(address)?))
}

pub(super) fn wrong(message: &str) -> Failure {
    Failure::new(message).code("DPP0104")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelt_as_openssl_reads_them() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            general("san", &names(&["DNS:a.b", "ip:::1", "dirName:/CN=x/O=y $1"]), "").unwrap(),
            "[san]\nDNS.0 = a.b\nIP.1 = ::1\ndirName.2 = san_2\n[san_2]\n0.CN = x\n1.O = y \\$1\n"
        );
        assert_eq!(
            general("nc", &names(&["IP:10.0.0.0/8", "DNS:.a"]), "permitted;").unwrap(),
            "[nc]\npermitted;IP.0 = 10.0.0.0/255.0.0.0\npermitted;DNS.1 = .a\n"
        );
        for bad in ["example.org", "WWW:a", "dirName:x"] {
            assert_eq!(general("san", &names(&[bad]), "").unwrap_err().code, "DPP0104", "{bad}");
        }
        assert!(escaped("a\nb").is_err());
    }
}
