//! `rabbitmq_permission`: the rights of one user in one vhost.

use dpp_protocol::{Change, Failure, ResultMap, Verb};

use super::State;
use super::access::Access;
use super::grants::{Grant, nothing};
use crate::pipeline::product::Product;
use crate::{Host, Survey};

with_login! {
    /// Parameters of `rabbitmq_permission`.
    pub struct RabbitmqPermission {
        #[serde(alias = "username")]
        user: String,
        #[serde(default = "super::root_vhost")]
        vhost: String,
        #[serde(default = "nothing", alias = "configure")]
        configure_priv: String,
        #[serde(default = "nothing", alias = "write")]
        write_priv: String,
        #[serde(default = "nothing", alias = "read")]
        read_priv: String,
        #[serde(default)]
        state: State,
        #[serde(default)]
        node: Option<String>,
    }
}

impl Product for RabbitmqPermission {
    const NAME: &'static str = "rabbitmq_permission";
    type Step = Change;

    fn gist(&self) -> Option<Change> {
        Some(self.change(if self.state == State::Absent { Verb::Delete } else { Verb::Create }))
    }

    fn look(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let access = Access::open(&self.login(), self.node.as_deref(), host)?;
        let found = match access.user(&self.user)? {
            Some(_) => access.grants(&self.user)?,
            None => Vec::new(),
        };
        let found = found.into_iter().find(|grant| grant.vhost == self.vhost);
        let step = match (self.state, found) {
            (State::Absent, Some(_)) => Some(self.change(Verb::Delete)),
            (State::Present, None) => Some(self.change(Verb::Create)),
            (State::Present, Some(found)) if found != self.grant() => Some(self.change(Verb::Change)),
            _ => None,
        };
        Ok(Survey::steps(step.into_iter().collect()))
    }

    fn make(&self, step: &Change, host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        let access = Access::open(&self.login(), self.node.as_deref(), host)?;
        if step.verb == Verb::Delete {
            access.revoke(&self.user, &self.vhost)
        } else {
            access.grant(&self.user, &self.grant())
        }
    }
}

impl RabbitmqPermission {
    fn grant(&self) -> Grant {
        Grant {
            vhost: self.vhost.clone(),
            configure_priv: self.configure_priv.clone(),
            write_priv: self.write_priv.clone(),
            read_priv: self.read_priv.clone(),
        }
    }

    fn change(&self, verb: Verb) -> Change {
        let change = Change::new(verb, format!("rights of {} in {}", self.user, self.vhost));
        if verb == Verb::Delete { change } else { change.detail(self.grant().words()) }
    }
}
