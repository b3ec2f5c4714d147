//! The window against a model that remembers everything as sets, over random schedules.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{DeliveryId, Generation, Outcome, TagOutOfOrder, Window};

const BUDGET: usize = 1_000;

#[derive(Debug, Clone)]
enum Step {
    Deliver { weight: usize },
    Skip,
    Settle { pick: usize, dead: bool },
    SettleStale { pick: usize },
    Ack { at_least: usize },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..400_usize).prop_map(|weight| Step::Deliver { weight }),
        1 => Just(Step::Skip),
        8 => (any::<usize>(), any::<bool>()).prop_map(|(pick, dead)| Step::Settle { pick, dead }),
        2 => any::<usize>().prop_map(|pick| Step::SettleStale { pick }),
        4 => (0..6_usize).prop_map(|at_least| Step::Ack { at_least }),
        1 => Just(Step::Reopen),
    ]
}

/// What a person would keep on paper.
#[derive(Debug, Default)]
struct Model {
    next_tag: u64,
    unsettled: BTreeMap<u64, usize>,
    settled: BTreeSet<u64>,
    acked_up_to: u64,
    past: Vec<DeliveryId>,
    received: u64,
    confirmed: u64,
    dead: u64,
    handed_back: u64,
    repeats_owed: u64,
}

impl Model {
    fn reopen(&mut self, generation: Generation) {
        let ids = self.unsettled.keys().chain(&self.settled);
        self.past.extend(ids.map(|&tag| DeliveryId { generation, tag }));
        self.handed_back += self.unsettled.len() as u64;
        self.repeats_owed += self.settled.iter().filter(|&&tag| tag > self.acked_up_to).count() as u64;
        self.unsettled.clear();
        self.settled.clear();
        (self.acked_up_to, self.next_tag) = (0, 0);
    }

    fn safe_ack(&self) -> u64 {
        self.unsettled.keys().next().map_or(self.next_tag, |&oldest| oldest - 1)
    }
}

struct Pair {
    window: Window<u64>,
    generation: Generation,
    model: Model,
    start: Instant,
}

impl Pair {
    fn new() -> Self {
        let mut window = Window::new(BUDGET);
        let generation = window.open();
        Self { window, generation, model: Model::default(), start: Instant::now() }
    }

    fn id(&self, tag: u64) -> DeliveryId {
        DeliveryId { generation: self.generation, tag }
    }

    fn play(&mut self, step: &Step) {
        match *step {
            Step::Deliver { weight } => self.deliver(weight),
            Step::Skip => self.skip_a_tag(),
            Step::Settle { pick, dead } => self.settle(pick, dead),
            Step::SettleStale { pick } => self.settle_stale(pick),
            Step::Ack { at_least } => self.ack(at_least),
            Step::Reopen => {
                self.model.reopen(self.generation);
                self.generation = self.window.open();
            }
        }
        self.compare();
    }

    fn deliver(&mut self, weight: usize) {
        let tag = self.model.next_tag + 1;
        let now = self.start + Duration::from_secs(tag);
        assert_eq!(self.window.admit(tag, weight, tag, now), Ok(self.id(tag)));
        self.model.next_tag = tag;
        self.model.received += 1;
        self.model.unsettled.insert(tag, weight);
    }

    fn skip_a_tag(&mut self) {
        let expected = self.model.next_tag + 1;
        let refused = self.window.admit(expected + 1, 1, 0, self.start);
        assert_eq!(refused, Err(TagOutOfOrder { got: expected + 1, expected }));
    }

    fn settle(&mut self, pick: usize, dead: bool) {
        if self.model.next_tag == 0 {
            return;
        }
        // Any tag of this generation, so also ones settled or acknowledged before, and one not yet delivered.
        let tag = 1 + pick as u64 % (self.model.next_tag + 1);
        let fresh = self.model.unsettled.remove(&tag).is_some();
        let outcome = if dead { Outcome::Dead } else { Outcome::Confirmed };
        assert_eq!(self.window.settle(self.id(tag), outcome), fresh);
        if fresh {
            self.model.settled.insert(tag);
            *(if dead { &mut self.model.dead } else { &mut self.model.confirmed }) += 1;
        }
    }

    fn settle_stale(&mut self, pick: usize) {
        if self.model.past.is_empty() {
            return;
        }
        let id = self.model.past[pick % self.model.past.len()];
        assert!(!self.window.settle(id, Outcome::Confirmed), "a tag of an old connection was settled: {id:?}");
        assert_eq!(self.window.held(id), None);
    }

    fn ack(&mut self, at_least: usize) {
        let safe = self.model.safe_ack();
        let gain = safe - self.model.acked_up_to;
        let expected = (gain >= at_least.max(1) as u64).then_some(safe);
        assert_eq!(self.window.take_ack(at_least), expected);
        self.model.acked_up_to = expected.unwrap_or(self.model.acked_up_to);
    }

    fn compare(&self) {
        let (ledger, model) = (self.window.ledger(), &self.model);
        assert!(ledger.balances(), "{ledger:?}");
        assert_eq!(ledger.received, model.received);
        assert_eq!(ledger.confirmed, model.confirmed);
        assert_eq!(ledger.dead, model.dead);
        assert_eq!(ledger.handed_back, model.handed_back);
        assert_eq!(ledger.repeats_owed, model.repeats_owed);
        assert_eq!(ledger.in_flight, model.unsettled.len() as u64);
        let held: usize = model.unsettled.values().sum();
        assert_eq!(self.window.held_bytes(), held);
        assert_eq!(self.window.has_room(), held < BUDGET);
        assert_eq!(self.window.is_settled(), model.unsettled.is_empty());
        assert_eq!(self.window.ackable() as u64, model.safe_ack() - model.acked_up_to);
        for &tag in model.unsettled.keys() {
            assert_eq!(self.window.held(self.id(tag)), Some(&tag));
        }
        self.compare_age();
    }

    fn compare_age(&self) {
        let now = self.start + Duration::from_secs(1_000);
        let oldest = self.model.acked_up_to + 1;
        let age = if oldest <= self.model.next_tag { 1_000 - oldest } else { 0 };
        assert_eq!(self.window.oldest_age(now), Duration::from_secs(age));
    }
}

/// As many as `DPP_RELAY_SCHEDULES` says, or what takes a second or two.
fn cases() -> u32 {
    const SCHEDULES: u32 = 10_000;
    std::env::var("DPP_RELAY_SCHEDULES").map_or(SCHEDULES, |count| count.parse().expect("a number of schedules"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_schedule_agrees_with_the_model(steps in prop::collection::vec(step(), 1..80)) {
        let mut pair = Pair::new();
        for step in steps {
            pair.play(&step);
        }
    }
}

#[test]
fn a_gap_holds_every_later_confirmation_back() {
    let mut window = Window::new(BUDGET);
    let generation = window.open();
    for tag in 1..=3 {
        window.admit(tag, 1, (), Instant::now()).unwrap();
    }
    for tag in [3, 2] {
        window.settle(DeliveryId { generation, tag }, Outcome::Confirmed);
    }
    assert_eq!(window.take_ack(1), None);
    window.settle(DeliveryId { generation, tag: 1 }, Outcome::Dead);
    assert_eq!(window.take_ack(1), Some(3));
}
