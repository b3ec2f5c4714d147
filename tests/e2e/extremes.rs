//! What is large, odd or cut off: the right result or a clear error, never a hang, a panic or half a file.

use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::lab::Lab;

const LARGE: &str = r#"
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - shell: head -c 10000000 /dev/zero | tr '\0' x
      register: big
      changed_when: false
    - command: cat /bin/true
      register: binary
      changed_when: false
    - assert: {that: ["big.stdout | length == 10000000", "binary.rc == 0", "binary.stdout | length > 1000"]}
    - shell: seq 100000 > /srv/long
      args: {creates: /srv/long}
    - lineinfile: {path: /srv/long, regexp: "^(77777|seven)$", line: seven}
    - replace: {path: /srv/long, regexp: '^(9\d{4})$', replace: '<\1>'}
    - blockinfile: {path: /srv/long, block: "a\nb", insertafter: "^50000$"}
    - set_fact: {last: "{{ item }}"}
      loop: "{{ range(5000) | list }}"
    - assert: {that: last == 4999}
    - copy: {content: x, dest: "/srv/{{ item }}"}
      loop: ["Grüße 日本.txt", "two\nlines", "$(touch oh);'\"", "-rf"]
    - find: {paths: /srv, patterns: "*\n*"}
      register: found
    - stat: {path: "{{ found.files[0].path }}"}
      register: odd
    - assert: {that: ["found.matched == 1", "odd.stat.size == 1"]}
"#;

const FULL: &str = r#"
- hosts: lab
  become: true
  gather_facts: false
  ignore_errors: true
  tasks:
    - copy: {content: "{{ 'x' * 3000000 }}", dest: /srv/small/conf}
    - template: {src: big.j2, dest: /srv/small/conf}
    - copy: {src: big.bin, dest: /srv/small/conf}
    - lineinfile: {path: /srv/small/long, line: "{{ 'y' * 700000 }}"}
    - replace: {path: /srv/small/long, regexp: "7", replace: "{{ '7' * 50 }}"}
    - get_url: {url: "file:///bin/bash", dest: /srv/small/bash}
    - unarchive: {src: big.tar, dest: /srv/small}
"#;

const CUT: &str = r#"
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - copy: {content: "{{ 'x' * 400000 }}{{ n }}", dest: "/srv/cut/{{ item }}", mode: "0640"}
      loop: [a, b, c, d]
      notify: again
    - shell: sleep 0.2; echo {{ n }} > /srv/cut/shell
      changed_when: false
    - lineinfile: {path: /srv/cut/lines, regexp: "^n=", line: "n={{ n }}", create: true}
  handlers:
    - name: again
      shell: echo {{ n }} >> /srv/cut/handled
"#;

#[test]
fn what_is_large_or_odd_is_done_and_done_once() {
    let lab = Lab::boot("large", &["h1"]).file("site.yml", LARGE);
    let run = lab.dppctl(["run", "site.yml"]).exits(0);
    assert_eq!(run.changes(), 5, "{run}");
    assert_eq!(lab.dppctl(["run", "site.yml"]).exits(0).changes(), 0);
    assert_eq!(lab.on("h1", "wc -l < /srv/long; grep -c '^<9' /srv/long; ls -A /srv | wc -l"), "100004\n10000\n6\n");
}

#[test]
fn on_a_full_disk_files_stay_as_they_were_and_the_disk_is_named() {
    let lab = Lab::boot("full", &["h1"]).file("site.yml", FULL).file("big.j2", "{{ 'y' * 3000000 }}\n");
    lab.write("big.bin", &"z".repeat(3_000_000));
    lab.write("in/big", &"z".repeat(3_000_000));
    let packed = Command::new("tar").args(["-cf", "big.tar", "-C", "in", "big"]).current_dir(lab.path(".")).status();
    assert!(packed.unwrap().success());
    let made = "mkdir /srv/small && mount -t tmpfs -o size=1m none /srv/small && cd /srv/small && echo old > conf && seq 90000 > long";
    lab.on("h1", made);
    let before = lab.on("h1", "cd /srv/small && sha256sum conf long");
    let run = lab.dppctl(["run", "site.yml"]).exits(0);
    let told = run.stderr.matches("No space left on device").count();
    assert_eq!(told, 6, "{run}");
    assert!(run.stderr.contains("cannot unpack the archive") && run.stderr.contains("big: Wrote only"), "{run}");
    assert_eq!(lab.on("h1", "cd /srv/small && sha256sum conf long"), before);
    assert_eq!(
        lab.on("h1", "ls -A /srv/small | grep -v -x -e conf -e long -e big || true"),
        "",
        "nothing is left behind"
    );
}

#[test]
fn a_connection_may_be_cut_at_any_moment_and_the_next_run_ends_what_was_begun() {
    let lab = Lab::boot("cut", &["h1"]).file("site.yml", CUT);
    lab.on("h1", "mkdir /srv/cut");
    for moment in [50, 150, 250, 350, 500, 700] {
        let n = format!("n={moment}");
        let child = lab.start(["run", "site.yml", "-e", &n]);
        thread::sleep(Duration::from_millis(moment));
        lab.on("h1", "pkill -KILL -f '^sshd[:] ops'; pkill -KILL -f '/[a]gent-'; true");
        let cut = lab.finish(child);
        assert!(matches!(cut.code, Some(0 | 4)), "{cut}");
        let again = lab.dppctl(["run", "site.yml", "-e", &n]).exits(0);
        assert_eq!(lab.dppctl(["run", "site.yml", "-e", &n]).exits(0).changes(), 0, "{again}");
        // A killed agent may leave the hidden file that it was writing beside the one that it would have replaced.
        let whole = format!(
            "cd /srv/cut && grep -l '^x*{moment}$' a b c d | wc -l; cat shell lines; tail -1 handled; ls | wc -l"
        );
        assert_eq!(lab.on("h1", &whole), format!("4\n{moment}\nn={moment}\n{moment}\n7\n"), "{again}");
    }
}

#[test]
fn a_host_that_is_started_anew_in_the_middle_is_lost_and_the_next_run_ends_what_was_begun() {
    let site = "- {hosts: lab, become: true, gather_facts: false, tasks: [{copy: {content: x, dest: /srv/before}}, \
                {shell: 'echo half > /srv/half; sleep 30', args: {creates: /srv/half}}, {copy: {content: x, dest: /srv/after}}]}\n";
    let lab = Lab::boot("anew", &["h1"]).file("site.yml", site);
    let child = lab.start(["run", "site.yml"]);
    lab.on("h1", "while ! test -e /srv/half; do sleep 0.1; done; sync");
    lab.power_off("h1");
    lab.boot_again("h1");
    let lost = lab.finish(child).exits(4);
    assert!(lost.stderr.contains("what was being done may be half done"), "{lost}");
    assert_eq!(lab.dppctl(["run", "site.yml"]).exits(0).changes(), 1, "only what was not done is left");
    assert_eq!(lab.on("h1", "ls /srv; cat /srv/before /srv/after"), "after\nbefore\nhalf\nxx");
}
