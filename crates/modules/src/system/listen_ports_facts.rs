//! `listen_ports_facts`: which ports are listened on, and by whom, from the kernel's own tables; no `ss` or `netstat` is
//! needed on the host. Only root is told whose the sockets of other users are.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;
use serde_json::{Value, json};

use super::account::user_of;
use super::connections::{Socket, TCP_LISTEN, UDP_UNCONNECTED, sockets};
use crate::{Host, Module, Survey};

/// Parameters of `listen_ports_facts`: there are none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenPortsFacts {}

impl Module for ListenPortsFacts {
    const NAME: &'static str = "listen_ports_facts";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        let tcp = listening(&["/proc/net/tcp", "/proc/net/tcp6"], TCP_LISTEN);
        let udp = listening(&["/proc/net/udp", "/proc/net/udp6"], UDP_UNCONNECTED);
        let owners = owners(tcp.iter().chain(&udp));
        let facts = json!({
            "tcp_listen": tcp.iter().map(|socket| fact(socket, "tcp", &owners)).collect::<Vec<_>>(),
            "udp_listen": udp.iter().map(|socket| fact(socket, "udp", &owners)).collect::<Vec<_>>(),
        });
        Ok(Survey::unchanged().value("ansible_facts", facts))
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

fn listening(tables: &[&str], state: &str) -> Vec<Socket> {
    let texts = tables.iter().filter_map(|table| fs::read_to_string(table).ok());
    let mut found: Vec<Socket> = texts.flat_map(|text| sockets(&text)).filter(|socket| socket.state == state).collect();
    found.sort_by_key(|socket| (socket.port, socket.address));
    found
}

/// Who holds a socket.
#[derive(Debug, Clone)]
struct Owner {
    pid: u32,
    name: String,
    unit: String,
}

/// The processes that hold these sockets, by the sockets' numbers.
fn owners<'a>(wanted: impl Iterator<Item = &'a Socket>) -> HashMap<u64, Owner> {
    let wanted: Vec<u64> = wanted.map(|socket| socket.inode).collect();
    let mut owners = HashMap::new();
    for (pid, folder) in processes() {
        let links = fs::read_dir(folder.join("fd")).into_iter().flatten();
        for inode in links.filter_map(|link| socket_of(&link.ok()?.path())).filter(|inode| wanted.contains(inode)) {
            // A socket that was inherited belongs to the oldest process that has it.
            owners.entry(inode).or_insert_with(|| owner(pid, &folder));
        }
    }
    owners
}

fn processes() -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let mut found: Vec<(u32, PathBuf)> =
        entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path()))).collect();
    found.sort_unstable();
    found
}

fn socket_of(link: &Path) -> Option<u64> {
    let target = fs::read_link(link).ok()?;
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

fn owner(pid: u32, folder: &Path) -> Owner {
    let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    Owner { pid, name: text("comm").trim().to_owned(), unit: unit(&text("cgroup")) }
}

/// The last part of the control group's path that is a service.
fn unit(cgroup: &str) -> String {
    let parts = cgroup.lines().flat_map(|line| line.rsplit('/'));
    parts.filter(|part| part.ends_with(".service")).map(str::to_owned).next().unwrap_or_default()
}

fn fact(socket: &Socket, protocol: &str, owners: &HashMap<u64, Owner>) -> Value {
    let owner = owners.get(&socket.inode);
    json!({
        "address": socket.address.to_string(),
        "port": socket.port,
        "protocol": protocol,
        "user": user_of(socket.uid).map_or_else(|| socket.uid.to_string(), |user| user.name),
        "pid": owner.map_or(0, |owner| owner.pid),
        "name": owner.map_or("", |owner| owner.name.as_str()),
        "unit": owner.map_or("", |owner| owner.unit.as_str()),
    })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv6Addr, TcpListener, UdpSocket};

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn a_port_of_our_own_is_found_with_our_name() {
        let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let datagrams = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
        let result = Ground::new().survey("listen_ports_facts", &json!({})).unwrap().result;
        let found = |list: &str, port: u16| {
            let all = result["ansible_facts"][list].as_array().unwrap().clone();
            all.into_iter().find(|fact| fact["port"] == port).unwrap()
        };
        let tcp = found("tcp_listen", port);
        assert_eq!((&tcp["address"], &tcp["pid"]), (&json!("::1"), &json!(std::process::id())));
        let udp = found("udp_listen", datagrams.local_addr().unwrap().port());
        assert_eq!((&udp["address"], &udp["protocol"]), (&json!("127.0.0.1"), &json!("udp")));
    }

    #[test]
    fn the_unit_is_read_from_the_control_group() {
        assert_eq!(unit("0::/system.slice/elasticsearch.service\n"), "elasticsearch.service");
        assert_eq!(unit("0::/user.slice/user-0.slice/session-3.scope\n"), "");
        assert_eq!(unit("0::/system.slice/x.service/sub.scope\n"), "x.service");
    }
}
