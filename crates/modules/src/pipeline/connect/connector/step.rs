//! What is done to a connector, one thing at a time, and how it shows itself.

use dpp_protocol::{Change, Failure};

use crate::Step;
use crate::journal::Former;
use crate::pipeline::connect::ConnectorFormer;

/// One thing to be done to a connector, and how it was before.
#[derive(Debug)]
pub struct ConnectorStep {
    /// What is done.
    pub deed: Deed,
    /// What is written down for the case that it is taken back.
    pub was: ConnectorFormer,
}

/// What is done to a connector.
#[derive(Debug)]
pub enum Deed {
    /// Create it, or replace its configuration; or say why not.
    Configure {
        /// The change that is shown.
        change: Change,
        /// The configuration before, as lines with secrets masked.
        before: Option<String>,
        /// The configuration after.
        after: String,
        /// Why the worker would refuse it, as far as known.
        refusal: Option<Box<Failure>>,
    },
    /// Restart these tasks, and the connector itself when so said.
    Restart {
        /// The change that is shown.
        change: Change,
        /// Their numbers.
        tasks: Vec<u64>,
        /// Whether the connector itself is restarted.
        connector: bool,
    },
    /// `pause` or `resume` it.
    Order {
        /// The change that is shown.
        change: Change,
        /// The last part of the request's path.
        order: &'static str,
    },
    /// Delete it.
    Delete(Change),
}

impl Step for ConnectorStep {
    fn change(&self, diff: bool) -> Change {
        match &self.deed {
            Deed::Configure { change, before, after, .. } if diff => {
                change.clone().texts(before.clone(), Some(after.clone()))
            }
            Deed::Configure { change, .. } | Deed::Restart { change, .. } | Deed::Order { change, .. } => {
                change.clone()
            }
            Deed::Delete(change) => change.clone(),
        }
    }

    /// A restart leaves a connector as it was.
    fn former(&self) -> Result<Vec<Former>, Failure> {
        Ok(match self.deed {
            Deed::Restart { .. } => Vec::new(),
            _ => vec![Former::Connector(self.was.clone())],
        })
    }
}
