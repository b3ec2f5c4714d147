//! `settle`: does nothing by itself. It carries the debts that its task settles, for handlers that did their work
//! without a module on the host.

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;

use crate::{Host, Module, Survey};

/// Has no parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settle {}

impl Module for Settle {
    const NAME: &'static str = "settle";
    type Step = Change;

    fn survey(&self, _host: &Host) -> Result<Survey<Change>, Failure> {
        Ok(Survey::unchanged())
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}
