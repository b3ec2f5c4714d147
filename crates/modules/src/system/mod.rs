//! Modules about the machine itself: its accounts, its kernel, its clock and what it says of itself.

pub mod account;
pub mod alternatives;
pub mod authorized_key;
mod connections;
pub mod cron;
pub mod filesystem;
pub mod getent;
pub mod group;
pub mod hostname;
pub mod iptables;
pub mod java_cert;
pub mod known_hosts;
pub mod listen_ports_facts;
pub mod locale_gen;
pub mod lvm;
pub mod modprobe;
pub mod mount;
pub mod pam_limits;
pub mod parted;
pub mod ping;
pub mod setup;
pub mod sysctl;
pub mod timezone;
pub(crate) mod tool;
pub mod ufw;
pub mod user;
pub mod wait_for;
