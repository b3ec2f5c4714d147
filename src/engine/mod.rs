//! Brings hosts to the plan.

mod host_run;

pub use host_run::{Failed, HostRun, Next, Position};
