//! The near end of a machine, and who does its jobs: a thread of its own, or, where turns are taken, whoever waits for
//! what happens next.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use crate::artifacts::Store;
use crate::engine::Route;
use crate::engine::machine::{Hands, Happening, Job};
use crate::transport::AgentBinary;

/// The near end of a machine.
pub(in crate::engine) enum Machine {
    /// A thread works, and this is its inbox.
    Threaded { jobs: Sender<Job>, thread: JoinHandle<()> },
    /// It works when it is its turn.
    InTurn(Box<RefCell<Waiting>>),
}

/// A machine between two turns.
pub(in crate::engine) struct Waiting {
    hands: Hands,
    jobs: VecDeque<Job>,
}

impl Machine {
    /// Starts the thread, which connects at its first job.
    pub(in crate::engine) fn start(
        route: Route,
        binary: Arc<AgentBinary>,
        store: Arc<Store>,
        happenings: Sender<Happening>,
    ) -> Self {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let thread = thread::spawn(move || {
            let mut hands = Hands::new(route, binary, store, happenings);
            inbox.into_iter().for_each(|job| hands.serve(job));
            hands.bye();
        });
        Self::Threaded { jobs, thread }
    }

    /// The same without a thread: it connects at its first turn.
    pub(in crate::engine) fn in_turn(
        route: Route,
        binary: Arc<AgentBinary>,
        store: Arc<Store>,
        happenings: Sender<Happening>,
    ) -> Self {
        let hands = Hands::new(route, binary, store, happenings);
        Self::InTurn(Box::new(RefCell::new(Waiting { hands, jobs: VecDeque::new() })))
    }

    /// Hands it a job; it is answered by a happening.
    pub(in crate::engine) fn give(&self, job: Job) {
        match self {
            Self::Threaded { jobs, .. } => drop(jobs.send(job)),
            Self::InTurn(waiting) => waiting.borrow_mut().jobs.push_back(job),
        }
    }

    /// Whether it waits for its turn.
    pub(in crate::engine) fn waits(&self) -> bool {
        matches!(self, Self::InTurn(waiting) if !waiting.borrow().jobs.is_empty())
    }

    /// Its turn: it does its next job.
    pub(in crate::engine) fn take_turn(&self) {
        let Self::InTurn(waiting) = self else { return };
        let mut waiting = waiting.borrow_mut();
        if let Some(job) = waiting.jobs.pop_front() {
            waiting.hands.serve(job);
        }
    }

    /// Lets it do what it was given, and ends it.
    pub(in crate::engine) fn close(self) {
        match self {
            Self::Threaded { jobs, thread } => {
                drop(jobs);
                let _ = thread.join();
            }
            Self::InTurn(waiting) => {
                let Waiting { mut hands, jobs } = (*waiting).into_inner();
                jobs.into_iter().for_each(|job| hands.serve(job));
                hands.bye();
            }
        }
    }
}
