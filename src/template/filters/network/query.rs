//! What `ipaddr('…')` asks of an address.

use minijinja::Value as Dynamic;
use minijinja::value::ValueKind;

use super::address::{Net, is_link_local, is_private, is_public, ones, reverse};
use super::no;
use crate::template::python;

/// What came of a question: an answer, nothing, or why it cannot be asked.
type Answer = Result<Option<Dynamic>, String>;

/// An address as it was given.
pub(super) struct Asked {
    pub(super) net: Net,
    original: String,
}

impl Asked {
    /// The address that a value is: a text, or a number; of an IPv6 address where one is wanted.
    pub(super) fn read_as(value: &Dynamic, bits: Option<u32>) -> Option<Self> {
        let asked = Self::read(value)?;
        let is_number = value.as_str().is_none_or(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_number || bits != Some(128) {
            return Some(asked);
        }
        let net = Net { bits: 128, prefix: 128, ..asked.net };
        Some(Self { original: net.sized(net.address), net })
    }

    /// The address that a value is: a text, or a number.
    pub(super) fn read(value: &Dynamic) -> Option<Self> {
        let text = match value.kind() {
            ValueKind::String => value.as_str().unwrap_or_default().to_owned(),
            ValueKind::Number if value.is_integer() => python::text(value),
            _ => return None,
        };
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let number: u128 = text.parse().ok().filter(|number| *number != 0 || value.as_str().is_some())?;
            let net = Net::of_number(number);
            return Some(Self { original: net.sized(net.address), net });
        }
        let net = Net::read(&text)?;
        Some(Self { net, original: text })
    }

    /// What a query gives; nothing when it does not hold.
    pub(super) fn answer(&self, query: &str) -> Answer {
        let net = self.net;
        let text = |text: String| Ok(Some(Dynamic::from(text)));
        let at = |address: u128| text(net.text(address));
        let when = |holds: bool| Ok(holds.then(|| Dynamic::from(self.original.as_str())));
        let is_single = net.prefix == net.bits;
        let is_inside = is_single || net.address != net.network() || net.bits == 32 && net.prefix == 31;
        match query {
            "" => text(self.usual()),
            "bool" => Ok(Some(Dynamic::from(true))),
            "address" | "ip" if is_inside || net.bits == 128 => at(net.address),
            "address/prefix" | "gateway" | "gw" | "host/prefix" | "hostnet" | "router" => {
                let is_end = net.bits - net.prefix > 1 && [net.network(), net.last()].contains(&net.address);
                if is_end { Ok(Some(no())) } else { text(net.sized(net.address)) }
            }
            "network" | "network_id" => at(net.network()),
            "netmask" => at(net.mask()),
            "hostmask" | "wildcard" => at(net.hosts()),
            "prefix" => Ok(Some(Dynamic::from(net.prefix))),
            "broadcast" if net.bits - net.prefix > 1 => at(net.last()),
            "cidr" => text(net.sized(net.address)),
            "host" if is_inside => text(net.sized(net.address)),
            "ip/prefix" if net.bits - net.prefix == 1 || !is_single && is_inside => text(net.sized(net.address)),
            "ip_netmask" | "address/netmask" if net.bits - net.prefix == 1 || !is_single && is_inside => {
                text(format!("{} {}", net.text(net.address), net.text(net.mask())))
            }
            "net" if !is_single && net.address == net.network() => text(net.sized(net.network())),
            "subnet" | "network/prefix" => text(net.sized(net.network())),
            "network_netmask" => text(format!("{} {}", net.text(net.network()), net.text(net.mask()))),
            "network_wildcard" => text(format!("{} {}", net.text(net.network()), net.text(net.hosts()))),
            "address" | "ip" | "broadcast" | "host" | "ip/prefix" | "ip_netmask" | "address/netmask" | "net" => {
                Ok(None)
            }
            "size" => Ok(Some(Dynamic::from(net.hosts().saturating_add(1)))),
            "size_usable" => Ok(Some(Dynamic::from(match net.bits - net.prefix {
                0 => 0,
                1 => 2,
                bits => ones(bits) - 1,
            }))),
            "int" if !net.has_prefix => Ok(Some(Dynamic::from(net.address))),
            "int" => text(format!("{}/{}", net.address, net.prefix)),
            "revdns" => text(reverse(net)),
            "type" => text(if net.is_network() { "network" } else { "address" }.to_owned()),
            "version" => Ok(Some(Dynamic::from(if net.bits == 32 { 4 } else { 6 }))),
            "ipv4" | "v4" if net.bits == 32 => when(true),
            "ipv4" | "v4" => Ok(Some(no())),
            "ipv6" | "v6" if net.bits == 128 => when(true),
            "ipv6" | "v6" => text(format!("::ffff:{}/{}", net.text(net.address), net.prefix + 96)),
            "loopback" | "lo" => when(net.ip().is_loopback()),
            "multicast" => when(net.ip().is_multicast()),
            "link-local" => when(is_link_local(net.ip())),
            "private" => when(is_private(net.ip())),
            "public" => when(is_public(net.ip())),
            "unicast" => when(!net.ip().is_multicast()),
            "wrap" => text(self.wrapped(false)),
            "first_usable" | "last_usable" | "next_usable" | "previous_usable" | "range_usable" | "peer" => {
                self.neighbour(query)
            }
            _ => self.numbered_or_within(query),
        }
    }

