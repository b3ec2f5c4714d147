//! The moves of a host through blocks, rescues, includes and flushes, written as the names of the tasks it does.

use super::*;
use crate::plan::Step;
use crate::playbook::{Item, Keywords, read_tasks};

/// Steps of a little language: words are tasks, `(body|rescue|always)` is a block, `!` a flush.
fn steps(text: &str) -> Arc<[Step]> {
    let mut words = text.split_whitespace().peekable();
    parse(&mut words).into()
}

fn parse<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some(word) = words.next_if(|word| !matches!(*word, "|" | ")")) {
        steps.push(match word {
            "(" => {
                let body = parse(words).into();
                let rescue = words.next_if_eq(&"|").map(|_| parse(words)).unwrap_or_default().into();
                let always = words.next_if_eq(&"|").map(|_| parse(words)).unwrap_or_default().into();
                assert_eq!(words.next(), Some(")"));
                let place = crate::source::Place::new(&crate::source::Source::new("t", ""), 0..0);
                Step::Block(Arc::new(BlockStep { name: None, body, rescue, always, place }))
            }
            "!" => Step::Flush,
            name => Step::Task(task(name)),
        });
    }
    steps
}

struct OneFile(String);

impl crate::files::Files for OneFile {
    fn read(&self, _: &std::path::Path) -> std::io::Result<Vec<u8>> {
        Ok(self.0.clone().into_bytes())
    }
    fn kind(&self, _: &std::path::Path) -> crate::files::FileKind {
        crate::files::FileKind::File
    }
}

fn task(name: &str) -> Arc<TaskStep> {
    let items = read_tasks(&OneFile(format!("- name: {name}\n  debug:\n")), "t.yml".as_ref()).unwrap();
    let [Item::Task(task)] = items.as_slice() else { panic!("one task") };
    let task = Arc::clone(task);
    Arc::new(TaskStep {
        task,
        keywords: Keywords::default(),
        outside: None,
        role: None,
        folder: "".into(),
        params: Vec::new(),
    })
}

/// The tasks a host does when those in `failing` fail, and whether it failed in the end.
fn way(text: &str, failing: &[&str]) -> String {
    let mut run = HostRun::new(steps(text));
    let mut done = Vec::new();
    let mut last = None;
    loop {
        let position = run.position();
        assert!(position.is_none() || position > last, "positions only grow: {last:?} {position:?}");
        last = position.or(last);
        match run.next() {
            Next::Task(step) if failing.contains(&step.title()) => {
                done.push(format!("{}!", step.title()));
                run.fail(Failed { step, failure: Failure::new("x") });
            }
            Next::Task(step) => {
                done.push(step.title().to_owned());
                run.advance();
            }
            Next::Flush => run.flush(Vec::new().into()),
            Next::RoleEnd(_) => run.advance(),
            Next::End => break,
            Next::Failed => {
                done.push("FAILED".into());
                break;
            }
        }
    }
    done.join(" ")
}

#[test]
fn a_host_goes_through_blocks_rescues_and_always_as_in_ansible() {
    let cases: &[(&str, &[&str], &str)] = &[
        ("a b c", &[], "a b c"),
        ("a b c", &["b"], "a b! FAILED"),
        ("( a b ) c", &[], "a b c"),
        ("( a b | r ) c", &[], "a b c"),
        ("( a b | r ) c", &["a"], "a! r c"),
        ("( a | r | z ) c", &["a"], "a! r z c"),
        ("( a | r | z ) c", &["a", "r"], "a! r! z FAILED"),
        ("( a | | z ) c", &["a"], "a! z FAILED"),
        ("( a | | z ) c", &[], "a z c"),
        ("( a | | z ) c", &["z"], "a z! FAILED"),
        ("( ( a | | y ) b | r | z ) c", &["a"], "a! y r z c"),
        ("( ( a | s | y ) b | r | z ) c", &["a"], "a! s y b z c"),
        ("( ( a | s | y ) b | r | z ) c", &["a", "s"], "a! s! y r z c"),
        ("( ( a ) ) ( b ) !", &["b"], "a b! FAILED"),
        ("( )", &[], ""),
        ("! a !", &[], "a"),
    ];
    for (text, failing, expected) in cases {
        assert_eq!(way(text, failing), *expected, "{text} with {failing:?} failing");
    }
}

#[test]
fn included_steps_come_before_the_next_one() {
    let mut run = HostRun::new(steps("a b"));
    run.include(task("more"), steps("x y"));
    let mut names = Vec::new();
    while let Next::Task(step) = run.next() {
        names.push(step.title().to_owned());
        run.advance();
    }
    assert_eq!(names, ["x", "y", "b"]);
}

#[test]
fn a_failure_inside_an_include_is_rescued_around_it() {
    let mut run = HostRun::new(steps("( a | r ) c"));
    run.include(task("more"), steps("x"));
    assert!(run.would_rescue());
    let Next::Task(step) = run.next() else { panic!("x is next") };
    run.fail(Failed { step, failure: Failure::new("why") });
    assert_eq!(run.rescued().unwrap().failure.message, "why");
    assert!(matches!(run.next(), Next::Task(step) if step.title() == "r"));
}

#[test]
fn hosts_at_different_steps_can_be_compared() {
    let mut ahead = HostRun::new(steps("( a b | r ) c"));
    let behind = ahead.clone();
    ahead.advance();
    assert!(behind.position() < ahead.position());
    let mut rescued = behind.clone();
    let Next::Task(step) = rescued.next() else { panic!("a is next") };
    rescued.fail(Failed { step, failure: Failure::new("why") });
    assert!(ahead.position() < rescued.position(), "a rescue comes after the body");
}

#[test]
fn the_includes_a_host_is_in_are_known_and_left_behind() {
    let mut run = HostRun::new(steps("a b"));
    run.include(task("outer"), steps("x y"));
    run.include(task("inner"), steps("z"));
    let names = |run: &HostRun| run.includes().map(|step| step.title().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&run), ["outer", "inner"]);
    run.advance();
    assert_eq!(names(&run), ["outer"]);
}

#[test]
fn a_failure_that_is_taken_back_ends_the_play_all_the_same_but_not_behind_an_always() {
    let pardoned = |text: &str, failing: &str| {
        let mut run = HostRun::new(steps(text));
        while let Next::Task(step) = run.next() {
            if step.title() != failing {
                break;
            }
            run.fail(Failed { step, failure: Failure::new("x") });
        }
        run.pardon();
        let mut left = Vec::new();
        while let Next::Task(step) = run.next() {
            left.push(step.title().to_owned());
            run.advance();
        }
        assert!(run.failed().is_none());
        left.join(" ")
    };
    assert_eq!(pardoned("a b", "a"), "");
    assert_eq!(pardoned("( a b | | z ) c", "a"), "z c");
    assert_eq!(pardoned("( a b | r | z ) c", "a"), "r z c");
}
