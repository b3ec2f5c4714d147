//! The `ipaddr` family: addresses and networks asked, computed and filtered.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::objects::{items, list};
use crate::template::python;

/// An address with the size of its network.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Net {
    address: u128,
    prefix: u32,
    /// 32 or 128.
    bits: u32,
    /// Whether the size was written.
    has_prefix: bool,
}

impl Net {
    fn read(text: &str) -> Option<Self> {
        let (address, prefix) = text.trim().split_once('/').map_or((text.trim(), None), |(a, p)| (a, Some(p)));
        let (number, bits) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        let size = match prefix {
            None => bits,
            Some(prefix) => prefix.parse().ok().or_else(|| mask_size(prefix)).filter(|size| *size <= bits)?,
        };
        Some(Self { address: number, prefix: size, bits, has_prefix: prefix.is_some() })
    }

    fn of_number(number: u128) -> Self {
        let bits = if number <= u128::from(u32::MAX) { 32 } else { 128 };
        Self { address: number, prefix: bits, bits, has_prefix: false }
    }

    fn hosts(self) -> u128 {
        ones(self.bits - self.prefix)
    }

    fn network(self) -> u128 {
        self.address & !self.hosts()
    }

    fn last(self) -> u128 {
        self.network() | self.hosts()
    }

    fn text(self, address: u128) -> String {
        match self.bits {
            32 => Ipv4Addr::from(u32::try_from(address & u128::from(u32::MAX)).unwrap_or(0)).to_string(),
            _ => Ipv6Addr::from(address).to_string(),
        }
    }

    fn sized(self, address: u128) -> String {
        format!("{}/{}", self.text(address), self.prefix)
    }

    fn mask(self) -> u128 {
        ones(self.bits) & !self.hosts()
    }

    fn is_network(self) -> bool {
        self.has_prefix && self.prefix < self.bits && self.address == self.network()
    }

    /// The first and last address that a host can have.
    fn usable(self) -> (u128, u128) {
        match self.bits - self.prefix {
            0 => (self.address, self.address),
            1 => (self.network(), self.last()),
            _ if self.bits == 32 => (self.network() + 1, self.last() - 1),
            _ => (self.network() + 1, self.last()),
        }
    }

    fn holds(self, other: Self) -> bool {
        self.bits == other.bits && other.prefix >= self.prefix && (other.address & !self.hosts()) == self.network()
    }

    fn ip(self) -> IpAddr {
        match self.bits {
            32 => IpAddr::V4(Ipv4Addr::from(u32::try_from(self.address).unwrap_or(0))),
            _ => IpAddr::V6(Ipv6Addr::from(self.address)),
        }
    }
}

fn ones(count: u32) -> u128 {
    if count >= 128 { u128::MAX } else { (1 << count) - 1 }
}

fn mask_size(mask: &str) -> Option<u32> {
    let mask = u32::from(mask.parse::<Ipv4Addr>().ok()?);
    (mask.leading_ones() + mask.trailing_zeros() == 32).then(|| mask.leading_ones())
}

fn no() -> Dynamic {
    Dynamic::from(false)
}

