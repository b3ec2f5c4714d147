//! `dppctl run`: any Ansible playbook.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Stop;
use crate::cli::conduct::{Conduct, conduct, plan};
use crate::cli::invocation::Invocation;
use crate::cli::listing::{ListArgs, document};
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs, SelectionArgs};
use crate::exit::Exit;
use crate::ui::{Shows, Ui, answer_json};

/// Options of `run`.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Playbooks, in order
    #[arg(required = true, value_name = "PLAYBOOK")]
    playbooks: Vec<PathBuf>,
    #[command(flatten)]
    list: ListArgs,
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
    let conducted = Conduct {
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
    };
    if args.list.is_wanted() {
        let plan = plan(&invocation, &conducted)?;
        ui.problems(&plan.warnings);
        if ui.output.is_json() {
            answer_json(&ui, "dppctl.list/1", Exit::Ok, &document(&plan));
        } else {
            ui.answer(&args.list.text(&plan));
        }
        return Ok(Exit::Ok);
    }
    conduct(&mut invocation, &conducted, ui)
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

    #[test]
    fn a_run_is_listed_without_asking_a_host() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(at("hosts"), "[web]\nw1\nw2\n").unwrap();
        let site = "- name: pages\n  hosts: web\n  tags: site\n  tasks:\n    - {name: one, ping: {}, tags: [a]}\n\
                    \x20   - block:\n        - ping:\n      tags: b\n";
        std::fs::write(at("site.yml"), site).unwrap();
        let given = ["run", "--no-config", "--project", &at(""), "-i", &at("hosts"), "--list-tasks", &at("site.yml")];
        let line = Line::<RunArgs>::parse_from(given);
        let mut invocation = Invocation::read(&line.global, Some(&line.args.connection), None).unwrap();
        let how = crate::cli::options::HowArgs::default();
        let conducted = Conduct {
            command: "run",
            playbooks: line.args.playbooks.clone(),
            selection: &line.args.selection,
            how: &how,
            limit: None,
            review: &|_plan| Ok(()),
            lock: None,
            beside: None,
            shows: Shows::Story,
            with_changes: Exit::Ok,
            heed: None,
        };
        invocation.inventory.read_beside_playbook(folder.path(), &invocation.vault).unwrap();
        let listed = line.args.list.text(&plan(&invocation, &conducted).unwrap());
        assert_eq!(
            listed,
            "play #1 (web): pages\tTAGS: [site]\n  tasks:\n    one\tTAGS: [a, site]\n    ping\tTAGS: [b, site]\n"
        );
        assert_eq!(run(&line.global, &line.args, Ui::plain()).unwrap(), Exit::Ok);
    }
}
