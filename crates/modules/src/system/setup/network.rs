//! Interfaces, their addresses, and the way out of the host.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dpp_protocol::ResultMap;
use if_addrs::{IfAddr, Interface};
use serde_json::{Map, Value, json};

use super::names::{names, set, text};

pub(super) fn gather(facts: &mut ResultMap) {
    let addresses = if_addrs::get_if_addrs().unwrap_or_default();
    let interfaces = names("/sys/class/net");
    let described: BTreeMap<&String, Value> =
        interfaces.iter().map(|name| (name, interface(name, &addresses))).collect();
    set(facts, "interfaces", interfaces.clone());
    for (name, fact) in &described {
        set(facts, &name.replace(['-', ':', '.'], "_"), fact.clone());
    }
    let outside = |wanted: fn(&IpAddr) -> bool| {
        let shown = addresses.iter().filter(|one| !one.is_loopback()).map(Interface::ip).filter(wanted);
        shown.map(|address| address.to_string()).collect::<Vec<_>>()
    };
    set(facts, "all_ipv4_addresses", outside(IpAddr::is_ipv4));
    set(facts, "all_ipv6_addresses", outside(IpAddr::is_ipv6));
    set(facts, "default_ipv4", default_ipv4(&described, &addresses));
    set(facts, "default_ipv6", default_ipv6(&described));
    set(facts, "dns", dns(&text("/etc/resolv.conf").unwrap_or_default()));
}

fn interface(name: &str, addresses: &[Interface]) -> Value {
    let read = |file: &str| text(format!("/sys/class/net/{name}/{file}"));
    let number = |file: &str| read(file).and_then(|number| number.parse::<i64>().ok());
    let flags = read("flags").and_then(|flags| u32::from_str_radix(flags.trim_start_matches("0x"), 16).ok());
    let flags = flags.unwrap_or_default();
    let mut fact = json!({"device": name, "active": flags & 1 != 0, "mtu": number("mtu"),
        "promisc": flags & 0x100 != 0, "type": kind(name, number("type"))});
    if let Some(address) = read("address").filter(|_| name != "lo") {
        fact["macaddress"] = address.into();
    }
    if let Some(speed) = number("speed").filter(|speed| *speed > 0) {
        fact["speed"] = speed.into();
    }
    let own = || addresses.iter().filter(|one| one.name == name);
    let mut fours = own().filter_map(ipv4);
    if let Some(first) = fours.next() {
        fact["ipv4"] = first;
    }
    let further: Vec<Value> = fours.collect();
    if !further.is_empty() {
        fact["ipv4_secondaries"] = further.into();
    }
    let sixes: Vec<Value> = own().filter_map(ipv6).collect();
    if !sixes.is_empty() {
        fact["ipv6"] = sixes.into();
    }
    fact
}

fn kind(name: &str, number: Option<i64>) -> &'static str {
    let there = |file: &str| std::path::Path::new(&format!("/sys/class/net/{name}/{file}")).exists();
    match number {
        _ if there("bridge") => "bridge",
        _ if there("bonding") => "bonding",
        Some(1) => "ether",
        Some(772) => "loopback",
        Some(512) => "ppp",
        Some(768 | 776) => "tunnel",
        _ => "unknown",
    }
}

fn ipv4(interface: &Interface) -> Option<Value> {
    let IfAddr::V4(four) = &interface.addr else { return None };
    let network = Ipv4Addr::from(u32::from(four.ip) & u32::from(four.netmask));
    Some(json!({"address": four.ip.to_string(), "netmask": four.netmask.to_string(), "network": network.to_string(),
        "prefix": u32::from(four.netmask).count_ones().to_string(),
        "broadcast": four.broadcast.map(|address| address.to_string()).unwrap_or_default()}))
}

fn ipv6(interface: &Interface) -> Option<Value> {
    let IfAddr::V6(six) = &interface.addr else { return None };
    let prefix = u128::from(six.netmask).count_ones().to_string();
    Some(json!({"address": six.ip.to_string(), "prefix": prefix, "scope": scope(&six.ip)}))
}

