//! A run in good order on paper, and each way to spoil it: exactly the invariant that is meant must be broken.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Invariant, Verdict};
use crate::evidence::{Disturbance, Evidence, Memory, Published, Record, Stop};
use crate::message::Messages;
use crate::scrape::Scrape;
use crate::wire::Sightings;

const COUNT: u64 = 1_000;
/// One is too large and one is no JSON.
const POISON: [u64; 2] = [500, 700];

fn record(number: u64) -> Record {
    let key = Messages::key(number);
    Record { number, partition: (number % 3) as i32, key: Some(key), redelivered: false, intact: true }
}

/// A thousand messages, one disturbance with three of them in flight.
fn good() -> Evidence {
    let again = [40, 41, 42];
    let records = (0..COUNT).filter(|number| !POISON.contains(number)).map(record);
    let repeated = again.map(|number| Record { redelivered: true, ..record(number) });
    let delivered = COUNT + again.len() as u64;
    let end = Scrape { received: delivered, confirmed: delivered - 2, dead: 2, repeats_owed: 3, ..Scrape::default() };
    Evidence {
        messages: Messages::of("r", true),
        published: (0..COUNT).map(|number| (number, Published { times: 1, confirmed: true })).collect(),
        records: records.chain(repeated).collect(),
        letters: POISON.map(|number| (number, true)).to_vec(),
        strangers: 0,
        left: 0,
        wires: Sightings { delivered, acknowledged: COUNT, confirmed: COUNT, ..Sightings::default() },
        scrapes: vec![vec![Scrape { received: 5, in_flight: 5, ..Scrape::default() }, end]],
        disturbances: vec![Disturbance {
            name: "RabbitMQ cut".to_owned(),
            repeats: true,
            recovery: Some(Duration::from_secs(1)),
            busy: Some(0.01),
            ..Disturbance::default()
        }],
        stops: vec![Stop { took: Duration::from_secs(1), clean: true }],
        memory: Memory { base: 20 << 20, peak: 40 << 20 },
        window: 3,
        silences: 0,
    }
}

/// Spoils the good run and says what is broken then.
fn broken(spoil: impl FnOnce(&mut Evidence)) -> Vec<Invariant> {
    let mut evidence = good();
    spoil(&mut evidence);
    Verdict::of(&evidence).broken()
}

#[test]
fn a_run_in_good_order_breaks_nothing_and_shows_everything() {
    let verdict = Verdict::of(&good());
    assert_eq!(verdict.broken(), [], "{verdict}");
    assert!(!verdict.to_string().contains("not shown"), "{verdict}");
}

#[test]
fn what_is_missing_is_lost_unless_rabbitmq_never_confirmed_it() {
    assert_eq!(broken(|run| run.records.retain(|record| record.number != 7)), [Invariant::NoLoss]);
    assert_eq!(broken(|run| run.left = 1), [Invariant::NoLoss]);
    let unconfirmed = broken(|run| {
        run.records.retain(|record| record.number != 7);
        run.published.insert(7, Published { times: 1, confirmed: false });
    });
    assert_eq!(unconfirmed, []);
}

#[test]
fn what_nobody_published_is_invented() {
    assert_eq!(broken(|run| run.records.push(record(COUNT + 300))), [Invariant::NoInvention]);
    assert_eq!(broken(|run| run.strangers = 1), [Invariant::NoInvention]);
}

#[test]
fn what_was_changed_is_damaged() {
    assert_eq!(broken(|run| run.records[7].intact = false), [Invariant::Integrity]);
    assert_eq!(broken(|run| run.letters[0].1 = false), [Invariant::Integrity]);
}

