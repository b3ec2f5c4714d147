//! `make bench`: dppctl beside its peers and beside the floor, in one run, on hosts of the lab. Needs root.
//!
//! Only the ratios of one run are compared; the seconds belong to the machine they were taken on. What is measured, and
//! what the peers are told, lies beside this file; docs/performance.md explains the method and keeps the figures.
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on shall say so and stop")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its tables are its output, and what it waits for its news"
)]

mod contender;
mod converge;
mod floor;
mod growth;
mod hosts;
mod peers;
mod push;
mod report;
mod startup;
mod stopwatch;
mod table;
mod template;
mod workshop;

use crate::workshop::Workshop;

/// What can be measured; all of it unless some are named.
const PARTS: [(&str, fn(&Workshop)); 5] = [
    ("startup", startup::measure),
    ("template", template::measure),
    ("converge", converge::measure),
    ("push", push::measure),
    ("growth", growth::measure),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some((floor::NAME, hosts)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return floor::connect_all(hosts);
    }
    let parts: Vec<_> = PARTS
        .into_iter()
        .filter(|(name, _)| arguments.is_empty() || arguments.iter().any(|wanted| wanted == name))
        .collect();
    assert!(!parts.is_empty(), "the parts are {}", PARTS.map(|(name, _)| name).join(", "));
    let workshop = Workshop::open();
    workshop.report.tell(&workshop.machine());
    for (_, measure) in &parts {
        measure(&workshop);
    }
    if arguments.is_empty() {
        workshop.report.keep();
    }
}
