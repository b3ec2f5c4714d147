//! The only room that prints. Screens are folds over the run's events; the answer goes to standard output, the story
//! to standard error.

mod failure;
mod plain;
mod terminal;

pub use plain::Plain;
pub use terminal::{Colour, Ui};

use crate::event::Stamped;
use crate::report::RunReport;

/// Draws a run while it goes on.
pub trait Reporter {
    /// One moment.
    fn on(&mut self, event: &Stamped);

    /// The end.
    fn end(&mut self, report: &RunReport);
}
