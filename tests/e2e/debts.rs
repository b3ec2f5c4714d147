//! A restart that a failed run owed is kept on the host and done by the next run.

use crate::lab::Lab;

const PLAYBOOK: &str = "
- hosts: lab
  become: true
  gather_facts: false
  tasks:
    - name: settings
      copy: {content: 'a=1\\n', dest: /etc/pipe.conf, mode: '0644'}
      notify: restart pipe
    - name: gate
      command: test -e /etc/gate
      changed_when: false
  handlers:
    - name: restart pipe
      shell: echo restarted >> /var/lib/restarts
";

#[test]
fn a_run_that_fails_before_the_handler_leaves_a_debt_that_the_next_run_pays_once() {
    let lab = Lab::boot("debt", &["db1"]).file("site.yml", PLAYBOOK);
    insta::assert_snapshot!("debt_is_left", lab.dppctl(["run", "site.yml"]));
    assert_eq!(lab.on("db1", "cat /var/lib/restarts 2>/dev/null | wc -l").trim(), "0");
    lab.on("db1", "touch /etc/gate");
    insta::assert_snapshot!("debt_is_paid", lab.dppctl(["run", "site.yml"]));
    assert_eq!(lab.on("db1", "wc -l < /var/lib/restarts").trim(), "1");
    assert_eq!(lab.dppctl(["run", "site.yml"]).exits(0).changes(), 0);
    assert_eq!(lab.on("db1", "wc -l < /var/lib/restarts").trim(), "1", "a debt is paid once");
}
