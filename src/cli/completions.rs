//! `dppctl completions`: what a shell completes, as a script for it.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::exit::Exit;
use crate::ui::Ui;

/// Options of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

pub(super) fn completions(args: &CompletionsArgs, ui: Ui) -> Exit {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "dppctl", &mut script);
    ui.answer(&String::from_utf8_lossy(&script));
    Exit::Ok
}
