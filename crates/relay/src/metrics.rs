//! The Prometheus page: made anew from one snapshot for each scrape, so that the ledger adds up in every one.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::health::{Health, Snapshot};

/// The media type of the page.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Renders the page.
pub fn page(health: &Arc<Health>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("dpp_relay");
    registry.register_collector(Box::new(Page(health.snapshot())));
    let mut page = String::new();
    text::encode(&mut page, &registry)?;
    Ok(page)
}

#[derive(Debug)]
struct Page(Snapshot);

impl Collector for Page {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let ledger = self.0.ledger;
        for (name, help, count) in [
            ("received", "Messages taken from the source, redeliveries included", ledger.received),
            ("confirmed", "Messages confirmed by the sink", ledger.confirmed),
            ("dead", "Messages written to the dead letters", ledger.dead),
            ("dropped", "Messages that a rule of the mapping ended", ledger.dropped),
            ("handed_back", "Messages left to the source to deliver again", ledger.handed_back),
            ("repeats_owed", "Settled messages that the source will deliver again", ledger.repeats_owed),
            ("connections", "Connections to the source that came to reading", self.0.connections),
        ] {
            put(&mut encoder, name, help, &ConstCounter::new(count))?;
        }
        put(&mut encoder, "in_flight", "Messages taken and not settled", &ConstGauge::new(ledger.in_flight))?;
        put(&mut encoder, "held_bytes", "Bytes of messages held", &ConstGauge::new(self.0.held_bytes as u64))?;
        let oldest = ConstGauge::new(self.0.oldest_unacked_seconds);
        put(&mut encoder, "oldest_unacked_seconds", "Age of the oldest message without acknowledgement", &oldest)?;
        let ready = u32::from(self.0.hindrance().is_none());
        put(&mut encoder, "ready", "1 while messages flow", &ConstGauge::new(ready))
    }
}

fn put(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, metric: &impl EncodeMetric) -> fmt::Result {
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::health::Phase;
    use crate::ledger::Ledger;
    use crate::window::{Outcome, Window};

    fn count(page: &str, name: &str) -> u64 {
        let line = page.lines().find_map(|line| line.strip_prefix(&format!("dpp_relay_{name} ")));
        line.unwrap_or_else(|| panic!("{name} is not in\n{page}")).parse().unwrap()
    }

    #[test]
    fn the_ledger_adds_up_in_every_scrape_while_messages_flow() {
        let health = Arc::new(Health::new("Kafka"));
        let pump = Arc::clone(&health);
        let flowing = std::thread::spawn(move || {
            let (mut window, now) = (Window::new(usize::MAX), Instant::now());
            window.open();
            for tag in 1..=20_000 {
                window.admit(tag, 1, (), now).unwrap();
                let outcome = [Outcome::Confirmed, Outcome::Dead, Outcome::Dropped][tag as usize % 3];
                window.settle(window.id(tag / 2), outcome);
                pump.publish(window.ledger(), Duration::ZERO, 0);
            }
            window.hand_back();
            pump.publish(window.ledger(), Duration::ZERO, 0);
        });
        loop {
            let is_last = flowing.is_finished();
            let page = page(&health).unwrap();
            let parts = ["confirmed_total", "dead_total", "dropped_total", "handed_back_total", "in_flight"];
            let sum: u64 = parts.iter().map(|part| count(&page, part)).sum();
            assert_eq!(count(&page, "received_total"), sum, "{page}");
            if is_last {
                break assert_eq!((sum, count(&page, "handed_back_total")), (20_000, 10_000));
            }
        }
    }

    #[test]
    fn the_page_shows_the_ledger() {
        let health = Arc::new(Health::new("Kafka"));
        health.enter(Phase::Relaying, None);
        let ledger =
            Ledger { received: 7, confirmed: 2, dead: 1, dropped: 1, handed_back: 1, in_flight: 2, repeats_owed: 0 };
        health.publish(ledger, Duration::from_millis(1_500), 4_096);
        let page = page(&health).unwrap();
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
            "# EOF",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
    }
}
