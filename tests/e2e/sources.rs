//! What may follow `-i`: several files and folders, names, programmes, Vagrant, OpenSSH's configuration.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::lab::Lab;

const WHO: &str = "- {hosts: all, gather_facts: false, tasks: [{name: who, ping: {}}]}\n";

fn programme(lab: &Lab, path: &str, text: &str) {
    lab.write(path, text);
    fs::set_permissions(lab.path(path), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn files_folders_and_names_make_one_inventory() {
    let lab = Lab::empty()
        .file("one", "[kafka]\nk1 heap=1g\n")
        .file("more/b.yml", "kafka: {hosts: {k2: }}\n")
        .file("more/a", "[elastic]\nes1\n")
        .file("more/group_vars/kafka.yml", "heap: 2g\n");
    insta::assert_snapshot!(
        "several_sources",
        lab.dppctl(["inventory", "graph", "-i", "one", "-i", "more", "-i", "x1,x2,"])
    );
    insta::assert_snapshot!(
        "several_sources_list",
        lab.dppctl(["inventory", "list", "-i", "one", "-i", "more", "-i", "x1,x2,"])
    );
    let why = ["inventory", "host", "k1", "--why", "heap", "-i", "one", "-i", "more"];
    insta::assert_snapshot!("why_a_variable_has_its_value", lab.dppctl(why));
}

#[test]
fn a_programme_is_asked() {
    let lab = Lab::boot("script", &["db1"]).file("site.yml", WHO);
    let address = lab.address("db1").to_owned();
    let variables: Vec<String> = lab
        .inventory("ops")
        .lines()
        .filter_map(|line| line.split_once('=').filter(|(name, _)| !name.contains(' ')))
        .map(|(name, value)| format!("\"{name}\": \"{}\"", value.trim_matches('\'')))
        .collect();
    let listing = format!(
        "{{\"pipeline\": {{\"hosts\": [\"made-up\"]}}, \"_meta\": {{\"hostvars\": {{\"made-up\": {{\"ansible_host\": \"{address}\", {}}}}}}}}}",
        variables.join(", ")
    );
    programme(&lab, "cloud", &format!("#!/bin/sh\ncat <<'END'\n{listing}\nEND\n"));
    let _ = lab.dppctl(["run", "site.yml", "-i", "cloud"]).exits(0);
    programme(&lab, "broken", "#!/bin/sh\necho 'no credentials in the environment' >&2\nexit 1\n");
    insta::assert_snapshot!("a_programme_that_fails", lab.dppctl(["run", "site.yml", "-i", "broken"]));
}

#[test]
fn hosts_of_openssh_s_configuration() {
    let lab = Lab::boot("sshconf", &["db1"]).file("site.yml", WHO);
    let value = |name: &str| {
        let inventory = lab.inventory("ops");
        let line = inventory.lines().find_map(|line| line.strip_prefix(&format!("{name}="))).unwrap().to_owned();
        line.trim_matches('\'').trim_start_matches("-o UserKnownHostsFile=").to_owned()
    };
    let config = format!(
        "Host db-one\n  HostName {}\n  User ops\n  IdentityFile {}\n  UserKnownHostsFile {}\nHost gate\n  User nobody\n",
        lab.address("db1"),
        value("ansible_ssh_private_key_file"),
        value("ansible_ssh_common_args")
    );
    lab.write("ssh.conf", &config);
    let _ = lab.dppctl(["run", "site.yml", "-i", "ssh:db*", "--ssh-config", "ssh.conf"]).exits(0);
    let wrong = lab.dppctl(["run", "site.yml", "-i", "ssh:db-onne", "--ssh-config", "ssh.conf"]);
    insta::assert_snapshot!("a_host_openssh_does_not_name", wrong);
}

/// Vagrant is not installed where tests run; what answers in its place prints what Vagrant 2.3 prints.
fn vagrant(test: &str) -> Lab {
    let lab = Lab::boot(test, &["db1"]).file("site.yml", WHO).file("Vagrantfile", "").file("dppctl.toml", "");
    lab.write(".vagrant/machines/rmq1/libvirt/id", "1");
    let key = lab
        .inventory("ops")
        .lines()
        .find_map(|line| line.strip_prefix("ansible_ssh_private_key_file=").map(str::to_owned));
    let answer = format!(
        "Host rmq1\n  HostName {}\n  User ops\n  Port 22\n  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking no\n  \
         PasswordAuthentication no\n  IdentityFile {}\n  IdentitiesOnly yes\n  LogLevel FATAL\n",
        lab.address("db1"),
        key.unwrap()
    );
    programme(&lab, "bin/vagrant", &format!("#!/bin/sh\necho \"$@\" >>asked\ncat <<'END'\n{answer}\nEND\n"));
    lab
}

#[test]
fn machines_of_vagrant_are_hosts_and_their_keys_are_kept_apart() {
    let lab = vagrant("vagrant");
    let run = || lab.dppctl_with_path("bin", ["run", "site.yml", "-i", "vagrant"]);
    let _ = run().exits(0);
    let keys = fs::read_to_string(lab.path(".dppctl/known_hosts.vagrant")).unwrap();
    assert!(keys.starts_with(lab.address("db1")), "{keys}");
    assert!(!lab.path(".ssh/known_hosts").exists());
    let _ = run().exits(0);
    assert_eq!(fs::read_to_string(lab.path("asked")).unwrap(), "ssh-config rmq1\n", "asked once, its answer is kept");
    fs::remove_dir_all(lab.path(".vagrant")).unwrap();
    insta::assert_snapshot!("vagrant_has_made_nothing", run());
}

#[test]
fn the_project_s_inventory_lends_vagrant_s_machines_their_groups() {
    let lab = vagrant("vagrantg");
    lab.write("dppctl.toml", "inventory = \"static\"\n");
    lab.write("static", "[web_nodes]\nrmq1 x=1\n[kafka_nodes]\nelsewhere\n[kafka_nodes:vars]\ny=2\n");
    insta::assert_snapshot!(
        "vagrant_with_groups",
        lab.dppctl_with_path("bin", ["inventory", "graph", "-i", "vagrant"])
    );
    lab.write("dppctl.toml", "[vagrant.groups]\nkafka_nodes = [\"rmq1\"]\nkibana_nodes = [\"kib1\"]\n");
    let run = lab.dppctl_with_path("bin", ["inventory", "graph", "-i", "vagrant"]);
    insta::assert_snapshot!("vagrant_with_groups_of_the_settings", run);
}
