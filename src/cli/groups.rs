//! The groups in which the shipped playbook looks for its hosts: filled as the settings say, and missed where they have
//! no hosts or nearly their names. A playbook of several groups would go on with those that are there, in silence.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::Stop;
use crate::cli::invocation::Invocation;
use crate::inventory::Inventory;
use crate::pipeline::Stage;
use crate::source::{Problem, nearest};

/// Puts the hosts of the settings' groups into those that the shipped playbook and its roles ask for.
pub(super) fn lay_out(invocation: &mut Invocation) -> Result<(), Stop> {
    let settings = invocation.project.settings.pipeline.clone();
    let mut filled: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, pattern) in settings.stages() {
        let Some(stage) = Stage::of_role(name) else { continue };
        let hosts = meant(&invocation.inventory, name, pattern)?;
        match stage {
            // The workers of Connect run on the brokers: they have no group of their own.
            Stage::Connect => require_brokers(&invocation.inventory, settings.kafka.as_deref(), &hosts, pattern)?,
            stage => filled.entry(home(stage)).or_default().extend(hosts),
        }
    }
    for (group, hosts) in filled {
        invocation.inventory.assign(group, &hosts, &invocation.vault)?;
    }
    Ok(())
}

/// The group that the shipped playbook asks for.
fn home(stage: Stage) -> &'static str {
    stage.groups().last().copied().unwrap_or_default()
}

/// The hosts of a group that the settings name; a group that is there may be empty.
fn meant(inventory: &Inventory, stage: &str, pattern: &str) -> Result<Vec<String>, Problem> {
    let is_there = inventory.group(pattern).is_some() || inventory.hosts().is_empty();
    // What `init` wrote holds also for an inventory that has not all of the groups.
    let is_home = Stage::of_role(stage).is_some_and(|stage| home(stage) == pattern);
    let hosts = if is_there || is_home { inventory.matching(pattern) } else { inventory.select(pattern) };
    hosts.map_err(|problem| problem.note(format!("dppctl.toml says so: [pipeline] {stage} = \"{pattern}\"")))
}

fn require_brokers(inventory: &Inventory, kafka: Option<&str>, hosts: &[String], pattern: &str) -> Result<(), Problem> {
    let brokers = inventory.matching(kafka.unwrap_or(home(Stage::Kafka)))?;
    if hosts.iter().all(|host| brokers.contains(host)) {
        return Ok(());
    }
    let message = format!("[pipeline] connect = \"{pattern}\": Kafka Connect is deployed on the hosts of Kafka");
    Err(Problem::error("DPP0203", message).help("name the same group for `kafka` and for `connect` in dppctl.toml"))
}

/// Whether a group of the pipeline has hosts.
pub(super) fn has_hosts(inventory: &Inventory) -> bool {
    let mut groups = Stage::ALL.into_iter().flat_map(Stage::groups);
    groups.any(|group| !inventory.hosts_of(group).is_empty())
}

/// That no host of the inventory is of any stage.
pub(super) fn nobody(inventory: &Inventory) -> Problem {
    let wanted: BTreeSet<&str> = Stage::ALL.into_iter().map(home).collect();
    let there: Vec<&str> = inventory.groups().filter(|name| !["all", "ungrouped"].contains(name)).collect();
    let problem = Problem::error("DPP0203", "no host is of any stage of the pipeline")
        .note(format!("their groups are {}", Vec::from_iter(wanted).join(", ")));
    let problem =
        if there.is_empty() { problem } else { problem.note(format!("the inventory has {}", there.join(", "))) };
    problem.help("rename the groups, or say in dppctl.toml which is which: [pipeline] kafka = \"…\"")
}

/// Refuses an inventory in which a group of the pipeline is missing and another has nearly its name.
pub(super) fn require_spelling(inventory: &Inventory) -> Result<(), Problem> {
    let (known, missing): (Vec<&str>, Vec<&str>) =
        Stage::ALL.iter().flat_map(|stage| stage.groups()).partition(|name| inventory.group(name).is_some());
    let mut strangers = inventory.groups().filter(|name| !known.contains(name));
    match strangers.find_map(|name| Some((name, nearest(name, missing.iter().copied())?))) {
        Some((name, meant)) => Err(mistyped(inventory, name, meant)),
        None => Ok(()),
    }
}

