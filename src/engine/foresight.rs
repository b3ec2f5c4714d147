//! Answers to surveys that were sent ahead, waiting to be taken in the order of the tasks.
//!
//! An answer is taken only for exactly the module, parameters and user it was given for; whatever comes in another
//! order than foreseen makes all of them worthless, and so does any change on the machine.

use std::collections::VecDeque;
use std::sync::Arc;

use dpp_protocol::Answer;
use serde_json::Value as Json;

use crate::actions::Remote;
use crate::engine::batch::is_own;
use crate::engine::prepare::Ready;
use crate::plan::TaskStep;
use crate::transport::Become;

/// What was asked for, and its answer when it came.
struct Foreseen {
    number: u64,
    step: Arc<TaskStep>,
    module: String,
    params: Json,
    becoming: Option<Become>,
    answer: Option<Answer>,
}

/// The answers of one host.
#[derive(Default)]
pub(super) struct Foresight {
    foreseen: VecDeque<Foreseen>,
}

impl Foresight {
    /// Notes what is asked for.
    pub(super) fn expect(&mut self, number: u64, step: &Arc<TaskStep>, ready: &Ready) {
        self.foreseen.push_back(Foreseen {
            number,
            step: Arc::clone(step),
            module: ready.remote.module.clone(),
            params: ready.remote.params.clone(),
            becoming: ready.becoming.clone(),
            answer: None,
        });
    }

    /// Keeps the answers that came; what was asked and not answered is forgotten.
    pub(super) fn keep(&mut self, answers: Vec<(u64, Answer)>) {
        for (number, answer) in answers {
            if let Some(foreseen) = self.foreseen.iter_mut().find(|foreseen| foreseen.number == number) {
                foreseen.answer = Some(answer);
            }
        }
        self.foreseen.retain(|foreseen| foreseen.answer.is_some());
    }

    /// The task that a survey is for.
    pub(super) fn step(&self, number: u64) -> Option<Arc<TaskStep>> {
        self.foreseen.iter().find(|foreseen| foreseen.number == number).map(|foreseen| Arc::clone(&foreseen.step))
    }

    /// The answer for this task, if it is the next one that was foreseen.
    pub(super) fn take(&mut self, ready: &Ready) -> Option<Answer> {
        let next = self.foreseen.front()?;
        let same =
            next.module == ready.remote.module && next.params == ready.remote.params && next.becoming == ready.becoming;
        if !same || !is_own(ready) {
            self.forget();
            return None;
        }
        self.foreseen.pop_front()?.answer
    }

    /// Nothing is foreseen any more.
    pub(super) fn forget(&mut self) {
        self.foreseen.clear();
    }
}

/// Whether a look can tell what a task does. A command without `creates` or `removes` can only be run.
pub(super) fn worth_a_look(remote: &Remote, check: bool) -> bool {
    const COMMANDS: &[&str] = &["command", "shell", "raw", "script", "wait_for", "uri", "reboot", "ping"];
    let has = |name: &str| remote.params.get(name).is_some_and(|value| !value.is_null());
    remote.aside.is_none() && (check || !COMMANDS.contains(&remote.module.as_str()) || has("creates") || has("removes"))
}
