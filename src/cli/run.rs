//! `dppctl run`: any Ansible playbook.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Stop;
use crate::cli::conduct::{Conduct, conduct};
use crate::cli::invocation::Invocation;
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs, SelectionArgs};
use crate::exit::Exit;
use crate::ui::Ui;

/// Options of `run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Playbooks, in order
    #[arg(required = true, value_name = "PLAYBOOK")]
    playbooks: Vec<PathBuf>,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn run(global: &Global, args: &RunArgs, ui: Ui) -> Result<Exit, Stop> {
    let mut invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
    conduct(
        &mut invocation,
        &Conduct {
            command: "run",
            playbooks: args.playbooks.clone(),
            selection: &args.selection,
            how: &args.how,
            limit: global.limit.as_deref(),
            review: &|_plan| Ok(()),
        },
        ui,
    )
}
