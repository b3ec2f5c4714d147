//! Modules about the machine itself: its accounts, its kernel, its clock and what it says of itself.

pub mod account;
pub mod setup;
