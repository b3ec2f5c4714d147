//! What people get wrong, and hosts that are not as they should be: each says where, why and what to type next.

use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::lab::Lab;
use crate::run::Run;

const PING: &str = "- {hosts: all, gather_facts: false, tasks: [{name: look, ping: {}}]}\n";

/// A project whose playbook is wrong; no host is ever asked.
fn refused(playbook: &str) -> Run {
    Lab::empty().file("hosts", "[lab]\ndb1\n").file("site.yml", playbook).dppctl(["run", "site.yml"])
}

/// A playbook with these tasks.
fn tasks(tasks: &str) -> String {
    format!("- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}")
}

#[test]
fn no_such_inventory() {
    let lab = Lab::empty().file("site.yml", PING);
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml", "-i", "hots"]));
}

#[test]
fn no_such_playbook() {
    let lab = Lab::empty().file("hosts", "[lab]\ndb1\n");
    insta::assert_snapshot!(lab.dppctl(["run", "sit.yml"]));
}

#[test]
fn a_limit_that_matches_nothing() {
    let lab = Lab::empty().file("hosts", "[kafka]\nk1\n").file("site.yml", PING);
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml", "-l", "kafak"]));
}

#[test]
fn a_group_without_hosts() {
    let lab = Lab::empty().file("hosts", "[kafka]\n[connect]\nc1\n").file("site.yml", &PING.replace("all", "kafka"));
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml"]));
}

#[test]
fn a_group_whose_name_is_mistyped() {
    let hosts = "[web_nodes]\nweb1\n[logstash_nodes]\nweb1\n[kafka_node]\nkafka1\n[elasticsearch_nodes]\nes1\n";
    let lab = Lab::empty().file("hosts", hosts).file("group_vars/all.yml", "RABBITMQ_PASS: secret\n");
    insta::assert_snapshot!(lab.dppctl(["deploy", "--yes"]));
}

#[test]
fn a_password_that_nobody_set() {
    let hosts = "[web_nodes]\nweb1\n[logstash_nodes]\nweb1\n[kafka_nodes]\nkafka1\n[elasticsearch_nodes]\nes1\n";
    let lab = Lab::empty().file("hosts", hosts);
    insta::assert_snapshot!(lab.dppctl(["deploy", "--yes"]));
}

#[test]
fn a_group_of_the_settings_that_is_not_there() {
    let settings = "inventory = \"hosts\"\n[pipeline]\nkafka = \"kafkaz\"\n";
    let lab = Lab::empty().file("hosts", "[kafkas]\nk1\n").file("dppctl.toml", settings);
    insta::assert_snapshot!(lab.dppctl(["deploy", "--yes"]));
}

#[test]
fn groups_that_are_not_the_pipelines() {
    let lab = Lab::empty().file("hosts", "[brokers]\nk1\n");
    let refused = lab.dppctl(["deploy", "--yes"]);
    insta::assert_snapshot!(refused);
    assert_eq!(lab.dppctl(["status"]).to_string(), refused.to_string());
    assert_eq!(lab.dppctl(["verify"]).to_string(), refused.to_string());
}

#[test]
fn yaml_that_is_none() {
    insta::assert_snapshot!(refused("- hosts: all\n  tasks:\n    - name: look\n      ping: {\n"));
}

#[test]
fn a_tab_in_yaml() {
    insta::assert_snapshot!(refused("- hosts: all\n  tasks:\n\t- ping:\n"));
}

#[test]
fn a_key_given_twice() {
    insta::assert_snapshot!(refused("- hosts: all\n  tasks: []\n  hosts: db1\n"));
}

#[test]
fn a_template_that_is_none() {
    insta::assert_snapshot!(refused(&tasks("    - name: say\n      command: 'echo {{ heap'\n")));
}

#[test]
fn a_module_nobody_knows() {
    insta::assert_snapshot!(refused(&tasks("    - name: settings\n      coppy: {content: a, dest: /a}\n")));
}

#[test]
fn an_argument_the_module_does_not_have() {
    insta::assert_snapshot!(refused(&tasks("    - name: settings\n      copy: {content: a, desst: /a}\n")));
}

#[test]
fn a_variable_nobody_set() {
    let lab = Lab::boot("undef", &["db1"])
        .file("site.yml", &tasks("    - name: say\n      command: 'echo {{ heap_size }}'\n"));
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml"]));
}

#[test]
fn a_key_that_cannot_be_read() {
    let lab = Lab::boot("nokey", &["db1"]).file("site.yml", PING).file("broken", "no key\n");
    let named = |key: &str| {
        let inventory = lab.inventory("ops");
        let line = inventory.lines().find(|line| line.starts_with("ansible_ssh_private_key_file=")).unwrap().to_owned();
        inventory.replace(&line, &format!("ansible_ssh_private_key_file={key}"))
    };
    lab.write("hosts", &named("missing"));
    insta::assert_snapshot!("a_key_that_is_not_there", lab.dppctl(["run", "site.yml"]));
    lab.write("hosts", &named("broken"));
    insta::assert_snapshot!("a_key_that_is_none", lab.dppctl(["run", "site.yml"]));
}

#[test]
fn a_host_key_nobody_has_seen() {
    let lab = Lab::boot("unseen", &["db1"]).file("site.yml", PING).file("known", "");
    let inventory = lab.inventory("ops");
    let line = inventory.lines().find(|line| line.starts_with("ansible_ssh_common_args=")).unwrap().to_owned();
    let known = lab.path("known").display().to_string();
    lab.write("hosts", &inventory.replace(&line, &format!("ansible_ssh_common_args='-o UserKnownHostsFile={known}'")));
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml", "--host-key-checking", "strict"]));
    assert_eq!(fs::read_to_string(&known).unwrap(), "", "strict remembers nothing");
    let _ = lab.dppctl(["run", "site.yml", "--host-key-checking", "accept-new"]).exits(0);
    let _ = lab.dppctl(["run", "site.yml", "--host-key-checking", "strict"]).exits(0);
}

#[test]
fn a_host_that_is_down_and_one_that_is_not() {
    let lab = Lab::boot("down", &["db1", "db2"]).file("site.yml", PING);
    lab.power_off("db2");
    insta::assert_snapshot!(lab.dppctl(["run", "site.yml", "-T", "5"]));
}

#[test]
fn a_host_that_dies_in_the_middle_of_a_task() {
    let lab = Lab::boot("dies", &["db1"]).file(
        "site.yml",
        &tasks("    - name: long\n      shell: touch /tmp/begun; sleep 30\n    - name: after\n      ping: {}\n"),
    );
    let run = lab.start(["run", "site.yml"]);
    let begun = Instant::now();
    while lab.on("db1", "ls /tmp").split_whitespace().all(|name| name != "begun") {
        assert!(begun.elapsed() < Duration::from_secs(60), "the task never began");
        thread::sleep(Duration::from_millis(100));
    }
    let died = Instant::now();
    lab.power_off("db1");
    let run = lab.finish(run).exits(4);
    assert!(died.elapsed() < Duration::from_secs(90), "it took {:?} to notice: {run}", died.elapsed());
    insta::assert_snapshot!(run);
    lab.boot_again("db1");
    lab.write("site.yml", PING);
    let _ = lab.dppctl(["run", "site.yml"]).exits(0);
}
