//! `reboot`: has a host go down, and connects anew until it is another start of it that answers.

use std::thread;
use std::time::{Duration, Instant};

use dpp_protocol::{Answer, Change, Failure, Mode, Outcome, Task, Verb};
use serde_json::{Value as Json, json};

use crate::actions::Reboot;
use crate::engine::machine::{Hands, Job, What};

/// Between two looks whether the host is back.
const PAUSE: Duration = Duration::from_secs(1);

impl Hands {
    /// Starts the host anew and waits for it; a check does nothing, and this machine is never started anew.
    pub(super) fn reboot(&mut self, job: &Job, task: &Task, reboot: &Reboot) -> Result<What, Failure> {
        let answer = if self.is_local() {
            Err(registered(this_machine(), false, Duration::ZERO))
        } else if task.mode == Mode::Survey {
            Ok(rebooted(job, Duration::ZERO))
        } else {
            self.ready(job, None)?;
            self.start_anew(job, task, reboot)
        };
        Ok(What::Done { on: job.on.clone(), answer: Box::new(answer) })
    }

    fn start_anew(&mut self, job: &Job, task: &Task, reboot: &Reboot) -> Answer {
        let before = self.start_of(job, task, reboot)?;
        self.says(job, "rebooting");
        let begun = Instant::now();
        let down = Task { owes: task.owes.clone(), ..command(task, &reboot.command) };
        match self.agent(job.becoming.as_ref())?.run(down, &mut |_| ()) {
            Ok(Err(failure)) if !was_ended(&failure) => {
                return Err(registered(refused(failure, job), false, begun.elapsed()));
            }
            // A host that goes down at once ends its own command, or tells nothing any more.
            Ok(_) | Err(_) => self.hang_up(),
        }
        thread::sleep(reboot.post_delay);
        let look = command(task, &reboot.boot_time_command);
        self.until("is back", job, &look, reboot, &|outcome| {
            let now = printed(outcome);
            if now.is_empty() || now == before { Err(Failure::new("it has not gone down yet")) } else { Ok(()) }
        })
        .map_err(|failure| registered(failure, true, begun.elapsed()))?;
        let test = Task { settles: task.settles.clone(), ..command(task, &reboot.test_command) };
        self.until("is ready", job, &test, reboot, &|_| Ok(()))
            .map_err(|failure| registered(failure, true, begun.elapsed()))?;
        Ok(rebooted(job, begun.elapsed()))
    }

    /// What tells this start of the host from the next one.
    fn start_of(&mut self, job: &Job, task: &Task, reboot: &Reboot) -> Result<String, Failure> {
        let look = command(task, &reboot.boot_time_command);
        match self.agent(job.becoming.as_ref())?.run(look, &mut |_| ()) {
            Ok(Ok(outcome)) => Ok(printed(&outcome)),
            Ok(Err(failure)) => Err(registered(
                Failure { message: format!("cannot tell when the host was started: {}", failure.message), ..failure },
                false,
                Duration::ZERO,
            )),
            Err(error) => Err(self.lost(&error)),
        }
    }

    /// Asks over a new connection each time, until the answer is the wanted one or the time is over.
    fn until(
        &mut self,
        wanted: &str,
        job: &Job,
        task: &Task,
        reboot: &Reboot,
        accept: &dyn Fn(&Outcome) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        loop {
            let answer = self.attempt(job, task, reboot.connect_timeout);
            let Err(failure) = answer.and_then(|outcome| accept(&outcome)) else { return Ok(()) };
            if begun.elapsed() + PAUSE >= reboot.timeout {
                return Err(too_late(wanted, &failure, begun.elapsed()));
            }
            self.says(job, &format!("waiting until the host {wanted}: {}", failure.message));
            thread::sleep(PAUSE);
        }
    }
}

fn command(task: &Task, line: &str) -> Task {
    let (owes, settles) = (Vec::new(), Vec::new());
    let params = json!({"_raw_params": line});
    Task { module: "raw".into(), params, owes, settles, bound: None, ..task.clone() }
}

/// Whether a signal ended the command, as one that goes down with its host.
fn was_ended(failure: &Failure) -> bool {
    failure.result.get("rc").and_then(Json::as_i64).is_some_and(|code| code < 0)
}

fn printed(outcome: &Outcome) -> String {
    outcome.result.get("stdout").and_then(Json::as_str).unwrap_or_default().trim().to_owned()
}

fn rebooted(job: &Job, elapsed: Duration) -> Outcome {
    let change = Change::new(Verb::Restart, format!("host {}", job.on));
    let mut outcome = Outcome { changed: true, changes: vec![change], ..Outcome::default() };
    outcome.result.insert("rebooted".into(), true.into());
    outcome.result.insert("elapsed".into(), elapsed.as_secs().into());
    outcome
}

fn registered(failure: Failure, rebooted: bool, elapsed: Duration) -> Failure {
    let message = failure.message.clone();
    failure.value("rebooted", rebooted).value("elapsed", elapsed.as_secs()).value("msg", message)
}

fn this_machine() -> Failure {
    Failure::new("`reboot` would start the machine anew that dppctl runs on").code("DPP0104")
}

fn refused(failure: Failure, job: &Job) -> Failure {
    let is_user = job.becoming.as_ref().is_none_or(|becoming| becoming.user != "root");
    let message = format!("cannot reboot {}: {}", job.on, first_note(&failure));
    let failure = Failure { message, ..failure };
    if is_user { failure.help("`become: true` on the task has root do it") } else { failure }
}

/// What the command said last, rather than the command itself, which is long.
fn first_note(failure: &Failure) -> &str {
    failure.notes.first().and_then(|note| note.text.lines().last()).unwrap_or("its command failed without a word")
}

fn too_late(wanted: &str, last: &Failure, waited: Duration) -> Failure {
    let (seconds, last_words) = (waited.as_secs(), &last.message);
    let failure = Failure::new(format!(
        "the host was told to reboot, but after {seconds} s nobody can say that it {wanted}: {last_words}"
    ))
    .code(&last.code);
    let help = "`reboot_timeout` gives it more time; its console tells where it hangs".to_owned();
    Failure { notes: last.notes.clone(), help: Some(help), ..failure }
}
