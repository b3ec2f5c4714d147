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
}

/// How often sshd has let somebody in.
fn logins(lab: &Lab) -> usize {
    lab.on("db1", "journalctl --no-pager -u ssh | grep -c 'Accepted publickey' || true").trim().parse().unwrap()
}
