//! What a machine is asked to do for a task: its module with final parameters, or a mere look.

use dpp_protocol::{Debt, Mode, Task};
use serde_json::Value as Json;

use crate::engine::doing::Doing;
use crate::engine::prepare::Ready;

impl Doing {
    /// The request for a machine.
    pub(super) fn task(&self, id: u64, ready: &Ready, owes: Vec<Debt>, settles: Vec<Debt>) -> Task {
        let mode = if self.check { Mode::Survey } else { Mode::Apply };
        Task { owes, settles, bound: self.bound, ..self.request(id, ready, &ready.remote.params, mode) }
    }

    /// The request for a mere look, with as little content as will do.
    pub(super) fn survey(&self, id: u64, ready: &Ready) -> Task {
        let lean = ready.remote.lean.as_ref().filter(|_| !self.diff);
        self.request(id, ready, lean.unwrap_or(&ready.remote.params), Mode::Survey)
    }

    fn request(&self, id: u64, ready: &Ready, params: &Json, mode: Mode) -> Task {
        Task {
            id,
            module: ready.remote.module.clone(),
            params: params.clone(),
            mode,
            diff: self.diff,
            environment: ready.environment.clone(),
            owes: Vec::new(),
            settles: Vec::new(),
            bound: None,
            run: self.run.to_string(),
        }
    }
}
