//! What the footer of the terminal's screen says: how far the run is, and what the longest-running hosts do. A fold
//! over events, without any drawing.

use std::collections::BTreeMap;

use crate::event::{Event, Stamped, Status, StepName};

/// Hosts that get a line of their own.
pub(super) const MOST: usize = 7;

/// The state that the footer shows.
#[derive(Default)]
pub(super) struct Footer {
    pub(super) command: String,
    pub(super) begun: u64,
    pub(super) done: u64,
    pub(super) of: u64,
    hosts: usize,
    failed: usize,
    lost: usize,
    running: BTreeMap<String, Running>,
}

struct Running {
    step: StepName,
    since: u64,
    text: String,
    count: Option<(u64, u64)>,
}

impl Footer {
    pub(super) fn absorb(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::RunStarted { command, hosts, steps, .. } => {
                self.command.clone_from(command);
                self.begun = stamped.t;
                (self.hosts, self.of) = (hosts.len(), *steps as u64);
            }
            Event::StepStarted { host, step } => {
                let running = Running { step: step.clone(), since: stamped.t, text: String::new(), count: None };
                self.running.insert(host.clone(), running);
            }
            Event::StepAlive { host, text, count } => {
                if let Some(running) = self.running.get_mut(host) {
                    running.text.clone_from(text);
                    running.count = *count;
                }
            }
            Event::StepFinished { host, result, .. } => {
                self.running.remove(host);
                self.done += 1;
                // Includes bring steps that nobody counted beforehand.
                self.of = self.of.max(self.done);
                let counts = result.status == Status::Failed && !result.ignored && !result.rescued;
                self.failed += usize::from(counts);
            }
            Event::HostLost { host, .. } => {
                self.running.remove(host);
                self.lost += 1;
            }
            _ => {}
        }
    }

    /// `4 busy · 1 failed · 6 hosts`.
    pub(super) fn words(&self) -> String {
        let mut words = vec![format!("{} busy", self.running.len())];
        if self.failed > 0 {
            words.push(format!("{} failed", self.failed));
        }
        if self.lost > 0 {
            words.push(format!("{} lost", self.lost));
        }
        words.push(format!("{} host{}", self.hosts, if self.hosts == 1 { "" } else { "s" }));
        words.join(" · ")
    }

    /// What the hosts do that have been at it longest, a line each.
    pub(super) fn busy(&self, now: u64) -> Vec<String> {
        let mut running: Vec<(&String, &Running)> = self.running.iter().collect();
        running.sort_by_key(|(host, running)| (running.since, host.as_str()));
        running.truncate(MOST);
        running.iter().map(|(host, running)| running.line(host, now)).collect()
    }
}

impl Running {
    fn line(&self, host: &str, now: u64) -> String {
        let seconds = now.saturating_sub(self.since) / 1000;
        let count = self.count.map(|(at, of)| format!(" {}", amount(at, of))).unwrap_or_default();
        format!("{host:<10} {:<32} {}{count}  {seconds}s", self.step.task, self.text)
    }
}

/// `18.4/27.9 MiB` for bytes, `3/7` for small numbers.
fn amount(at: u64, of: u64) -> String {
    const MIB: f64 = 1_048_576.0;
    if of < 100_000 { format!("{at}/{of}") } else { format!("{:.1}/{:.1} MiB", at as f64 / MIB, of as f64 / MIB) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::tests::step;

    #[test]
    fn the_longest_running_come_first_and_never_more_than_seven() {
        let mut footer = Footer::default();
        for at in 0..9 {
            let event = Event::StepStarted { host: format!("h{at}"), step: step("push") };
            footer.absorb(&Stamped { t: 1000 * (9 - at), event });
        }
        let alive = Event::StepAlive { host: "h8".into(), text: "copy".into(), count: Some((1 << 20, 3 << 20)) };
        footer.absorb(&Stamped { t: 9000, event: alive });
        let busy = footer.busy(10_000);
        assert_eq!((busy.len(), footer.words().as_str()), (7, "9 busy · 0 hosts"));
        assert_eq!(busy[0], "h8         push                             copy 1.0/3.0 MiB  9s");
    }
}
