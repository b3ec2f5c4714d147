//! The command line: one file a command, arguments in, exit code out.

mod ask;
mod canary;
mod candidates;
mod completions;
mod conduct;
mod connectors;
mod deploy;
mod doctor;
mod empty_play;
mod exec;
mod extra_vars;
mod facts;
mod groups;
mod growing;
mod help_topics;
#[cfg(test)]
mod hints;
mod host_keys;
mod init;
mod inventory;
mod invocation;
mod layout;
mod lint;
mod listing;
mod lock;
mod logs;
mod man;
mod next;
mod options;
mod overrides;
mod packages;
mod passphrases;
mod passwords;
mod plan;
mod prompts;
mod reach;
mod render;
mod resume;
mod roles;
mod rollback;
mod run;
mod runs;
mod saved_plan;
mod shipped;
mod signals;
mod sources;
mod status;
#[cfg(test)]
mod testing;
mod ticket;
mod typed;
mod unused;
mod upgrade;
mod vault;
mod verify;
mod version;
mod watch;
mod ways;
mod written;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::exit::Exit;
use crate::ui::Ui;

use options::Global;

/// Takes bare Debian and Ubuntu hosts to a running, verified log pipeline, and keeps it upgraded
#[derive(Debug, Parser)]
#[command(
    name = "dppctl",
    bin_name = "dppctl",
    version,
    max_term_width = 100,
    after_help = "dppctl help exit-codes explains how it ends.",
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
    /// Begin a project, or look what one of Ansible needs
    Init(init::InitArgs),
    /// Look what deploy would do, without touching anything
    #[command(alias = "check")]
    Plan(plan::PlanArgs),
    /// Bring hosts to a running pipeline
    #[command(visible_alias = "apply")]
    Deploy(deploy::DeployArgs),
    /// Take a running pipeline to another version, node by node
    Upgrade(upgrade::UpgradeArgs),
    /// Bring hosts back to how they were before a run
    Rollback(rollback::RollbackArgs),
    /// Tell what each stage of the pipeline does right now
    Status(status::StatusArgs),
    /// Show what the pipeline's services write into their journals, as one stream
    Logs(logs::LogsArgs),
    /// Send marked messages through the pipeline and follow them hop by hop
    Verify(verify::VerifyArgs),
    /// See and change what Kafka Connect runs
    #[command(subcommand)]
    Connectors(connectors::ConnectorsCommand),
    /// Run Ansible playbooks
    Run(run::RunArgs),
    /// Look whether hosts can be worked on; puts only dppctl's own agent on them
    Doctor(doctor::DoctorArgs),
    /// Look whether hosts can be reached: doctor --only reach
    #[command(hide = true)]
    Ping(doctor::PingArgs),
    /// See what earlier runs did
    #[command(subcommand)]
    Runs(runs::RunsCommand),
    /// See which run has the hosts, and release those of one that is lost
    #[command(subcommand)]
    Lock(lock::LockCommand),
    /// Find mistakes in playbooks, roles, templates and inventory
    #[command(alias = "validate")]
    Lint(lint::LintArgs),
    /// Show hosts, groups and where variables come from
    Inventory(inventory::InventoryArgs),
    /// Show what is known of hosts
    Facts(facts::FactsArgs),
    /// Show a role's template as a host would get it
    Render(render::RenderArgs),
    /// Run one command on hosts
    Exec(exec::ExecArgs),
    /// Bring roles of other people into the project
    Roles(roles::RolesArgs),
    /// Encrypt and decrypt files and values as ansible-vault does
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    /// Show the version
    Version,
    /// Print what a shell completes
    Completions(completions::CompletionsArgs),
    /// Print or write the manual
    Man(man::ManArgs),
}

/// Parses the command line, does the command, returns how it went.
pub fn main() -> Exit {
    if completions::answered() {
        return Exit::Ok;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some(exit) = help_topics::topic(&words, Ui::plain()) {
        return exit;
    }
    let cli = match parsed() {
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

fn parsed() -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    unused::refuse(&command, &matches)?;
    Cli::from_arg_matches(&matches)
}

fn dispatch(cli: &Cli, ui: Ui) -> Result<Exit, Stop> {
    match &cli.command {
        Command::Packages(args) => packages::run(&cli.global, args, ui),
        Command::Plan(args) => plan::plan(&cli.global, args, ui),
        Command::Deploy(args) => deploy::deploy(&cli.global, args, ui),
        Command::Upgrade(args) => upgrade::upgrade(&cli.global, args, ui),
        Command::Rollback(args) => rollback::rollback(&cli.global, args, ui),
        Command::Status(args) => status::status(&cli.global, args, ui),
        Command::Logs(args) => logs::logs(&cli.global, args, ui),
        Command::Verify(args) => verify::verify(&cli.global, args, ui),
        Command::Connectors(command) => connectors::connectors(&cli.global, command, ui),
        Command::Run(args) => run::run(&cli.global, args, ui),
        Command::Init(args) => init::begin(&cli.global, args, ui),
        Command::Doctor(args) => doctor::doctor(&cli.global, args, ui),
        Command::Ping(args) => doctor::ping(&cli.global, args, ui),
        Command::Runs(command) => runs::runs(&cli.global, command, ui),
        Command::Lock(command) => lock::lock(&cli.global, command, ui),
        Command::Lint(args) => lint::lint(&cli.global, args, ui),
        Command::Render(args) => render::render(&cli.global, args, ui),
        Command::Inventory(args) => inventory::inventory(&cli.global, args, ui),
        Command::Facts(args) => facts::facts(&cli.global, args, ui),
        Command::Exec(args) => exec::exec(&cli.global, args, ui),
        Command::Roles(args) => roles::roles(&cli.global, args, ui),
        Command::Vault(command) => vault::vault(&cli.global, command, ui),
        Command::Version => version::version(&cli.global, ui),
        Command::Completions(args) => completions::completions(args, ui),
        Command::Man(args) => man::man(args, ui),
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
        let (words, help, exit) = match self {
            Self::Refused(problems) => {
                ui.refusal(&problems);
                return Exit::Refused;
            }
            Self::Trouble(words) => (words, None, Exit::Internal),
            Self::Unreachable(words) => (words, None, Exit::Unreachable),
            Self::Unwell(words, help) => (words, help, Exit::Unhealthy),
            Self::Declined(words) => (words, None, Exit::Declined),
        };
        ui.stopped(&words, help.as_deref(), exit);
        exit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_option_of_any_command_clashes_with_another() {
        Cli::command().debug_assert();
    }
}
