//! Two runs at once without two things at once: whoever has the baton goes on until it hands it over.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Whose turn it is among those that take part.
#[derive(Debug, Default)]
pub(crate) struct Baton {
    whose: Mutex<Whose>,
    moved: Condvar,
}

#[derive(Debug, Default)]
struct Whose {
    has_it: usize,
    there: Vec<usize>,
}

impl Baton {
    /// Takes part from now on; the first one has the baton.
    pub(crate) fn join(&self, who: usize) {
        let mut whose = self.whose();
        if whose.there.is_empty() {
            whose.has_it = who;
        }
        whose.there.push(who);
    }

    /// Those that take part.
    pub(crate) fn there(&self) -> Vec<usize> {
        self.whose().there.clone()
    }

    /// Waits for its first turn.
    pub(crate) fn await_turn(&self, who: usize) {
        let whose = self.whose();
        drop(self.moved.wait_while(whose, |whose| whose.has_it != who).unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets this one go on, and waits until it is its turn again.
    pub(crate) fn hand_over(&self, from: usize, to: usize) {
        if from != to {
            self.whose().has_it = to;
            self.moved.notify_all();
            self.await_turn(from);
        }
    }

    /// Takes part no more; one that is left goes on.
    pub(crate) fn leave(&self, who: usize) {
        let mut whose = self.whose();
        whose.there.retain(|there| *there != who);
        if let Some(next) = whose.there.first().copied().filter(|_| whose.has_it == who) {
            whose.has_it = next;
        }
        self.moved.notify_all();
    }

    fn whose(&self) -> MutexGuard<'_, Whose> {
        self.whose.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
