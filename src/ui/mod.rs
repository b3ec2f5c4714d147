//! The only room that prints. Screens are folds over the run's events; the answer goes to standard output, the story
//! to standard error.

mod bars;
mod changes;
mod ci;
mod document;
mod ending;
mod failure;
mod footer;
mod lines;
mod output;
mod plain;
mod plan;
mod stream;
mod table;
mod terminal;
#[cfg(test)]
mod tests;
mod trouble;
mod visible;

pub use bars::Bars;
pub use ci::Ci;
pub use document::{Document, answer_json, line_json};
pub use ending::Close;
pub use output::Output;
pub use plain::Plain;
pub use plan::PlanScreen;
pub use stream::Stream;
pub use table::Table;
pub use terminal::{Colour, Ui, document as problem_document};
pub use trouble::Trouble;

use crate::event::Stamped;
use crate::report::RunReport;

/// Draws a run while it goes on.
pub trait Reporter {
    /// One moment.
    fn on(&mut self, event: &Stamped);

    /// Time went by, several times a second; `now` is in milliseconds since 1970.
    fn tick(&mut self, _now: u64) {}

    /// The end.
    fn end(&mut self, report: &RunReport, close: &Close);
}

/// What is shown of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// What happens, while it happens.
    Story,
    /// What would be done, once that is known.
    Plan,
    /// Only what went wrong.
    Trouble,
}

/// The screen for a run.
pub fn reporter(ui: Ui, diff: bool, run: u64, shows: Shows) -> Box<dyn Reporter + Send> {
    match ui.output {
        _ if shows == Shows::Trouble => Box::new(Trouble::new(ui)),
        Output::Jsonl => Box::new(Stream::new(ui, run)),
        _ if shows == Shows::Plan => Box::new(PlanScreen::new(ui, diff)),
        Output::Tty => Box::new(Bars::new(ui, diff)),
        Output::Plain => Box::new(Plain::new(ui, diff)),
        Output::Json if ui.is_terminal => Box::new(Document::beside(Bars::new(ui, diff), ui)),
        Output::Json => Box::new(Document::beside(Plain::new(ui, diff), ui)),
        Output::Github => Box::new(Ci::github(ui, diff)),
        Output::Gitlab => Box::new(Ci::gitlab(ui, diff)),
    }
}
