//! A line per event, for pipes and CI: no cursor moves, no bars; what is silent for long gives a sign of life.

use std::collections::BTreeMap;

use crate::event::{Event, Stamped, StepName};
use crate::report::RunReport;
use crate::ui::lines::Lines;
use crate::ui::{Close, Reporter, Ui, ending};

/// Milliseconds of silence after which a step gives a sign of life.
const STILL: u64 = 15_000;

/// The plain screen.
pub struct Plain {
    ui: Ui,
    lines: Lines,
    running: BTreeMap<String, Running>,
}

struct Running {
    step: StepName,
    since: u64,
    told: u64,
    text: String,
}

impl Plain {
    /// A plain screen; with `diff` the texts before and after are compared.
    pub fn new(ui: Ui, diff: bool) -> Self {
        Self { ui, lines: Lines::new(ui, diff, true), running: BTreeMap::new() }
    }

    /// The signs of life that are due.
    fn still(&mut self, now: u64) -> Vec<String> {
        let mut told = Vec::new();
        for (host, running) in &mut self.running {
            if now.saturating_sub(running.told) >= STILL {
                running.told = now;
                let seconds = now.saturating_sub(running.since) / 1000;
                told.push(self.lines.still(now, host, &running.step, &running.text, seconds));
            }
        }
        told
    }
}

impl Reporter for Plain {
    fn on(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::StepStarted { host, step } => {
                let running = Running { step: step.clone(), since: stamped.t, told: stamped.t, text: String::new() };
                self.running.insert(host.clone(), running);
            }
            Event::StepAlive { host, text, .. } => {
                if let Some(running) = self.running.get_mut(host) {
                    running.text.clone_from(text);
                }
            }
            Event::StepFinished { host, .. } | Event::HostLost { host, .. } => {
                self.running.remove(host);
            }
            _ => {}
        }
        self.lines.of(stamped).iter().for_each(|line| self.ui.story(line));
    }

    fn tick(&mut self, now: u64) {
        if self.ui.verbosity >= 0 {
            self.still(now).iter().for_each(|line| self.ui.story(line));
        }
    }

    fn end(&mut self, report: &RunReport, close: &Close) {
        ending::lines(&self.ui, report, close).iter().for_each(|line| self.ui.story(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::tests::{step, ui};

    #[test]
    fn a_silent_step_gives_a_sign_of_life_every_fifteen_seconds_and_none_after_its_end() {
        let mut plain = Plain::new(ui(0), false);
        plain.on(&Stamped { t: 0, event: Event::StepStarted { host: "es1".into(), step: step("install") } });
        assert!(plain.still(14_999).is_empty());
        assert_eq!(plain.still(15_000), ["00:00:15 still    es1        elasticsearch  install (15s)"]);
        assert!(plain.still(29_999).is_empty());
        let alive = Event::StepAlive { host: "es1".into(), text: "dpkg: unpacking".into(), count: None };
        plain.on(&Stamped { t: 30_000, event: alive });
        assert_eq!(plain.still(31_000), ["00:00:31 still    es1        elasticsearch  install: dpkg: unpacking (31s)"]);
        plain.running.clear();
        assert!(plain.still(90_000).is_empty());
    }
}
