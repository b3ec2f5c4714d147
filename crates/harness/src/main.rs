//! The edge of the harness: arguments in, words to the terminal, exit code out.

use std::process::ExitCode;

use clap::Parser;
use dpp_harness::cli::Cli;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the edge of the process")]
#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().execute(|words| println!("{words}")).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
