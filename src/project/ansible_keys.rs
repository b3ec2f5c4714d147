//! Every key of `ansible.cfg` that has a meaning here, each with the setting that it makes: a table to be read as one.

use std::collections::BTreeSet;

use crate::project::ansible_cfg::AnsibleCfg;
use crate::project::settings::{Settings, Settling};
use crate::source::Source;

/// Section, key, value, and a part of what the settings then are when they are printed.
const KEYS: &[(&str, &str, &str, &str)] = &[
    ("defaults", "inventory", "prod", "inventory: Setting { value: [\"/p/prod\"]"),
    ("defaults", "roles_path", "r:/shared", "roles: Setting { value: [\"/p/r\", \"/shared\"]"),
    ("defaults", "remote_user", "deploy", "user: Setting { value: Some(\"deploy\")"),
    ("defaults", "private_key_file", "~/k", "private_key: Setting { value: Some(\"/home/me/k\")"),
    ("defaults", "forks", "7", "forks: Setting { value: 7"),
    ("defaults", "timeout", "30", "connect_timeout: Setting { value: 30s"),
    ("defaults", "vault_password_file", "v", "vault_password_file: Setting { value: Some(\"/p/v\")"),
    (
        "defaults",
        "vault_identity_list",
        "dev@v, prod@prompt",
        "vault_ids: Setting { value: [\"dev@/p/v\", \"prod@prompt\"]",
    ),
    ("defaults", "vault_encrypt_identity", "dev", "vault_encrypt_id: Setting { value: Some(\"dev\")"),
    ("defaults", "host_key_checking", "False", "host_keys: Setting { value: Some(Off)"),
    ("defaults", "become_password_file", "b", "become_password_file: Setting { value: Some(\"/p/b\")"),
    ("defaults", "connection_password_file", "c", "connection_password_file: Setting { value: Some(\"/p/c\")"),
    ("privilege_escalation", "become", "True", "become_: Setting { value: true"),
    ("privilege_escalation", "become_user", "kafka", "become_user: Setting { value: Some(\"kafka\")"),
    ("privilege_escalation", "become_method", "su", "become_method: Setting { value: Some(Su)"),
    ("privilege_escalation", "become_ask_pass", "True", "ask_become_pass: Setting { value: true"),
    ("ssh_connection", "ssh_args", "-o ConnectTimeout=3", "ssh_args: Setting { value: Some(\"-o ConnectTimeout=3\")"),
    ("ssh_connection", "ssh_common_args", "-J gate", "ssh_common_args: Setting { value: Some(\"-J gate\")"),
    ("ssh_connection", "ssh_extra_args", "-p 22", "ssh_extra_args: Setting { value: Some(\"-p 22\")"),
];

fn settled(section: &str, key: &str, value: &str) -> String {
    let source = Source::new("ansible.cfg", format!("[{section}]\n{key} = {value}\n"));
    let home = Some("/home/me".as_ref());
    let mut settling = Settling { settings: Settings::default(), problems: Vec::new(), home, passed_over: Vec::new() };
    settling.ansible(&AnsibleCfg::parse(&source), "/p".as_ref());
    assert!(settling.problems.is_empty(), "{key}: {:?}", settling.problems);
    format!("{:?}", settling.settings)
}

#[test]
fn every_key_has_its_effect_and_no_other_has() {
    let untouched = format!("{:?}", Settings::default());
    for (section, key, value, expected) in KEYS {
        let found = settled(section, key, value);
        assert!(found.contains(expected) && !untouched.contains(expected), "{section}.{key}: {found}");
        let elsewhere = settled("elsewhere", key, value);
        assert_eq!(elsewhere, untouched, "{key} counts in its own section alone");
    }
    let keys: BTreeSet<_> = KEYS.iter().map(|(section, key, ..)| (section, key)).collect();
    assert_eq!(keys.len(), KEYS.len());
}

#[test]
fn a_value_that_cannot_be_is_shown_where_it_is() {
    let source = Source::new("ansible.cfg", "[privilege_escalation]\nbecome_method = doas\n");
    let mut settling =
        Settling { settings: Settings::default(), problems: Vec::new(), home: None, passed_over: Vec::new() };
    settling.ansible(&AnsibleCfg::parse(&source), ".".as_ref());
    let place = &settling.problems[0].at.as_ref().unwrap().0;
    assert_eq!((place.line(), place.text()), (2, "doas"));
}