/// What a query gives for an address; nothing when it does not hold.
fn answer(net: Net, query: &str, original: &str) -> Option<Dynamic> {
    let text = |text: String| Some(Dynamic::from(text));
    let (first, last) = net.usable();
    let written = || if net.has_prefix { original.to_owned() } else { net.text(net.address) };
    let when = |holds: bool| holds.then(|| Dynamic::from(written()));
    match query {
        "" => text(written()),
        "bool" => Some(Dynamic::from(true)),
        "address" | "ip" => (!net.is_network()).then(|| Dynamic::from(net.text(net.address))),
        "network" | "network_id" => text(net.text(net.network())),
        "netmask" => text(net.text(net.mask())),
        "hostmask" | "wildcard" => text(net.text(net.hosts())),
        "prefix" => Some(Dynamic::from(net.prefix)),
        "broadcast" => (net.bits - net.prefix > 1).then(|| Dynamic::from(net.text(net.last()))),
        "host" | "host/prefix" | "hostnet" | "router" | "ip/prefix" | "gateway" | "gw"
            if net.has_prefix && !net.is_network() =>
        {
            text(net.sized(net.address))
        }
        "host" => (!net.has_prefix).then(|| Dynamic::from(net.sized(net.address))),
        "net" => net.is_network().then(|| Dynamic::from(net.sized(net.address))),
        "subnet" | "network/prefix" | "cidr" => text(net.sized(net.network())),
        "ip_netmask" | "address/netmask" => {
            net.has_prefix.then(|| Dynamic::from(format!("{} {}", net.text(net.address), net.text(net.mask()))))
        }
        "network_netmask" => text(format!("{} {}", net.text(net.network()), net.text(net.mask()))),
        "size" => i64::try_from(net.hosts().saturating_add(1)).ok().map(Dynamic::from),
        "first_usable" => text(net.text(first)),
        "last_usable" => text(net.text(last)),
        "range_usable" => text(format!("{}-{}", net.text(first), net.text(last))),
        "next_usable" => (net.address < last).then(|| Dynamic::from(net.text((net.address + 1).max(first)))),
        "previous_usable" => (net.address > first).then(|| Dynamic::from(net.text((net.address - 1).min(last)))),
        "peer" => (net.bits - net.prefix == 1).then(|| Dynamic::from(net.text(net.address ^ 1))),
        "int" => text(if net.has_prefix { format!("{}/{}", net.address, net.prefix) } else { net.address.to_string() }),
        "revdns" => text(reverse(net)),
        "type" => text(if net.is_network() { "network" } else { "address" }.to_owned()),
        "version" => Some(Dynamic::from(if net.bits == 32 { 4 } else { 6 })),
        "4" | "ipv4" => when(net.bits == 32),
        "6" | "ipv6" => when(net.bits == 128),
        "loopback" => when(net.ip().is_loopback()),
        "multicast" => when(net.ip().is_multicast()),
        "unspecified" => when(net.ip().is_unspecified()),
        "link-local" => when(is_link_local(net.ip())),
        "private" => when(is_private(net.ip())),
        "public" => when(is_public(net.ip())),
        "unicast" => when(!net.ip().is_multicast()),
        _ => numbered_or_within(net, query, original),
    }
}

fn numbered_or_within(net: Net, query: &str, original: &str) -> Option<Dynamic> {
    if let Ok(number) = query.parse::<i64>() {
        let base = if number < 0 { net.last() + 1 } else { net.network() };
        let address = base
            .checked_add_signed(i128::from(number))
            .filter(|address| *address <= net.last() && *address >= net.network())?;
        let text = if net.has_prefix && net.prefix < net.bits { net.sized(address) } else { net.text(address) };
        return Some(Dynamic::from(text));
    }
    let outer = Net::read(query)?;
    outer.holds(net).then(|| Dynamic::from(if net.has_prefix { original.to_owned() } else { net.text(net.address) }))
}

fn reverse(net: Net) -> String {
    match net.ip() {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(address) => {
            let digits = format!("{:032x}", u128::from(address));
            let reversed: Vec<String> = digits.chars().rev().map(String::from).collect();
            format!("{}.ip6.arpa.", reversed.join("."))
        }
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// What is not routed on the internet, as Python's `ipaddress` counts it.
fn is_private(ip: IpAddr) -> bool {
    let is_reserved = match ip {
        IpAddr::V4(ip) => {
            let octets = ip.octets();
            ip.is_private()
                || ip.is_documentation()
                || octets[0] == 0
                || octets[0] >= 240
                || octets[..3] == [192, 0, 0]
                || (octets[0] == 198 && matches!(octets[1], 18 | 19))
        }
        IpAddr::V6(ip) => {
            let is_documentation = ip.segments()[0] == 0x2001 && ip.segments()[1] == 0xdb8;
            ip.is_unique_local() || is_documentation || ip.is_unspecified()
        }
    };
    is_reserved || ip.is_loopback() || is_link_local(ip)
}

fn is_public(ip: IpAddr) -> bool {
    !is_private(ip) && !ip.is_multicast()
}

/// The address that a value is: a text, or a number.
fn read(value: &Dynamic) -> Option<Net> {
    match value.as_str() {
        Some(text) => Net::read(text),
        None if value.kind() == ValueKind::Number => u128::try_from(value.clone()).ok().map(Net::of_number),
        None => None,
    }
}

/// The answer for one value: false when it is no such address, nothing when the query does not hold for it.
fn asked(value: &Dynamic, query: &str, bits: Option<u32>) -> Dynamic {
    match read(value).filter(|net| bits.is_none_or(|bits| net.bits == bits)) {
        Some(net) => answer(net, query, &python::text(value)).unwrap_or_else(|| Dynamic::from(())),
        None => no(),
    }
}

/// One address gives an answer or false; a list gives the answers that there are.
fn filtered(arguments: &mut Arguments<'_, '_, '_>, bits: Option<u32>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let query = arguments.text(1, "query")?.unwrap_or_default();
    arguments.take(usize::MAX, "version")?;
    arguments.take(usize::MAX, "alias")?;
    match subject.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            let answers = items(&subject)?.into_iter().map(|value| asked(&value, &query, bits));
            Ok(list(answers.filter(Dynamic::is_true).collect()))
        }
        _ => Ok(asked(&subject, &query, bits)),
    }
}

