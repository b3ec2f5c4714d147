//! Tasks for which the near end of a connection does something by itself: `fetch`, `wait_for_connection`, `reboot`.

use std::fs;

use super::stage::{Run, Stage};
use crate::event::Event;

const FETCH: &str = "- hosts: all\n  gather_facts: false\n  tasks:\n\
    \x20   - fetch: {src: '{{ there }}', dest: got}\n      register: got\n\
    \x20   - debug: {msg: '{{ got.dest | dirname | basename }} {{ got.checksum | length }} {{ got.md5sum | type_debug }}'}\n\
    \x20   - fetch: {src: '{{ there }}', dest: flat/, flat: true}\n\
    \x20   - fetch: {src: /no/such, dest: got, fail_on_missing: false}\n      register: gone\n\
    \x20   - debug: {msg: '{{ gone.msg }} {{ gone.file }} {{ gone.changed }}'}\n";

fn there(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("there");
    fs::write(&path, "a\n").unwrap();
    path.display().to_string()
}

fn connections(run: &Run) -> usize {
    run.events.iter().filter(|event| matches!(event, Event::HostConnected { .. })).count()
}

#[test]
fn a_file_is_fetched_once_under_its_hosts_name_or_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let there = there(&folder);
    let stage = Stage::new("web1\n").file("site.yml", FETCH).extra("there", &there);
    let run = stage.run();
    assert_eq!(run.failures(), [""; 0], "{:?}", run.told());
    assert_eq!(run.changes(), 2);
    assert_eq!(fs::read_to_string(stage.path(&format!("got/web1{there}"))).unwrap(), "a\n");
    assert_eq!(fs::read_to_string(stage.path("flat/there")).unwrap(), "a\n");
    assert_eq!(stage.run().changes(), 0);
    fs::write(&there, "b\n").unwrap();
    assert_eq!(stage.checking().run().changes(), 2);
}

#[test]
fn a_check_fetches_nothing_and_a_missing_file_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::new("web1\n").file("site.yml", FETCH).extra("there", &there(&folder)).checking();
    assert_eq!(stage.run().changes(), 2);
    assert!(!stage.path("got").exists() && !stage.path("flat").exists());
    let text = "- hosts: all\n  gather_facts: false\n  tasks:\n    - fetch: {src: /no/such, dest: got}\n";
    let failures = Stage::new("web1\n").file("site.yml", text).run().failures();
    assert!(failures[0].starts_with("cannot fetch /no/such: there is no such file (`fail_on_missing"), "{failures:?}");
}

#[test]
fn a_connection_that_is_waited_for_is_a_new_one() {
    let text = "- hosts: all\n  gather_facts: false\n  tasks:\n    - ping:\n    - wait_for_connection: {timeout: 5}\n      \
        register: waited\n    - debug: {msg: '{{ waited.elapsed | default(0) }} {{ waited.changed }}'}\n";
    let stage = Stage::new("web1\n").file("site.yml", text);
    let run = stage.run();
    assert_eq!((run.failures().len(), run.changes(), run.count_of("ping")), (0, 0, 2), "{:?}", run.told());
    assert_eq!(connections(&run), 2);
    let check = stage.checking().run();
    assert_eq!((check.failures().len(), connections(&check)), (0, 1));
}

const DOWN: &str = "cp {{ at }}/then {{ at }}/now";
const LOOK: &str = "cat {{ at }}/now";

/// A host whose "start" is what a file says, and which "goes down" by another text in it.
fn reboot(down: &str, look: &str, more: &str) -> (Stage, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("now", "first"), ("then", "second")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let text = format!(
        "- hosts: all\n  gather_facts: false\n  tasks:\n    - ping:\n    - ansible.builtin.reboot: {{reboot_command: '{down}', \
         boot_time_command: '{look}', {more}}}\n      register: it\n    - debug: {{msg: '{{{{ it.rebooted }}}} \
         {{{{ it.elapsed | type_debug }}}} {{{{ it.changed }}}}'}}\n"
    );
    let at = folder.path().display().to_string();
    (Stage::new("web1\n").file("site.yml", &text).extra("at", &at), folder)
}

#[test]
fn a_host_is_rebooted_when_another_start_of_it_answers() {
    let (stage, folder) = reboot(DOWN, LOOK, "test_command: 'grep second {{ at }}/now'");
    let run = stage.run();
    assert_eq!(run.told()[2..], ["web1 debug ok: True int True"], "{:?}", run.told());
    assert_eq!((run.changes(), connections(&run)), (1, 3));
    assert_eq!(fs::read_to_string(folder.path().join("now")).unwrap(), "second");
}

#[test]
fn a_check_reboots_nothing() {
    let (stage, folder) = reboot(DOWN, LOOK, "");
    let run = stage.checking().run();
    assert_eq!((run.failures().len(), run.changes(), connections(&run)), (0, 1, 1));
    assert_eq!(fs::read_to_string(folder.path().join("now")).unwrap(), "first");
}

#[test]
fn a_reboot_that_does_not_come_about_says_what_stood_against_it() {
    for (down, look, more, words) in [
        (DOWN, LOOK, "test_command: 'false', reboot_timeout: 0", "nobody can say that it is ready"),
        (DOWN, "echo same", "reboot_timeout: 0", "it has not gone down yet"),
        (DOWN, "false", "", "cannot tell when the host was started"),
        (DOWN, LOOK, "search_paths: [/no/such]", "cannot reboot web1: there is no `cp` in /no/such"),
        (DOWN, LOOK, "reboot_timeout: soon", "`reboot_timeout` of `reboot` wants a whole number"),
    ] {
        let failures = reboot(down, look, more).0.run().failures();
        assert!(failures[0].contains(words), "{down} {look} {more}: {failures:?}");
    }
}
