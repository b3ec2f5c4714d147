//! The canary of an upgrade: marked messages that flow in while nodes go down, and what became of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// The messages so far. Times are milliseconds by one clock.
#[derive(Debug, Clone, Default)]
pub struct Canary {
    /// When each that the broker confirmed was sent.
    sent: BTreeMap<String, u64>,
    /// Those of which nobody knows whether they were taken: they are neither counted nor forgotten.
    unsure: BTreeSet<String>,
    /// How long each took that was found.
    stored: BTreeMap<String, u64>,
}

/// What it comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CanaryProof {
    /// Messages that the broker confirmed.
    pub sent: usize,
    /// Those of them that were found at the end of the pipeline.
    pub stored: usize,
    /// Those that may still come, since the end of the pipeline could not be asked.
    pub on_the_way: usize,
    /// Those that did not come.
    pub lost: usize,
    /// Those that were found more than once.
    pub doubled: usize,
    /// How long the slowest took, from being sent to being found.
    pub worst_ms: Option<u64>,
    /// How many were removed again.
    pub removed: u64,
}

impl Canary {
    /// The broker confirmed these.
    pub fn confirm(&mut self, ids: impl IntoIterator<Item = String>, at: u64) {
        self.sent.extend(ids.into_iter().map(|id| (id, at)));
    }

    /// Nobody knows whether the broker took these.
    pub fn doubt(&mut self, ids: impl IntoIterator<Item = String>) {
        self.unsure.extend(ids);
    }

    /// These were found.
    pub fn find<'a>(&mut self, ids: impl IntoIterator<Item = &'a str>, at: u64) {
        for id in ids {
            let Some(sent) = self.sent.get(id) else { continue };
            self.stored.entry(id.to_owned()).or_insert_with(|| at.saturating_sub(*sent));
        }
    }

    /// Those that are still to be found, the oldest first, at most so many.
    pub fn pending(&self, most: usize) -> Vec<String> {
        let open = self.sent.keys().filter(|id| !self.stored.contains_key(*id));
        open.take(most).cloned().collect()
    }

    /// Everything that may lie at the end of the pipeline.
    pub fn marks(&self) -> Vec<String> {
        self.sent.keys().chain(&self.unsure).cloned().collect()
    }

    /// The verdict; `is_over` when what was not found by now will not come.
    pub fn proof(&self, is_over: bool, doubled: usize, removed: u64) -> CanaryProof {
        let open = self.sent.len() - self.stored.len();
        let (lost, on_the_way) = if is_over { (open, 0) } else { (0, open) };
        let worst_ms = self.stored.values().max().copied();
        CanaryProof { sent: self.sent.len(), stored: self.stored.len(), on_the_way, lost, doubled, worst_ms, removed }
    }
}

impl CanaryProof {
    /// Whether nothing speaks against the pipeline.
    pub fn is_well(&self) -> bool {
        self.lost == 0 && self.doubled == 0
    }

    /// `sent 6412 stored 6412 lost 0 doubled 0 worst 9.4 s`.
    pub fn words(&self) -> String {
        let way = if self.on_the_way > 0 { format!(" on the way {}", self.on_the_way) } else { String::new() };
        let worst = self.worst_ms.map(|ms| format!(" worst {:.1} s", ms as f64 / 1000.0)).unwrap_or_default();
        format!("sent {} stored {}{way} lost {} doubled {}{worst}", self.sent, self.stored, self.lost, self.doubled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn what_the_broker_confirmed_counts_and_nothing_else() {
        let mut canary = Canary::default();
        canary.confirm(ids(&["m1", "m2"]), 1000);
        canary.confirm(ids(&["m3"]), 2000);
        canary.doubt(ids(&["m4"]));
        canary.find(["m1", "m4"], 1500);
        canary.find(["m1", "m2"], 10_400);
        assert_eq!(canary.pending(10), ["m3"]);
        assert_eq!(canary.marks(), ["m1", "m2", "m3", "m4"], "a message of doubt is removed, too");
        let proof = canary.proof(true, 0, 4);
        assert_eq!(proof.words(), "sent 3 stored 2 lost 1 doubled 0 worst 9.4 s");
        assert!(!proof.is_well());
    }

    #[test]
    fn what_cannot_be_asked_for_is_on_the_way_and_not_lost() {
        let mut canary = Canary::default();
        canary.confirm(ids(&["m1", "m2"]), 0);
        canary.find(["m1"], 300);
        let proof = canary.proof(false, 0, 0);
        assert_eq!(proof.words(), "sent 2 stored 1 on the way 1 lost 0 doubled 0 worst 0.3 s");
        assert!(proof.is_well());
        assert!(!Canary::default().proof(true, 1, 0).is_well());
    }
}
