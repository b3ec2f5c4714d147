//! The command line: one file a command, arguments in, exit code out.

mod conduct;
mod connectors;
mod deploy;
mod invocation;
mod layout;
mod options;
mod packages;
mod run;
mod shipped;
mod status;
mod verify;

use clap::{Parser, Subcommand};

use crate::exit::Exit;
use crate::ui::Ui;

pub use options::Global;

/// Takes bare Debian and Ubuntu hosts to a running, verified log pipeline, and keeps it upgraded
#[derive(Debug, Parser)]
#[command(
    name = "dppctl",
    bin_name = "dppctl",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lock, fetch and list the files a project is made of
    Packages(packages::PackagesArgs),
    /// Bring hosts to a running pipeline
    #[command(visible_alias = "apply")]
    Deploy(deploy::DeployArgs),
    /// Tell what each stage of the pipeline does right now
    Status(status::StatusArgs),
    /// Send marked messages through the pipeline and follow them hop by hop
    Verify(verify::VerifyArgs),
    /// See and change what Kafka Connect runs
    #[command(subcommand)]
    Connectors(connectors::ConnectorsCommand),
    /// Run Ansible playbooks
    Run(run::RunArgs),
}

/// Parses the command line, does the command, returns how it went.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    let ui = cli.global.ui();
    match dispatch(&cli, ui) {
        Ok(exit) => exit,
        Err(stop) => stop.tell(&ui),
    }
}

fn dispatch(cli: &Cli, ui: Ui) -> Result<Exit, Stop> {
    match &cli.command {
        Command::Packages(args) => packages::run(&cli.global, args, ui),
        Command::Deploy(args) => deploy::deploy(&cli.global, args, ui),
        Command::Status(args) => status::status(&cli.global, args, ui),
        Command::Verify(args) => verify::verify(&cli.global, args, ui),
        Command::Connectors(command) => connectors::connectors(&cli.global, command, ui),
        Command::Run(args) => run::run(&cli.global, args, ui),
    }
}

/// Why a command did not even begin.
#[derive(Debug)]
pub enum Stop {
    /// What somebody wrote is wrong; nothing was touched.
    Refused(crate::source::Problems),
    /// This machine, or we.
    Trouble(String),
    /// A question met no terminal, or a no.
    Declined(String),
    /// A host that is needed before all others is out of reach.
    Unreachable(String),
    /// A product that is needed before all others does not do its work; with a word about what to do.
    Unwell(String, Option<String>),
}

impl From<crate::source::Problems> for Stop {
    fn from(problems: crate::source::Problems) -> Self {
        Self::Refused(problems)
    }
}

impl From<crate::source::Problem> for Stop {
    fn from(problem: crate::source::Problem) -> Self {
        Self::Refused(vec![problem])
    }
}

impl Stop {
    fn tell(self, ui: &Ui) -> Exit {
        match self {
            Self::Refused(problems) => {
                ui.problems(&problems);
                Exit::Refused
            }
            Self::Trouble(words) => {
                ui.trouble(&words);
                Exit::Internal
            }
            Self::Unreachable(words) => {
                ui.trouble(&words);
                Exit::Unreachable
            }
            Self::Unwell(words, help) => {
                ui.trouble(&words);
                if let Some(help) = help {
                    ui.story(&format!("help: {help}"));
                }
                Exit::Unhealthy
            }
            Self::Declined(words) => {
                ui.trouble(&words);
                Exit::Declined
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn no_option_of_any_command_clashes_with_another() {
        Cli::command().debug_assert();
    }
}
