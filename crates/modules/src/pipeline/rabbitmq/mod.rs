//! RabbitMQ through its management API on the host itself, and through `rabbitmqctl` where the API knows no login yet.
//!
//! Right after the installation only `guest` may log in, and a role that deletes it has no login on a fresh host; other roles
//! never switch the API on. So all that `rabbitmqctl` can do falls back to it; exchanges, queues and bindings need the API.

#[macro_use]
mod login;

mod access;
mod api;
pub mod binding;
mod ctl;
mod definition;
pub mod exchange;
pub mod facts;
pub mod feature_flag;
pub mod global_parameter;
mod grants;
pub mod parameter;
pub mod permission;
pub mod plugin;
pub mod policy;
pub mod publish;
pub mod queue;
mod setting;
mod topic_grants;
pub mod user;
pub mod user_limits;
pub mod vhost;
pub mod vhost_limits;
pub mod wait;

use serde::Deserialize;

/// Whether a thing is to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    #[default]
    Present,
    Absent,
}

impl State {
    /// As a task writes it.
    fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
        }
    }
}

fn root_vhost() -> String {
    "/".into()
}

fn yes() -> crate::arguments::Flag {
    crate::arguments::Flag(true)
}
