//! A whole run: play after play, batch after batch, over machines that stay connected.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use dpp_protocol::Failure;

use crate::artifacts::Store;
use crate::engine::batch::{Batch, BatchEnd, FoundDebts};
use crate::engine::gather;
use crate::engine::machine::{Happening, Job, Machine, Work};
use crate::engine::scope::RunVars;
use crate::engine::{Operator, PlayVars, Roster, Route, Turns};
use crate::event::{Event, Events};
use crate::files::Files;
use crate::plan::{Catalogue, Plan, PlayPlan, Selection, Step};
use crate::transport::AgentBinary;
use crate::value::{Map, Value};

/// How a run is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The name under which hosts write down what it replaces; empty when nothing is to be undone.
    pub run: Arc<str>,
    /// Hosts that are worked on at a time.
    pub forks: usize,
    /// Whether nothing is touched.
    pub check: bool,
    /// Whether texts before and after are wanted.
    pub diff: bool,
    /// How loud it is.
    pub verbosity: u8,
    /// Whether handlers run on hosts that failed, too.
    pub force_handlers: bool,
    /// Whether the operator is asked before each task: `--step`.
    pub asks_before_tasks: bool,
    /// Whether a host that is out of reach stops the batches after it.
    pub stop_at_lost_hosts: bool,
}

/// Finds the way to a host, from its rendered connection variables and the user that a task or play names.
pub type FindRoute = Box<dyn Fn(&str, Option<&str>) -> Result<Route, Failure>>;

/// Everything a run needs.
pub struct Engine {
    pub(super) options: Options,
    pub(super) events: Events,
    pub(super) vars: Arc<RunVars>,
    pub(super) files: Arc<dyn Files>,
    pub(super) roles: Vec<PathBuf>,
    pub(super) catalogue: Catalogue,
    pub(super) selection: Selection,
    binary: Arc<AgentBinary>,
    store: Arc<Store>,
    find_route: FindRoute,
    pub(super) roster: Box<dyn Roster>,
    pub(super) operator: Box<dyn Operator>,
    cancel: Arc<AtomicU8>,
    turns: Option<Box<dyn Turns>>,
    machines: BTreeMap<String, Known>,
    /// By host and by the login user that a task names.
    machine_of: HashMap<(String, Option<String>), String>,
    /// What distinguishes the machine of a host, whoever logs in there.
    address_of: HashMap<String, String>,
    happenings: (Sender<Happening>, Receiver<Happening>),
    /// What hosts are owed that no play came to yet.
    pub(super) unclaimed: Vec<FoundDebts>,
    numbers: u64,
}

/// A machine that was started, and who logs in there.
struct Known {
    machine: Machine,
    user: String,
}

/// What an engine is made of.
pub struct Parts {
    /// How the run is made.
    pub options: Options,
    /// Where events go.
    pub events: Events,
    /// What all tasks see.
    pub vars: Arc<RunVars>,
    /// Where playbooks, roles, templates and files are read from.
    pub files: Arc<dyn Files>,
    /// Folders of roles.
    pub roles: Vec<PathBuf>,
    /// Known actions.
    pub catalogue: Catalogue,
    /// Wanted tags.
    pub selection: Selection,
    /// The agent.
    pub binary: Arc<AgentBinary>,
    /// Where files come from that hosts turn out to need.
    pub store: Arc<Store>,
    /// Finds the way to a host.
    pub find_route: FindRoute,
    /// Hosts and groups, which tasks may add to.
    pub roster: Box<dyn Roster>,
    /// Who watches.
    pub operator: Box<dyn Operator>,
    /// More than 0 when no new step may begin.
    pub cancel: Arc<AtomicU8>,
    /// Who is next, where machines are to have no threads; none but a simulation wants that.
    pub turns: Option<Box<dyn Turns>>,
}

/// How a run ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// Hosts on which a task failed.
    pub failed: Vec<String>,
    /// Hosts that could not be reached.
    pub lost: Vec<String>,
}

impl RunEnd {
    /// What these hosts failed of is taken back.
    fn pardon(&mut self, hosts: &[String]) {
        [&mut self.failed, &mut self.lost].into_iter().for_each(|gone| gone.retain(|host| !hosts.contains(host)));
    }

    fn gone(&self) -> HashSet<String> {
        self.failed.iter().chain(&self.lost).cloned().collect()
    }
}

/// Whether anything may come after a play.
enum Onward {
    Yes,
    /// Nothing; these hosts it had not come to.
    No {
        left: Vec<String>,
    },
}

