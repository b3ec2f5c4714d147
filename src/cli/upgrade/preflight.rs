//! The look before the upgrade: every host and every source is asked, everything that is in the way is told at once,
//! nothing is touched.

use std::collections::BTreeMap;
use std::time::Duration;

use dpp_protocol::{Answer, Failure};
use serde_json::{Map, Value as Json, json};

use super::brokers;
use super::files::{Files, assigned, options};
use super::supplies::{Supplies, told};
use super::target::Target;
use crate::artifacts::{Products, Version};
use crate::cli::Stop;
use crate::cli::conduct::store;
use crate::cli::invocation::Invocation;
use crate::cli::layout::Layout;
use crate::cli::render::{rendered, variables};
use crate::cli::status::elasticsearch;
use crate::cli::verify::now_ms;
use crate::engine::Errand;
use crate::exit::Exit;
use crate::pipeline::{Finding, HostLook, Mark, NodeSeen, Stage, WayBack, in_order, judge_cluster, together};
use crate::ui::Ui;
use crate::value::Value;

/// The handler that an upgrade owes a node while it keeps it down.
const DOWN: &str = "Elasticsearch runs again";
/// What an upgrade owes that was broken off.
const OWED: [&str; 4] = [DOWN, "Shards are allocated again", "Connector goes on with Elasticsearch", brokers::DOWN];
/// What separates the files of a host in the answer.
const FILE: &str = "file dppctl ";
const CONFIGURATION: [&str; 4] = [
    "/etc/elasticsearch/elasticsearch.yml",
    "/etc/elasticsearch/jvm.options",
    "/etc/default/elasticsearch",
    "/etc/kibana/kibana.yml",
];

/// What was found, and how it goes on.
pub(super) struct Preflight {
    pub(super) findings: Vec<Finding>,
    /// Each product with the versions that hosts have of it, and the one it goes to.
    pub(super) moves: Vec<Move>,
    /// The stages whose products go.
    pub(super) stages: Vec<Stage>,
    /// The nodes of Elasticsearch in the order in which they go.
    pub(super) order: Vec<String>,
    /// The brokers of Kafka in the order in which they go.
    pub(super) brokers: Vec<String>,
    /// What leads back where Elasticsearch goes.
    pub(super) way_back: Option<WayBack>,
    /// Whether an upgrade was broken off that this one goes on with.
    pub(super) goes_on: bool,
    /// How the command ends when something is in the way.
    pub(super) exit: Exit,
}

/// A product on its way.
pub(super) struct Move {
    pub(super) product: &'static str,
    pub(super) from: Vec<String>,
    pub(super) to: String,
    pub(super) hosts: Vec<String>,
}

/// What a host says.
struct HostSeen {
    look: HostLook,
    files: BTreeMap<String, String>,
}

/// Everything that is looked at.
pub(super) struct Look<'a> {
    pub(super) invocation: &'a mut Invocation,
    pub(super) layout: &'a mut Layout,
    pub(super) targets: Vec<Target>,
    pub(super) products: &'a Products,
    /// How young a snapshot is asked for.
    pub(super) snapshot_age: Option<Duration>,
    pub(super) ui: Ui,
}

