//! The stream of events on standard output, one JSON document a line.

use crate::event::Stamped;
use crate::report::{Line, RunReport};
use crate::ui::{Close, Reporter, Ui};

/// The screen of programmes.
pub struct Stream {
    ui: Ui,
    run: u64,
}

impl Stream {
    /// A stream of this run.
    pub fn new(ui: Ui, run: u64) -> Self {
        Self { ui, run }
    }
}

impl Reporter for Stream {
    fn on(&mut self, stamped: &Stamped) {
        self.ui.answer(&Line::new(self.run, stamped).to_json());
    }

    fn end(&mut self, _report: &RunReport, _close: &Close) {}
}
