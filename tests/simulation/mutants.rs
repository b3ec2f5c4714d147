//! Mistakes that are made on purpose, one at a time: a simulation that never finds anything proves nothing. None of them is in
//! the shipped code; they are made between it and the world.

use crate::soak::{COUNT, first_failure};

/// One mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// What is replaced is written down when it has been replaced.
    JournalAfterTheAct,
    /// A change that owes a restart does not write that down.
    DebtDropped,
    /// It does, when the change was made.
    DebtAfterTheAct,
    /// Debts are written down, and not forced onto the disk.
    DebtsNotOnTheDisk,
    /// A run that is alive loses its lock, since nothing keeps it alive.
    LockWithoutHeartbeat,
    /// The lock of a run that died is nobody's to take.
    LockOutlivesItsHolder,
    /// A change is made again from what was seen before it was made.
    ChangeWithoutALook,
    /// Those who tell events are not told what is secret.
    SecretsAreTold,
}

/// All of them, each with a word of what the simulation says of it.
const MUTANTS: [(Mutant, &str); 8] = [
    (Mutant::JournalAfterTheAct, "not written down"),
    (Mutant::DebtDropped, "nobody owes it a restart"),
    (Mutant::DebtAfterTheAct, "nobody owes it a restart"),
    (Mutant::DebtsNotOnTheDisk, "nobody owes it a restart"),
    (Mutant::LockWithoutHeartbeat, "without the lock"),
    (Mutant::LockOutlivesItsHolder, "does not come to its end"),
    (Mutant::ChangeWithoutALook, "twice"),
    (Mutant::SecretsAreTold, "a secret"),
];

#[test]
fn every_mistake_that_is_made_on_purpose_is_found() {
    for (mutant, word) in MUTANTS {
        let found = first_failure(0, COUNT, Some(mutant)).unwrap_or_else(|| panic!("{mutant:?} was not found"));
        assert!(found.what.contains(word), "{mutant:?} was found as something else: {found}");
    }
}
