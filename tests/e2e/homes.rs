//! `~` and `$HOME` in paths: on a host those of the user whom a task runs as, here those of whoever runs `dppctl`.

use crate::lab::Lab;

const PLAYBOOK: &str = r#"
- name: homes
  hosts: lab
  gather_facts: false
  vars_files: [~/mine.yml]
  tasks:
    - name: folder
      file: {path: ~/tdir, state: directory}
      register: folder
    - name: text
      copy: {content: "a\n", dest: $HOME/tdir/text, force: false}
      register: text
    - name: line
      lineinfile: {path: '~{{ user }}/tdir/text', line: b}
    - name: file of ours
      copy: {src: ~/ours.txt, dest: ~/tdir/}
    - name: template of ours
      template: {src: ~/m2.j2, dest: ~/tdir/}
    - name: look
      stat: {path: ~/tdir/text}
      register: look
    - name: read
      slurp: {src: ~/tdir/ours.txt}
      register: read
    - name: elsewhere
      stat: {path: ~/etc}
      environment: {HOME: /}
      register: elsewhere
    - include_tasks: ~/more.yml
    - name: all of it
      assert:
        that:
          - folder.path == home ~ '/tdir'
          - text.dest == home ~ '/tdir/text'
          - look.stat.exists and look.stat.path == text.dest
          - read.content | b64decode == lookup('file', '~/ours.txt') ~ '\n'
          - elsewhere.stat.isdir and elsewhere.stat.path == '/etc'
          - more == 1
"#;

#[test]
fn a_path_begins_in_the_home_of_the_user_whom_the_task_runs_as() {
    let lab = Lab::boot("homes", &["web1"])
        .file("site.yml", PLAYBOOK)
        .file("mine.yml", "mine: 1\n")
        .file("more.yml", "- {name: more, set_fact: {more: '{{ mine }}'}}\n")
        .file("ours.txt", "ours\n")
        .file("m2.j2", "{{ mine }}\n");
    for (user, home, options) in [("ops", "/home/ops", "-v"), ("root", "/root", "-b")] {
        let (user, home_is) = (format!("user={user}"), format!("home={home}"));
        let run = ["run", "site.yml", options, "-e", &user, "-e", &home_is];
        let _ = lab.dppctl(run).exits(0);
        let there = lab.on("web1", &format!("cd {home}; ls tdir; cat tdir/text; ls -d -- '~'* 2>/dev/null || :"));
        assert_eq!(there, "m2.j2\nours.txt\ntext\na\nb\n");
        assert_eq!(lab.dppctl(run).exits(0).changes(), 0);
    }
}
