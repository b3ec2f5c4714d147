//! Sockets of this machine, from `/proc/net/tcp` and its like.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The state of a TCP socket that is listened on.
pub(super) const TCP_LISTEN: &str = "0A";
/// The state of a UDP socket that takes datagrams from anybody.
pub(super) const UDP_UNCONNECTED: &str = "07";

/// One line of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) peer: IpAddr,
    /// Two hexadecimal digits.
    pub(super) state: String,
    pub(super) uid: u32,
    /// The socket's number, 0 when it belongs to no process.
    pub(super) inode: u64,
}

/// The sockets of a table; lines that cannot be read are passed over.
pub(super) fn sockets(table: &str) -> Vec<Socket> {
    table.lines().skip(1).filter_map(socket).collect()
}

fn socket(line: &str) -> Option<Socket> {
    let columns: Vec<&str> = line.split_whitespace().collect();
    let (local, port) = columns.get(1)?.split_once(':')?;
    Some(Socket {
        address: address(local)?,
        port: u16::from_str_radix(port, 16).ok()?,
        peer: address(columns.get(2)?.split(':').next()?)?,
        state: (*columns.get(3)?).to_owned(),
        uid: columns.get(7).and_then(|uid| uid.parse().ok()).unwrap_or_default(),
        inode: columns.get(9).and_then(|inode| inode.parse().ok()).unwrap_or_default(),
    })
}

/// The states of a connection by the names that Linux has for them, as its tables number them.
const STATES: [&str; 11] = [
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
];

/// The states in which a connection still carries something, as Ansible has them.
pub(super) const ALIVE: [&str; 6] = ["ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV", "SYN_SENT", "TIME_WAIT"];

/// Whether a name is one of a state.
pub(super) fn is_state(name: &str) -> bool {
    STATES.contains(&name)
}

/// Whether anyone but the excluded hosts has a connection to this port in one of these states.
pub(super) fn is_connected(port: u16, excluded: &[String], states: &[String]) -> bool {
    let excluded: Vec<IpAddr> = excluded.iter().filter_map(|host| host.parse().ok()).collect();
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .any(|table| peers(&table, port, states).iter().any(|peer| !excluded.contains(peer)))
}

/// The two digits that a table has for a state.
fn number_of(state: &str) -> Option<String> {
    STATES.iter().position(|name| *name == state).map(|at| format!("{:02X}", at + 1))
}

fn peers(table: &str, port: u16, states: &[String]) -> Vec<IpAddr> {
    let states: Vec<String> = states.iter().filter_map(|state| number_of(state)).collect();
    let ours = sockets(table).into_iter().filter(|socket| socket.port == port);
    ours.filter(|socket| states.contains(&socket.state)).map(|socket| socket.peer).collect()
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
        assert_eq!(peers(table, 9000, &ALIVE.map(str::to_owned)), [IpAddr::from([10, 0, 0, 2])]);
    }

    #[test]
    fn a_line_is_read_with_its_owner_and_number() {
        let table = "  sl  local_address                         remote_address                        st tx_queue\n   \
            0: 00000000000000000000000001000000:1538 00000000000000000000000000000000:0000 0A 00000000:00000000 \
            00:00000000 00000000   111        0 20411 1 0000000000000000 100 0 0 10 0\n";
        let found = sockets(table);
        assert_eq!((found[0].address.to_string().as_str(), found[0].port), ("::1", 5432));
        assert_eq!((found[0].state.as_str(), found[0].uid, found[0].inode), (TCP_LISTEN, 111, 20411));
    }
}
