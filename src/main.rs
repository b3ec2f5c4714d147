//! The edge of the programme: run the command line, return its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    dppctl::cli::main().into()
}
