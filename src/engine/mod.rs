//! Brings hosts to the plan.

mod host_run;
mod host_state;
mod hostvars;
mod scope;

pub use host_run::{Failed, HostRun, Next, Position};
pub use host_state::{HostState, Known};
pub use scope::{PlayVars, RunVars, TaskVars};
