//! Modules about the machine itself: its accounts, its kernel, its clock and what it says of itself.

pub mod account;
pub mod authorized_key;
mod connections;
pub mod getent;
pub mod group;
pub mod hostname;
pub mod listen_ports_facts;
pub mod ping;
pub mod setup;
pub mod sysctl;
mod tool;
pub mod user;
pub mod wait_for;
