//! Whole inventories against what Ansible reads from them, and the screens of those that cannot be read.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::inventory::{Connection, ConnectionKind, Defaults, Inventory, InventorySource, LayerKind};
use crate::project::SshHost;
use crate::secret::NoPassword;
use crate::source::{Problem, Problems, Source, excerpt};
use crate::transport::{HostKeyPolicy, Proxy};
use crate::value::Map;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/inventory").join(name)
}

fn load(path: &Path) -> Result<Inventory, Problems> {
    Inventory::load(&[InventorySource::Path(path.to_owned())], &NoPassword)
}

fn names(text: &str) -> Inventory {
    Inventory::load(&[InventorySource::parse(text)], &NoPassword).unwrap()
}

fn ini(text: &str) -> Result<Inventory, Problems> {
    let mut inventory = Inventory::empty();
    super::ini::read(&Source::new("hosts", text), &mut inventory)?;
    inventory.settle().map(|()| inventory)
}

fn yaml(text: &str) -> Result<Inventory, Problems> {
    let mut inventory = Inventory::empty();
    super::yaml_form::read(&Source::new("hosts.yml", text), &mut inventory, &NoPassword)?;
    inventory.settle().map(|()| inventory)
}

fn variables(inventory: &Inventory, host: &str) -> Map {
    let mut all = Map::new();
    for layer in inventory.layers(host) {
        all.extend(layer.variables.values().clone());
    }
    all
}

fn screen(problems: &[Problem]) -> String {
    problems.iter().map(|problem| excerpt(problem, false, 100)).collect::<Vec<_>>().join("\n\n")
}

/// The shape of `ansible-inventory --list`, which leaves out what is empty and the priority of groups.
fn listed(inventory: &Inventory) -> Json {
    let mut list = BTreeMap::new();
    let mut hostvars = BTreeMap::new();
    for host in inventory.hosts() {
        let mut all = variables(inventory, host);
        all.shift_remove("ansible_group_priority");
        if !all.is_empty() {
            hostvars.insert(host, Json::from(&crate::value::Value::from(all)));
        }
    }
    for name in inventory.groups() {
        let group = inventory.group(name).unwrap();
        let mut parts = BTreeMap::new();
        let (hosts, children): (Vec<_>, Vec<_>) = (group.hosts().collect(), group.children().collect());
        if !hosts.is_empty() && name != "all" {
            parts.insert("hosts", json!(hosts));
        }
        if !children.is_empty() {
            parts.insert("children", json!(children));
        }
        if !parts.is_empty() {
            list.insert(name, json!(parts));
        }
    }
    list.insert("_meta", json!({"hostvars": hostvars, "profile": "inventory_legacy"}));
    json!(list)
}

