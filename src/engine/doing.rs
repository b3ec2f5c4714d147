//! The task a host is at: which item is next, what the items came to, whether it is to be tried again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dpp_protocol::{Bound, Failure};
use serde_json::Value as Json;

use crate::actions;
use crate::engine::TaskVars;
use crate::engine::ending::Ending;
use crate::engine::loops::{self, Manner};
use crate::engine::no_log::hide;
use crate::engine::prepare::{Keyword, scope};
use crate::engine::run::Options;
use crate::event::{Event, Events, Status, StepName, StepResult};
use crate::plan::{Step, TaskStep};
use crate::template::TemplateError;
use crate::value::{Map, Text, Value};

/// A task in progress.
pub(super) struct Doing {
    pub(super) step: Arc<TaskStep>,
    pub(super) name: StepName,
    pub(super) vars: TaskVars,
    /// Whether a machine or a timer is waited for.
    pub(super) waiting: bool,
    /// Whether it was looked ahead from here already.
    pub(super) looked: bool,
    /// Whether a `pause` was made already.
    pub(super) paused: bool,
    pub(super) run_once: bool,
    /// Whether another host did it for this one.
    pub(super) is_echo: bool,
    pub(super) check: bool,
    pub(super) any_errors_fatal: bool,
    /// How many hosts may be at it at a time.
    pub(super) throttle: Option<usize>,
    /// How long it may take, and whether somebody waits for it.
    pub(super) bound: Option<Bound>,
    /// The name of the run.
    pub(super) run: Arc<str>,
    /// Whether it has the handlers run that were notified so far.
    pub(super) flushes: bool,
    /// Whether nothing more of its role is done.
    pub(super) ends_role: bool,
    /// Steps it brings.
    pub(super) includes: Vec<Step>,
    pub(super) diff: bool,
    pub(super) asked: Asked,
    pub(super) no_log: bool,
    pub(super) items: Option<Vec<Value>>,
    /// The arguments of the item's first attempt, with which it is tried again.
    pub(super) args: Option<Map>,
    ends: Vec<(Value, Ending)>,
    /// Whether `break_when` ended the loop.
    is_broken: bool,
    attempts: u64,
    begun: Instant,
    pub(super) trouble: Option<Ending>,
    pub(super) manner: Manner,
}

/// What the command line asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) check: bool,
    pub(super) diff: bool,
}

/// What is next.
pub(super) enum Verdict {
    /// This item, with its variables.
    Item(Box<TaskVars>),
    /// Nothing: all items ended.
    Finished(Box<Ending>),
}

impl Doing {
    /// A task before its first item.
    pub(super) fn new(step: &Arc<TaskStep>, vars: TaskVars, options: &Options) -> Self {
        let name = StepName {
            role: step.role_name().to_owned(),
            task: step.title().to_owned(),
            action: step.task.short_action().to_owned(),
            at: step.task.place.to_string(),
            place: Some(step.task.place.clone()),
        };
        let mut this = Self {
            step: Arc::clone(step),
            name,
            vars,
            waiting: false,
            looked: false,
            paused: false,
            run_once: false,
            is_echo: false,
            check: options.check,
            asked: Asked { check: options.check, diff: options.diff },
            any_errors_fatal: false,
            throttle: None,
            bound: None,
            run: Arc::clone(&options.run),
            flushes: false,
            ends_role: false,
            includes: Vec::new(),
            diff: options.diff,
            no_log: false,
            items: None,
            args: None,
            ends: Vec::new(),
            is_broken: false,
            attempts: 0,
            begun: Instant::now(),
            trouble: None,
            manner: Manner::default(),
        };
        if let Err(error) = this.keywords() {
            this.trouble = Some(Ending::failed(actions::failure(&error)));
        }
        this
    }

    /// The next item; a keyword that it cannot say is of no account where a condition passes it over.
    fn item(&mut self) -> Verdict {
        let vars = self.item_vars();
        match self.keywords_of_item(&vars) {
            Err(error) if self.condition_that_fails(&scope(&vars)).is_none() => {
                Verdict::Finished(Box::new(Ending::failed(actions::failure(&error))))
            }
            _ => Verdict::Item(Box::new(vars)),
        }
    }

    /// What is next.
    pub(super) fn next(&mut self) -> Verdict {
        if let Some(trouble) = self.trouble.take() {
            return Verdict::Finished(Box::new(trouble));
        }
        match &self.items {
            None if self.ends.is_empty() => Verdict::Item(Box::new(self.vars.clone())),
            None => Verdict::Finished(Box::new(self.ends.remove(0).1)),
            Some(items) => match items.get(self.ends.len()) {
                Some(_) if !self.is_broken => self.item(),
                _ => Verdict::Finished(Box::new(self.of_items())),
            },
        }
    }

