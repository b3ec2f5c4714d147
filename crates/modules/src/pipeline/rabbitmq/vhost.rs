//! `rabbitmq_vhost`: a virtual host, and whether its messages are traced.

use dpp_protocol::{Change, Failure, ResultMap, Verb};

use super::State;
use super::access::Access;
use crate::arguments::Flag;
use crate::pipeline::product::Product;
use crate::{Host, Survey};

with_login! {
    /// Parameters of `rabbitmq_vhost`.
    pub struct RabbitmqVhost {
        #[serde(alias = "vhost")]
        name: String,
        #[serde(default, alias = "trace")]
        tracing: Flag,
        #[serde(default)]
        state: State,
        #[serde(default)]
        node: Option<String>,
    }
}

impl Product for RabbitmqVhost {
    const NAME: &'static str = "rabbitmq_vhost";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.change(if self.state == State::Absent { Verb::Delete } else { Verb::Create }))
    }

    fn look(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let found = Access::open(&self.login(), self.node.as_deref(), host)?.vhost(&self.name)?;
        let steps = match (self.state, found) {
            (State::Absent, Some(_)) => vec![self.change(Verb::Delete).detail("with its queues")],
            (State::Present, None) if self.tracing.0 => vec![self.change(Verb::Create), self.trace()],
            (State::Present, None) => vec![self.change(Verb::Create)],
            (State::Present, Some(traced)) if traced != self.tracing.0 => vec![self.trace()],
            _ => Vec::new(),
        };
        Ok(Survey::steps(steps).value("name", self.name.as_str()).value("state", self.state.word()))
    }

    fn make(&self, step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let access = Access::open(&self.login(), self.node.as_deref(), host)?;
        match step.verb {
            Verb::Delete => access.delete_vhost(&self.name),
            Verb::Create => access.create_vhost(&self.name),
            _ => access.trace_vhost(&self.name, self.tracing.0),
        }
    }
}

impl RabbitmqVhost {
    fn change(&self, verb: Verb) -> Change {
        Change::new(verb, format!("vhost {}", self.name))
    }

    fn trace(&self) -> Change {
        self.change(Verb::Change).detail(if self.tracing.0 { "tracing on" } else { "tracing off" })
    }
}
