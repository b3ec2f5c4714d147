//! The near end of the stream: stamps events with the time, masks secrets, and hands them on.

use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use serde_json::Value;

use crate::event::Event;
use crate::secret::Masker;

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stamped {
    /// Milliseconds since 1970.
    pub t: u64,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// Where events go. When nobody listens any more they are dropped.
#[derive(Debug, Clone)]
pub struct Events {
    sender: Sender<Stamped>,
    masker: Arc<RwLock<Masker>>,
}

impl Events {
    /// Events to this receiver's sender.
    pub fn new(sender: Sender<Stamped>) -> Self {
        Self { sender, masker: Arc::default() }
    }

    /// Learns a text that must never be shown.
    pub fn conceal(&self, secret: &str) {
        self.masker.write().unwrap_or_else(PoisonError::into_inner).learn(secret);
    }

    /// Tells one.
    pub fn tell(&self, event: Event) {
        let t = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        let _ = self.sender.send(Stamped { t, event: self.masked(event) });
    }

    /// A text without secrets.
    pub fn mask(&self, text: &str) -> String {
        self.masker.read().unwrap_or_else(PoisonError::into_inner).mask(text)
    }

    fn masked(&self, mut event: Event) -> Event {
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
