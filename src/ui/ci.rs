//! The plain screen for the two great CI systems: plays fold away, failures are shown at their line of the code.

use crate::event::{Event, Stamped};
use crate::report::{Failed, RunReport};
use crate::ui::{Close, Plain, Reporter, Ui};

/// The screen of a CI system.
pub struct Ci {
    ui: Ui,
    plain: Plain,
    dialect: Dialect,
    open: Option<usize>,
    plays: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Github,
    Gitlab,
}

impl Ci {
    /// For GitHub's runners.
    pub fn github(ui: Ui, diff: bool) -> Self {
        Self { ui, plain: Plain::new(ui, diff), dialect: Dialect::Github, open: None, plays: 0 }
    }

    /// For GitLab's runners.
    pub fn gitlab(ui: Ui, diff: bool) -> Self {
        Self { dialect: Dialect::Gitlab, ..Self::github(ui, diff) }
    }

    fn close(&mut self, t: u64) {
        if let Some(section) = self.open.take() {
            match self.dialect {
                Dialect::Github => self.ui.story("::endgroup::"),
                Dialect::Gitlab => self.ui.story(&format!("\x1b[0Ksection_end:{}:play_{section}\r\x1b[0K", t / 1000)),
            }
        }
    }

    fn begin(&mut self, t: u64, play: &str) {
        self.close(t);
        self.plays += 1;
        self.open = Some(self.plays);
        let line = match self.dialect {
            Dialect::Github => format!("::group::{}", escaped(play)),
            Dialect::Gitlab => format!("\x1b[0Ksection_start:{}:play_{}\r\x1b[0K{play}", t / 1000, self.plays),
        };
        self.ui.story(&line);
    }
}

impl Reporter for Ci {
    fn on(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::PlayStarted { play, .. } if !play.is_empty() => self.begin(stamped.t, play),
            Event::RunFinished { .. } => self.close(stamped.t),
            _ => {}
        }
        self.plain.on(stamped);
    }

    fn tick(&mut self, now: u64) {
        self.plain.tick(now);
    }

    fn end(&mut self, report: &RunReport, close: &Close) {
        if self.dialect == Dialect::Github {
            report.failures.iter().for_each(|failed| self.ui.story(&annotation(failed)));
        }
        self.plain.end(report, close);
    }
}

/// `::error file=…,line=…::message`.
fn annotation(failed: &Failed) -> String {
    let place = failed.step.as_ref().map(|step| {
        let mut parts = step.at.rsplitn(3, ':');
        let (column, line) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        format!(" file={},line={line},col={column}", escaped(parts.next().unwrap_or_default()))
    });
    let task = failed.step.as_ref().map(|step| format!("{}: ", step.task)).unwrap_or_default();
    let words = escaped(&format!("{}: {task}{}", failed.host, failed.failure.message));
    format!("::error{}::{words}", place.unwrap_or_default())
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Failure;

    use super::*;
    use crate::ui::tests::step;

    #[test]
    fn a_failure_is_shown_at_its_line() {
        let failed =
            Failed { host: "es1".into(), step: Some(step("install")), failure: Failure::new("no 100%\nsure"), ms: 0 };
        let wanted = "::error file=roles/elasticsearch/tasks/main.yml,line=2,col=3::es1: install: no 100%25%0Asure";
        assert_eq!(annotation(&failed), wanted);
    }
}
