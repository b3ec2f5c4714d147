//! The near end of the stream: stamps events with the time, masks secrets, and hands them on.

use std::sync::mpsc::Sender;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::event::texts::Texts;
use crate::event::{Event, moment};
use crate::secret::Masker;

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// Milliseconds since 1970; written as ISO 8601.
    #[serde(with = "moment")]
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

    /// A text without secrets, for what is told elsewhere than in an event.
    pub fn mask(&self, text: &str) -> String {
        let mut text = text.to_owned();
        self.hide_in(&mut text);
        text
    }

    fn masked(&self, mut event: Event) -> Event {
        self.hide_in(&mut event);
        event
    }

    fn hide_in(&self, told: &mut impl Texts) {
        (self.learnt)().iter().for_each(|secret| self.conceal(secret));
        let masker = self.masker.read().unwrap_or_else(PoisonError::into_inner);
        if !masker.is_empty() {
            told.each(&mut |text| masker.hide_in(text));
        }
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

    use dpp_protocol::{Change, Debt, Failure, Verb};

    use super::*;
    use crate::event::{Status, StepName, StepResult};
    use crate::source::{Place, Source};

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

    const PASSWORD: &str = "hunter2000";

    fn step() -> StepName {
        let line = format!("- name: {PASSWORD}\n");
        let place = Some(Place::new(&Source::new("site.yml", line), 2..6));
        let said = || format!("x{PASSWORD}y");
        StepName { role: said(), task: said(), action: said(), at: said(), place }
    }

    fn change() -> Change {
        let said = || Some(PASSWORD.to_owned());
        Change::new(Verb::Run, PASSWORD).detail(PASSWORD).texts(said(), said())
    }

    fn failure() -> Failure {
        let result = serde_json::json!({ PASSWORD: [PASSWORD, { "deep": PASSWORD }] });
        Failure {
            result: result.as_object().cloned().unwrap_or_default(),
            changes: vec![change()],
            ..Failure::new(PASSWORD).note(PASSWORD, PASSWORD).help(PASSWORD)
        }
    }

    fn result() -> StepResult {
        StepResult {
            status: Status::Failed,
            ignored: false,
            rescued: false,
            changes: vec![change()],
            unpredicted: false,
            message: PASSWORD.into(),
            failure: Some(failure()),
            result: serde_json::json!({ "stdout": PASSWORD, PASSWORD: 1 }),
            ms: 1,
        }
    }

    /// One of each, with the secret in every text.
    fn of_each_kind() -> Vec<Event> {
        let host = || "web1".to_owned();
        let said = || PASSWORD.to_owned();
        let debt = || Debt { handler: said(), reason: said() };
        vec![
            Event::RunStarted {
                command: said(),
                ticket: String::new(),
                hosts: vec![host()],
                same_machine: Vec::new(),
                check: false,
                steps: 1,
            },
            Event::PlayStarted { play: said(), hosts: vec![host()] },
            Event::HostConnected { host: host(), ms: 1 },
            Event::StepStarted { host: host(), step: step() },
            Event::StepAlive { host: host(), text: said(), count: None },
            Event::ItemFinished { host: host(), step: step(), item: said(), result: result() },
            Event::Retrying { host: host(), step: step(), left: 1 },
            Event::StepFinished { host: host(), step: step(), result: result() },
            Event::HostLost { host: host(), failure: failure() },
            Event::DebtFound { host: host(), debt: debt(), will_pay: true },
            Event::Owed { host: host(), debt: debt() },
            Event::LeftUndone { hosts: vec![host()] },
            Event::Pausing { text: said(), asks: true },
            Event::Answered,
            Event::Warning { text: said() },
            Event::RunFinished { ms: 1 },
        ]
    }

    #[test]
    fn no_text_of_any_event_shows_a_secret() {
        let (sender, inbox) = mpsc::channel();
        let events = Events::new(sender, || vec![PASSWORD.into()]);
        of_each_kind().into_iter().for_each(|event| events.tell(event));
        drop(events);
        let told: Vec<Event> = inbox.into_iter().map(|stamped| stamped.event).collect();
        for (event, clear) in told.iter().zip(of_each_kind()) {
            let (json, clear) = (serde_json::to_string(event).unwrap(), serde_json::to_string(&clear).unwrap());
            assert!(!format!("{json}{event:?}").contains(PASSWORD), "{event:?}");
            assert_eq!(json, clear.replace(PASSWORD, "****"));
        }
    }

    #[test]
    fn a_line_of_the_playbook_is_drawn_unless_it_holds_a_secret() {
        let (sender, inbox) = mpsc::channel();
        let events = Events::new(sender, || vec![PASSWORD.into()]);
        let harmless = Place::new(&Source::new("site.yml", format!("- ping:\n# {PASSWORD}\n")), 2..6);
        for place in [step().place, Some(harmless)] {
            events.tell(Event::StepStarted { host: "web1".into(), step: StepName { place, ..step() } });
        }
        drop(events);
        let drawn = inbox.into_iter().map(|stamped| match stamped.event {
            Event::StepStarted { step, .. } => step.place.is_some(),
            _ => false,
        });
        assert_eq!(drawn.collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn what_is_told_elsewhere_is_masked_with_what_came_up_so_far() {
        let events = Events::new(mpsc::channel().0, || vec![PASSWORD.into()]);
        assert_eq!(events.mask("set hunter2000"), "set ****");
    }
}