pub(super) fn ipaddr(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    filtered(arguments, None)
}

pub(super) fn ipv4(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    filtered(arguments, Some(32))
}

pub(super) fn ipv6(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    filtered(arguments, Some(128))
}

/// IPv6 addresses in brackets, all else as it is.
pub(super) fn ipwrap(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    arguments.text(1, "query")?;
    let wrapped = |value: &Dynamic| match read(value).filter(|net| net.bits == 128) {
        Some(net) if net.has_prefix => Dynamic::from(format!("[{}]/{}", net.text(net.address), net.prefix)),
        Some(net) => Dynamic::from(format!("[{}]", net.text(net.address))),
        None => value.clone(),
    };
    match subject.kind() {
        ValueKind::Seq | ValueKind::Iterable => Ok(list(items(&subject)?.iter().map(wrapped).collect())),
        _ => Ok(wrapped(&subject)),
    }
}

fn needed(arguments: &Arguments<'_, '_, '_>) -> Result<Net, Error> {
    read(&arguments.subject()?).ok_or_else(|| arguments.refusal("needs an address"))
}

/// An address so many further on.
pub(super) fn ipmath(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let net = needed(arguments)?;
    let amount = arguments.int(1, "amount")?.ok_or_else(|| arguments.refusal("needs a whole number"))?;
    let moved = net.address.checked_add_signed(i128::from(amount)).filter(|address| *address <= ones(net.bits));
    moved
        .map(|address| Dynamic::from(net.text(address)))
        .ok_or_else(|| arguments.refusal("leaves the addresses there are"))
}

/// How many networks of a size there are in one, or which one it is by number.
pub(super) fn ipsubnet(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let net = read(&arguments.subject()?);
    let query = arguments.text(1, "query")?.unwrap_or_default();
    let index = arguments.int(2, "index")?;
    let Some(net) = net else { return Ok(no()) };
    if query.is_empty() {
        return Ok(Dynamic::from(net.sized(net.network())));
    }
    let Some(size) = query.parse::<u32>().ok().filter(|size| *size <= net.bits) else { return Ok(no()) };
    let outer = if net.has_prefix && net.prefix < net.bits { net.prefix } else { 0 };
    if outer == 0 && !net.has_prefix || net.prefix == net.bits {
        let around = Net { prefix: size, has_prefix: true, ..net };
        return Ok(Dynamic::from(around.sized(around.network())));
    }
    if size < net.prefix {
        return Err(arguments.refusal(&format!("finds no networks of size {size} in one of size {}", net.prefix)));
    }
    let count = ones(size - net.prefix).saturating_add(1);
    let Some(index) = index else { return Ok(Dynamic::from(count.to_string())) };
    let number = if index < 0 { count.checked_add_signed(i128::from(index)) } else { u128::try_from(index).ok() };
    let Some(number) = number.filter(|number| *number < count) else { return Ok(no()) };
    let inner = Net { prefix: size, ..net };
    Ok(Dynamic::from(inner.sized(net.network() + number * (inner.hosts() + 1))))
}

/// The address with this number in a network.
pub(super) fn nthhost(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let net = read(&arguments.subject()?);
    let number = arguments.int(1, "query")?.unwrap_or(0);
    let found = net.and_then(|net| {
        let base = if number < 0 { net.last() + 1 } else { net.network() };
        let address = base.checked_add_signed(i128::from(number))?;
        (address >= net.network() && address <= net.last()).then(|| Dynamic::from(net.text(address)))
    });
    Ok(found.unwrap_or_else(no))
}

/// The address so many further on, if a host can have it.
pub(super) fn next_nth_usable(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let net = needed(arguments)?;
    let offset = arguments.int(1, "offset")?.ok_or_else(|| arguments.refusal("needs a whole number"))?;
    let (first, last) = net.usable();
    let address = net.address.checked_add_signed(i128::from(offset));
    let address = address.filter(|address| (first..=last).contains(address));
    Ok(address.map_or_else(|| Dynamic::from(()), |address| Dynamic::from(net.text(address))))
}