#[test]
fn both_forms_are_read_as_ansible_reads_them() {
    for name in ["site", "site.yml"] {
        let expected = std::fs::read_to_string(fixture(&format!("{name}.expected.json"))).unwrap();
        let expected: Json = serde_json::from_str(&expected).unwrap();
        let found = listed(&load(&fixture(name)).unwrap());
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn patterns_mean_the_hosts_that_ansible_takes_in_its_order() {
    let inventory = load(&fixture("site")).unwrap();
    for line in std::fs::read_to_string(fixture("patterns.txt")).unwrap().lines() {
        let (pattern, hosts) = line.split_once(" => ").unwrap();
        assert_eq!(inventory.select(pattern).unwrap().join(" "), hosts, "{pattern}");
    }
}

#[test]
fn hosts_may_be_taken_from_a_file() {
    let inventory = load(&fixture("site")).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "# failed last time\nkafka1\nweb02.example\n\n").unwrap();
    assert_eq!(inventory.select(&format!("@{}", file.path().display())).unwrap(), ["kafka1", "web02.example"]);
}

#[test]
fn the_documents_own_file_loads_and_its_five_names_are_one_endpoint() {
    let inventory = load(&fixture("document.ini")).unwrap();
    assert_eq!(inventory.hosts(), ["web1", "log1", "kafka1", "elasticsearch1", "kibana1"]);
    assert_eq!(inventory.groups().count(), 7);
    let connections = inventory.hosts().into_iter().map(|host| connection(&variables(&inventory, host)).unwrap());
    let endpoints: HashSet<_> = connections
        .map(|connection| {
            assert_eq!(connection.login.keys, [PathBuf::from(".vagrant/machines/default/virtualbox/private_key")]);
            connection.endpoint
        })
        .collect();
    let endpoint = endpoints.iter().next().unwrap();
    assert_eq!((endpoints.len(), endpoint.port, endpoint.user.as_str()), (1, 2222, "ubuntu"));
}

#[test]
fn layers_tell_where_a_value_comes_from() {
    let inventory = load(&fixture("site")).unwrap();
    let said: Vec<_> = inventory
        .layers("kafka2")
        .into_iter()
        .filter(|layer| layer.variables.get("layer").is_some())
        .map(|layer| (layer.kind, layer.name, layer.variables.place("layer").unwrap().line()))
        .collect();
    let expected = [
        (LayerKind::AllInline, "all", 43),
        (LayerKind::GroupInline, "data", 29),
        (LayerKind::GroupInline, "kafka_nodes", 36),
        (LayerKind::GroupInline, "elasticsearch_nodes", 39),
        (LayerKind::AllFile, "all", 1),
        (LayerKind::GroupFile, "kafka_nodes", 1),
        (LayerKind::GroupFile, "kafka_nodes", 1),
    ];
    assert_eq!(said, expected);
}

#[test]
fn what_stands_beside_the_playbook_wins_over_what_stands_beside_the_inventory() {
    let folder = tempfile::tempdir().unwrap();
    let (site, play) = (folder.path().join("site"), folder.path().join("play"));
    for (base, value) in [(&site, "inventory"), (&play, "playbook")] {
        for (kind, name) in [("group_vars", "all"), ("group_vars", "db"), ("host_vars", "db1")] {
            std::fs::create_dir_all(base.join(kind)).unwrap();
            std::fs::write(base.join(kind).join(format!("{name}.yml")), format!("{name}: {value}\n")).unwrap();
        }
    }
    std::fs::write(site.join("hosts"), "[db]\ndb1\n").unwrap();
    let mut inventory = load(&site.join("hosts")).unwrap();
    inventory.read_beside_playbook(&play, &NoPassword).unwrap();
    let kinds: Vec<LayerKind> = inventory.layers("db1").into_iter().map(|layer| layer.kind).collect();
    assert!(kinds.is_sorted(), "{kinds:?}");
    assert!(["all", "db", "db1"].iter().all(|name| variables(&inventory, "db1")[*name].as_str() == Some("playbook")));
}

#[test]
fn a_host_added_in_a_run_joins_its_groups_and_gets_their_files() {
    let mut inventory = load(&fixture("site")).unwrap();
    let given = Map::from_iter([("ansible_host".to_owned(), "10.1.1.1".into())]);
    inventory.add_host("kafka9", &["kafka_nodes".to_owned(), "fresh".to_owned()], &given, &NoPassword).unwrap();
    assert_eq!(inventory.groups_of("kafka9"), ["data", "fresh", "kafka_nodes", "pipeline"]);
    assert_eq!(variables(&inventory, "kafka9")["layer"].as_str(), Some("kafka file b"));
    assert_eq!(inventory.select("fresh").unwrap(), ["kafka9"]);
}

#[test]
fn names_with_commas_are_an_inventory() {
    let inventory = names("10.0.0.1:2222,web[1:2],");
    assert_eq!(inventory.hosts(), ["10.0.0.1", "web1", "web2"]);
    assert_eq!(variables(&inventory, "10.0.0.1")["ansible_port"].as_int(), Some(2222));
}

#[test]
fn localhost_is_there_without_being_named_and_is_not_one_of_all() {
    let inventory = names("web1,");
    assert_eq!(inventory.select("localhost").unwrap(), ["localhost"]);
    assert_eq!(inventory.select("all").unwrap(), ["web1"]);
    let found = connection(&variables(&inventory, "localhost")).unwrap();
    assert_eq!(found.kind, ConnectionKind::Local);
}

#[test]
fn two_hundred_groups_twenty_deep_take_no_time() {
    let mut text = String::new();
    for chain in 0..10 {
        for level in 0..20 {
            writeln!(text, "[g{chain}x{level}]\nh{chain}x{level}x[1:10]\n[g{chain}x{level}:vars]\nv{level}={chain}")
                .unwrap();
            if level > 0 {
                writeln!(text, "[g{chain}x{}:children]\ng{chain}x{level}", level - 1).unwrap();
            }
        }
    }
    let start = Instant::now();
    let inventory = ini(&text).unwrap();
    let all = inventory.select("all").unwrap();
    let layers: usize = all.iter().map(|host| inventory.layers(host).len()).sum();
    let took = start.elapsed();
    assert_eq!((all.len(), layers), (2000, 10 * 10 * (1..=20).sum::<usize>()));
    // 50 ms are the bound of an optimised build; without optimisation, on a busy machine, only an explosion shows.
    assert!(took < Duration::from_millis(if cfg!(debug_assertions) { 3000 } else { 50 }), "{took:?}");
}

#[test]
fn mistakes_in_an_inventory_are_named_where_they_are() {
    let tables = [
        ini("[web]\nw1\n\n[all_nodes:children]\nweb\nwbe\n"),
        ini("[web]\nw1\n[wbe:vars]\nx=1\n[web:var]\ny=1\n"),
        ini("[web]\nw1 port 22\n"),
        ini("[web]\nw1 name='a b\n"),
        ini("[web]\nw[1:x]\nw2:ssh\n"),
        ini("[web:vars]\njust words\n[web]\nw1\n"),
        ini("[a:children]\nb\n[b:children]\nc\n[c:children]\na\n"),
        yaml("web:\n  hosts:\n    w1:\n  var:\n    x: 1\n"),
        yaml("web:\n  hosts:\n    - w1\n    - w2\n"),
        yaml("- web\n"),
        yaml("web:\n  hosts:\n    w1: 22\n"),
        yaml("plugin: aws_ec2\nregions: [eu]\n"),
    ];
    let mut screens = String::new();
    for outcome in tables {
        writeln!(screens, "{}\n", screen(&outcome.unwrap_err())).unwrap();
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn what_matches_nothing_says_what_was_meant() {
    let inventory = ini("[kafka_nodes]\nkafka1\n[kibana_nodes]\n").unwrap();
    let mut screens = String::new();
    for pattern in
        ["kafka_node", "kafka1:&kibana_nodes", "kibana_nodes", "kafak1", "nothing*", "kafka_nodes[4]", "~kafka("]
    {
        writeln!(screens, "{}\n", excerpt(&inventory.select(pattern).unwrap_err(), false, 100)).unwrap();
    }
    writeln!(screens, "{}", excerpt(&ini("").unwrap().select("all").unwrap_err(), false, 100)).unwrap();
    insta::assert_snapshot!(screens);
}

#[test]
fn a_missing_file_and_a_folder_of_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hosts"), "web1\n").unwrap();
    let missing = load(&folder.path().join("hsots")).unwrap_err();
    assert_eq!(missing[0].code, "DPP0201");
    assert!(missing[0].help.as_ref().unwrap().ends_with("/hosts`?"), "{missing:?}");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(load(empty.path()).unwrap_err()[0].code, "DPP0201");
}

#[test]
fn traps_that_ansible_passes_over_in_silence_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("hosts", "[web_nodes]\nw1 password=a#b\n"),
        ("more.ini", "w2\n"),
        ("group_vars/web_node.yml", "x: 1\n"),
        ("group_vars/web_nodes.yml", "x: 1\n"),
        ("group_vars/web_nodes/a.yml", "x: 2\n"),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let inventory = load(folder.path()).unwrap();
    let mut codes: Vec<&str> = inventory.warnings().iter().map(|warning| warning.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["DPP0206", "DPP0208", "DPP0209", "DPP0210"]);
    assert_eq!(variables(&inventory, "w1")["x"].as_int(), Some(2));
}

fn defaults() -> Defaults {
    Defaults {
        kind: ConnectionKind::Ssh,
        user: "me".to_owned(),
        user_is_named: false,
        keys: Vec::new(),
        password: None,
        passphrase: None,
        passphrases: BTreeMap::new(),
        ssh_args: crate::project::SshArgs::default(),
        host_keys: None,
        timeout: Duration::from_secs(10),
        become_: crate::inventory::Become::default(),
        home: Some("/home/me".into()),
    }
}

fn connection(variables: &Map) -> Result<Connection, Problem> {
    Connection::of("web1", variables, &defaults(), &|_, _, _| Ok(None))
}

fn said(line: &str) -> Map {
    variables(&ini(&format!("web1 {line}\n")).unwrap(), "web1")
}

#[test]
fn a_host_that_says_nothing_is_reached_by_its_name() {
    let found = connection(&Map::new()).unwrap();
    assert_eq!(
        (found.endpoint.address.as_str(), found.endpoint.port, found.endpoint.user.as_str()),
        ("web1", 22, "me")
    );
    assert!(found.login.keys.is_empty() && found.login.usual_keys[0] == Path::new("/home/me/.ssh/id_ed25519"));
    assert_eq!(found.target.host_keys, HostKeyPolicy::Ask);
}

#[test]
fn variables_win_over_the_ssh_configuration_and_that_over_the_defaults() {
    let config = SshHost {
        address: Some("10.0.0.7".to_owned()),
        user: Some("deploy".to_owned()),
        port: Some(2200),
        proxy_jump: Some("gate".to_owned()),
        named_file: Some("lab.ssh".into()),
        host_key_checking: Some("accept-new".to_owned()),
        identity_files: vec!["~/.ssh/lab".into()],
        ..SshHost::default()
    };
    let ask = |address: &str, _: Option<&str>, _: Option<u16>| {
        assert_eq!(address, "es1.example");
        Ok(Some(config.clone()))
    };
    let given = said("ansible_host=es1.example ansible_user=admin ansible_become=yes ansible_become_pass=1234");
    let found = Connection::of("web1", &given, &defaults(), &ask).unwrap();
    assert_eq!(
        (found.endpoint.address.as_str(), found.endpoint.port, found.endpoint.user.as_str()),
        ("10.0.0.7", 2200, "admin")
    );
    assert_eq!(found.target.proxy, Some(Proxy::Jump("gate".to_owned())));
    assert_eq!(found.target.ssh_config.as_deref(), Some(Path::new("lab.ssh")));
    assert_eq!(found.target.host_keys, HostKeyPolicy::AcceptNew);
    assert_eq!(found.login.usual_keys, [PathBuf::from("/home/me/.ssh/lab")]);
    assert!(found.become_.enabled);
    assert_eq!(found.become_.password.unwrap().reveal(), "1234");
}

#[test]
fn a_variable_that_cannot_be_meant_is_refused_at_its_place() {
    let mut screens = String::new();
    for line in
        ["ansible_port=99999", "ansible_connection=winrm", "ansible_become=perhaps", "ansible_become_method=doas"]
    {
        writeln!(screens, "{}\n", excerpt(&connection(&said(line)).unwrap_err(), false, 100)).unwrap();
    }
    insta::assert_snapshot!(screens);
}
