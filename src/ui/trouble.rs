//! The screen of a run that only looks for somebody else: silent unless something went wrong.

use crate::event::Stamped;
use crate::exit::Exit;
use crate::report::RunReport;
use crate::ui::{Close, Reporter, Ui, ending};

/// Tells what went wrong, once it is over.
pub struct Trouble {
    ui: Ui,
}

impl Trouble {
    /// A silent screen.
    pub fn new(ui: Ui) -> Self {
        Self { ui }
    }
}

impl Reporter for Trouble {
    fn on(&mut self, _event: &Stamped) {}

    fn end(&mut self, report: &RunReport, close: &Close) {
        if close.exit != Exit::Ok {
            ending::lines(&self.ui, report, close).iter().for_each(|line| self.ui.story(line));
        }
    }
}
