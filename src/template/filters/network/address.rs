//! An address with the size of its network, and what follows from its bits; no filters.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address with the size of its network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Net {
    pub(super) address: u128,
    pub(super) prefix: u32,
    /// 32 or 128.
    pub(super) bits: u32,
    /// Whether the size was written.
    pub(super) has_prefix: bool,
}

impl Net {
    pub(super) fn read(text: &str) -> Option<Self> {
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

    pub(super) fn of_number(number: u128) -> Self {
        let bits = if number <= u128::from(u32::MAX) { 32 } else { 128 };
        Self { address: number, prefix: bits, bits, has_prefix: false }
    }

    pub(super) fn hosts(self) -> u128 {
        ones(self.bits - self.prefix)
    }

    pub(super) fn network(self) -> u128 {
        self.address & !self.hosts()
    }

    pub(super) fn last(self) -> u128 {
        self.network() | self.hosts()
    }

    pub(super) fn text(self, address: u128) -> String {
        match self.bits {
            32 => Ipv4Addr::from(u32::try_from(address & u128::from(u32::MAX)).unwrap_or(0)).to_string(),
            _ => Ipv6Addr::from(address).to_string(),
        }
    }

    pub(super) fn sized(self, address: u128) -> String {
        format!("{}/{}", self.text(address), self.prefix)
    }

    pub(super) fn mask(self) -> u128 {
        ones(self.bits) & !self.hosts()
    }

    pub(super) fn is_network(self) -> bool {
        self.has_prefix && self.prefix < self.bits && self.address == self.network()
    }

    /// The first and last address that a host can have, if the network has more than one address.
    pub(super) fn usable(self) -> Option<(u128, u128)> {
        match self.bits - self.prefix {
            0 => None,
            1 => Some((self.network(), self.last())),
            _ => Some((self.network() + 1, self.last() - 1)),
        }
    }

    /// The address with this number, from the end when it is below 0.
    pub(super) fn numbered(self, number: i64) -> Option<u128> {
        let address = match u128::try_from(number) {
            Ok(number) => self.network().checked_add(number),
            Err(_) => self.last().checked_sub(u128::from(number.unsigned_abs()) - 1),
        };
        address.filter(|address| (self.network()..=self.last()).contains(address))
    }

    pub(super) fn holds(self, other: Self) -> bool {
        self.bits == other.bits && other.prefix >= self.prefix && (other.address & !self.hosts()) == self.network()
    }

    pub(super) fn ip(self) -> IpAddr {
        match self.bits {
            32 => IpAddr::V4(Ipv4Addr::from(u32::try_from(self.address).unwrap_or(0))),
            _ => IpAddr::V6(Ipv6Addr::from(self.address)),
        }
    }
}

pub(super) fn ones(count: u32) -> u128 {
    if count >= 128 { u128::MAX } else { (1 << count) - 1 }
}

fn mask_size(mask: &str) -> Option<u32> {
    let mask = u32::from(mask.parse::<Ipv4Addr>().ok()?);
    (mask.leading_ones() + mask.trailing_zeros() == 32).then(|| mask.leading_ones())
}

pub(super) fn reverse(net: Net) -> String {
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

pub(super) fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// What is not routed on the internet, as Python's `ipaddress` counts it.
pub(super) fn is_private(ip: IpAddr) -> bool {
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

pub(super) fn is_public(ip: IpAddr) -> bool {
    !is_private(ip) && !ip.is_multicast()
}
