//! Keywords that need a real host to be seen: bounds and jobs, who logs in, questions before the run, encrypted files.

use std::fs;

use crate::lab::Lab;

const PLAYBOOK: &str = "
- name: bounds and jobs
  hosts: lab
  gather_facts: false
  vars_prompt:
    - {name: release, prompt: Which release, private: false}
  vars_files: [whole.yml, values.yml]
  vars: {y: 1}
  tasks:
    - name: too long
      shell: sleep 60 | cat
      timeout: 1
      register: bounded
      ignore_errors: true
    - name: in its time
      shell: echo done
      async: 30
      poll: 2
      register: waited
    - name: on its own
      shell: sleep 2; whoami; exit 0
      async: 60
      poll: 0
      register: job
    - name: asked for
      async_status: {jid: '{{ job.ansible_job_id }}'}
      register: asked
      until: asked.finished
      retries: 50
      delay: 0.3
    - name: logged in as another
      command: whoami
      remote_user: admin
      register: other
    - name: logged in as the play says
      command: whoami
      register: usual
    - name: all of it
      assert:
        that:
          - bounded is failed
          - bounded.timedout.period == 1
          - waited.stdout == 'done' and waited.finished == 1
          - job.started == 1 and job.finished == 0
          - asked.stdout == 'ops' and asked.rc == 0 and asked is changed
          - other.stdout == 'admin' and usual.stdout == 'ops'
          - release == '6.2.1'
          - list == [1, 'two'] and db_password | length > 0
  remote_user: ops
";

#[test]
fn bounds_jobs_logins_questions_and_vaults_do_what_they_say() {
    let lab = Lab::boot("keywords", &["k1"]).file("site.yml", PLAYBOOK);
    let nobody = lab.inventory("ops").replace("ansible_user=ops\n", "");
    let vaults = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/vault");
    let fixture = |name: &str| fs::read_to_string(format!("{vaults}/{name}")).unwrap();
    let lab = lab
        .file("hosts", &nobody)
        .file("key", &fixture("password"))
        .file("whole.yml", &fixture("file-1.1.yml"))
        .file("values.yml", &fixture("values.yml"));
    let unasked = lab.dppctl(["run", "site.yml", "--vault-password-file", "key"]).exits(9);
    assert!(unasked.stderr.contains("-e release=VALUE"), "{unasked}");
    let locked = lab.dppctl(["run", "site.yml", "-e", "release=6.2.1"]).exits(65);
    assert!(locked.stderr.contains("--vault-password-file"), "{locked}");
    let _ = lab.dppctl(["run", "site.yml", "-e", "release=6.2.1", "--vault-password-file", "key"]).exits(0);
    assert_eq!(lab.on("k1", "pgrep -c sleep || true").trim(), "0", "what was stopped is gone");
}