    /// All items as one; each keeps the names under which its task knew it.
    fn of_items(&self) -> Ending {
        let items = self.items.as_deref().unwrap_or_default();
        let fronts = (0..self.ends.len()).map(|at| loops::front(items, at, &self.manner));
        Ending::of_items(&self.ends, &fronts.collect::<Vec<_>>())
    }

    fn item_vars(&self) -> TaskVars {
        let items = self.items.as_deref().unwrap_or_default();
        self.vars.with(loops::following(&self.step, items, &self.ends, &self.manner))
    }

    fn current_vars(&self) -> TaskVars {
        if self.items.is_some() { self.item_vars() } else { self.vars.clone() }
    }

    /// Takes the end of an item; a time to wait when it is to be tried again.
    pub(super) fn take(&mut self, ending: Ending, events: &Events, host: &str) -> Option<Duration> {
        self.attempts += 1;
        let mut ending = ending;
        match self.judged(&mut ending) {
            Ok(true) => {}
            Ok(false) => match self.try_again() {
                Ok(Some(delay)) => {
                    let left = self.retries().unwrap_or(0).saturating_sub(self.attempts - 1);
                    events.tell(Event::Retrying { host: host.to_owned(), step: self.name.clone(), left });
                    return Some(delay);
                }
                Ok(None) => {
                    // The first try is none of the retries.
                    self.attempts = self.attempts.saturating_sub(1).max(1);
                    ending.exhausted(self.attempts);
                }
                Err(error) => ending = Ending::failed(actions::failure(&error)),
            },
            Err(error) => ending = Ending::failed(actions::failure(&error)),
        }
        if !self.step.task.until.is_empty() || self.step.task.retries.is_some() {
            ending.result.insert("attempts".into(), self.attempts.into());
        }
        (self.attempts, self.args) = (0, None);
        let item = self.items.as_ref().and_then(|items| items.get(self.ends.len())).cloned().unwrap_or_default();
        if self.items.is_some() {
            let shown = self.label(&mut ending, &item);
            if ending.status != Status::Skipped {
                let result = self.shown(&ending, false, false);
                events.tell(Event::ItemFinished {
                    host: host.to_owned(),
                    step: self.name.clone(),
                    item: shown,
                    result,
                });
            }
        }
        match self.breaks(&ending) {
            Ok(breaks) => self.is_broken = breaks,
            Err(error) => ending = Ending::failed(actions::failure(&error)),
        }
        self.ends.push((item, ending));
        None
    }

    /// How an item is called; as in Ansible, one that cannot be called as it is to be has failed.
    fn label(&self, ending: &mut Ending, item: &Value) -> String {
        match loops::label(&self.step, &self.item_vars(), item) {
            Ok(_) if self.no_log => "(hidden)".to_owned(),
            Ok(label) => label,
            Err(error) => {
                let failure = actions::failure(&error);
                let message = format!("the item has no label: {}", failure.message);
                ending.fail_after_all(Failure { message, ..failure });
                String::new()
            }
        }
    }

    fn breaks(&self, ending: &Ending) -> Result<bool, TemplateError> {
        let registered = self.step.task.register.iter().map(|name| (name.clone(), ending.value()));
        loops::breaks(&self.step, &self.current_vars().with(registered.collect()))
    }

    /// Whether it only steers, and so is told of only when it goes wrong or is left out.
    pub(super) fn is_meta(&self) -> bool {
        self.step.task.short_action() == "meta"
    }

    /// How many items came before the one it is at.
    pub(super) fn item_number(&self) -> usize {
        self.ends.len()
    }

    /// How long is waited before the next item.
    pub(super) fn pause(&self) -> Option<Duration> {
        let is_last = self.is_broken || self.items.as_ref().is_none_or(|items| items.len() == self.ends.len());
        (!is_last && !self.manner.pause.is_zero()).then_some(self.manner.pause)
    }

    /// The host to which facts belong, when that is another one.
    pub(super) fn facts_for(&self) -> Option<String> {
        let delegate = self.step.keywords.delegate_to.as_ref()?;
        if !self.says(self.step.task.delegate_facts.as_ref()) {
            return None;
        }
        let vars = self.current_vars();
        let scope = scope(&vars);
        Keyword { vars: &vars, scope: &scope }.text(&Value::Text(delegate.clone())).ok()
    }

    /// Whether it has `async` and is waited for.
    pub(super) fn waits_for_a_job(&self) -> bool {
        self.step.task.asynchronous.is_some() && self.bound.is_some_and(|bound| !bound.detached)
    }

