//! What is where: loss, invention, damage, duplicates, dead letters.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, shown};
use crate::evidence::{Evidence, Record};

pub(super) fn loss(evidence: &Evidence) -> Finding {
    let found = found(evidence);
    let confirmed = evidence.published.iter().filter(|(_, published)| published.confirmed);
    let lost: Vec<u64> = confirmed.map(|(number, _)| *number).filter(|number| !found.contains(number)).collect();
    let words = format!("{} confirmed, {} lost, {} left in the queue", evidence.confirmed(), lost.len(), evidence.left);
    if evidence.confirmed() == 0 {
        return Finding::NotShown(words);
    }
    if lost.is_empty() {
        Finding::unless(evidence.left > 0, words)
    } else {
        Finding::Broken(words + ": " + &shown(&lost))
    }
}

pub(super) fn invention(evidence: &Evidence) -> Finding {
    let unknown: Vec<u64> =
        found(evidence).into_iter().filter(|number| !evidence.published.contains_key(number)).collect();
    let words = format!("{} never published, {} without a name {}", unknown.len(), evidence.strangers, shown(&unknown));
    Finding::unless(!unknown.is_empty() || evidence.strangers > 0, words.trim_end().to_owned())
}

pub(super) fn integrity(evidence: &Evidence) -> Finding {
    let records = evidence.records.iter().filter(|record| !record.intact).map(|record| record.number);
    let letters = evidence.letters.iter().filter(|(_, intact)| !intact).map(|(number, _)| *number);
    let damaged: Vec<u64> = records.chain(letters).collect();
    let of = evidence.records.len() + evidence.letters.len();
    let words = format!("{} of {of} damaged {}", damaged.len(), shown(&damaged));
    Finding::unless(!damaged.is_empty(), words.trim_end().to_owned())
}

pub(super) fn duplication(evidence: &Evidence) -> Finding {
    let mut copies: BTreeMap<u64, Vec<&Record>> = BTreeMap::new();
    for record in &evidence.records {
        copies.entry(record.number).or_default().push(record);
    }
    let extra = |number: &u64, copies: &Vec<&Record>| {
        let times = evidence.published.get(number).map_or(1, |published| published.times.max(1));
        (copies.len() as u64).saturating_sub(times)
    };
    let duplicates: u64 = copies.iter().map(|(number, copies)| extra(number, copies)).sum();
    let is_unmarked = |(number, copies): &(&u64, &Vec<&Record>)| {
        extra(number, copies) > 0 && !copies.iter().any(|copy| copy.redelivered)
    };
    let unmarked: Vec<u64> = copies.iter().filter(is_unmarked).map(|(number, _)| *number).collect();
    let faults = evidence.disturbances.iter().filter(|disturbance| disturbance.repeats).count() as u64;
    let bound = faults * evidence.window;
    let words = format!(
        "{duplicates} duplicates, {bound} allowed ({faults} disturbances x {}), {} unmarked {}",
        evidence.window,
        unmarked.len(),
        shown(&unmarked)
    );
    Finding::unless(duplicates > bound || !unmarked.is_empty(), words.trim_end().to_owned())
}

pub(super) fn poison(evidence: &Evidence) -> Finding {
    let is_poison = |number: &u64| evidence.messages.class(*number).is_poison();
    let mut letters: BTreeMap<u64, u64> = BTreeMap::new();
    for (number, _) in &evidence.letters {
        *letters.entry(*number).or_default() += 1;
    }
    let confirmed = evidence.published.iter().filter(|(_, published)| published.confirmed);
    let poison: BTreeSet<u64> = confirmed.map(|(number, _)| *number).filter(is_poison).collect();
    if poison.is_empty() && letters.is_empty() {
        return Finding::NotShown("no poison was published".to_owned());
    }
    let forgotten: Vec<u64> = poison.iter().copied().filter(|number| !letters.contains_key(number)).collect();
    let sound: Vec<u64> = letters.keys().copied().filter(|number| !is_poison(number)).collect();
    let let_through = evidence.records.iter().filter(|record| is_poison(&record.number)).count();
    let faults = evidence.disturbances.iter().filter(|disturbance| disturbance.repeats).count() as u64;
    let repeated: Vec<u64> = letters
        .iter()
        .filter(|(number, times)| **times > evidence.published.get(number).map_or(1, |it| it.times.max(1)) + faults)
        .map(|(number, _)| *number)
        .collect();
    let words = format!(
        "{} poisonous, {} without a letter, {} sound ones with one, {} in the topic, {} with too many letters",
        poison.len(),
        forgotten.len(),
        sound.len(),
        let_through,
        repeated.len()
    );
    let any = let_through > 0 || [&forgotten, &sound, &repeated].iter().any(|numbers| !numbers.is_empty());
    Finding::unless(any, words)
}

/// What is in Kafka or in the dead letters.
fn found(evidence: &Evidence) -> BTreeSet<u64> {
    let records = evidence.records.iter().map(|record| record.number);
    records.chain(evidence.letters.iter().map(|(number, _)| *number)).collect()
}
