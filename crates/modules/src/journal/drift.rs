//! `drift`: what is not as our last step left it: somebody else changed it, or it broke. A question; it changes nothing.

use dpp_protocol::{Change, Failure, ResultMap};
use serde::Deserialize;
use serde_json::json;

use super::left::{Drifted, Left};
use crate::{Host, Module, Step, Survey};

/// Parameters of `drift`: there are none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drift {}

impl Module for Drift {
    const NAME: &'static str = "drift";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        let drifted = Left::read(host.state()).all_drifted();
        let told: Vec<_> =
            drifted.into_iter().map(|drifted| json!({"what": drifted.thing, "since": drifted.since})).collect();
        Ok(Survey::unchanged().value("drifted", told))
    }

    fn apply(&self, _step: &Change, _host: &Host, _result: &mut ResultMap) -> Result<(), Failure> {
        Ok(())
    }
}

/// Marks changes of what somebody else has changed before. What cannot be looked at is no drift.
pub(crate) fn mark_drift<S: Step>(steps: &[S], changes: &mut [Change], host: &Host) {
    if steps.is_empty() {
        return;
    }
    let left = Left::read(host.state());
    if left.is_empty() {
        return;
    }
    for (step, change) in steps.iter().zip(changes) {
        let former = step.former().unwrap_or_default();
        change.drifted = former.iter().find_map(|former| left.drifted(former)).map(str::to_owned);
    }
}

pub(super) fn names(drifted: Vec<Drifted>) -> impl Iterator<Item = String> {
    drifted.into_iter().map(|drifted| drifted.thing)
}
