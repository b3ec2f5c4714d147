//! Screens of runs, drawn from events that a run told.

use dpp_protocol::{Change, Failure, Verb};
use serde_json::json;

use super::ending::{self, Close};
use super::lines::Lines;
use super::{Colour, Output, Ui};
use crate::event::{Event, Stamped, Status, StepName, StepResult};
use crate::exit::Exit;
use crate::report::RunReport;
use crate::source::{Place, Source};

pub(super) fn ui(verbosity: i8) -> Ui {
    Ui { width: 100, ..Ui::new(Colour::Never, verbosity, Some(Output::Plain), &|_| false) }
}

pub(super) fn step(task: &str) -> StepName {
    let text = format!("---\n- name: {task}\n  apt: name=elasticsearch\n");
    let source = Source::new("roles/elasticsearch/tasks/main.yml", text);
    let place = Place::new(&source, 6..6 + 6 + task.len());
    StepName {
        role: "elasticsearch".into(),
        task: task.to_owned(),
        action: "apt".into(),
        at: place.to_string(),
        place: Some(place),
    }
}

fn result(status: Status) -> StepResult {
    StepResult {
        status,
        ignored: false,
        rescued: false,
        changes: Vec::new(),
        unpredicted: false,
        message: String::new(),
        failure: None,
        result: json!({"changed": status == Status::Changed}),
        ms: 14_210,
    }
}

fn finished(host: &str, task: &str, result: StepResult) -> Event {
    Event::StepFinished { host: host.into(), step: step(task), result }
}

fn broken() -> StepResult {
    let failure = Failure::new("service active, but http://10.0.0.14:9200 never answered 200")
        .code("DPP0702")
        .note("unit", "elasticsearch.service: activating (auto-restart), exit 1, 3 starts in 60s")
        .note("journal", "max virtual memory areas vm.max_map_count [65530] is too low\nexiting")
        .help("sysctl -w vm.max_map_count=262144");
    StepResult { failure: Some(failure), ms: 60_000, ..result(Status::Failed) }
}

fn story() -> Vec<Event> {
    let edited = Change::new(Verb::Change, "/etc/elasticsearch/elasticsearch.yml")
        .texts(Some("a: 1\nb: 2\n".into()), Some("a: 1\nb: 3\n".into()));
    let printed = json!({"changed": true, "rc": 0, "stdout": "one\ntwo", "stdout_lines": ["one", "two"]});
    vec![
        Event::RunStarted {
            command: "run".into(),
            ticket: String::new(),
            hosts: vec!["es1".into(), "es2".into(), "kib1".into()],
            same_machine: vec![vec!["es1".into(), "kib1".into()]],
            check: false,
            steps: 6,
        },
        Event::PlayStarted { play: "Elasticsearch".into(), hosts: vec!["es1".into(), "es2".into(), "kib1".into()] },
        finished("es1", "look", result(Status::Ok)),
        finished("es1", "leave out", StepResult { message: "x is defined".into(), ..result(Status::Skipped) }),
        finished("es1", "settings", StepResult { changes: vec![edited], result: printed, ..result(Status::Changed) }),
        Event::Warning { text: "es1: the clock is 3 s late".into() },
        finished("es2", "start elasticsearch", broken()),
        Event::HostLost {
            host: "kib1".into(),
            failure: Failure::new("cannot connect to 10.0.0.15:22: Connection refused").code("DPP0402"),
        },
        Event::Owed {
            host: "es2".into(),
            debt: dpp_protocol::Debt { handler: "restart elasticsearch".into(), reason: String::new() },
        },
        Event::RunFinished { ms: 75_300 },
    ]
}

fn screen(verbosity: i8, diff: bool) -> String {
    let ui = ui(verbosity);
    let mut lines = Lines::new(ui, diff, true);
    let mut report = RunReport::default();
    let mut screen = String::new();
    for event in story() {
        let stamped = Stamped { t: 1_795_356_191_204, event };
        report.absorb(&stamped);
        lines.of(&stamped).iter().for_each(|line| screen.extend([line, "\n"]));
    }
    let close = Close {
        run: 42,
        command: "run".into(),
        exit: Exit::Failed,
        next: vec![("Go on from here".into(), "dppctl run site.yml -l es2,kib1".into())],
        log: None,
        proof: None,
    };
    ending::lines(&ui, &report, &close).iter().for_each(|line| screen.extend([line, "\n"]));
    screen
}

