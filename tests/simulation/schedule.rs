//! What happens to a run, and when: drawn from a seed, and told in words that a person can read.

use std::fmt;

use crate::chance::Chance;

/// Requests that the longest undisturbed run makes, about.
const REQUESTS: usize = 40;
/// Calls that change a disk in the longest request, about.
const CALLS: usize = 30;

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection breaks before the request arrives.
    CutBefore,
    /// It breaks when the request is done and not answered yet.
    CutAfter,
    /// It breaks, and the agent goes on with what it was asked to do, for a while.
    CutDuring,
    /// The agent is killed at this call, or when it is done if it makes fewer.
    AgentKilled(u32),
    /// The host loses its power at this call, and boots.
    PowerLost(u32),
    /// The host's disk has room for so many bytes more, for this and some more requests.
    DiskFull(usize, u32),
    /// The host answers nobody for so many attempts.
    Away(u32),
    /// `dppctl` is killed before it sends the request.
    KilledBefore,
    /// `dppctl` is killed while the agent does what it was asked to do.
    KilledDuring,
    /// Ctrl-C.
    Interrupted,
}

/// All that one seed decides beforehand.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) hosts: usize,
    /// Lines of the second play that say in which order its hosts are worked on.
    pub(crate) manner: &'static str,
    /// By the number of the request, over all runs.
    pub(crate) faults: Vec<(u32, Fault)>,
    /// The request at which somebody else begins the same.
    pub(crate) second: Option<u32>,
}

pub(crate) const MANNERS: [&str; 4] = ["serial: 10", "serial: 1", "strategy: free", "max_fail_percentage: 0"];

impl Schedule {
    /// What this seed decides.
    pub(crate) fn of(seed: u64) -> Self {
        let mut chance = Chance::of(seed);
        let hosts = [1, 1, 2, 3][chance.below(4)];
        let manner = MANNERS[chance.below(MANNERS.len())];
        let faults = (0..=chance.below(3)).map(|_| (request(&mut chance), fault(&mut chance))).collect();
        let second = chance.one_in(3).then(|| request(&mut chance));
        Self { seed, hosts, manner, faults, second }
    }

    /// The same with one thing less, in every way.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut smaller: Vec<Self> = (0..self.faults.len())
            .map(|without| {
                let mut less = self.clone();
                less.faults.remove(without);
                less
            })
            .collect();
        if self.second.is_some() {
            smaller.push(Self { second: None, ..self.clone() });
        }
        if self.hosts > 1 {
            smaller.push(Self { hosts: self.hosts - 1, ..self.clone() });
        }
        smaller
    }
}

fn request(chance: &mut Chance) -> u32 {
    number(chance.below(REQUESTS))
}

fn fault(chance: &mut Chance) -> Fault {
    match chance.below(13) {
        0 => Fault::CutBefore,
        1 => Fault::CutAfter,
        2 => Fault::CutDuring,
        3..=5 => Fault::AgentKilled(number(1 + chance.below(CALLS))),
        6..=8 => Fault::PowerLost(number(1 + chance.below(CALLS))),
        9 => Fault::DiskFull(chance.below(900), number(1 + chance.below(6))),
        10 => Fault::Away(number(1 + chance.below(3))),
        11 => {
            if chance.one_in(2) {
                Fault::KilledBefore
            } else {
                Fault::KilledDuring
            }
        }
        _ => Fault::Interrupted,
    }
}

fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hosts, {}", self.hosts, self.manner)?;
        self.faults.iter().try_for_each(|(at, fault)| write!(f, "; request {at}: {fault:?}"))?;
        self.second.map_or(Ok(()), |at| write!(f, "; request {at}: somebody else begins the same"))
    }
}
