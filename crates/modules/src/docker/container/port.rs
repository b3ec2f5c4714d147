//! Published ports as tasks write them: `80`, `8080:80`, `127.0.0.1:53:53/udp`, `[::1]:9000-9002:9000-9002`.

use dpp_protocol::Failure;
use serde_json::{Map, Value, json};

/// Bindings by the container's port, as the engine takes them.
pub(super) fn bindings(ports: &[String], default_ip: &str) -> Result<Map<String, Value>, Failure> {
    let mut all = Map::new();
    for port in ports {
        let wrong =
            || Failure::new(format!("`published_ports: {port}` is no port like 8080:80 or 53:53/udp")).code("DPP0104");
        for (name, ip, outer) in published(port, default_ip).ok_or_else(wrong)? {
            let list = all.entry(name).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                list.push(json!({"HostIp": ip, "HostPort": outer}));
            }
        }
    }
    Ok(all)
}

/// The container's ports of a range, as `80/tcp`.
pub(super) fn exposed(port: &str) -> Result<Vec<String>, Failure> {
    let (range, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let numbers = numbers(range).filter(|_| is_protocol(protocol));
    let numbers = numbers
        .ok_or_else(|| Failure::new(format!("`exposed_ports: {port}` is no port like 80 or 53/udp")).code("DPP0104"))?;
    Ok(numbers.into_iter().map(|number| format!("{number}/{protocol}")).collect())
}

/// Triples of the container's port, the address and the host's port.
fn published(port: &str, default_ip: &str) -> Option<Vec<(String, String, String)>> {
    let (place, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
    let (ip, rest) = address(place, default_ip)?;
    let parts: Vec<&str> = rest.split(':').collect();
    let (outer, inner) = match parts.as_slice() {
        [inner] => ("", *inner),
        [outer, inner] => (*outer, *inner),
        _ => return None,
    };
    let inner = numbers(inner).filter(|_| is_protocol(protocol))?;
    let outer = match (outer, inner.as_slice()) {
        ("", _) => vec![String::new(); inner.len()],
        // One port of the container, and any of a range of the host's.
        (range, [_]) if range.contains('-') => vec![numbers(range).map(|_| range.to_owned())?],
        (range, _) => numbers(range)?.iter().map(u16::to_string).collect(),
    };
    let names = inner.into_iter().map(|number| format!("{number}/{protocol}"));
    (names.len() == outer.len()).then(|| names.zip(outer).map(|(name, outer)| (name, ip.clone(), outer)).collect())
}

/// The address before a port, and what follows it.
fn address<'a>(place: &'a str, default_ip: &str) -> Option<(String, &'a str)> {
    if let Some(rest) = place.strip_prefix('[') {
        let (ip, rest) = rest.split_once("]:")?;
        return ip.parse::<std::net::Ipv6Addr>().ok().map(|_| (ip.to_owned(), rest));
    }
    match place.split_once(':') {
        Some((ip, rest)) if ip.parse::<std::net::Ipv4Addr>().is_ok() => Some((ip.to_owned(), rest)),
        _ => Some((default_ip.to_owned(), place)),
    }
}

fn is_protocol(word: &str) -> bool {
    matches!(word, "tcp" | "udp" | "sctp")
}

fn numbers(range: &str) -> Option<Vec<u16>> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then(|| (first..=last).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_bound_as_they_are_written() {
        let bound = |port: &str| bindings(&[port.to_owned()], "0.0.0.0").map(Value::from);
        for (port, wanted) in [
            ("80", json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": ""}]})),
            ("8080:80", json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]})),
            ("127.0.0.1:53:53/udp", json!({"53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}]})),
            ("127.0.0.1::80", json!({"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]})),
            ("[::1]:9000:90", json!({"90/tcp": [{"HostIp": "::1", "HostPort": "9000"}]})),
            ("9000-9010:80", json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "9000-9010"}]})),
            (
                "90-91:80-81",
                json!({"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "90"}], "81/tcp": [{"HostIp": "0.0.0.0", "HostPort": "91"}]}),
            ),
        ] {
            assert_eq!(bound(port).unwrap(), wanted, "{port}");
        }
        for bad in ["", "x", "80/x", "1:2:3", "90-91:80-82", "70000", "9-8:1-2", "[x]:1:2"] {
            assert_eq!(bound(bad).unwrap_err().code, "DPP0104", "{bad}");
        }
        assert_eq!(exposed("90-91/udp").unwrap(), ["90/udp", "91/udp"]);
        assert!(exposed("a").is_err());
    }
}
