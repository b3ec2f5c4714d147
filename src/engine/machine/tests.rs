//! A machine that is away, asked for under several names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use dpp_protocol::Mode;

use super::*;

/// A machine that is away, asked for these names one after the other: attempts so far, and the notes of the failure.
fn asked_for(names: &[&str]) -> Vec<(usize, Vec<String>)> {
    asked(false, names)
}

/// The same, `expected` when it was to be connected to before anything was asked.
fn asked(expected: bool, names: &[&str]) -> Vec<(usize, Vec<String>)> {
    let attempts = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&attempts);
    let route = Route {
        machine: "ops@10.0.0.7:22".into(),
        user: "ops".into(),
        connect: Box::new(move |_, _| {
            counted.fetch_add(1, Ordering::SeqCst);
            Err(TransportError::Refused { address: "10.0.0.7:22".into() })
        }),
        ssh: None,
        become_password: None,
        becoming: None,
        become_method: BecomeMethod::Sudo,
    };
    let (tell, happenings) = mpsc::channel();
    let binary = Arc::new(AgentBinary::read(Path::new("Cargo.toml")).unwrap());
    let machine = Machine::start(route, binary, Arc::new(Store::new("/nonexistent")), tell);
    if expected {
        machine.give(Job { work: Work::Connect, ..job(names[0]) });
    }
    let heard = names.iter().map(|name| {
        machine.give(job(name));
        let Happening { host, what: What::Lost(failure) } = happenings.recv().unwrap() else { panic!("not lost") };
        assert_eq!((host.as_str(), failure.code.as_str()), (*name, "DPP0401"));
        (attempts.load(Ordering::SeqCst), failure.notes.into_iter().map(|note| note.text).collect())
    });
    let heard = heard.collect();
    machine.close();
    heard
}

fn job(name: &str) -> Job {
    let task = Task {
        id: 1,
        module: "ping".into(),
        params: serde_json::json!({}),
        mode: Mode::Apply,
        diff: false,
        environment: BTreeMap::new(),
        owes: Vec::new(),
        settles: Vec::new(),
        run: String::new(),
        bound: None,
    };
    Job { host: name.into(), on: name.into(), becoming: None, work: Work::Strike(Box::new(task)) }
}

#[test]
fn a_machine_that_is_away_is_tried_once_for_all_its_names() {
    let same = || vec!["the same as kafka, for which it was tried".to_owned()];
    assert_eq!(asked_for(&["kafka", "web", "kibana"]), [(1, vec![]), (1, same()), (1, same())]);
}

#[test]
fn what_was_tried_before_anybody_asked_is_the_answer_to_who_asks_first() {
    let same = || vec!["the same as kafka, for which it was tried".to_owned()];
    assert_eq!(asked(true, &["kafka", "web"]), [(1, vec![]), (1, same())]);
    assert_eq!(asked(true, &["kafka", "kafka"]), [(1, vec![]), (2, vec![])]);
}

#[test]
fn a_name_that_asks_again_has_it_tried_again() {
    let attempts = |names: &[&str]| asked_for(names).last().map(|(attempts, _)| *attempts);
    assert_eq!(attempts(&["kafka", "kafka"]), Some(2));
    assert_eq!(attempts(&["kafka", "web", "web"]), Some(2));
    assert_eq!(attempts(&["kafka", "web", "kafka", "web"]), Some(2));
}
