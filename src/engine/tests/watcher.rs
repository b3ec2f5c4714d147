//! Who watches a run of the tests.

use std::sync::Mutex;

use crate::engine::Operator;

/// Somebody who gives these answers, the last one to every further question, or nobody.
pub(super) struct Watcher(Mutex<Vec<String>>);

impl Watcher {
    pub(super) fn answering(answers: &[String]) -> Self {
        Self(Mutex::new(answers.to_vec()))
    }
}

impl Operator for Watcher {
    fn is_there(&self) -> bool {
        !self.0.lock().unwrap().is_empty()
    }

    fn answer(&self, _echo: bool) -> String {
        let mut answers = self.0.lock().unwrap();
        if answers.len() > 1 { answers.remove(0) } else { answers.first().cloned().unwrap_or_default() }
    }
}
