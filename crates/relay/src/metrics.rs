//! The Prometheus page: made anew from one overview for each scrape, so that every ledger adds up in every one: each
//! source's, and all of them to the total.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::board::{Board, Overview};
use crate::health::Snapshot;

/// The media type of the page.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Renders the page.
pub fn page(board: &Board) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("dpp_relay");
    registry.register_collector(Box::new(Page(board.overview())));
    let mut page = String::new();
    text::encode(&mut page, &registry)?;
    Ok(page)
}

#[derive(Debug)]
struct Page(Overview);

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Self(overview) = self;
        let totals = figures(&overview.all, overview.hindrance().is_none());
        for Figure { name, help, value } in &totals {
            value.encode(encoder.encode_descriptor(name, help, None, value.metric_type())?)?;
        }
        // Under names of their own: whoever sums up over labels must not count the total as well.
        let sources: Vec<_> = overview.sources.iter().map(|(name, source)| (name, figures_of(source))).collect();
        for (at, Figure { name, help, value }) in totals.iter().enumerate().filter(|_| !sources.is_empty()) {
            let name = format!("source_{name}");
            let mut family = encoder.encode_descriptor(&name, help, None, value.metric_type())?;
            for (source, figures) in &sources {
                figures[at].value.encode(family.encode_family(&[("source", source.as_str())])?)?;
            }
        }
        Ok(())
    }
}

struct Figure {
    name: &'static str,
    help: &'static str,
    value: Value,
}

#[derive(Clone, Copy)]
enum Value {
    Count(u64),
    Now(u64),
    Seconds(f64),
}

fn figures_of(source: &Snapshot) -> [Figure; 11] {
    figures(source, source.hindrance().is_none())
}

fn figures(of: &Snapshot, ready: bool) -> [Figure; 11] {
    use Value::{Count, Now, Seconds};
    let ledger = of.ledger;
    [
        ("received", "Messages taken from the source, redeliveries included", Count(ledger.received)),
        ("confirmed", "Messages confirmed by the sink", Count(ledger.confirmed)),
        ("dead", "Messages written to the dead letters", Count(ledger.dead)),
        ("dropped", "Messages that a rule of the mapping ended", Count(ledger.dropped)),
        ("handed_back", "Messages left to the source to deliver again", Count(ledger.handed_back)),
        ("repeats_owed", "Settled messages that the source will deliver again", Count(ledger.repeats_owed)),
        ("connections", "Connections to the source that came to reading", Count(of.connections)),
        ("in_flight", "Messages taken and not settled", Now(ledger.in_flight)),
        ("held_bytes", "Bytes of messages held", Now(of.held_bytes as u64)),
        (
            "oldest_unacked_seconds",
            "Age of the oldest message without acknowledgement",
            Seconds(of.oldest_unacked_seconds),
        ),
        ("ready", "1 while messages flow", Now(u64::from(ready))),
    ]
    .map(|(name, help, value)| Figure { name, help, value })
}

impl EncodeMetric for Value {
    fn encode(&self, encoder: MetricEncoder<'_>) -> fmt::Result {
        match *self {
            Self::Count(count) => ConstCounter::new(count).encode(encoder),
            Self::Now(value) => ConstGauge::new(value).encode(encoder),
            Self::Seconds(seconds) => ConstGauge::new(seconds).encode(encoder),
        }
    }

    fn metric_type(&self) -> MetricType {
        match self {
            Self::Count(_) => MetricType::Counter,
            Self::Now(_) | Self::Seconds(_) => MetricType::Gauge,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::health::{Health, Phase};
    use crate::ledger::Ledger;
    use crate::window::{Outcome, Window};

    fn count(page: &str, name: &str) -> u64 {
        let line = page.lines().find_map(|line| line.strip_prefix(&format!("dpp_relay_{name} ")));
        line.unwrap_or_else(|| panic!("{name} is not in\n{page}")).parse().unwrap()
    }

    /// Takes in 20,000 messages, settles half of them and hands the rest back.
    fn flow(health: &Health) {
        let (mut window, now) = (Window::new(usize::MAX), Instant::now());
        window.open();
        for tag in 1..=20_000 {
            window.admit(tag, 1, (), now).unwrap();
            let outcome = [Outcome::Confirmed, Outcome::Dead, Outcome::Dropped][tag as usize % 3];
            window.settle(window.id(tag / 2), outcome);
            health.publish(window.ledger(), Duration::ZERO, 0);
        }
        window.hand_back();
        health.publish(window.ledger(), Duration::ZERO, 0);
    }

    #[test]
    fn the_ledgers_of_all_queues_and_their_total_add_up_in_every_scrape_while_messages_flow() {
        const QUEUES: [&str; 3] = ["logs", "audit", "mails"];
        let board = Board::new();
        let healths = QUEUES.map(|queue| board.enlist(queue.to_owned(), "Kafka"));
        let flowing = healths.map(|health| std::thread::spawn(move || flow(&health)));
        loop {
            let is_last = flowing.iter().all(std::thread::JoinHandle::is_finished);
            let page = page(&board).unwrap();
            let parts = ["confirmed_total", "dead_total", "dropped_total", "handed_back_total", "in_flight"];
            for part in parts.into_iter().chain(["received_total"]) {
                let of = |queue| count(&page, &format!("source_{part}{{source=\"{queue}\"}}"));
                assert_eq!(count(&page, part), QUEUES.into_iter().map(of).sum::<u64>(), "{part}: {page}");
            }
            let sum: u64 = parts.iter().map(|part| count(&page, part)).sum();
            assert_eq!(count(&page, "received_total"), sum, "{page}");
            if is_last {
                break assert_eq!((sum, count(&page, "handed_back_total")), (60_000, 30_000));
            }
        }
    }

    #[test]
    fn the_page_shows_the_ledger() {
        let board = Board::new();
        let health = board.enlist("queue \"logs\"".to_owned(), "Kafka");
        health.enter(Phase::Relaying, None);
        let ledger =
            Ledger { received: 7, confirmed: 2, dead: 1, dropped: 1, handed_back: 1, in_flight: 2, repeats_owed: 0 };
        health.publish(ledger, Duration::from_millis(1_500), 4_096);
        let page = page(&board).unwrap();
        for line in [
            "dpp_relay_received_total 7",
            "dpp_relay_confirmed_total 2",
            "dpp_relay_dropped_total 1",
            "dpp_relay_dead_total 1",
            "dpp_relay_handed_back_total 1",
            "dpp_relay_in_flight 2",
            "dpp_relay_held_bytes 4096",
            "dpp_relay_oldest_unacked_seconds 1.5",
            "dpp_relay_ready 1",
            "dpp_relay_connections_total 1",
            "dpp_relay_source_received_total{source=\"queue \\\"logs\\\"\"} 7",
            "dpp_relay_source_ready{source=\"queue \\\"logs\\\"\"} 1",
            "# EOF",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
    }
}
