//! Every text of an event, for whoever masks secrets in it. Nothing here is left out by `..`: a new field of an event
//! does not compile before it is said whether it is a text.

use dpp_protocol::{Change, Debt, Failure, Note};
use serde_json::{Map, Value};

use crate::event::{Event, StepName, StepResult};

/// Something that holds texts which people get to read.
pub(super) trait Texts {
    /// Shows each of them.
    fn each(&mut self, see: &mut dyn FnMut(&mut String));
}

impl Texts for Event {
    /// Names of hosts are none of these: every screen joins events by them, and they are typed again behind `-l`.
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        match self {
            Self::RunStarted { command, ticket: _, hosts: _, same_machine: _, check: _, steps: _ } => command.each(see),
            Self::PlayStarted { play, hosts: _ } => play.each(see),
            Self::StepStarted { host: _, step } | Self::Retrying { host: _, step, left: _ } => step.each(see),
            Self::ItemFinished { host: _, step, item, result } => {
                step.each(see);
                item.each(see);
                result.each(see);
            }
            Self::StepFinished { host: _, step, result } => {
                step.each(see);
                result.each(see);
            }
            Self::HostLost { host: _, failure } => failure.each(see),
            Self::DebtFound { host: _, debt, will_pay: _ } | Self::Owed { host: _, debt } => debt.each(see),
            Self::StepAlive { host: _, text, count: _ } | Self::Pausing { text, asks: _ } | Self::Warning { text } => {
                text.each(see);
            }
            Self::HostConnected { host: _, ms: _ }
            | Self::LeftUndone { hosts: _ }
            | Self::Answered
            | Self::RunFinished { ms: _ } => {}
        }
    }
}

impl Texts for StepName {
    /// A line of the playbook that would be masked is not drawn.
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        let Self { role, task, action, at, place } = self;
        [role, task, action, at].into_iter().for_each(&mut *see);
        place.take_if(|place| {
            let line = place.source().text().lines().nth(place.line() - 1).unwrap_or_default();
            let mut seen = line.to_owned();
            see(&mut seen);
            seen != line
        });
    }
}

impl Texts for StepResult {
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        let Self { status: _, ignored: _, rescued: _, changes, unpredicted: _, message, failure, result, ms: _ } = self;
        changes.each(see);
        message.each(see);
        failure.each(see);
        result.each(see);
    }
}

impl Texts for Failure {
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        let Self { message, code: _, notes, help, result, changes } = self;
        message.each(see);
        notes.each(see);
        help.each(see);
        result.each(see);
        changes.each(see);
    }
}

impl Texts for Note {
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        let Self { label, text } = self;
        label.each(see);
        text.each(see);
    }
}

impl Texts for Change {
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        let Self { verb: _, what, detail, before, after, drifted: _, no_return } = self;
        what.each(see);
        detail.each(see);
        before.each(see);
        after.each(see);
        no_return.each(see);
    }
}

impl Texts for Debt {
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        let Self { handler, reason } = self;
        handler.each(see);
        reason.each(see);
    }
}

impl Texts for Value {
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        match self {
            Self::String(text) => text.each(see),
            Self::Array(items) => items.each(see),
            Self::Object(entries) => entries.each(see),
            Self::Null | Self::Bool(_) | Self::Number(_) => {}
        }
    }
}

impl Texts for Map<String, Value> {
    /// Keys are texts, too.
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        let entries = std::mem::take(self).into_iter();
        self.extend(entries.map(|(mut key, mut value)| {
            key.each(see);
            value.each(see);
            (key, value)
        }));
    }
}

impl Texts for String {
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        see(self);
    }
}

impl<T: Texts> Texts for Option<T> {
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|inner| inner.each(see));
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn each(&mut self, see: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|inner| inner.each(see));
    }
}
