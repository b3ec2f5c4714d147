//! What is said about a message on its way, and what a refusal means for it.

use crate::window::DeliveryId;

/// What became of a record or of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// The sink has it, durably.
    Confirmed(DeliveryId),
    /// The dead letters have it, durably.
    Buried(DeliveryId),
    /// The sink does not take it.
    Refused {
        /// Which one.
        id: DeliveryId,
        /// What that means for it.
        verdict: Verdict,
    },
}

/// What is to be done about a record that the sink did not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is refused for what it is: it belongs to the dead letters.
    Poison(String),
    /// Its batch was refused; sent alone, the record will show whether it was the cause.
    Suspect,
    /// Nothing is wrong with the record: it is sent again later, and never put aside.
    Wait(String),
    /// This sink will not send anything any more; another one has to.
    Broken(String),
}
