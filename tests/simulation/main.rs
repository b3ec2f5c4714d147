//! A whole run, simulated from a seed: cuts, kills, loss of power, full disks, hosts that are away and a second run at once, and
//! what must hold all the same.
//!
//! What runs is the shipped code: plan, engine with its machines, look-ahead, debts and report, the near end of the transport,
//! the modules with survey, apply, journal, debts and lock. Played are a host's disk (`disk`, `calls`: a process can be killed
//! at every call that changes something, and a loss of power takes what was not synced), the wire, the agent's loop around its
//! modules (`agent`), and a service manager (`products`). The command line is not there.
//!
//! What is interleaved, by the seed: the jobs of machines (a request and its answer is one step, so two hosts are never in the
//! middle of something at the same moment), two runs at once (they hand over between such steps), and agents that go on when
//! their connection is gone. What is not: threads inside of `dppctl`, since machines take turns here instead of having one
//! each; pushed files; time, which passes nowhere but in the shipped lock's few seconds, played as turns.
//!
//! `SIMULATION="100000 7" cargo test --test simulation -- schedules` plays so many schedules from that seed on.

mod agent;
mod baton;
mod calls;
mod chance;
mod controller;
mod disk;
mod invariants;
mod mutants;
mod process;
mod products;
mod project;
mod schedule;
mod soak;
mod wire;
mod world;

use schedule::Schedule;
use soak::{COUNT, first_failure, play};

/// How many schedules are played, and from which seed on.
fn asked() -> (u64, u64) {
    let asked = std::env::var("SIMULATION").unwrap_or_default();
    let mut words = asked.split_whitespace().map(|word| word.parse().expect("SIMULATION wants COUNT SEED"));
    (words.next().unwrap_or(COUNT), words.next().unwrap_or(0))
}

#[test]
fn schedules_break_nothing() {
    let (count, first) = asked();
    if let Some(broken) = first_failure(first, count, None) {
        panic!("{broken}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..30 {
        let schedule = Schedule::of(seed);
        let (one, other) = (play(&schedule, None).trace, play(&schedule, None).trace);
        assert_eq!(one.join("\n"), other.join("\n"), "seed {seed}: {schedule}");
    }
}