impl Engine {
    /// An engine at rest.
    pub fn new(parts: Parts) -> Self {
        Self {
            options: parts.options,
            events: parts.events,
            vars: parts.vars,
            files: parts.files,
            roles: parts.roles,
            catalogue: parts.catalogue,
            selection: parts.selection,
            binary: parts.binary,
            store: parts.store,
            find_route: parts.find_route,
            roster: parts.roster,
            operator: parts.operator,
            cancel: parts.cancel,
            turns: parts.turns,
            machines: BTreeMap::new(),
            machine_of: HashMap::new(),
            address_of: HashMap::new(),
            happenings: mpsc::channel(),
            unclaimed: Vec::new(),
            numbers: 0,
        }
    }

    /// Brings the hosts to the plan.
    pub fn run(mut self, plan: Plan) -> RunEnd {
        let begun = Instant::now();
        let mut end = RunEnd::default();
        let mut plays = plan.plays.into_iter();
        while let Some(play) = plays.next().filter(|_| !self.cancelled()) {
            let Some(play) = self.settled(play) else { continue };
            if let Onward::No { left } = self.play(&Arc::new(play), &mut end) {
                self.tell_undone(left.into_iter().chain(plays.flat_map(|play| play.hosts)), &end);
                break;
            }
        }
        std::mem::take(&mut self.machines).into_values().for_each(|known| known.machine.close());
        for (host, debt) in std::mem::take(&mut self.unclaimed).into_iter().flat_map(FoundDebts::unpaid) {
            self.events.tell(Event::DebtFound { host, debt, will_pay: false });
        }
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.events.tell(Event::RunFinished { ms });
        end
    }

    /// Runs one play, batch after batch.
    fn play(&mut self, play: &Arc<PlayPlan>, end: &mut RunEnd) -> Onward {
        let mut left = play.hosts.clone();
        for size in &play.batches {
            let gone = end.gone();
            let cut: Vec<String> = left.drain(..(*size).min(left.len())).collect();
            let hosts: Vec<String> = cut.iter().filter(|host| !gone.contains(*host)).cloned().collect();
            if hosts.is_empty() {
                continue;
            }
            let BatchEnd { failed, lost, stopped, is_broken_off, ends_play, pardons } =
                self.batch(play, &hosts, gone, cut.len());
            if pardons {
                end.pardon(&cut);
            }
            let nobody_is_left = failed.len() + lost.len() + stopped.len() == hosts.len();
            // Hosts to which a play has not come yet must not be met by the plays after it.
            let batches_wait = self.options.stop_at_lost_hosts && !lost.is_empty() && !left.is_empty();
            end.failed.extend(failed);
            end.lost.extend(lost);
            if nobody_is_left || is_broken_off || batches_wait {
                return Onward::No { left: stopped.into_iter().chain(left).collect() };
            }
            if ends_play {
                break;
            }
        }
        Onward::Yes
    }

    /// Tells on which hosts something was not begun, since the run ends here.
    fn tell_undone(&self, left: impl Iterator<Item = String>, end: &RunEnd) {
        let mut seen = end.gone();
        let hosts: Vec<String> = left.filter(|host| seen.insert(host.clone())).collect();
        if !hosts.is_empty() && !self.cancelled() {
            self.events.tell(Event::LeftUndone { hosts });
        }
    }

    fn batch(&mut self, play: &Arc<PlayPlan>, hosts: &[String], gone: HashSet<String>, size: usize) -> BatchEnd {
        let name = play.name.clone();
        self.events.tell(Event::PlayStarted { play: name, hosts: hosts.to_vec() });
        let names = |hosts: &[String]| Value::list(self.vars.in_order(hosts.to_vec()).into_iter().map(Value::plain));
        let magic: Map = Map::from_iter([
            ("ansible_play_hosts".to_owned(), names(&play.hosts)),
            ("ansible_play_hosts_all".to_owned(), names(&play.hosts)),
            ("play_hosts".to_owned(), names(hosts)),
            ("ansible_play_batch".to_owned(), names(hosts)),
            ("ansible_play_name".to_owned(), Value::plain(play.name.as_str())),
            ("playbook_dir".to_owned(), Value::plain(absolute(&play.folder))),
        ]);
        let steps = gather::with_facts(play, self, hosts);
        let role_names = RwLock::new(play.role_names.clone());
        let vars = Arc::new(PlayVars { play: Arc::clone(play), magic, gone: RwLock::new(gone), size, role_names });
        Batch::new(self, &vars, hosts, &steps).go()
    }

