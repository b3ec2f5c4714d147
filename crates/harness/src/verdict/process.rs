//! The relay's process: what it counts, what it holds, how it ends.

use std::time::Duration;

use super::Finding;
use crate::evidence::Evidence;

/// `limits.memory` of the relay under test.
pub(crate) const BUDGET: u64 = 32 << 20;

/// `limits.drain` of the relay under test, and what taking clients down may cost beside it.
const STOPS_WITHIN: Duration = Duration::from_secs(20 + 10);

pub(super) fn memory(evidence: &Evidence) -> Finding {
    let memory = evidence.memory;
    if memory.base == 0 || memory.peak == 0 {
        return Finding::NotShown("the relay's memory was not measured".to_owned());
    }
    let bound = memory.base + BUDGET * 3 / 2;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let words = format!(
        "{:.1} MiB at first, {:.1} MiB at most, {:.1} MiB allowed",
        mib(memory.base),
        mib(memory.peak),
        mib(bound)
    );
    Finding::unless(memory.peak > bound, words)
}

/// Each page adds up; and when one process saw the whole run, its counts are those that the wires saw.
pub(super) fn ledger(evidence: &Evidence) -> Finding {
    let pages: usize = evidence.scrapes.iter().map(Vec::len).sum();
    let crooked = evidence.scrapes.iter().flatten().filter(|scrape| !scrape.balances()).count();
    let words = format!("{pages} pages, {crooked} do not add up");
    if pages == 0 {
        return Finding::NotShown(words);
    }
    let [only] = evidence.scrapes.as_slice() else { return Finding::unless(crooked > 0, words) };
    let (Some(last), wires) = (only.last(), &evidence.wires) else { return Finding::unless(crooked > 0, words) };
    let settled = last.confirmed + last.dead + last.dropped;
    let told = (last.received, settled.saturating_sub(last.repeats_owed), last.dead);
    let seen = (wires.delivered, wires.acknowledged, evidence.letters.len() as u64);
    let words = format!("{words}; received, acknowledged, dead: {told:?} by the page, {seen:?} by the witnesses");
    Finding::unless(crooked > 0 || !agree(told, seen, evidence.is_calm()), words)
}

/// Between two connections a delivery may be seen on the wire that the relay never took.
fn agree(told: (u64, u64, u64), seen: (u64, u64, u64), is_calm: bool) -> bool {
    if is_calm { told == seen } else { told.0 <= seen.0 && told.1 >= seen.1 }
}

pub(super) fn shutdown(evidence: &Evidence) -> Finding {
    let longest = evidence.stops.iter().map(|stop| stop.took).max().unwrap_or_default();
    let unclean = evidence.stops.iter().filter(|stop| !stop.clean).count();
    let words =
        format!("{} stops, {:.1} s at most, {unclean} not in good order", evidence.stops.len(), longest.as_secs_f64());
    if evidence.stops.is_empty() {
        return Finding::NotShown(words);
    }
    Finding::unless(unclean > 0 || longest > STOPS_WITHIN, words)
}
