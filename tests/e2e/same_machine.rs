//! One machine under several names of the inventory gets one connection.

use crate::lab::Lab;

#[test]
fn a_machine_under_several_names_is_noticed_and_connected_to_once() {
    let lab = Lab::boot("twins", &["db1"]).file(
        "site.yml",
        "- {hosts: lab, gather_facts: false, tasks: [{name: look, command: 'true', changed_when: false}]}\n",
    );
    let inventory = lab.inventory("ops");
    let address = lab.address("db1");
    let names = format!("[lab]\nkafka ansible_host={address}\nelastic ansible_host={address}\n");
    lab.write("hosts", &inventory.replacen("[lab]\n", &names, 1));
    let before = logins(&lab);
    let run = lab.dppctl(["run", "site.yml", "-v"]).exits(0);
    assert_eq!(logins(&lab) - before, 1, "three names, one machine: {run}");
    assert!(run.stderr.contains("3 hosts (one machine: kafka = elastic = db1)"), "{run}");
    let log = std::fs::read_to_string(lab.path(".dppctl/runs/1/log.jsonl")).unwrap();
    let started: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(started["same_machine"], serde_json::json!([["kafka", "elastic", "db1"]]), "{started}");
}

/// The inventory of the documents, changed in nothing but addresses, ports, users and key files.
#[test]
fn the_documents_own_inventory_deploys_one_machine_under_five_names() {
    let lab = Lab::boot("document", &["vm"]);
    let written = include_str!("../fixtures/inventory/document.ini");
    let setting = |name: &str| {
        let inventory = lab.inventory("ops");
        let line = inventory.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap().to_owned();
        line.trim_matches('\'').to_owned()
    };
    let adapted = written
        .replace("127.0.0.1", lab.address("vm"))
        .replace("ansible_user=ubuntu", "ansible_user=ops")
        .replace("ansible_port=2222", "ansible_port=22")
        .replace(".vagrant/machines/default/virtualbox/private_key", &setting("ansible_ssh_private_key_file"));
    lab.write("hosts", &adapted);
    lab.write("ansible.cfg", &format!("[ssh_connection]\nssh_common_args = {}\n", setting("ansible_ssh_common_args")));
    insta::assert_snapshot!(
        "the_documents_inventory",
        lab.dppctl(["inventory", "graph", "--inventory", "hosts", "-i", "hosts"])
    );
    let _ = lab.dppctl(["doctor"]).exits(0);
    lab.write("group_vars/all.yml", "RABBITMQ_PASS: logger_pass\n");
    let run = lab.dppctl(["deploy", "--inventory", "hosts", "-i", "hosts", "--check", "--only", "rabbitmq"]);
    assert!(run.stderr.contains("(one machine: web1 = log1 = kafka1 = elasticsearch1 = kibana1)"), "{run}");
    assert_ne!(run.code, Some(65), "the inventory is taken as it is: {run}");
}

/// How often sshd has let somebody in.
fn logins(lab: &Lab) -> usize {
    lab.on("db1", "journalctl --no-pager -u ssh | grep -c 'Accepted publickey' || true").trim().parse().unwrap()
}
