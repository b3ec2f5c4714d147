//! The pipeline as a whole: its stages, how its products are spoken to, whether it is well, whether messages get
//! through. Pure: facts in, verdicts and tables out.

mod canary;
mod connector_table;
mod flow;
mod health;
mod hops;
mod host_look;
mod log_line;
mod preflight;
mod stage;
mod wiring;

pub use canary::{Canary, CanaryProof};
pub use connector_table::connector_table;
pub use flow::{COUNTED, Flow, flows};
pub use health::{Seen, StageHealth, State, judge_together, lag, stage_health, table};
pub use hops::{Clocks, Hop, Journey, Times, Verdict, report};
pub use host_look::HostLook;
pub use log_line::{LogLine, log_lines, one_stream};
pub use preflight::{Finding, Mark, NodeSeen, WayBack, in_order, judge_cluster, preflight_screen, together};
pub use stage::Stage;
pub use wiring::{Find, Wiring, no_password};
