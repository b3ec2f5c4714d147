//! Brings hosts to the plan: which host may do what next, what a machine is asked, what its answer means.
//!
//! It prints nothing and ends nothing: what happens goes out as events, and how it ended as a value.

mod batch;
mod control;
mod delivery;
mod doing;
mod ending;
mod errand;
mod foresight;
mod gather;
mod host_run;
mod host_state;
mod hostvars;
mod include;
mod keywords;
mod look_ahead;
mod loops;
mod machine;
mod misfit;
mod no_log;
mod notify;
mod pause;
mod prepare;
mod provisions;
mod reached;
mod reboot;
mod receive;
mod reconnect;
mod refusal;
mod request;
mod roster;
mod run;
mod scope;
mod synchronize;
#[cfg(test)]
mod tests;
mod vars_files;

pub use control::CONTROLS;
pub use ending::Sets;
pub use errand::{Alive, By, Errand, Errands};
pub use host_run::{Failed, HostRun, Next, Position};
pub use host_state::{HostState, Known};
pub use machine::{Connect, Route, Turns};
pub use misfit::misfit;
pub use pause::Operator;
pub use roster::{Joined, Roster};
pub use run::{Engine, FindRoute, Options, Parts, RunEnd, count, who};
pub use scope::{BecomeDefault, HostEntry, PlayVars, RunVars, TaskVars};
