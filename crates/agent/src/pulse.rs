//! The sign of life while a task runs: without it a slow host and a dead one look the same from afar.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use dpp_protocol::{ALIVE_EVERY, Response, write_message};

/// A thread that looks up every now and then and says `Alive` when a task runs. It is not woken for a task: hundreds of
/// them are short.
pub(crate) struct Pulse {
    busy: Arc<AtomicBool>,
}

/// Beats until it is dropped.
pub(crate) struct Beating<'a>(&'a Pulse);

impl Pulse {
    /// A pulse that writes to `output` between other messages; silent until [`beat`](Pulse::beat).
    pub(crate) fn on<W: Write + Send + 'static>(output: Arc<Mutex<W>>) -> Self {
        let busy = Arc::new(AtomicBool::new(false));
        let watched = Arc::clone(&busy);
        thread::spawn(move || run(&watched, &output));
        Self { busy }
    }

    /// Beats until the returned guard is dropped.
    pub(crate) fn beat(&self) -> Beating<'_> {
        self.busy.store(true, Ordering::Relaxed);
        Beating(self)
    }
}

impl Drop for Beating<'_> {
    fn drop(&mut self) {
        self.0.busy.store(false, Ordering::Relaxed);
    }
}

fn run(busy: &AtomicBool, output: &Mutex<impl Write>) {
    loop {
        thread::sleep(ALIVE_EVERY);
        if busy.load(Ordering::Relaxed) {
            let _ = write_message(&mut *output.lock().unwrap_or_else(PoisonError::into_inner), &Response::Alive);
        }
    }
}
