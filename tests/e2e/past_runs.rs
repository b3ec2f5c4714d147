//! Runs that are over: listed, shown again, reported.

use crate::lab::Lab;

const PLAYBOOK: &str = "
- name: Notes
  hosts: lab
  become: true
  gather_facts: false
  tasks:
    - name: a note
      copy: {content: \"one\\n\", dest: /root/note}
    - name: what cannot be
      copy: {content: \"two\\n\", dest: /nowhere/note}
";

#[test]
fn runs_are_listed_shown_again_and_reported() {
    let lab = Lab::boot("runs", &["h1"]).file("site.yml", PLAYBOOK);
    let refused = lab.dppctl(["runs", "list"]).exits(0);
    assert!(!refused.stdout.contains("run "), "{refused}");
    let _ = lab.dppctl(["runs", "show"]).exits(65);
    let run = lab.dppctl(["run", "site.yml"]).exits(2);
    let list = lab.dppctl(["runs", "list"]).exits(0);
    let row: Vec<&str> = list.stdout.lines().last().unwrap().split_whitespace().collect();
    assert_eq!((row[0], &row[3..6], row[7]), ("1", &["run", "1", "1"][..], "failed"), "{list}");
    let shown = lab.dppctl(["runs", "show"]).exits(0);
    for line in ["changed  h1         -              a note", "Done on 0 of 1 hosts, 1 change made", "Failed: h1."] {
        assert!(run.stderr.contains(line) && shown.stderr.contains(line), "{line}: {shown}");
    }
    let junit = lab.dppctl(["runs", "report", "1"]).exits(0);
    assert!(junit.stdout.contains("<testcase name=\"what cannot be\""), "{junit}");
    let unknown = lab.dppctl(["runs", "show", "7"]).exits(65);
    assert!(unknown.stderr.contains("the last one is 1"), "{unknown}");
}
