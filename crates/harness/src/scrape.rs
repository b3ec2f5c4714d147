//! One reading of the relay's Prometheus page: the ledger as the relay tells it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The ledger of one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scrape {
    /// Taken from RabbitMQ, redeliveries included.
    pub received: u64,
    /// Confirmed by Kafka.
    pub confirmed: u64,
    /// Written to the dead letters.
    pub dead: u64,
    /// Ended by a rule.
    pub dropped: u64,
    /// Left to RabbitMQ.
    pub handed_back: u64,
    /// Taken and not settled.
    pub in_flight: u64,
    /// Settled, and yet to come again.
    pub repeats_owed: u64,
}

impl Scrape {
    /// Returns whether everything received is somewhere.
    pub fn balances(&self) -> bool {
        self.received == self.confirmed + self.dead + self.dropped + self.handed_back + self.in_flight
    }

    /// Reads a page; none when a count is missing.
    pub fn of(page: &str) -> Option<Self> {
        let count = |name: &str| {
            let line = page.lines().find_map(|line| line.strip_prefix("dpp_relay_")?.strip_prefix(name));
            line?.strip_prefix(' ')?.parse().ok()
        };
        Some(Self {
            received: count("received_total")?,
            confirmed: count("confirmed_total")?,
            dead: count("dead_total")?,
            dropped: count("dropped_total")?,
            handed_back: count("handed_back_total")?,
            in_flight: count("in_flight")?,
            repeats_owed: count("repeats_owed_total")?,
        })
    }

    /// Asks a relay.
    pub fn take(of: SocketAddr) -> io::Result<Self> {
        let page = get(of, "/metrics")?;
        Self::of(&page).ok_or_else(|| io::Error::other(format!("the page has no ledger: {page}")))
    }
}

/// Asks a relay for a page.
pub fn get(of: SocketAddr, page: &str) -> io::Result<String> {
    const PATIENCE: Duration = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&of, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {page} HTTP/1.1\r\nHost: relay\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_and_an_incomplete_one_is_none() {
        let lines = [
            ("received_total", 10),
            ("confirmed_total", 4),
            ("dead_total", 1),
            ("dropped_total", 0),
            ("handed_back_total", 3),
            ("in_flight", 2),
            ("repeats_owed_total", 5),
        ];
        let page = |leave_out: &str| -> String {
            let kept = lines.iter().filter(|(name, _)| *name != leave_out);
            kept.map(|(name, value)| format!("# HELP dpp_relay_{name} words\ndpp_relay_{name} {value}\n")).collect()
        };
        let scrape = Scrape::of(&page("")).unwrap();
        assert_eq!((scrape.received, scrape.in_flight, scrape.repeats_owed), (10, 2, 5));
        assert!(scrape.balances() && !Scrape { confirmed: 5, ..scrape }.balances());
        assert_eq!(Scrape::of(&page("dead_total")), None);
    }
}
