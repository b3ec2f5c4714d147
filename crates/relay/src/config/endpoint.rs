//! Kafka's `host:port,host:port`, checked before anything connects.

use std::fmt;

use serde::Deserialize;

/// One or more Kafka brokers to ask first.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoints(String);

impl TryFrom<String> for Endpoints {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let endpoints: Vec<&str> = text.split(',').map(str::trim).collect();
        for endpoint in &endpoints {
            check(endpoint)?;
        }
        Ok(Self(endpoints.join(",")))
    }
}

impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Endpoints {
    /// Returns host and port of each.
    pub fn each(&self) -> impl Iterator<Item = (&str, u16)> {
        self.0.split(',').filter_map(|endpoint| {
            let (host, port) = endpoint.rsplit_once(':')?;
            Some((host.trim_start_matches('[').trim_end_matches(']'), port.parse().ok()?))
        })
    }
}

fn check(endpoint: &str) -> Result<(), String> {
    let complaint = || format!("`{endpoint}` is no host:port, such as localhost:9092");
    let (host, port) = endpoint.rsplit_once(':').ok_or_else(complaint)?;
    let port_is_good = port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.is_empty() || host.contains([' ', '/']) || !port_is_good { Err(complaint()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_host_and_a_port() {
        let endpoints = Endpoints::try_from("a:1, [::1]:65535".to_owned()).unwrap();
        assert_eq!(endpoints.each().collect::<Vec<_>>(), [("a", 1), ("::1", 65535)]);
    }
}
