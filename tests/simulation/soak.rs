//! Schedule after schedule: each is played to its end, and the first that breaks something is made as small as it gets.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use crate::controller::deploy;
use crate::disk::Tree;
use crate::invariants::{finished, in_the_end};
use crate::mutants::Mutant;
use crate::project::name;
use crate::schedule::Schedule;
use crate::world::World;

/// Schedules of one `cargo test`.
pub(crate) const COUNT: u64 = 1000;
/// Runs that may be disturbed before the world calms down.
const DISTURBED: usize = 5;
/// Runs that nothing disturbs within which all must be done.
const RESUMED: usize = 3;

/// Something that must not be, and how it came about.
pub(crate) struct Broken {
    pub(crate) schedule: Schedule,
    pub(crate) what: String,
    pub(crate) trace: Vec<String>,
}

/// What came of a schedule: all that happened, and what must not be.
pub(crate) struct Played {
    pub(crate) trace: Vec<String>,
    pub(crate) broken: Option<String>,
}

/// Plays a schedule to its end.
pub(crate) fn play(schedule: &Schedule, mutant: Option<Mutant>) -> Played {
    played(&World::of(schedule, mutant, true))
}

/// What a schedule breaks, if anything.
fn broken_by(schedule: &Schedule, mutant: Option<Mutant>) -> Option<String> {
    played(&World::of(schedule, mutant, false)).broken
}

fn played(world: &Arc<World>) -> Played {
    let schedule = &world.schedule;
    let all: Vec<String> = (0..schedule.hosts).map(name).collect();
    let mut left = begin(world, &all);
    for _ in 0..DISTURBED {
        if left.is_empty() || world.is_calm() {
            break;
        }
        left = deploy(world, 0, &left).left;
    }
    world.calm_down();
    for _ in 0..RESUMED {
        if !left.is_empty() {
            left = deploy(world, 0, &left).left;
        }
    }
    if !left.is_empty() {
        let text = format!("the resumed run does not come to its end on {}", left.join(", "));
        world.state().breaks(text);
    }
    let was_lost = world.state().power_was_lost;
    // After a loss of power not all that was done needs to be there. Without one, that nothing is left to do is worth a look, too.
    if was_lost || schedule.seed.is_multiple_of(4) {
        let last = deploy(world, 0, &all);
        let mut state = world.state();
        in_the_end(&mut state, reference());
        if !was_lost && last.report.changes() > 0 {
            state.breaks("a run after the one that came to its end finds something to change");
        }
        if !last.left.is_empty() {
            state.breaks("an undisturbed run does not come to its end");
        }
    }
    let mut state = world.state();
    in_the_end(&mut state, reference());
    Played { trace: std::mem::take(&mut state.trace), broken: state.broken.take() }
}

/// The first run, and somebody else's at the same time where the schedule has one; what they leave.
fn begin(world: &Arc<World>, all: &[String]) -> Vec<String> {
    if world.schedule.second.is_none() {
        return deploy(world, 0, all).left;
    }
    [0, 1].iter().for_each(|who| world.baton.join(*who));
    let both = thread::scope(|scope| {
        let runs = [0, 1].map(|who| {
            scope.spawn(move || {
                world.baton.await_turn(who);
                let came = deploy(world, who, all);
                world.baton.leave(who);
                came.left
            })
        });
        runs.map(|run| run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    // One that came to its end did so for both: they deploy the same.
    let [one, other] = both;
    if one.len() < other.len() { one } else { other }
}

/// How hosts are after an undisturbed run.
fn reference() -> &'static [Tree] {
    static REFERENCE: OnceLock<Vec<Tree>> = OnceLock::new();
    REFERENCE.get_or_init(|| {
        let schedule = Schedule { hosts: 3, faults: Vec::new(), second: None, ..Schedule::of(0) };
        let world = World::of(&schedule, None, true);
        let all: Vec<String> = (0..schedule.hosts).map(name).collect();
        let came = deploy(&world, 0, &all);
        let state = world.state();
        assert!(came.left.is_empty() && state.broken.is_none(), "{:?}\n{}", state.broken, state.trace.join("\n"));
        state.hosts.iter().map(finished).collect()
    })
}

/// The first of so many schedules that breaks something, made small.
pub(crate) fn first_failure(first: u64, count: u64, mutant: Option<Mutant>) -> Option<Broken> {
    let (next, is_found, found) = (AtomicU64::new(first), AtomicBool::new(false), Mutex::new(None::<Schedule>));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while !is_found.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let schedule = Schedule::of(seed);
                    if broken_by(&schedule, mutant).is_some() {
                        is_found.store(true, Ordering::Relaxed);
                        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                        let is_first = found.as_ref().is_none_or(|found| seed < found.seed);
                        found.take_if(|_| is_first);
                        found.get_or_insert(schedule);
                    }
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner).map(|schedule| shrunk(schedule, mutant))
}

/// The same failure with as little as it takes.
fn shrunk(mut schedule: Schedule, mutant: Option<Mutant>) -> Broken {
    while let Some(smaller) = schedule.smaller().into_iter().find(|smaller| broken_by(smaller, mutant).is_some()) {
        schedule = smaller;
    }
    let Played { trace, broken } = play(&schedule, mutant);
    Broken { schedule, what: broken.unwrap_or_else(|| "it is not the same twice".to_owned()), trace }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { schedule, what, trace } = self;
        writeln!(f, "seed {}: {what}\n\nschedule, as small as it gets: {schedule}\n", schedule.seed)?;
        trace.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        write!(f, "\nonce more: SIMULATION=\"1 {}\" cargo test --test simulation -- schedules", schedule.seed)
    }
}
