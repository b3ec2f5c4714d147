//! Connections to a local port, from `/proc/net/tcp` and `/proc/net/tcp6`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The states in which a connection still carries something: all but closed, listening and waiting out.
const ALIVE: &[&str] = &["01", "02", "03", "04", "05", "08", "09", "0B"];

/// Whether anyone but the excluded hosts has a living connection to this port.
pub(super) fn is_connected(port: u16, excluded: &[String]) -> bool {
    let excluded: Vec<IpAddr> = excluded.iter().filter_map(|host| host.parse().ok()).collect();
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .any(|table| peers(&table, port).iter().any(|peer| !excluded.contains(peer)))
}

fn peers(table: &str, port: u16) -> Vec<IpAddr> {
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let local = format!(":{port:04X}");
    rows.filter(|row| row.len() > 3 && row[1].ends_with(&local) && ALIVE.contains(&row[3]))
        .filter_map(|row| address(row[2].split(':').next()?))
        .collect()
}

/// The kernel writes addresses as words of its own byte order.
fn address(hex: &str) -> Option<IpAddr> {
    let words: Vec<u32> = (0..hex.len() / 8)
        .map(|at| u32::from_str_radix(&hex[at * 8..at * 8 + 8], 16).map(u32::from_be))
        .collect::<Result<_, _>>()
        .ok()?;
    match words[..] {
        [four] => Some(Ipv4Addr::from(four).into()),
        [a, b, c, d] => {
            let whole = (u128::from(a) << 96) | (u128::from(b) << 64) | (u128::from(c) << 32) | u128::from(d);
            Some(Ipv6Addr::from(whole).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn living_connections_to_the_port_are_seen() {
        let table = "  sl  local_address rem_address   st\n\
            0: 0100007F:2328 0200000A:C001 01 x\n\
            1: 0100007F:2328 00000000:0000 0A x\n\
            2: 0100007F:0016 0300000A:C001 01 x\n";
        assert_eq!(peers(table, 9000), [IpAddr::from([10, 0, 0, 2])]);
    }
}