fn mistyped(inventory: &Inventory, name: &str, meant: &str) -> Problem {
    let problem = Problem::error("DPP0203", format!("there is no group `{meant}`, but a group `{name}`"))
        .note("the pipeline takes its hosts by the names of their groups");
    match inventory.group(name).and_then(|group| group.place()) {
        Some(place) => problem.at(place, format!("did you mean `{meant}`?")),
        None => problem.help(format!("did you mean `{meant}`?")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cli::options::Global;

    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        global: Global,
    }

    /// A project with this inventory and these settings.
    fn project(hosts: &str, settings: &str) -> (tempfile::TempDir, Invocation) {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("hosts", hosts);
        write("dppctl.toml", &format!("inventory = \"hosts\"\n[pipeline]\n{settings}"));
        let project = folder.path().to_str().unwrap();
        let line = Line::parse_from(["dppctl", "--project", project]);
        let invocation = Invocation::read(&line.global, None, None).unwrap();
        (folder, invocation)
    }

    fn refusal(result: Result<(), Stop>) -> Problem {
        let Err(Stop::Refused(mut problems)) = result else { panic!("it was taken") };
        problems.remove(0)
    }

    #[test]
    fn groups_of_the_settings_are_those_of_the_shipped_playbook() {
        let hosts =
            "[mq]\nweb1\n[kfk]\nk1\nk2\n[kafka_nodes]\nold\n[search:children]\nes\n[es]\nes1\n[kibana_nodes]\nkib1\n";
        let settings =
            "rabbitmq = \"mq\"\nrelay = \"mq\"\nkafka = \"kfk\"\nconnect = \"kfk\"\nelasticsearch = \"search\"\n";
        let (_folder, mut invocation) = project(hosts, settings);
        for _again in 0..2 {
            lay_out(&mut invocation).unwrap();
            let of = |group: &str| invocation.inventory.hosts_of(group).join(" ");
            let found: BTreeMap<&str, String> =
                Stage::ALL.into_iter().map(|stage| (home(stage), of(home(stage)))).collect();
            assert_eq!(
                found,
                BTreeMap::from([
                    ("web_nodes", "web1".to_owned()),
                    ("logstash_nodes", "web1".to_owned()),
                    ("kafka_nodes", "k1 k2".to_owned()),
                    ("elasticsearch_nodes", "es1".to_owned()),
                    ("kibana_nodes", "kib1".to_owned()),
                ])
            );
        }
        assert!(!invocation.inventory.groups_of("old").contains(&"kafka_nodes"));
        let seen = invocation.run_vars(&crate::cli::invocation::Manner::default());
        assert_eq!(seen.groups.read().unwrap()["kafka_nodes"], ["k1", "k2"], "roles see them too");
    }

    #[test]
    fn a_group_of_the_settings_that_is_not_there_is_refused_with_the_nearest() {
        let (_folder, mut invocation) = project("[kafkas]\nk1\n", "kafka = \"kafkaz\"\n");
        let problem = refusal(lay_out(&mut invocation));
        assert_eq!((problem.code, problem.help.as_deref()), ("DPP0203", Some("did you mean `kafkas`?")));
        assert_eq!(problem.notes, ["dppctl.toml says so: [pipeline] kafka = \"kafkaz\""]);
        let (_folder, mut invocation) = project("[a]\nk1\n[b]\nc1\n", "kafka = \"a\"\nconnect = \"b\"\n");
        assert!(refusal(lay_out(&mut invocation)).message.contains("on the hosts of Kafka"));
    }

    #[test]
    fn a_group_with_nearly_a_name_of_the_pipelines_is_refused() {
        let (_folder, invocation) = project("[web_nodes]\nw\n[kafka_nodess]\nk1\n", "");
        let problem = require_spelling(&invocation.inventory).unwrap_err();
        assert_eq!(problem.message, "there is no group `kafka_nodes`, but a group `kafka_nodess`");
        assert_eq!(problem.at.unwrap().1, "did you mean `kafka_nodes`?");
        let (_folder, mut invocation) = project("[kafka_nodess]\nk1\n", "kafka = \"kafka_nodess\"\n");
        lay_out(&mut invocation).unwrap();
        require_spelling(&invocation.inventory).unwrap();
    }

    #[test]
    fn an_inventory_without_any_stage_is_told_what_groups_there_are() {
        let (_folder, invocation) = project("[kafka]\nk1\n", "");
        let problem = nobody(&invocation.inventory);
        assert_eq!(problem.notes[1], "the inventory has kafka");
        assert!(problem.notes[0].contains("kafka_nodes"));
    }
}
