//! A run as a JUnit report: a suite for each host, a case for each step.

use std::collections::BTreeMap;
use std::time::Duration;

use dpp_protocol::Failure;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::event::{Event, Stamped, Status, StepName, StepResult};

/// The fold.
#[derive(Debug, Default)]
pub struct Junit {
    suites: BTreeMap<String, Vec<TestCase>>,
}

impl Junit {
    /// Takes one event into account.
    pub fn absorb(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::StepFinished { host, step, result } => {
                self.suites.entry(host.clone()).or_default().push(case(step, result));
            }
            Event::HostLost { host, failure } => {
                let status = failed(NonSuccessKind::Error, failure);
                self.suites.entry(host.clone()).or_default().push(TestCase::new("connect", status));
            }
            _ => {}
        }
    }

    /// The report as XML.
    pub fn to_xml(self) -> Result<String, quick_junit::SerializeError> {
        let mut report = Report::new("dppctl");
        for (host, cases) in self.suites {
            let mut suite = TestSuite::new(host);
            suite.add_test_cases(cases);
            report.add_test_suite(suite);
        }
        report.to_string()
    }
}

fn case(step: &StepName, result: &StepResult) -> TestCase {
    let status = match result.status {
        Status::Skipped => TestCaseStatus::skipped(),
        Status::Failed if !result.ignored && !result.rescued => {
            failed(NonSuccessKind::Failure, result.failure.as_ref().unwrap_or(&Failure::default()))
        }
        _ => TestCaseStatus::success(),
    };
    let mut case = TestCase::new(step.task.as_str(), status);
    case.set_classname(if step.role.is_empty() { step.action.as_str() } else { step.role.as_str() });
    case.set_time(Duration::from_millis(result.ms));
    case
}

fn failed(kind: NonSuccessKind, failure: &Failure) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    let notes = failure.notes.iter().map(|note| format!("{}: {}", note.label, note.text));
    let help = failure.help.iter().map(|help| format!("help: {help}"));
    let words: Vec<String> = notes.chain(help).collect();
    status.set_message(failure.message.as_str()).set_type(failure.code.as_str()).set_description(words.join("\n"));
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_suites_and_a_failure_keeps_its_help() {
        let mut junit = Junit::default();
        let step = StepName {
            role: "kafka".into(),
            task: "start <kafka>".into(),
            action: "systemd".into(),
            at: "roles/kafka/tasks/main.yml:3:3".into(),
            place: None,
        };
        let failure = Failure::new("kafka.service failed").code("DPP0702").note("journal", "no space").help("df -h");
        let result = StepResult {
            status: Status::Failed,
            ignored: false,
            rescued: false,
            changes: Vec::new(),
            unpredicted: false,
            message: String::new(),
            failure: Some(failure),
            result: serde_json::Value::Null,
            ms: 1500,
        };
        junit.absorb(&Stamped { t: 0, event: Event::StepFinished { host: "k1".into(), step, result } });
        junit.absorb(&Stamped { t: 0, event: Event::HostLost { host: "k2".into(), failure: Failure::new("down") } });
        insta::assert_snapshot!(junit.to_xml().unwrap());
    }
}
