//! End-to-end tests: the real binary against real hosts of the lab. Needs root; `make e2e` runs them.
#![expect(clippy::unwrap_used, reason = "a harness that cannot go on shall say so and stop")]

mod bad_input;
mod bad_packages;
mod bad_sources;
mod becoming;
mod bootstrap;
mod certificates;
mod commands;
mod containers;
mod converge;
mod debts;
mod deployed;
mod doctor;
mod encrypted;
mod extremes;
mod homes;
mod keywords;
mod killed;
mod lab;
mod locks;
mod modules;
mod passphrases;
mod past_runs;
mod patience;
mod plan;
mod rollback;
mod run;
mod same_machine;
mod sources;
mod upgrade;
mod vault;
mod volumes;
