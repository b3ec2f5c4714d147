//! `dpp-relay` with one mistake, named by the variable `DPP_RELAY_MUTANT`, for the harness. Not shipped.

#![expect(clippy::print_stderr, reason = "a tool for tests, made of its edge alone")]

use std::env;
use std::process::ExitCode;

use clap::Parser;
use dpp_relay::cli::Cli;
use dpp_relay::mutant::Mistake;

fn main() -> ExitCode {
    let name = env::var("DPP_RELAY_MUTANT").unwrap_or_default();
    if !Mistake::begin(&name) {
        let known: Vec<&str> = Mistake::ALL.iter().map(|(name, _)| *name).collect();
        eprintln!("error: DPP_RELAY_MUTANT is `{name}`, which is none of {}", known.join(", "));
        return ExitCode::FAILURE;
    }
    match Cli::parse().execute() {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
