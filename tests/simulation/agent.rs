//! An agent on a simulated host: requests in, shipped modules run, responses out. It is the one part of the shipped code that is
//! played (`crates/agent/src/session.rs` is a programme of its own, with a thread for its pulse), and that is these few lines.

use std::path::PathBuf;
use std::sync::Arc;

use dpp_modules::lock::Lock;
use dpp_modules::{Host, Module, Tenure};
use dpp_protocol::{Failure, Hello, Mode, PROTOCOL, Request, Response, Task};
use serde_json::json;

use crate::calls::acting;
use crate::invariants;
use crate::mutants::Mutant;
use crate::process::Process;
use crate::products::PRODUCTS;
use crate::world::{STATE, World};

/// Requests after which a mutant forgets its lock.
const FORGETS_AFTER: u32 = 3;

/// An agent.
pub(crate) struct Agent {
    pub(crate) host: usize,
    pub(crate) pid: u32,
    /// The start of its host that it is of.
    pub(crate) boot: u32,
    pub(crate) run: String,
    pub(crate) tenure: Arc<Tenure>,
    folder: PathBuf,
    served: u32,
}

impl Agent {
    /// Starts one for this run.
    pub(crate) fn start(world: &World, host: usize, run: &str) -> Self {
        let (pid, boot) = world.begun(host, run);
        let folder = world.state().hosts[host].root.join(STATE);
        Self { host, pid, boot, run: run.to_owned(), tenure: Arc::default(), folder, served: 0 }
    }

    /// Its greeting.
    pub(crate) fn hello(&self) -> Response {
        let host = Host::new(&self.folder, std::collections::BTreeMap::new(), &|_, _| ());
        let debts = host.debts().unwrap_or_default();
        Response::Hello(Hello { protocol: PROTOCOL, version: String::new(), uid: 0, machine: String::new(), debts })
    }

    /// Answers a request; none where it is killed at this call.
    pub(crate) fn serve(&mut self, world: &World, request: &Request, dies_at: Option<u32>) -> Option<Vec<Response>> {
        self.served += 1;
        if world.mutant == Some(Mutant::LockWithoutHeartbeat) && self.served > FORGETS_AFTER {
            self.tenure = Arc::default();
        }
        // What signs a lock is looked for among the living: there it is this process.
        let is_lock = matches!(request, Request::Run(task) if task.module == Lock::NAME);
        let pid = if is_lock { std::process::id() } else { self.pid };
        if let Request::Run(task) = request {
            invariants::before_a_change(world, self, task);
        }
        let disk = Arc::clone(&world.state().hosts[self.host].disk);
        let process = Process::new(pid, &disk, dies_at, world.mutant);
        let (responses, mut process) = acting(process, || self.responses(request, world.mutant));
        process.catch_up();
        (!process.is_dead()).then_some(responses)
    }

    fn responses(&self, request: &Request, mutant: Option<Mutant>) -> Vec<Response> {
        match request {
            Request::Run(task) => vec![self.run(task.clone(), mutant)],
            Request::LookAhead { tasks } => {
                let mut responses = Vec::new();
                for task in tasks {
                    let response = self.run(Task { mode: Mode::Survey, ..task.clone() }, mutant);
                    let goes_on =
                        matches!(&response, Response::Done { outcome, .. } if !outcome.changed && !outcome.unpredicted);
                    responses.push(response);
                    if !goes_on {
                        break;
                    }
                }
                responses.push(Response::LookedAhead);
                responses
            }
            Request::Blob { .. } | Request::Bye => Vec::new(),
        }
    }

    fn run(&self, mut task: Task, mutant: Option<Mutant>) -> Response {
        let late = match mutant {
            Some(Mutant::DebtDropped | Mutant::DebtAfterTheAct) => std::mem::take(&mut task.owes),
            _ => Vec::new(),
        };
        if mutant == Some(Mutant::ChangeWithoutALook) && task.module == "cron" {
            task.params["looks_once"] = json!(true);
        }
        let host =
            Host::new(&self.folder, task.environment.clone(), &|_, _| ()).in_run(&task.run).through(&self.tenure);
        let module =
            PRODUCTS.iter().find(|entry| entry.name == task.module).or_else(|| dpp_modules::find(&task.module));
        let answer = module.map_or_else(|| Err(Failure::new("no such module")), |module| (module.run)(&task, &host));
        if mutant == Some(Mutant::DebtAfterTheAct) && task.mode == Mode::Apply {
            let _ = host.keep_debts(&late);
        }
        match answer {
            Ok(outcome) => Response::Done { id: task.id, outcome },
            Err(failure) => Response::Failed { id: task.id, failure },
        }
    }
}

/// What a request asks for, in a few words.
pub(crate) fn words(request: &Request) -> String {
    match request {
        Request::Run(task) => format!("do {}", task.module),
        Request::LookAhead { tasks } => {
            format!("look at {}", tasks.iter().map(|task| task.module.as_str()).collect::<Vec<_>>().join(", "))
        }
        Request::Blob { .. } => "blob".to_owned(),
        Request::Bye => "bye".to_owned(),
    }
}
