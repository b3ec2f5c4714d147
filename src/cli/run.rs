//! `dppctl run`: any Ansible playbook.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Stop;
use crate::cli::conduct::{Conduct, conduct};
use crate::cli::invocation::Invocation;
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs, SelectionArgs};
use crate::exit::Exit;
use crate::ui::{Shows, Ui};

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
            lock: None,
            beside: None,
            shows: Shows::Story,
            with_changes: Exit::Ok,
            heed: None,
        },
        ui,
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::testing::Line;

    /// The first problem of a run of this playbook that is refused.
    fn refusal(playbook: &str, limit: &str) -> crate::source::Problem {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(at("hosts"), "[web]\nw1\n[db]\nd1\n").unwrap();
        std::fs::write(at("site.yml"), playbook).unwrap();
        let given = ["run", "--no-config", "--project", &at(""), "-i", &at("hosts"), "-l", limit, &at("site.yml")];
        let line = Line::<RunArgs>::parse_from(given);
        match run(&line.global, &line.args, Ui::plain()) {
            Err(Stop::Refused(mut problems)) => problems.remove(0),
            other => panic!("{playbook}: {other:?}"),
        }
    }

    #[test]
    fn a_limit_that_leaves_nobody_is_refused_and_holds_for_this_machine_too() {
        for hosts in ["web", "localhost"] {
            let playbook = format!("- hosts: {hosts}\n  gather_facts: false\n  tasks: [debug: msg=x]\n");
            assert_eq!(refusal(&playbook, "d1").message, "`d1` leaves no host of any play");
        }
    }
}