#[test]
fn more_copies_than_were_in_flight_and_unmarked_ones_are_too_many() {
    let one_more = |run: &mut Evidence| run.records.push(Record { redelivered: true, ..record(50) });
    assert_eq!(broken(one_more), [Invariant::BoundedDuplication]);
    assert_eq!(broken(|run| run.disturbances[0].repeats = false), [Invariant::BoundedDuplication]);
    let unmarked = |run: &mut Evidence| run.records.iter_mut().for_each(|record| record.redelivered = false);
    assert_eq!(broken(unmarked), [Invariant::BoundedDuplication]);
    let published_twice = broken(|run| {
        one_more(run);
        run.published.insert(50, Published { times: 2, confirmed: true });
    });
    assert_eq!(published_twice, []);
}

#[test]
fn each_key_keeps_its_order_unless_kafka_refused_records() {
    // Four keys, three partitions: 0 and 12 are neighbours.
    let swap = |run: &mut Evidence| run.records.swap(0, 12);
    assert_eq!(broken(swap), [Invariant::Order]);
    let refused = |run: &mut Evidence| {
        swap(run);
        run.disturbances[0].refuses = true;
    };
    assert_eq!(broken(refused), []);
    assert_eq!(broken(|run| run.records[0].key = Some("k5".to_owned())), [Invariant::Order]);
    assert_eq!(broken(|run| run.records.swap(0, 1)), [], "two keys know nothing of each other");
}

#[test]
fn an_early_acknowledgement_is_told() {
    let early = |run: &mut Evidence| {
        run.wires.early_count = 1;
        run.wires.early.push("message 7".to_owned());
    };
    assert_eq!(broken(early), [Invariant::AckSafety]);
}

#[test]
fn slow_recovery_no_recovery_and_spinning_are_no_life() {
    for recovery in [None, Some(Duration::from_secs(31))] {
        assert_eq!(broken(|run| run.disturbances[0].recovery = recovery), [Invariant::Liveness]);
    }
    assert_eq!(broken(|run| run.disturbances[0].busy = Some(0.5)), [Invariant::Liveness]);
}

#[test]
fn memory_beyond_the_budget_is_too_much() {
    assert_eq!(broken(|run| run.memory.peak = 200 << 20), [Invariant::Memory]);
}

#[test]
fn counts_that_do_not_add_up_or_are_not_those_of_the_wire_are_wrong() {
    assert_eq!(broken(|run| run.scrapes[0][0].received = 6), [Invariant::Ledger]);
    let adds_up_but_counts_more = |run: &mut Evidence| {
        let last = &mut run.scrapes[0][1];
        (last.received, last.confirmed) = (last.received + 1, last.confirmed + 1);
    };
    assert_eq!(broken(adds_up_but_counts_more), [Invariant::Ledger]);
    let another_process = |run: &mut Evidence| run.scrapes.insert(0, Vec::new());
    assert_eq!(broken(another_process), []);
}

#[test]
fn a_late_and_an_unclean_stop_are_told() {
    assert_eq!(broken(|run| run.stops[0].took = Duration::from_mins(1)), [Invariant::Shutdown]);
    assert_eq!(broken(|run| run.stops[0].clean = false), [Invariant::Shutdown]);
}

#[test]
fn poison_without_a_letter_in_the_topic_or_with_too_many_letters_is_told() {
    assert_eq!(broken(|run| run.letters.truncate(1)), [Invariant::NoLoss, Invariant::Poison]);
    assert_eq!(broken(|run| run.letters.push((7, true))), [Invariant::Poison]);
    assert_eq!(broken(|run| run.letters.extend([(500, true); 2])), [Invariant::Poison]);
    assert_eq!(broken(|run| run.records.push(record(500))), [Invariant::Order, Invariant::Poison]);
}

#[test]
fn a_run_without_messages_shows_nothing() {
    let verdict = Verdict::of(&Evidence {
        published: BTreeMap::new(),
        records: Vec::new(),
        letters: Vec::new(),
        wires: Sightings::default(),
        scrapes: Vec::new(),
        disturbances: Vec::new(),
        stops: Vec::new(),
        memory: Memory::default(),
        ..good()
    });
    assert_eq!(verdict.to_string().matches("not shown").count(), 7, "{verdict}");
}
