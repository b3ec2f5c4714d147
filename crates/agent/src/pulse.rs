//! The sign of life while a task runs: without it a slow host and a dead one look the same from afar.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use dpp_protocol::{ALIVE_EVERY, Response, write_message};

/// A thread that says `Alive` while it is asked to.
pub(crate) struct Pulse {
    busy: Arc<(Mutex<bool>, Condvar)>,
}

/// Beats until it is dropped.
pub(crate) struct Beating<'a>(&'a Pulse);

impl Pulse {
    /// A pulse that writes to `output` between other messages; silent until [`beat`](Pulse::beat).
    pub(crate) fn on<W: Write + Send + 'static>(output: Arc<Mutex<W>>) -> Self {
        let busy = Arc::new((Mutex::new(false), Condvar::new()));
        let watched = Arc::clone(&busy);
        thread::spawn(move || run(&watched, &output));
        Self { busy }
    }

    /// Beats until the returned guard is dropped.
    pub(crate) fn beat(&self) -> Beating<'_> {
        self.set(true);
        Beating(self)
    }

    fn set(&self, busy: bool) {
        *self.busy.0.lock().unwrap_or_else(PoisonError::into_inner) = busy;
        self.busy.1.notify_all();
    }
}

impl Drop for Beating<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

fn run(busy: &(Mutex<bool>, Condvar), output: &Mutex<impl Write>) {
    let mut guard = busy.0.lock().unwrap_or_else(PoisonError::into_inner);
    loop {
        while !*guard {
            guard = busy.1.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        let (after, waited) =
            busy.1.wait_timeout_while(guard, ALIVE_EVERY, |busy| *busy).unwrap_or_else(PoisonError::into_inner);
        guard = after;
        if waited.timed_out() {
            drop(guard);
            let _ = write_message(&mut *output.lock().unwrap_or_else(PoisonError::into_inner), &Response::Alive);
            guard = busy.0.lock().unwrap_or_else(PoisonError::into_inner);
        }
    }
}
