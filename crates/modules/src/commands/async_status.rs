//! `async_status`: how a job stands that a task with `async` and `poll: 0` began; and the file in which it is kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dpp_protocol::{Answer, Change, Failure, ResultMap, Verb};
use serde::Deserialize;
use serde_json::Value;

use crate::files::replace::write_atomically;
use crate::{Host, Module, Survey};

/// Parameters of `async_status`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AsyncStatus {
    jid: String,
    #[serde(default)]
    mode: What,
}

/// What is wanted of the job.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    #[default]
    Status,
    Cleanup,
}

/// Where a job is kept.
pub fn file(state: &Path, jid: &str) -> PathBuf {
    state.join("jobs").join(jid)
}

/// What is kept of a job that was begun.
pub fn begun(jid: &str) -> ResultMap {
    let mut result = ResultMap::new();
    result.insert("ansible_job_id".into(), jid.into());
    result.insert("started".into(), 1.into());
    result.insert("finished".into(), 0.into());
    result
}

/// What is kept of a job that came to its end.
pub fn ended(jid: &str, answer: Answer) -> ResultMap {
    let mut result = match answer {
        Ok(outcome) => {
            let mut result = outcome.result;
            result.insert("changed".into(), outcome.changed.into());
            result
        }
        Err(failure) => {
            let mut result = failure.result;
            result.insert("failed".into(), true.into());
            result.entry("msg").or_insert_with(|| failure.message.into());
            result
        }
    };
    result.extend(begun(jid));
    result.insert("finished".into(), 1.into());
    result
}

/// Writes down how a job stands.
///
/// # Errors
/// What the file system says.
pub fn keep(state: &Path, jid: &str, standing: &ResultMap) -> io::Result<()> {
    write_atomically(&file(state, jid), &serde_json::to_vec(standing)?, 0o600)
}

impl AsyncStatus {
    fn read(&self, host: &Host) -> Result<ResultMap, Failure> {
        let path = file(host.state(), &self.jid);
        let is_plain =
            !self.jid.is_empty() && self.jid.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
        let bytes = is_plain.then(|| fs::read(&path).ok()).flatten().ok_or_else(|| {
            Failure::new(format!("could not find job `{}`", self.jid))
                .value("ansible_job_id", self.jid.as_str())
                .value("started", 1)
                .value("finished", 1)
        })?;
        let unreadable = |error| Failure::new(format!("cannot read {}: {error}", path.display()));
        let mut standing: ResultMap = serde_json::from_slice(&bytes).map_err(unreadable)?;
        standing.insert("results_file".into(), path.display().to_string().into());
        Ok(standing)
    }
}

impl Module for AsyncStatus {
    const NAME: &'static str = "async_status";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        if self.mode == What::Cleanup {
            let path = file(host.state(), &self.jid);
            let steps = path.is_file().then(|| Change::new(Verb::Delete, path.display().to_string()));
            let survey = Survey::steps(steps.into_iter().collect());
            let survey = survey.value("started", 0).value("finished", 0).value("stdout", "").value("stderr", "");
            return Ok(survey.value("ansible_job_id", self.jid.as_str()).value("erased", path.display().to_string()));
        }
        let mut standing = self.read(host)?;
        if standing.shift_remove("failed") == Some(Value::Bool(true)) {
            let message = standing.get("msg").and_then(Value::as_str).unwrap_or("the job failed").to_owned();
            return Err(Failure { result: standing, ..Failure::new(message) });
        }
        let changed = standing.shift_remove("changed") == Some(Value::Bool(true));
        let steps = changed.then(|| Change::new(Verb::Run, format!("job {}", self.jid)));
        Ok(Survey { result: standing, ..Survey::steps(steps.into_iter().collect()) })
    }

    fn apply(&self, step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        if step.verb != Verb::Delete {
            return Ok(());
        }
        // What was kept of a job is nothing of the host's.
        result.insert("_changed".into(), false.into());
        let path = file(host.state(), &self.jid);
        fs::remove_file(&path).map_err(|error| Failure::new(format!("cannot remove {}: {error}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::Outcome;
    use serde_json::json;

    use super::*;
    use crate::testing::Ground;

    #[test]
    fn a_job_runs_then_ends_then_is_forgotten() {
        let ground = Ground::new();
        let ask = json!({"jid": "j1.2"});
        assert!(ground.survey("async_status", &ask).unwrap_err().message.contains("could not find job"));
        keep(ground.state(), "j1.2", &begun("j1.2")).unwrap();
        let running = ground.survey("async_status", &ask).unwrap();
        assert_eq!((&running.result["finished"], running.changed), (&json!(0), false));
        let outcome = Outcome { changed: true, ..Outcome::default() };
        keep(ground.state(), "j1.2", &ended("j1.2", Ok(outcome))).unwrap();
        let over = ground.apply("async_status", &ask).unwrap();
        assert_eq!((&over.result["finished"], over.changed), (&json!(1), true));
        let forgotten = ground.apply("async_status", &json!({"jid": "j1.2", "mode": "cleanup"})).unwrap();
        assert_eq!((&forgotten.result["finished"], forgotten.changed), (&json!(0), false));
        assert!(ground.survey("async_status", &ask).is_err());
    }

    #[test]
    fn a_job_that_failed_fails_who_asks_and_no_other_file_is_read() {
        let ground = Ground::new();
        keep(ground.state(), "j3.4", &ended("j3.4", Err(Failure::new("no").value("rc", 7)))).unwrap();
        let failure = ground.survey("async_status", &json!({"jid": "j3.4"})).unwrap_err();
        assert_eq!((failure.message.as_str(), &failure.result["rc"]), ("no", &json!(7)));
        let outside = ground.survey("async_status", &json!({"jid": "../debts.json"})).unwrap_err();
        assert!(outside.message.contains("could not find"));
    }
}
