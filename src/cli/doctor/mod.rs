//! `dppctl doctor`: can the hosts be worked on? It looks at reach, sudo, system, disk, memory, clock and ports, and
//! changes nothing.

mod health;

use clap::Args;
use dpp_protocol::Answer;
use serde_json::json;

use crate::cli::invocation::Invocation;
use crate::cli::options::{ConnectionArgs, Global, PrivilegeArgs};
use crate::cli::{Stop, reach};
use crate::engine::{Errand, Errands};
use crate::event::now;
use crate::exit::Exit;
use crate::ui::{Table, Ui, answer_json};

use health::{Clock, Health, ports};

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Hosts and groups; all when none is named
    #[arg(value_name = "HOSTS")]
    pattern: Option<String>,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn doctor(global: &Global, args: &DoctorArgs, ui: Ui) -> Result<Exit, Stop> {
    let invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
    let hosts = reach::hosts(&invocation, args.pattern.as_deref(), global.limit.as_deref())?;
    let mut errands = reach::errands(&invocation)?;
    let healths = examine(&mut errands, &hosts);
    let exit = healths.iter().map(Health::exit).max().unwrap_or(Exit::Ok);
    if ui.output.is_json() {
        answer_json(&ui, "dppctl.doctor/1", exit, &json!({"hosts": healths}));
    } else {
        ui.answer(&table(&healths));
        healths.iter().flat_map(Health::lines).for_each(|line| ui.story(&line));
        ui.story(&verdict(&healths, exit));
    }
    Ok(exit)
}

/// Three rounds: facts, then root's view, then the clock over sessions that are open already.
fn examine(errands: &mut Errands, hosts: &[String]) -> Vec<Health> {
    let all = |as_root: bool, module: &'static str, params: serde_json::Value| -> Vec<Errand> {
        let errand = |host: &String| Errand { as_root, ..Errand::new(host, module, params.clone()) };
        hosts.iter().map(errand).collect()
    };
    let mut ask = |round: &[Errand]| -> Vec<Answer> { errands.run(round, &mut |_, _, _| {}) };
    let facts = ask(&all(false, "setup", json!({})));
    let begun = now();
    let clocks = ask(&all(false, "setup", json!({"gather_subset": ["!all", "!min", "date_time"]})));
    let clock = Clock { begun, ended: now() };
    let listening = ask(&all(true, "command", json!({"argv": ["ss", "-Hltnp"]})));
    let answers = facts.into_iter().zip(clocks).zip(listening);
    hosts
        .iter()
        .zip(answers)
        .map(|(host, ((facts, moment), listening))| {
            let mut health = Health::of(host, &facts);
            if facts.is_ok() {
                health.clock(&clock, &moment);
                match &listening {
                    Ok(outcome) => health.ports = ports(outcome.result.get("stdout")),
                    Err(failure) => health.no_root(failure),
                }
            }
            health
        })
        .collect()
}

fn table(healths: &[Health]) -> String {
    let mut table =
        Table::new(&["HOST", "REACH", "SUDO", "SYSTEM", "CPU", "MEMORY FREE", "DISK FREE", "CLOCK", "PORTS"]);
    healths.iter().for_each(|health| table.row(health.row()));
    table.to_text()
}

fn verdict(healths: &[Health], exit: Exit) -> String {
    let well = healths.iter().filter(|health| health.exit() == Exit::Ok).count();
    let word = if exit == Exit::Ok { "Nothing stands in the way" } else { "Not ready" };
    format!("{word}: {well} of {} hosts are well. Nothing was changed.", healths.len())
}
