//! Ctrl-C and its kin. The first lets running steps end and begins no new one, the second leaves at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use crate::event::{Event, Events};
use crate::exit::Exit;

/// Listens for signals while a run goes on.
#[derive(Debug, Default)]
pub(super) struct Interrupts {
    cancel: Arc<AtomicU8>,
}

impl Interrupts {
    /// Begins to listen; without it a signal ends the programme as it always did.
    pub(super) fn listen(events: &Events) -> Self {
        let this = Self::default();
        if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) {
            let (cancel, events) = (Arc::clone(&this.cancel), events.clone());
            thread::spawn(move || signals.forever().for_each(|signal| heard(signal, &cancel, &events)));
        }
        this
    }

    /// More than 0 when no new step may begin.
    pub(super) fn cancel(&self) -> Arc<AtomicU8> {
        Arc::clone(&self.cancel)
    }

    /// How the programme ends when it was interrupted.
    pub(super) fn exit(&self) -> Option<Exit> {
        exit_of(self.cancel.load(Ordering::Relaxed))
    }
}

fn exit_of(signal: u8) -> Option<Exit> {
    match i32::from(signal) {
        0 => None,
        SIGTERM => Some(Exit::Terminated),
        _ => Some(Exit::Interrupted),
    }
}

fn heard(signal: i32, cancel: &AtomicU8, events: &Events) {
    let number = u8::try_from(signal).unwrap_or(1);
    if cancel.swap(number, Ordering::Relaxed) == 0 {
        let text = "stopping: running steps are brought to their end, no new one begins; once more leaves at once";
        events.tell(Event::Warning { text: text.to_owned() });
    } else {
        low_level::exit(exit_of(number).map_or(1, |exit| i32::from(exit.code())));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn the_first_signal_stops_new_steps_and_says_so() {
        let (sender, inbox) = mpsc::channel();
        let interrupts = Interrupts::default();
        assert_eq!(interrupts.exit(), None);
        heard(SIGTERM, &interrupts.cancel, &Events::new(sender, Vec::new));
        assert_eq!((interrupts.exit(), interrupts.cancel().load(Ordering::Relaxed)), (Some(Exit::Terminated), 15));
        assert!(matches!(inbox.recv().unwrap().event, Event::Warning { .. }));
    }
}
