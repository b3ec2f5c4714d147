//! The near end of the stream: stamps events with the time, masks secrets, and hands them on.

use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use serde_json::Value;

use crate::event::{Event, moment};
use crate::secret::Masker;

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stamped {
    /// Milliseconds since 1970; written as ISO 8601.
    #[serde(serialize_with = "moment::serialize")]
    pub t: u64,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// Where events go. When nobody listens any more they are dropped.
#[derive(Clone)]
pub struct Events {
    sender: Sender<Stamped>,
    masker: Arc<RwLock<Masker>>,
    learnt: Arc<dyn Fn() -> Vec<String> + Send + Sync>,
}

impl Events {
    /// Events to this receiver's sender; `learnt` tells which secrets came up so far.
    pub fn new(sender: Sender<Stamped>, learnt: impl Fn() -> Vec<String> + Send + Sync + 'static) -> Self {
        Self { sender, masker: Arc::default(), learnt: Arc::new(learnt) }
    }

    /// Learns a text that must never be shown.
    pub fn conceal(&self, secret: &str) {
        self.masker.write().unwrap_or_else(PoisonError::into_inner).learn(secret);
    }

    /// Tells one.
    pub fn tell(&self, event: Event) {
        let _ = self.sender.send(Stamped { t: moment::now(), event: self.masked(event) });
    }

    /// A text without secrets.
    pub fn mask(&self, text: &str) -> String {
        self.masker.read().unwrap_or_else(PoisonError::into_inner).mask(text)
    }

    fn masked(&self, mut event: Event) -> Event {
        (self.learnt)().iter().for_each(|secret| self.conceal(secret));
        let masker = self.masker.read().unwrap_or_else(PoisonError::into_inner);
        if masker.is_empty() {
            return event;
        }
        match &mut event {
            Event::StepFinished { result, .. } | Event::ItemFinished { result, .. } => {
                result.message = masker.mask(&result.message);
                result.changes.iter_mut().for_each(|change| mask_change(change, &masker));
                result.failure.iter_mut().for_each(|failure| mask_failure(failure, &masker));
                mask_json(&mut result.result, &masker);
            }
            Event::HostLost { failure, .. } => mask_failure(failure, &masker),
            Event::StepAlive { text, .. } | Event::Warning { text } => *text = masker.mask(text),
            _ => {}
        }
        if let Event::ItemFinished { item, .. } = &mut event {
            *item = masker.mask(item);
        }
        event
    }
}

fn mask_change(change: &mut dpp_protocol::Change, masker: &Masker) {
    change.what = masker.mask(&change.what);
    change.detail = masker.mask(&change.detail);
    for text in [&mut change.before, &mut change.after].into_iter().flatten() {
        *text = masker.mask(text);
    }
}

fn mask_failure(failure: &mut dpp_protocol::Failure, masker: &Masker) {
    failure.message = masker.mask(&failure.message);
    failure.notes.iter_mut().for_each(|note| note.text = masker.mask(&note.text));
    failure.changes.iter_mut().for_each(|change| mask_change(change, masker));
    failure.result.values_mut().for_each(|value| mask_json(value, masker));
}

fn mask_json(value: &mut Value, masker: &Masker) {
    match value {
        Value::String(text) => *text = masker.mask(text),
        Value::Array(items) => items.iter_mut().for_each(|item| mask_json(item, masker)),
        Value::Object(entries) => entries.values_mut().for_each(|value| mask_json(value, masker)),
        _ => {}
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_secret_that_came_up_on_the_way_is_masked_and_the_time_is_written_in_words() {
        let (sender, inbox) = mpsc::channel();
        let events = Events::new(sender, || vec!["vaulted1".into()]);
        events.conceal("typed-in");
        events.tell(Event::Warning { text: "vaulted1 and typed-in".into() });
        let json = serde_json::to_value(inbox.recv().unwrap()).unwrap();
        assert_eq!((&json["type"], &json["text"]), (&"warning".into(), &"**** and ****".into()));
        assert!(json["t"].as_str().unwrap().ends_with('Z'), "{json}");
    }
}