impl Look<'_> {
    /// Asks, and puts together what was answered.
    pub(super) fn preflight(mut self) -> Result<Preflight, Stop> {
        let hosts = self.hosts();
        let (seen, lost) = self.ask_hosts(&hosts);
        let absent = self.leave_out_what_is_nowhere(&seen, !lost.is_empty());
        let moves = self.moves(&seen);
        let (refused, mut findings) = (self.files_and_versions(&seen, &moves)?, Vec::new());
        let (cluster, order, way_back) = self.cluster(&seen);
        let (quorum, brokers) = self.brokers(&moves);
        let goes_on = self.layout.errands.debts().values().flatten().any(|debt| OWED.contains(&debt.handler.as_str()));
        let mut exit =
            worst(&absent, Exit::Refused).max(worst(&refused, Exit::Refused)).max(worst(&cluster, Exit::Unhealthy));
        exit = exit.max(worst(&quorum, Exit::Unhealthy));
        if !lost.is_empty() {
            exit = exit.max(Exit::Unreachable);
        }
        findings.extend(lost);
        findings.extend(absent);
        findings.extend(refused);
        findings.extend(cluster);
        findings.extend(quorum);
        let stages = self.targets.iter().map(|target| target.stage).collect();
        Ok(Preflight { findings: together(findings), moves, stages, order, brokers, way_back, goes_on, exit })
    }

    fn hosts(&self) -> Vec<String> {
        let mut hosts: Vec<String> = Vec::new();
        for host in self.targets.iter().flat_map(|target| self.layout.of(target.stage)) {
            if !hosts.contains(host) {
                hosts.push(host.clone());
            }
        }
        hosts
    }

    /// Packages, units and files of each host; hosts out of reach are findings.
    fn ask_hosts(&mut self, hosts: &[String]) -> (BTreeMap<String, HostSeen>, Vec<Finding>) {
        let files =
            CONFIGURATION.map(|path| format!("if [ -f {path} ]; then echo '{FILE}{path}'; cat {path}; echo; fi"));
        let command = format!("{}; {}", HostLook::command(), files.join("; "));
        let errands: Vec<Errand> =
            hosts.iter().map(|host| Errand::new(host, "shell", json!({"cmd": command}))).collect();
        let answers = self.layout.errands.run(&errands, &mut |_, _, _| {});
        let (mut seen, mut lost) = (BTreeMap::new(), Vec::new());
        for (host, answer) in hosts.iter().zip(answers) {
            match answer {
                Ok(outcome) => {
                    let printed = outcome.result.get("stdout").and_then(Json::as_str).unwrap_or_default();
                    seen.insert(host.clone(), HostSeen::read(printed));
                }
                Err(Failure { message, help, .. }) => {
                    let finding = Finding::fail("hosts", "", message).on([host.as_str()]);
                    lost.push(finding.help(help.unwrap_or_default()));
                }
            }
        }
        (seen, lost)
    }

    /// What no host has is nothing to be upgraded; a host that says nothing may have it.
    fn leave_out_what_is_nowhere(&mut self, seen: &BTreeMap<String, HostSeen>, are_lost: bool) -> Vec<Finding> {
        let layout = &*self.layout;
        let has = |target: &Target| {
            let mut seen = layout.of(target.stage).iter().filter_map(|host| seen.get(host));
            seen.any(|seen| seen.look.version(target.stage).is_some())
        };
        let (there, absent): (Vec<Target>, Vec<Target>) =
            self.targets.drain(..).partition(|target| are_lost || has(target));
        self.targets = there;
        let names: Vec<&str> = absent.iter().map(|target| target.product).collect();
        match (names.is_empty(), self.targets.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => {
                let words = format!("no host has {}: there is nothing to upgrade", names.join(", "));
                vec![Finding::fail("packages", "DPP0203", words).help("dppctl deploy installs them")]
            }
            (false, false) => vec![Finding::warn("packages", format!("no host has {}: left out", names.join(", ")))],
        }
    }

    fn moves(&self, seen: &BTreeMap<String, HostSeen>) -> Vec<Move> {
        let of = |target: &Target| {
            let hosts = self.layout.of(target.stage).to_vec();
            let mut from: Vec<String> = Vec::new();
            for host in &hosts {
                let version = seen.get(host).and_then(|seen| seen.look.version(target.stage));
                if let Some(version) = version.filter(|version| !from.iter().any(|known| known == version)) {
                    from.push(version.to_owned());
                }
            }
            Move { product: target.product, from, to: target.version.clone(), hosts }
        };
        self.targets.iter().map(of).collect()
    }

    /// What can be said without asking a product: versions, packages, files.
    fn files_and_versions(&mut self, seen: &BTreeMap<String, HostSeen>, moves: &[Move]) -> Result<Vec<Finding>, Stop> {
        let supplies = Supplies { products: self.products, targets: &self.targets, ui: self.ui };
        let mut findings = supplies.path(moves);
        let Some(host) = moves.first().and_then(|first| first.hosts.first()) else { return Ok(findings) };
        let names = ["dpp_products", "dpp_sources"];
        let shared = variables(self.invocation, self.targets[0].role, host, &names);
        match shared.map(|shared| names.map(|name| Json::from(&shared[name]))) {
            Ok([set, sources]) => {
                findings.extend(supplies.fits(&set));
                findings.extend(supplies.packages(&sources, &store(self.invocation)?));
            }
            // Roles of one's own share other variables, or none: their tasks say what they want.
            Err(Stop::Refused(problems)) => findings.extend(told("packages", problems)),
            Err(stop) => return Err(stop),
        }
        for target in self.targets.clone() {
            for host in self.layout.of(target.stage).to_vec() {
                if let Some(seen) = seen.get(&host) {
                    findings.extend(self.settings(&target, &host, seen));
                }
            }
        }
        Ok(findings)
    }

    /// What the host's files have against the version.
    fn settings(&mut self, target: &Target, host: &str, seen: &HostSeen) -> Vec<Finding> {
        let Ok(product) = self.products.find(target.product) else { return Vec::new() };
        let Some(version) = Version::parse(&target.version) else { return Vec::new() };
        let files = Files { product, version: &version, host };
        let of = |path: &str| seen.files.get(path).map_or("", String::as_str);
        let role = target.role;
        let name = format!("{role}.yml");
        if !matches!(target.stage, Stage::Elasticsearch | Stage::Kibana) {
            return Vec::new();
        }
        let was = seen.look.version(target.stage).map(|version| self.rendered_for(target, version, &name, host));
        let was = was.and_then(Result::ok).unwrap_or_default();
        let mut findings = match self.rendered_for(target, &target.version, &name, host) {
            Ok(comes) => files.written_anew(&name, of(&format!("/etc/{role}/{name}")), &was, &comes),
            Err(Stop::Refused(problems)) => {
                let words = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
                vec![Finding::warn("settings", format!("{name} can only be looked at in the run: {words}")).on([host])]
            }
            Err(_) => Vec::new(),
        };
        if target.stage == Stage::Elasticsearch {
            findings.extend(files.kept("jvm.options", &options(of("/etc/elasticsearch/jvm.options"))));
            let environment = "/etc/default/elasticsearch";
            findings.extend(files.kept(environment, &assigned(of(environment))));
        }
        findings
    }

    /// The product's file as the project makes it for a version.
    fn rendered_for(&mut self, target: &Target, version: &str, name: &str, host: &str) -> Result<String, Stop> {
        self.invocation.extra.insert(target.variable.to_owned(), Value::plain(version));
        let text = rendered(self.invocation, (target.role, &format!("{name}.j2")), host, true, self.ui);
        self.invocation.extra.insert(target.variable.to_owned(), Value::plain(target.version.as_str()));
        text
    }

    /// What the cluster says, the order in which its nodes go, and what leads back.
    fn cluster(&mut self, seen: &BTreeMap<String, HostSeen>) -> (Vec<Finding>, Vec<String>, Option<WayBack>) {
        let Some(target) = self.targets.iter().find(|target| target.stage == Stage::Elasticsearch) else {
            return (Vec::new(), self.layout.of(Stage::Elasticsearch).to_vec(), None);
        };
        let hosts: Vec<String> =
            self.layout.of(Stage::Elasticsearch).iter().filter(|host| seen.contains_key(*host)).cloned().collect();
        let params = elasticsearch(&self.layout.wiring, "http://127.0.0.1:9200");
        let errands: Vec<Errand> =
            hosts.iter().map(|host| Errand::new(host, "elasticsearch_upgrade_facts", params.clone())).collect();
        let answers = self.layout.errands.run(&errands, &mut |_, _, _| {});
        let nodes: Vec<NodeSeen> = hosts
            .iter()
            .zip(&answers)
            .map(|(host, answer)| NodeSeen {
                host,
                facts: facts(answer),
                is_broken_off: answer.is_err() && self.is_broken_off(host, seen, &target.version),
            })
            .collect();
        let major = Version::parse(&target.version).map_or(0, |version| version.major());
        let mut findings = judge_cluster(&nodes, major);
        let told = nodes.iter().find_map(|node| node.facts.ok());
        let way_back = told.map(|facts| WayBack::read(facts, now_ms().cast_unsigned()));
        findings.extend(way_back.as_ref().map(|way_back| way_back.finding(self.snapshot_age)));
        (findings, in_order(&nodes), way_back)
    }

    /// Whether the node is down because an upgrade keeps it down: it owes its start, or has the new package already.
    fn is_broken_off(&self, host: &str, seen: &BTreeMap<String, HostSeen>, version: &str) -> bool {
        let owes =
            self.layout.errands.debts().get(host).is_some_and(|debts| debts.iter().any(|debt| debt.handler == DOWN));
        let installed = seen.get(host).and_then(|seen| seen.look.version(Stage::Elasticsearch));
        owes || installed == Some(version)
    }
}

