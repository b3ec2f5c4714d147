//! The pipeline as a whole: its stages, how its products are spoken to, whether it is well, whether messages get
//! through. Pure: facts in, verdicts and tables out.

mod connector_table;
mod flow;
mod health;
mod hops;
mod host_look;
mod stage;
mod wiring;

pub use connector_table::connector_table;
pub use flow::{COUNTED, Flow, flows};
pub use health::{Seen, StageHealth, State, judge_together, lag, stage_health, table};
pub use hops::{Clocks, Hop, Journey, Times, Verdict, report};
pub use host_look::HostLook;
pub use stage::Stage;
pub use wiring::{Find, Wiring, no_password};
