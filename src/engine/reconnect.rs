//! `wait_for_connection`: connects anew, as often as it takes, until an agent answers.

use std::thread;
use std::time::{Duration, Instant};

use dpp_protocol::{Answer, Change, Failure, Mode, Outcome, Task, Verb};

use crate::actions::Reconnect;
use crate::engine::machine::{Hands, Job, What};

impl Hands {
    /// Waits for the host; a check does not wait, and a host that stays away is a failure of this task alone.
    pub(super) fn reconnect(&mut self, job: &Job, task: &Task, reconnect: &Reconnect) -> What {
        let answer = if task.mode == Mode::Survey { Ok(foreseen(&job.on)) } else { self.wait(job, task, reconnect) };
        What::Done { on: job.on.clone(), answer: Box::new(answer) }
    }

    fn wait(&mut self, job: &Job, task: &Task, reconnect: &Reconnect) -> Answer {
        let begun = Instant::now();
        self.hang_up();
        self.says(job, "waiting for the connection");
        thread::sleep(reconnect.delay);
        loop {
            let Err(failure) = self.attempt(job, task, reconnect.connect_timeout) else { return Ok(waited(begun)) };
            if begun.elapsed() + reconnect.sleep >= reconnect.timeout {
                return Err(too_late(&failure, begun));
            }
            self.says(job, &format!("waiting for the connection: {}", failure.message));
            thread::sleep(reconnect.sleep.max(Duration::from_millis(50)));
        }
    }

    /// One login, and one question to the agent.
    pub(super) fn attempt(&mut self, job: &Job, task: &Task, within: Duration) -> Answer {
        self.hang_up();
        self.ready(job, Some(within))?;
        let agent = self.agent(job.becoming.as_ref())?;
        match agent.run(task.clone(), &mut |_| ()) {
            Ok(answer) => answer,
            Err(error) => Err(self.lost(&error)),
        }
    }
}

fn foreseen(on: &str) -> Outcome {
    let change = Change::new(Verb::Run, format!("wait for a connection to {on}"));
    Outcome { changed: true, unpredicted: true, changes: vec![change], ..Outcome::default() }
}

fn waited(begun: Instant) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.result.insert("elapsed".into(), begun.elapsed().as_secs().into());
    outcome
}

fn too_late(last: &Failure, begun: Instant) -> Failure {
    let seconds = begun.elapsed().as_secs();
    let failure = Failure::new(format!("no connection within {seconds} s: {}", last.message)).code(&last.code);
    let failure = failure
        .value("elapsed", seconds)
        .value("msg", format!("timed out waiting for ping module test: {}", last.message));
    Failure { notes: last.notes.clone(), help: last.help.clone(), ..failure }
}