fn scope(address: &Ipv6Addr) -> &'static str {
    match address {
        _ if address.is_loopback() => "host",
        _ if address.is_unicast_link_local() => "link",
        _ => "global",
    }
}

/// The interface of the default route with the lowest metric, and the gateway it goes to.
fn default_ipv4(described: &BTreeMap<&String, Value>, addresses: &[Interface]) -> Value {
    let table = text("/proc/net/route").unwrap_or_default();
    let Some((name, gateway)) = default_route(&table) else { return json!({}) };
    let mut fact =
        addresses.iter().find(|one| one.name == name && one.ip().is_ipv4()).and_then(ipv4).unwrap_or(json!({}));
    fact["gateway"] = gateway.to_string().into();
    finish_default(&mut fact, &name, described);
    fact
}

fn default_route(table: &str) -> Option<(String, Ipv4Addr)> {
    let rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let defaults = rows.filter(|row| row.len() > 7 && row[1] == "00000000" && row[7] == "00000000");
    let row = defaults.min_by_key(|row| row[6].parse::<u32>().unwrap_or(u32::MAX))?;
    let gateway = u32::from_str_radix(row[2], 16).ok()?;
    Some((row[0].to_owned(), Ipv4Addr::from(gateway.swap_bytes())))
}

fn default_ipv6(described: &BTreeMap<&String, Value>) -> Value {
    let table = text("/proc/net/ipv6_route").unwrap_or_default();
    let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut defaults =
        rows.filter(|row| row.len() > 9 && row[1] == "00" && row[9] != "lo" && row[0].chars().all(|c| c == '0'));
    let Some(row) = defaults.next() else { return json!({}) };
    let name = row[9].to_owned();
    let six = described.get(&name).and_then(|fact| fact["ipv6"].as_array());
    let mut fact = six.and_then(|all| all.iter().find(|one| one["scope"] == "global")).cloned().unwrap_or(json!({}));
    if let Ok(gateway) = u128::from_str_radix(row[4], 16) {
        fact["gateway"] = Ipv6Addr::from(gateway).to_string().into();
    }
    finish_default(&mut fact, &name, described);
    fact
}

fn finish_default(fact: &mut Value, name: &String, described: &BTreeMap<&String, Value>) {
    fact["interface"] = name.clone().into();
    fact["alias"] = name.clone().into();
    let Some(interface) = described.get(name) else { return };
    for key in ["macaddress", "mtu", "type"] {
        fact[key] = interface[key].clone();
    }
}

fn dns(resolv: &str) -> Value {
    let mut dns = Map::new();
    let lines = resolv.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut servers: Vec<String> = Vec::new();
    for line in lines {
        match line.as_slice() {
            ["nameserver", server, ..] => servers.push((*server).to_owned()),
            ["search", domains @ ..] => _ = dns.insert("search".into(), domains.to_vec().into()),
            ["domain", domain, ..] => _ = dns.insert("domain".into(), (*domain).into()),
            _ => {}
        }
    }
    dns.insert("nameservers".into(), servers.into());
    Value::Object(dns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_route_is_the_one_with_the_lowest_metric() {
        let table = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\n\
            wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\n\
            eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\n\
            eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\n";
        assert_eq!(default_route(table), Some(("eth0".into(), Ipv4Addr::new(10, 0, 0, 1))));
        assert_eq!(default_route("Iface\n"), None);
    }

    #[test]
    fn the_loopback_has_its_address() {
        let mut facts = ResultMap::new();
        gather(&mut facts);
        assert_eq!(facts["lo"]["ipv4"]["address"], "127.0.0.1");
        assert_eq!(facts["lo"]["type"], "loopback");
        assert!(!facts["all_ipv4_addresses"].as_array().unwrap().contains(&json!("127.0.0.1")));
    }
}
