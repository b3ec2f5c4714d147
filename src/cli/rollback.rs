//! `dppctl rollback`: hosts as they were before a run. What is done on them is the playbook's, rollback.yml, and the journal's
//! of each host; here is which runs are meant, and which hosts.

use clap::Args;

use crate::cli::conduct::{Conduct, conduct};
use crate::cli::invocation::Invocation;
use crate::cli::lock::LockArgs;
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs, SelectionArgs};
use crate::cli::runs::find;
use crate::cli::{Stop, ask};
use crate::content;
use crate::event::minute;
use crate::exit::Exit;
use crate::plan::Plan;
use crate::project::Project;
use crate::report::PastRun;
use crate::source::Problem;
use crate::ui::{Shows, Ui};
use crate::value::Value;

/// What its runs are called.
const NAME: &str = "rollback";

/// Options of `rollback`.
#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    /// The run before which hosts are to be as they were; the last one that changed something when none is named
    #[arg(value_name = "N")]
    run: Option<u64>,
    /// Do not ask before the first change
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn rollback(global: &Global, args: &RollbackArgs, ui: Ui) -> Result<Exit, Stop> {
    let mut invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
    let undone = Undone::of(&invocation.project, args.run)?;
    let review = |_plan: &mut Plan| {
        if args.yes || args.how.check {
            Ok(())
        } else {
            ask::yes(&undone.question(), "--yes answers it, --check only looks", ui)
        }
    };
    undone.undo(&mut invocation, global.limit.as_deref(), (&args.how, &args.lock), &review, ui)
}

/// Takes the deployment back that has just ended; none where it changed nothing. Who asked for that beforehand is not asked again.
pub(super) fn last_deployment(
    global: &Global,
    lock: &LockArgs,
    privilege: &PrivilegeArgs,
    connection: &ConnectionArgs,
    ui: Ui,
) -> Result<Option<Exit>, Stop> {
    let mut invocation = Invocation::read(global, Some(connection), Some(privilege))?;
    let last = PastRun::newest_first(&invocation.project.root).next();
    let Some(last) = last.filter(|run| run.command() == "deploy" && run.report.changes() > 0) else { return Ok(None) };
    ui.headline(&format!("run {} failed and is taken back", last.number));
    let undone = Undone::of(&invocation.project, Some(last.number))?;
    let how = HowArgs::default();
    undone.undo(&mut invocation, global.limit.as_deref(), (&how, lock), &|_| Ok(()), ui).map(Some)
}

/// The runs that are undone: the one that was named, and all after it, since they built on it.
struct Undone {
    first: PastRun,
    tickets: Vec<String>,
    hosts: Vec<String>,
}

impl Undone {
    fn of(project: &Project, number: Option<u64>) -> Result<Self, Stop> {
        let numbers = PastRun::numbers(&project.root);
        let first = match number {
            Some(_) => find(project, number)?,
            None => last_with_changes(project)?,
        };
        if first.ticket().is_none() {
            let words = format!("run {} touched nothing that could be taken back", first.number);
            return Err(Problem::error("DPP1106", words).help("`dppctl runs list` shows what runs changed").into());
        }
        let later = numbers.into_iter().filter(|number| *number >= first.number);
        let runs: Vec<PastRun> = later.filter_map(|number| PastRun::read(&project.root, number).ok()).collect();
        let tickets = runs.iter().filter_map(|run| run.ticket().map(str::to_owned)).collect();
        let mut hosts: Vec<String> = Vec::new();
        for run in runs.iter().filter(|run| run.ticket().is_some()) {
            hosts.extend(run.report.hosts.keys().filter(|host| !hosts.contains(host)).cloned().collect::<Vec<_>>());
        }
        Ok(Self { first, tickets, hosts })
    }

    /// Plays the playbook for these runs.
    fn undo(
        &self,
        invocation: &mut Invocation,
        wanted: Option<&str>,
        (how, lock): (&HowArgs, &LockArgs),
        review: &dyn Fn(&mut Plan) -> Result<(), Stop>,
        ui: Ui,
    ) -> Result<Exit, Stop> {
        let limit = self.limit(invocation, wanted)?;
        let tickets = self.tickets.iter().map(|ticket| Value::plain(ticket.as_str()));
        invocation.extra.insert("rollback_runs".to_owned(), Value::list(tickets));
        let conducted = Conduct {
            command: NAME,
            playbooks: vec![content::path("rollback.yml")],
            selection: &SelectionArgs::default(),
            how,
            limit: Some(&limit),
            review,
            lock: Some(lock),
            beside: None,
            shows: Shows::Story,
            with_changes: Exit::Ok,
            heed: None,
        };
        conduct(invocation, &conducted, ui)
    }

    /// The pattern of the hosts: those of the runs, and of them those that are asked for.
    fn limit(&self, invocation: &Invocation, wanted: Option<&str>) -> Result<String, Stop> {
        let gone: Vec<&str> =
            self.hosts.iter().filter(|host| invocation.inventory.host(host).is_none()).map(String::as_str).collect();
        if !gone.is_empty() {
            let words =
                format!("the inventory has no {} any more, which run {} changed", gone.join(", "), self.first.number);
            return Err(Problem::error("DPP0203", words)
                .help("name the others: -l 'all:!HOST' leaves hosts out")
                .into());
        }
        let these = self.hosts.join(":");
        let Some(wanted) = wanted else { return Ok(these) };
        let wanted = invocation.inventory.select(wanted)?;
        let both: Vec<&str> = self.hosts.iter().filter(|host| wanted.contains(host)).map(String::as_str).collect();
        if both.is_empty() {
            let words = format!("run {} touched none of these hosts, but {these}", self.first.number);
            return Err(Problem::error("DPP0203", words).into());
        }
        Ok(both.join(":"))
    }

    fn question(&self) -> String {
        let (number, began) = (self.first.number, minute(self.first.began()));
        let later = match self.tickets.len() {
            1 => String::new(),
            more => format!(", and {} after it", more - 1),
        };
        let hosts = self.hosts.len();
        format!("Bring {hosts} hosts back to before run {number} ({}, {began}){later}?", self.first.command())
    }
}

/// One that was taken back already is not taken back once more, nor is that undone by accident.
fn last_with_changes(project: &Project) -> Result<PastRun, Stop> {
    let changed = |run: &PastRun| run.ticket().is_some() && (run.report.changes() > 0 || !run.is_over);
    let mut changing = PastRun::newest_first(&project.root).filter(changed);
    let problem = |words: String| Problem::error("DPP1106", words);
    let last = changing.next().ok_or_else(|| {
        problem("no run of this project changed anything".to_owned())
            .help("`dppctl runs list` shows them; --project names another folder")
    })?;
    if last.command() != NAME {
        return Ok(last);
    }
    let number = last.number;
    let before = changing.find(|run| run.command() != NAME).map_or(0, |run| run.number);
    let words = format!("run {before} was taken back already, by run {number}");
    Err(problem(words).help(format!("`dppctl rollback {number}` takes that back; `dppctl runs list` shows all")).into())
}
