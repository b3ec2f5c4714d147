//! What a client last complained about, kept for status, readiness and the log. It decides nothing.

use std::sync::{Arc, Mutex, PoisonError};

/// The latest complaint of one client, shared.
#[derive(Debug, Clone, Default)]
pub struct Voice(Arc<Mutex<Option<String>>>);

impl Voice {
    /// Returns the last complaint since all was well.
    pub fn last_words(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Records a complaint.
    pub fn says(&self, words: &str) {
        *self.lock() = Some(words.to_owned());
    }

    /// Records that all is well.
    pub fn is_content(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