    pub(super) fn cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed) > 0
    }

    /// The next number of a request.
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// The machine of a host and its login user; it is started when it is asked for the first time.
    pub(super) fn machine(&mut self, host: &str, login: Option<&str>) -> Result<(&Machine, &str), Failure> {
        let asked = (host.to_owned(), login.map(str::to_owned));
        if !self.machine_of.contains_key(&asked) {
            let route = (self.find_route)(host, login)?;
            let (key, user) = (route.machine.clone(), route.user.clone());
            if !self.machines.contains_key(&key) {
                let start = if self.turns.is_some() { Machine::in_turn } else { Machine::start };
                let (binary, store) = (Arc::clone(&self.binary), Arc::clone(&self.store));
                let machine = start(route, binary, store, self.happenings.0.clone());
                self.machines.insert(key.clone(), Known { machine, user });
            }
            let address = key.rsplit('@').next().unwrap_or_default().to_owned();
            self.address_of.insert(host.to_owned(), address);
            self.machine_of.insert(asked.clone(), key);
        }
        let known = self.machine_of.get(&asked).and_then(|key| self.machines.get(key));
        known.map(|known| (&known.machine, known.user.as_str())).ok_or_else(|| Failure::new("no machine"))
    }

    /// Lets the machine of a host be connected to while what it is to do is made ready.
    pub(super) fn expect(&mut self, host: &str) {
        if self.machine_of.contains_key(&(host.to_owned(), None)) {
            return;
        }
        // That there is no way to it is told by the task itself.
        if let Ok((machine, _)) = self.machine(host, None) {
            machine.give(Job { host: host.to_owned(), on: host.to_owned(), becoming: None, work: Work::Connect });
        }
    }

    /// Whether two hosts are one machine, whoever logs in there.
    pub(super) fn same_machine(&self, one: &str, other: &str) -> bool {
        self.address_of.get(one).is_some_and(|address| self.address_of.get(other) == Some(address))
    }

    /// Waits for the next happening; `None` when the time is over.
    pub(super) fn next_happening(&mut self, within: Option<Duration>) -> Option<Happening> {
        if let Ok(happened) = self.happenings.1.try_recv() {
            return Some(happened);
        }
        if self.take_turn() {
            return self.happenings.1.try_recv().ok();
        }
        // A cancelled run must not wait for a long timer: it looks up every now and then.
        let within = within.unwrap_or(Duration::from_millis(500)).min(Duration::from_millis(500));
        self.happenings.1.recv_timeout(within).ok()
    }
}

impl Engine {
    /// Has one of the machines do a job, where they take turns; false when none waits for its turn.
    fn take_turn(&mut self) -> bool {
        let Some(turns) = &mut self.turns else { return false };
        let waiting: Vec<_> = self.machines.iter().filter(|(_, known)| known.machine.waits()).collect();
        let names: Vec<&str> = waiting.iter().map(|(name, _)| name.as_str()).collect();
        if names.is_empty() {
            return false;
        }
        let next = waiting.get(turns.next(&names));
        next.inspect(|(_, known)| known.machine.take_turn()).is_some()
    }
}

/// `inventory_hostname` and its like.
pub fn who(name: &str, groups: &[String]) -> Map {
    let short = if name.parse::<std::net::IpAddr>().is_ok() { name } else { name.split('.').next().unwrap_or(name) };
    Map::from_iter([
        ("inventory_hostname".to_owned(), Value::plain(name)),
        ("inventory_hostname_short".to_owned(), Value::plain(short)),
        ("group_names".to_owned(), Value::list(groups.iter().map(|group| Value::plain(group.as_str())))),
    ])
}

pub(super) fn absolute(folder: &std::path::Path) -> String {
    // The folder of a playbook that was named alone is empty.
    let folder = if folder.as_os_str().is_empty() { std::path::Path::new(".") } else { folder };
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    whole.components().collect::<PathBuf>().display().to_string()
}

/// Steps of a plan, over all hosts, as far as they are known beforehand.
pub fn count(plan: &Plan) -> usize {
    fn steps(list: &[Step]) -> usize {
        list.iter()
            .map(|step| match step {
                Step::Task(_) => 1,
                Step::Block(block) => steps(&block.body) + steps(&block.always),
                Step::Flush | Step::RoleEnd(_) => 0,
            })
            .sum()
    }
    plan.plays.iter().map(|play| steps(&play.steps) * play.hosts.len()).sum()
}
