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
    let conducted = conducted(global, args);
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

fn conducted<'a>(global: &'a Global, args: &'a RunArgs) -> Conduct<'a> {
    Conduct {
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
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::testing::Line;
    use crate::plan::{Plan, Strategy};

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

    const SITE: &str = "- name: pages\n  hosts: web\n  tags: site\n  tasks:\n    - {name: one, ping: {}, tags: [a]}\n\
                        \x20   - block:\n        - ping:\n      tags: b\n";

    /// The plan of a run of SITE with these options, and the line that asks for it.
    fn planned(options: &[&str]) -> Result<(Plan, Line<RunArgs>), Stop> {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(at("hosts"), "[web]\nw1\nw2\nw3\n").unwrap();
        std::fs::write(at("site.yml"), SITE).unwrap();
        let (project, hosts, site) = (at(""), at("hosts"), at("site.yml"));
        let given = ["run", "--no-config", "--project", &project, "-i", &hosts, &site];
        let line = Line::<RunArgs>::parse_from(given.into_iter().chain(options.iter().copied()));
        let mut invocation = Invocation::read(&line.global, Some(&line.args.connection), None)?;
        invocation.inventory.read_beside_playbook(folder.path(), &invocation.vault)?;
        let plan = plan(&invocation, &conducted(&line.global, &line.args))?;
        if line.args.list.is_wanted() {
            assert_eq!(run(&line.global, &line.args, Ui::plain())?, Exit::Ok);
        }
        Ok((plan, line))
    }

    fn listed(options: &[&str]) -> String {
        let (plan, line) = planned(options).unwrap();
        line.args.list.text(&plan)
    }

    #[test]
    fn a_run_is_listed_without_asking_a_host() {
        assert_eq!(
            listed(&["--list-tasks"]),
            "play #1 (web): pages\tTAGS: [site]\n  tasks:\n    one\tTAGS: [a, site]\n    ping\tTAGS: [b, site]\n"
        );
    }

    #[test]
    fn a_run_begins_at_a_task_that_there_is() {
        let rest = "play #1 (web): pages\tTAGS: [site]\n  tasks:\n    ping\tTAGS: [b, site]\n";
        for name in ["ping", "p*g"] {
            assert_eq!(listed(&["--list-tasks", "--start-at-task", name]), rest);
        }
        let Err(Stop::Refused(problems)) = planned(&["--start-at-task", "onne"]) else {
            panic!("there is no such task")
        };
        assert_eq!(problems[0].message, "no task is called `onne`");
        assert_eq!(problems[0].help.as_deref(), Some("did you mean `one`?"));
    }

    #[test]
    fn the_command_line_stands_above_what_a_play_says() {
        let (plan, _) = planned(&["--serial", "1,100%", "--strategy", "free", "--max-fail-percentage", "30%"]).unwrap();
        let play = &plan.plays[0];
        assert_eq!((play.batches.as_slice(), play.strategy), ([1, 2].as_slice(), Strategy::Free));
        assert_eq!(play.manner.max_fail_percentage, Some(30.0));
        let Err(Stop::Refused(problems)) = planned(&["--serial", "x"]) else { panic!("x is no size") };
        assert_eq!(problems[0].message, "`serial` wants numbers or percentages");
    }
}
