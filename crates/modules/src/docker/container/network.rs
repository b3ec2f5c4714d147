//! Networks that a container is connected to.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::volume::texts;
use crate::arguments::{Names, Whole, Words};

/// One of `networks`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    pub(super) name: Words,
    ipv4_address: Option<Words>,
    ipv6_address: Option<Words>,
    links: Option<Names>,
    aliases: Option<Names>,
    mac_address: Option<Words>,
    driver_opts: Option<Map<String, Value>>,
    gw_priority: Option<Whole>,
}

impl Network {
    /// How the container is connected, as the engine takes it.
    pub(super) fn told(&self) -> Value {
        let mut told = json!({});
        let word = |words: &Option<Words>| words.as_ref().map(|words| Value::from(words.0.as_str()));
        if let Some(address) = word(&self.ipv4_address) {
            told["IPAMConfig"]["IPv4Address"] = address;
        }
        if let Some(address) = word(&self.ipv6_address) {
            told["IPAMConfig"]["IPv6Address"] = address;
        }
        if let Some(links) = &self.links {
            told["Links"] = linked(links).into();
        }
        if let Some(aliases) = &self.aliases {
            told["Aliases"] = aliases.0.clone().into();
        }
        if let Some(mac) = word(&self.mac_address) {
            told["MacAddress"] = mac;
        }
        if let Some(options) = &self.driver_opts {
            told["DriverOpts"] = texts(options).into();
        }
        if let Some(priority) = self.gw_priority {
            told["GwPriority"] = priority.0.into();
        }
        told
    }

    /// Whether the container is connected so; `now` is what the engine shows of this network.
    pub(super) fn is_as_wanted(&self, now: Option<&Value>) -> bool {
        let Some(now) = now else { return false };
        let is = |wanted: &Option<Words>, now: &Value| {
            wanted.as_ref().is_none_or(|wanted| now.as_str().is_some_and(|now| is_same_address(&wanted.0, now)))
        };
        let holds = |wanted: Option<Vec<String>>, now: &Value| {
            let now: Vec<&str> = now.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            wanted.is_none_or(|wanted| wanted.iter().all(|one| now.contains(&one.as_str())))
        };
        is(&self.ipv4_address, &now["IPAMConfig"]["IPv4Address"])
            && is(&self.ipv6_address, &now["IPAMConfig"]["IPv6Address"])
            && is(&self.mac_address, &now["MacAddress"])
            && holds(self.aliases.as_ref().map(|aliases| aliases.0.clone()), &now["Aliases"])
            && holds(self.links.as_ref().map(linked), &now["Links"])
    }
}

fn linked(links: &Names) -> Vec<String> {
    links.0.iter().map(|link| if link.contains(':') { link.clone() } else { format!("{link}:{link}") }).collect()
}

fn is_same_address(one: &str, other: &str) -> bool {
    match (one.parse::<std::net::IpAddr>(), other.parse::<std::net::IpAddr>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one.eq_ignore_ascii_case(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(params: Value) -> Network {
        serde_json::from_value(params).unwrap()
    }

    #[test]
    fn a_network_is_told_and_recognised() {
        let now = json!({"IPAMConfig": {"IPv4Address": "10.0.0.5", "IPv6Address": "fd00::5"}, "Aliases": ["a", "0a1b"],
            "Links": ["db:db"], "MacAddress": "02:42:0a:00:00:05", "NetworkID": "x"});
        for (params, told, is_as_wanted) in [
            (json!({"name": "n"}), json!({}), true),
            (
                json!({"name": "n", "ipv4_address": "10.0.0.5", "aliases": ["a"], "links": "db"}),
                json!({"IPAMConfig": {"IPv4Address": "10.0.0.5"}, "Aliases": ["a"], "Links": ["db:db"]}),
                true,
            ),
            (
                json!({"name": "n", "ipv6_address": "fd00:0::5"}),
                json!({"IPAMConfig": {"IPv6Address": "fd00:0::5"}}),
                true,
            ),
            (
                json!({"name": "n", "ipv4_address": "10.0.0.6"}),
                json!({"IPAMConfig": {"IPv4Address": "10.0.0.6"}}),
                false,
            ),
            (json!({"name": "n", "aliases": ["b"]}), json!({"Aliases": ["b"]}), false),
            (
                json!({"name": "n", "mac_address": "02:42:0A:00:00:05", "driver_opts": {"a": 1}, "gw_priority": 2}),
                json!({"MacAddress": "02:42:0A:00:00:05", "DriverOpts": {"a": "1"}, "GwPriority": 2}),
                true,
            ),
        ] {
            let read = network(params.clone());
            assert_eq!((read.told(), read.is_as_wanted(Some(&now))), (told, is_as_wanted), "{params}");
        }
        assert!(!network(json!({"name": "n"})).is_as_wanted(None));
    }
}
