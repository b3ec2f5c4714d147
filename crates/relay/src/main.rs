//! The edge of the process: arguments in, words to the terminal, exit code out.

use std::process::ExitCode;

use clap::Parser;
use dpp_relay::cli::{Cli, CliError, Done};

/// sysexits' `EX_CONFIG`; the unit does not restart on it.
const BAD_CONFIG: u8 = 78;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the edge of the process")]
fn main() -> ExitCode {
    match Cli::parse().execute() {
        Ok(Done::Checked(sentence)) => println!("{sentence}"),
        Ok(Done::Partly(sentence)) => {
            println!("{sentence}");
            return ExitCode::FAILURE;
        }
        Ok(Done::Stopped | Done::StoppedWithHandBack) => {}
        Err(error) => {
            eprintln!("error: {error}");
            return if matches!(error, CliError::Config(_) | CliError::Table(_)) {
                BAD_CONFIG.into()
            } else {
                ExitCode::FAILURE
            };
        }
    }
    ExitCode::SUCCESS
}
