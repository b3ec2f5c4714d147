//! `dppctl plan`: what `deploy` would do, stage by stage, found out on the hosts without touching them.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::cli::conduct::{Conduct, conduct};
use crate::cli::deploy::{Deployment, TargetArgs};
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs, SelectionArgs};
use crate::cli::{Stop, saved_plan};
use crate::exit::Exit;
use crate::plan::Plan;
use crate::report::RunReport;
use crate::ui::{Shows, Ui};

/// Options of `plan`.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Exit with 3 when there is something to be done
    #[arg(long)]
    detailed_exitcode: bool,
    /// Keep the plan in this file, for `deploy FILE` to do just that or to refuse
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    out: Option<PathBuf>,
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
    let words = if args.out.is_some() { saved_plan::words()? } else { Vec::new() };
    let keep = |report: &RunReport| match &args.out {
        Some(path) => saved_plan::keep(path, &words, report, ui),
        None => Ok(()),
    };
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
            heed: Some(&keep),
        },
        ui,
    )
}
