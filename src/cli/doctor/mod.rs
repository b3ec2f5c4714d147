//! `dppctl doctor`: can the hosts be worked on? It looks at reach, sudo, system, disk, memory, clock and ports, and
//! changes nothing but the cache in which the agent is put.

mod disks;
mod examine;
mod health;
mod ports;

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use serde_json::json;

use crate::cli::invocation::Invocation;
use crate::cli::options::{ConnectionArgs, Global, PrivilegeArgs};
use crate::cli::{Stop, candidates, reach};
use crate::exit::Exit;
use crate::ui::{Table, Ui, answer_json};

use examine::Examination;
use health::Health;
use ports::Purposes;

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    #[command(flatten)]
    ping: PingArgs,
    /// Look at these alone; all when none is named
    #[arg(long, value_enum, value_name = "WHAT", value_delimiter = ',')]
    only: Vec<Aspect>,
}

/// Who is looked at, and how they are reached.
#[derive(Debug, Args)]
pub(super) struct PingArgs {
    /// Hosts and groups; all when none is named
    #[arg(value_name = "HOSTS", add = ArgValueCompleter::new(candidates::hosts))]
    pattern: Option<String>,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What there is to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Aspect {
    /// Whether the host answers and lets us in
    Reach,
    /// Whether root can be become
    Sudo,
    /// Which system it is
    System,
    /// What is free on its disks
    Disk,
    /// How much memory is free
    Memory,
    /// How far its clock is off
    Clock,
    /// Who holds the ports of the pipeline
    Ports,
}

impl Aspect {
    const ALL: [Self; 7] = [Self::Reach, Self::Sudo, Self::System, Self::Disk, Self::Memory, Self::Clock, Self::Ports];
}

/// `dppctl ping`: `doctor --only reach`.
pub(super) fn ping(global: &Global, args: &PingArgs, ui: Ui) -> Result<Exit, Stop> {
    look(global, args, &[Aspect::Reach], ui)
}

pub(super) fn doctor(global: &Global, args: &DoctorArgs, ui: Ui) -> Result<Exit, Stop> {
    look(global, &args.ping, if args.only.is_empty() { &Aspect::ALL } else { &args.only }, ui)
}

fn look(global: &Global, args: &PingArgs, aspects: &[Aspect], ui: Ui) -> Result<Exit, Stop> {
    let mut invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
    let hosts = reach::hosts(&invocation, args.pattern.as_deref(), global.limit.as_deref())?;
    let purposes = Purposes::of(&invocation);
    let mut errands = reach::probes(&mut invocation, &hosts, ui)?;
    let healths = Examination { errands: &mut errands, hosts: &hosts, aspects, purposes: &purposes }.healths();
    let exit = healths.iter().map(Health::exit).max().unwrap_or(Exit::Ok);
    if ui.output.is_json() {
        answer_json(&ui, "dppctl.doctor/1", exit, &json!({"hosts": healths}));
    } else {
        ui.answer(&table(&healths, aspects));
        healths.iter().flat_map(Health::lines).for_each(|line| ui.story(&line));
        ui.story(&verdict(&healths, exit));
    }
    Ok(exit)
}

fn table(healths: &[Health], aspects: &[Aspect]) -> String {
    let titles: Vec<&str> = aspects.iter().flat_map(|aspect| titles(*aspect)).copied().collect();
    let head: Vec<&str> = std::iter::once("HOST").chain(titles).collect();
    let mut table = Table::new(&head);
    healths.iter().for_each(|health| table.row(health.row(aspects)));
    table.to_text()
}

fn titles(aspect: Aspect) -> &'static [&'static str] {
    match aspect {
        Aspect::Reach => &["REACH"],
        Aspect::Sudo => &["SUDO"],
        Aspect::System => &["SYSTEM", "CPU"],
        Aspect::Disk => &["DISK FREE"],
        Aspect::Memory => &["MEMORY FREE"],
        Aspect::Clock => &["CLOCK"],
        Aspect::Ports => &["PORTS"],
    }
}

fn verdict(healths: &[Health], exit: Exit) -> String {
    let well = healths.iter().filter(|health| health.exit() == Exit::Ok).count();
    let word = if exit == Exit::Ok { "Nothing stands in the way" } else { "Not ready" };
    let (s, are) = if healths.len() == 1 { ("", "is") } else { ("s", "are") };
    format!("{word}: {well} of {} host{s} {are} well. Nothing was changed.", healths.len())
}