    /// An IPv6 address in brackets; another one as it was given, or as it is written usually when it stands alone.
    pub(super) fn wrapped(&self, is_alone: bool) -> String {
        let net = self.net;
        match (net.bits, net.has_prefix) {
            (32, _) if is_alone => self.usual(),
            (32, _) => self.original.clone(),
            (_, true) => format!("[{}]/{}", net.text(net.address), net.prefix),
            (_, false) => format!("[{}]", net.text(net.address)),
        }
    }

    fn usual(&self) -> String {
        if self.net.has_prefix { self.net.sized(self.net.address) } else { self.net.text(self.net.address) }
    }

    /// Questions that only a network answers.
    fn neighbour(&self, query: &str) -> Answer {
        let net = self.net;
        if !net.has_prefix {
            return Err("needs a network for this query".to_owned());
        }
        if query == "peer" {
            return self.peer();
        }
        let Some((first, last)) = net.usable() else { return Ok(None) };
        let at = |address: u128| Ok(Some(Dynamic::from(net.text(address))));
        let within = |address: Option<u128>| address.filter(|address| (first..=last).contains(address));
        let found = match query {
            "first_usable" => return at(first),
            "last_usable" => return at(last),
            "range_usable" => return Ok(Some(format!("{}-{}", net.text(first), net.text(last)).into())),
            "next_usable" => within(net.address.checked_add(1)),
            _ => within(net.address.checked_sub(1)),
        };
        found.map_or(Ok(None), at)
    }

    fn peer(&self) -> Answer {
        let net = self.net;
        let address = match (net.bits - net.prefix, net.address % 4) {
            (1, _) => net.address ^ 1,
            (2, 1 | 2) => net.address ^ 3,
            (2, _) => return Err("finds no peer of a network's first or last address".to_owned()),
            _ => return Err("needs a network of two for its peer".to_owned()),
        };
        Ok(Some(Dynamic::from(net.text(address))))
    }

    fn numbered_or_within(&self, query: &str) -> Answer {
        let net = self.net;
        if let Some(outer) = Net::read(query).filter(|_| query.parse::<f64>().is_err()) {
            return Ok(outer.holds(net).then(|| Dynamic::from(self.original.as_str())));
        }
        if query.parse::<f64>().is_err() {
            return Err(format!("knows no query `{query}`"));
        }
        if net.prefix == net.bits {
            return Ok(Some(Dynamic::from(self.usual())));
        }
        let address = query.parse().ok().and_then(|number| net.numbered(number));
        Ok(Some(address.map_or_else(no, |address| Dynamic::from(net.sized(address)))))
    }
}
