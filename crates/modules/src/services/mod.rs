//! Modules about services, spoken of with systemd over its socket; no `systemctl` is started for a question.

pub mod bus;
pub mod journal;
pub mod manager;
mod output;
pub mod service;
pub mod service_facts;
pub mod systemd;
pub mod unit;
pub mod unit_files;
pub mod unit_status;
pub mod vigil;
pub mod watch;
