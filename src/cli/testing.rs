//! A command line for the tests of a command: its own options and the global ones.

use clap::{Args, Parser};

use crate::cli::options::Global;

/// The words of one command.
#[derive(Parser)]
pub(super) struct Line<A: Args> {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(flatten)]
    pub(super) args: A,
}
