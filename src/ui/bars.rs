//! The terminal's screen: what changed or failed scrolls away above, a footer of at most eight lines shows what goes on.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::event::{Event, Stamped};
use crate::report::RunReport;
use crate::ui::footer::Footer;
use crate::ui::lines::Lines;
use crate::ui::visible::visible;
use crate::ui::{Close, Reporter, Ui, ending};

/// The screen with bars.
pub struct Bars {
    ui: Ui,
    lines: Lines,
    footer: Footer,
    area: MultiProgress,
    head: ProgressBar,
    hosts: Vec<ProgressBar>,
    /// While an answer is typed, nothing is drawn over it.
    asks: bool,
}

impl Bars {
    /// An empty screen; with `diff` the texts before and after are compared.
    pub fn new(ui: Ui, diff: bool) -> Self {
        let area = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let head = area.add(ProgressBar::no_length().with_style(style("{prefix} [{bar:25}] {pos}/{len}   {msg}")));
        let (lines, footer) = (Lines::new(ui, diff, false), Footer::default());
        Self { ui, lines, footer, area, head, hosts: Vec::new(), asks: false }
    }

    fn make_room(&mut self) {
        self.asks = true;
        let _ = self.area.clear();
    }

    fn draw(&mut self, now: u64) {
        self.head.set_prefix(self.footer.command.clone());
        self.head.set_length(self.footer.of);
        self.head.set_position(self.footer.done);
        let elapsed = now.saturating_sub(self.footer.begun) / 1000;
        let clock = format!("{:02}:{:02}:{:02}", elapsed / 3600, elapsed / 60 % 60, elapsed % 60);
        self.head.set_message(format!("{clock}   {}", self.footer.words()));
        let busy = self.footer.busy(now);
        while self.hosts.len() < busy.len() {
            self.hosts.push(self.area.add(ProgressBar::new_spinner().with_style(style("  {spinner} {wide_msg}"))));
        }
        for gone in self.hosts.drain(busy.len()..) {
            gone.finish_and_clear();
            self.area.remove(&gone);
        }
        for (bar, line) in self.hosts.iter().zip(busy) {
            bar.set_message(line);
            bar.tick();
        }
    }
}

/// A style of ours; a mistake in it would show as indicatif's plain bar.
fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ").tick_chars("|/-\\ ")
}

impl Reporter for Bars {
    fn on(&mut self, stamped: &Stamped) {
        self.footer.absorb(stamped);
        match &stamped.event {
            Event::Pausing { asks: true, .. } => self.make_room(),
            Event::Answered => self.asks = false,
            _ => {}
        }
        for line in self.lines.of(stamped) {
            if self.asks {
                self.ui.story(&line);
            } else {
                let _ = self.area.println(visible(&line));
            }
        }
    }

    fn tick(&mut self, now: u64) {
        if self.ui.verbosity >= 0 && self.ui.progress && !self.asks {
            self.draw(now);
        }
    }

    fn end(&mut self, report: &RunReport, close: &Close) {
        self.hosts.drain(..).for_each(|bar| bar.finish_and_clear());
        self.head.finish_and_clear();
        let _ = self.area.clear();
        ending::lines(&self.ui, report, close).iter().for_each(|line| self.ui.story(line));
    }
}