    /// What a job that was waited for registers.
    pub(super) fn job(&self) -> serde_json::Map<String, Json> {
        let name = format!("j{:p}.{}", Arc::as_ptr(&self.step), std::process::id());
        let entries: [(&str, Json); 3] =
            [("ansible_job_id", name.into()), ("started", 1.into()), ("finished", 1.into())];
        entries.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }

    /// Whether it is done once, and not for items.
    pub(super) fn is_single(&self) -> bool {
        self.items.is_none()
    }

    /// Goes on as if the item had ended so: for a look ahead, where nothing is told and nothing tried again.
    pub(super) fn suppose(&mut self, ending: Ending) {
        self.ends.push((Value::Null, ending));
    }

    /// Applies `changed_when` and `failed_when`; false when `until` does not hold.
    fn judged(&self, ending: &mut Ending) -> Result<bool, TemplateError> {
        if ending.status == Status::Skipped && !ending.unpredicted {
            return Ok(true);
        }
        let task = &self.step.task;
        let vars = |ending: &Ending| {
            let mut front = Map::new();
            if let Some(name) = &task.register {
                front.insert(name.clone(), ending.value());
            }
            // Conditions of a task see its own result by its plain names too.
            self.current_vars().with(front)
        };
        let holds = |text: &Text, ending: &Ending| {
            let vars = vars(ending);
            vars.run.templates.condition(text, &scope(&vars))
        };
        if let Some(conditions) = &task.failed_when {
            let failed = conditions.iter().map(|text| holds(text, ending)).collect::<Result<Vec<_>, _>>()?;
            let failed = !failed.is_empty() && failed.iter().all(|yes| *yes);
            ending.set_failed(failed, conditions);
            ending.result.insert("failed_when_result".into(), failed.into());
        }
        if let Some(conditions) = &task.changed_when {
            let changed = conditions.iter().map(|text| holds(text, ending)).collect::<Result<Vec<_>, _>>();
            match changed {
                Ok(changed) => ending.set_changed(changed.iter().all(|yes| *yes)),
                // Why it failed is worth more than what is not there for that reason.
                Err(_) if ending.status == Status::Failed => {}
                Err(error) => return Err(error),
            }
        }
        let until = task.until.iter().map(|text| holds(text, ending)).collect::<Result<Vec<_>, _>>()?;
        let again = task.until.is_empty() && task.retries.is_some() && ending.status == Status::Failed;
        Ok(until.iter().all(|yes| *yes) && !again)
    }

    fn retries(&self) -> Result<u64, TemplateError> {
        let vars = self.current_vars();
        let scope = scope(&vars);
        let retries = Keyword { vars: &vars, scope: &scope }.number(self.step.task.retries.as_ref(), 3.0)?;
        Ok(retries.max(0.0) as u64)
    }

    fn try_again(&self) -> Result<Option<Duration>, TemplateError> {
        if self.check || self.attempts > self.retries()? {
            return Ok(None);
        }
        let vars = self.current_vars();
        let scope = scope(&vars);
        let delay = Keyword { vars: &vars, scope: &scope }.number(self.step.task.delay.as_ref(), 5.0)?;
        Ok(Some(Duration::from_secs_f64(delay.clamp(0.0, 1e6))))
    }

    /// Names that a change of this task notifies, rendered for each item that changed something; those that cannot be
    /// rendered are told as written.
    pub(super) fn notifies(&self) -> Vec<String> {
        match &self.items {
            Some(items) => loops::notified_by_items(&self.step, &self.vars, items, &self.ends, &self.manner),
            None => loops::notified(&self.step, &self.vars),
        }
    }

    /// Whether `no_log` was said.
    pub(super) fn hides_its_output(&self) -> bool {
        self.no_log
    }

    /// Whether a failure does not count.
    pub(super) fn ignores_errors(&self) -> bool {
        self.says(self.step.keywords.ignore_errors.as_ref())
    }

    /// Whether being out of reach does not count.
    pub(super) fn ignores_unreachable(&self) -> bool {
        self.says(self.step.keywords.ignore_unreachable.as_ref())
    }

    fn says(&self, value: Option<&Value>) -> bool {
        let scope = scope(&self.vars);
        Keyword { vars: &self.vars, scope: &scope }.flag(value, false).unwrap_or(false)
    }

    /// How long it has taken.
    pub(super) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// What the operator sees of an end.
    pub(super) fn shown(&self, ending: &Ending, ignored: bool, rescued: bool) -> StepResult {
        let mut result = StepResult {
            status: ending.status,
            ignored,
            rescued,
            changes: ending.changes.clone(),
            unpredicted: ending.unpredicted,
            message: ending.message.clone(),
            failure: ending.failure.clone(),
            result: Json::Object(ending.registered()),
            ms: u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        if self.no_log {
            hide(&mut result);
        }
        result
    }
}
