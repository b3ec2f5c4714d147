//! `dppctl plan`: what `deploy` would do, stage by stage, found out on the hosts without touching them.

use clap::Args;

use crate::cli::Stop;
use crate::cli::conduct::{Conduct, conduct};
use crate::cli::deploy::{Deployment, TargetArgs};
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs, SelectionArgs};
use crate::exit::Exit;
use crate::plan::Plan;
use crate::ui::{Shows, Ui};

/// Options of `plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Exit with 3 when there is something to be done
    #[arg(long)]
    detailed_exitcode: bool,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn plan(global: &Global, args: &PlanArgs, ui: Ui) -> Result<Exit, Stop> {
    let how = HowArgs { check: true, ..args.how.clone() };
    let Deployment { mut invocation, playbook, only, nobody } =
        Deployment::read(global, &args.target, &how, &args.privilege, &args.connection)?;
    let review = |plan: &mut Plan| Deployment::narrow(only, nobody.as_ref(), plan);
    conduct(
        &mut invocation,
        &Conduct {
            command: "plan",
            playbooks: vec![playbook],
            selection: &args.selection,
            how: &how,
            limit: global.limit.as_deref(),
            review: &review,
            lock: None,
            beside: None,
            shows: Shows::Plan,
            with_changes: if args.detailed_exitcode { Exit::Changes } else { Exit::Ok },
        },
        ui,
    )
}