impl HostSeen {
    fn read(printed: &str) -> Self {
        let mut parts = printed.split(FILE);
        let look = HostLook::read(parts.next().unwrap_or_default());
        let files = parts.filter_map(|part| part.split_once('\n'));
        Self { look, files: files.map(|(path, text)| (path.to_owned(), text.to_owned())).collect() }
    }
}

fn facts(answer: &Answer) -> Result<&Map<String, Json>, &str> {
    answer.as_ref().map(|outcome| &outcome.result).map_err(|failure| failure.message.as_str())
}

fn worst(findings: &[Finding], exit: Exit) -> Exit {
    if findings.iter().any(|finding| finding.mark == Mark::Fail) { exit } else { Exit::Ok }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_follow_units_and_packages() {
        let printed = "Id=elasticsearch.service\nLoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\n\n\
            package hi  elasticsearch 5.6.2\nfile dppctl /etc/default/elasticsearch\nCONF_DIR=/x\n\n\
            file dppctl /etc/kibana/kibana.yml\nserver.port: 5601\n\n";
        let seen = HostSeen::read(printed);
        assert_eq!(seen.look.version(Stage::Elasticsearch), Some("5.6.2"));
        assert_eq!(seen.files["/etc/default/elasticsearch"], "CONF_DIR=/x\n\n");
        assert_eq!(seen.files.len(), 2);
    }
}
