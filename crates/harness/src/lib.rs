//! `dpp-harness` proves, or disproves, that `dpp-relay` loses nothing: it knows the relay only from outside.
//!
//! The map, from the ground up; a module uses what stands above it. The first block is pure.

pub mod dice;
pub mod message;
pub mod nemesis;

pub mod scrape;
pub mod wire;

pub mod evidence;
pub mod verdict;

pub mod proxy;

pub mod lab;
pub mod process;
pub mod publisher;
pub mod reader;
pub mod relay;
pub mod stage;

pub mod run;
pub mod trial;

pub mod mutants;
pub mod report;

pub mod bench;

pub mod cli;