#[test]
fn a_run_as_it_is_told_when_nobody_asks_for_more() {
    insta::assert_snapshot!(screen(0, false));
}

#[test]
fn a_run_with_differences() {
    insta::assert_snapshot!(screen(0, true));
}

#[test]
fn a_run_told_with_all_that_modules_answered() {
    insta::assert_snapshot!(screen(3, false));
}

#[test]
fn a_quiet_run_tells_failures_warnings_and_the_last_line() {
    insta::assert_snapshot!(screen(-1, false));
}

#[test]
fn a_failure_that_reads_alike_on_several_hosts_is_told_once() {
    let other = || StepResult { failure: Some(Failure::new("no such unit")), ..broken() };
    let mut report = RunReport::default();
    for (host, result) in [("es1", broken()), ("es2", other()), ("es3", broken())] {
        report.absorb(&Stamped { t: 0, event: finished(host, "start elasticsearch", result) });
    }
    let close = Close { run: 1, command: "run".into(), exit: Exit::Failed, next: Vec::new(), log: None, proof: None };
    let lines = ending::lines(&ui(0), &report, &close);
    let told = lines.iter().filter(|line| line.contains("FAILED")).collect::<Vec<_>>();
    assert_eq!(told.len(), 2, "{lines:?}");
    assert!(told[0].contains("(1, 3)") && told[0].contains("es1, es3 ·"), "{told:?}");
    assert!(told[1].contains("(2)") && told[1].contains("es2 ·"), "{told:?}");
}

#[test]
fn a_plan_tells_what_is_the_same_on_several_hosts_once() {
    let edited = |text: &str| {
        Change::new(Verb::Change, "/etc/elasticsearch/elasticsearch.yml")
            .texts(Some("a: 1\n".into()), Some(text.into()))
    };
    let planned = |changes: Vec<Change>| StepResult { changes, ..result(Status::Changed) };
    let mut install = Change::new(Verb::Change, "elasticsearch").detail("5.6.2 -> 6.2.1");
    install.no_return = Some("once 6.2.1 has started, no older version reads its data".into());
    let mut options = Change::new(Verb::Change, "/etc/elasticsearch/jvm.options");
    options.drifted = Some("2026-11-22T14:03:11.204Z".into());
    let restart = Change::new(Verb::Restart, "elasticsearch").detail("its settings changed");
    let mut report = RunReport::default();
    let events = [
        Event::RunStarted {
            command: "plan".into(),
            ticket: String::new(),
            hosts: vec!["es1".into(), "es2".into(), "es3".into()],
            same_machine: Vec::new(),
            check: true,
            steps: 9,
        },
        Event::PlayStarted { play: "elasticsearch".into(), hosts: vec!["es1".into(), "es2".into(), "es3".into()] },
        finished("es1", "install", planned(vec![install.clone()])),
        finished("es2", "install", planned(vec![install])),
        finished("es3", "install", result(Status::Ok)),
        finished("es1", "settings", planned(vec![edited("a: 2\n")])),
        finished("es2", "settings", planned(vec![edited("a: 3\n")])),
        finished("es2", "options", planned(vec![options])),
        finished("es1", "migrate", StepResult { unpredicted: true, ..planned(Vec::new()) }),
        finished("es1", "restart", planned(vec![restart])),
        Event::RunFinished { ms: 900 },
    ];
    events.into_iter().for_each(|event| report.absorb(&Stamped { t: 0, event }));
    let next = vec![("Apply".to_owned(), "dppctl deploy -i hosts".to_owned())];
    let close = Close { run: 4, command: "plan".into(), exit: Exit::Ok, next, log: None, proof: None };
    insta::assert_snapshot!("a_plan", super::plan::drawn(&ui(0), &report, &close, false));
    insta::assert_snapshot!("a_plan_with_differences", super::plan::drawn(&ui(0), &report, &close, true));
    let nothing = RunReport { check: true, hosts: report.hosts, ..RunReport::default() };
    insta::assert_snapshot!("a_plan_of_nothing", super::plan::drawn(&ui(0), &nothing, &close, false));
}
