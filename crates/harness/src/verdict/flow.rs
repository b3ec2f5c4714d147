//! How messages moved: order, acknowledgements beside answers, and how soon they moved again.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::{Finding, shown};
use crate::evidence::Evidence;
use crate::message::Messages;

/// Within this time after a disturbance Kafka gets messages again.
const RECOVERS_WITHIN: Duration = Duration::from_secs(30);

/// More than this share of a core is spinning, while a broker is away.
const SPINNING: f64 = 0.05;

pub(super) fn order(evidence: &Evidence) -> Finding {
    let mut seen = HashSet::new();
    let mut highest: HashMap<(i32, &str), u64> = HashMap::new();
    let (mut astray, mut other_key) = (Vec::new(), 0);
    for record in &evidence.records {
        other_key += u64::from(record.key.as_deref() != Some(Messages::key(record.number).as_str()));
        if !seen.insert(record.number) {
            continue;
        }
        let key = record.key.as_deref().unwrap_or_default();
        let highest = highest.entry((record.partition, key)).or_default();
        if record.number < *highest {
            astray.push(record.number);
        }
        *highest = record.number.max(*highest);
    }
    let words = format!("{} out of their key's order, {other_key} under another key {}", astray.len(), shown(&astray));
    let words = words.trim_end().to_owned();
    if evidence.disturbances.iter().any(|disturbance| disturbance.refuses) && other_key == 0 {
        return Finding::NotShown(format!("{words}; Kafka refused records, after which no order is promised"));
    }
    Finding::unless(!astray.is_empty() || other_key > 0, words)
}

pub(super) fn ack_safety(evidence: &Evidence) -> Finding {
    let wires = &evidence.wires;
    let words = format!(
        "{} delivered, {} acknowledged, {} confirmed and {} requests refused by Kafka, {} acknowledged too early",
        wires.delivered, wires.acknowledged, wires.confirmed, wires.refused, wires.early_count
    );
    if wires.acknowledged == 0 || wires.confirmed == 0 {
        return Finding::NotShown(words);
    }
    if wires.early_count == 0 { Finding::Holds(words) } else { Finding::Broken(words + ": " + &wires.early[0]) }
}

pub(super) fn liveness(evidence: &Evidence) -> Finding {
    if evidence.is_calm() {
        return Finding::NotShown("nothing was disturbed".to_owned());
    }
    let slow = evidence.disturbances.iter().filter(|it| it.recovery.is_none_or(|time| time > RECOVERS_WITHIN));
    let slow: Vec<&str> = slow.map(|disturbance| disturbance.name.as_str()).collect();
    let worst = evidence.disturbances.iter().filter_map(|it| it.recovery).max().unwrap_or_default();
    let busiest = evidence.disturbances.iter().filter_map(|it| it.busy).fold(0.0, f64::max);
    let words = format!(
        "{} disturbances, recovered after {:.1} s at most, {} not within {} s, {:.1} % of a core at most while waiting{}{}",
        evidence.disturbances.len(),
        worst.as_secs_f64(),
        slow.len(),
        RECOVERS_WITHIN.as_secs(),
        busiest * 100.0,
        if slow.is_empty() { "" } else { ": " },
        slow.join(", ")
    );
    Finding::unless(!slow.is_empty() || busiest > SPINNING, words)
}
