//! `dppctl upgrade`: takes products of a running pipeline to another version, node by node. What is done on the hosts is
//! the playbook's, upgrade.yml; here is what comes before it and what is proved beside it.

mod brokers;
mod files;
mod preflight;
mod supplies;
mod target;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use serde_json::{Value as Json, json};

use crate::artifacts::Products;
use crate::cli::canary::Flight;
use crate::cli::conduct::{Beside, Conduct, conduct};
use crate::cli::deploy::{keep_only, playbook, stage};
use crate::cli::invocation::Invocation;
use crate::cli::layout::Layout;
use crate::cli::lock::LockArgs;
use crate::cli::options::{ConnectionArgs, Global, HowArgs, PrivilegeArgs, SelectionArgs};
use crate::cli::render::variables;
use crate::cli::verify::time;
use crate::cli::{Stop, ask, candidates, groups};
use crate::content;
use crate::exit::Exit;
use crate::pipeline::{Stage, preflight_screen};
use crate::plan::Plan;
use crate::source::Problem;
use crate::ui::{Shows, Ui, answer_json};
use crate::value::Value;

use preflight::{Look, Move, Preflight};
use target::{Target, nobody, product_and_version, targets};

/// What an upgrade plays; the project's own, or else the shipped one.
const PLAYBOOK: &str = "upgrade.yml";

/// The age up to which a snapshot is taken for one that leads back.
const A_DAY: Duration = Duration::from_hours(24);

/// Options of `upgrade`.
#[derive(Debug, Args)]
pub(super) struct UpgradeArgs {
    /// The version of Elasticsearch, Kibana and Logstash
    #[arg(long, value_name = "V", required_unless_present = "versions")]
    version: Option<String>,
    /// Versions of single products, such as elasticsearch=6.8.23,kafka=8.3.1
    #[arg(long, value_name = "PRODUCT=V", value_delimiter = ',', value_parser = product_and_version)]
    versions: Vec<(String, String)>,
    /// Only this stage: elasticsearch, kibana, kafka or relay
    #[arg(long, value_name = "STAGE", value_parser = stage, add = ArgValueCompleter::new(candidates::stages))]
    only: Option<Stage>,
    /// How long the cluster may take to settle after each node: 60s, 30m
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = time)]
    gate_timeout: Duration,
    /// Leave Kafka's features as they are, so that its brokers can still go back; another upgrade switches them on
    #[arg(long)]
    no_finalize: bool,
    /// Send no marked messages meanwhile
    #[arg(long)]
    no_canary: bool,
    /// Refuse when the newest snapshot of Elasticsearch is older than this: 12h, 90m
    #[arg(long, value_name = "TIME", value_parser = time)]
    snapshot_age: Option<Duration>,
    /// Do not ask before the first change
    #[arg(short, long)]
    yes: bool,
    /// Answers the question that is asked where no snapshot of a day leads back: the name of Elasticsearch's cluster
    #[arg(long, value_name = "CLUSTER")]
    confirm: Option<String>,
    /// Only look, say what would be done; dppctl's own agent is all that is put on hosts
    #[arg(short = 'C', long, alias = "dry-run")]
    check: bool,
    /// Show differences of files
    #[arg(short = 'D', long)]
    diff: bool,
    #[command(flatten)]
    lock: LockArgs,
    #[command(flatten)]
    privilege: PrivilegeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

pub(super) fn upgrade(global: &Global, args: &UpgradeArgs, ui: Ui) -> Result<Exit, Stop> {
    if let Some(limit) = &global.limit {
        return Err(unlimited(limit).into());
    }
    let mut invocation = Invocation::read(global, Some(&args.connection), Some(&args.privilege))?;
    let mut targets = targets(args.version.as_deref(), &args.versions);
    targets.retain(|target| args.only.is_none_or(|only| only == target.stage));
    let deployed = playbook(&invocation.project.root, None)?;
    let how = HowArgs { check: args.check, diff: args.diff, ..HowArgs::default() };
    let mut layout = Layout::read(&mut invocation, deployed, None, &how, ui)?;
    targets.retain(|target| !layout.of(target.stage).is_empty() && is_used(&invocation, &layout, target));
    if targets.is_empty() {
        return Err(nobody(args.only).into());
    }
    let unkept = unkept(&invocation, &layout, &targets);
    for target in &targets {
        set(&mut invocation, target.variable, Value::plain(target.version.as_str()));
    }
    let products = Products::embedded().clone().with_folder(&invocation.project.root.join("data"))?;
    let look = Look {
        invocation: &mut invocation,
        layout: &mut layout,
        targets,
        products: &products,
        snapshot_age: args.snapshot_age,
        ui,
    };
    let preflight = look.preflight()?;
    if preflight.exit != Exit::Ok {
        return Ok(refuse(&preflight, ui));
    }
    ui.headline(&screen(&preflight));
    let exit = play(&mut invocation, &layout, &preflight, args, &how, ui)?;
    let last = afterwards(exit, args.check, &unkept);
    if !last.is_empty() {
        ui.headline(&last);
    }
    Ok(exit)
}

/// Plays the playbook for what was looked at.
fn play(
    invocation: &mut Invocation,
    layout: &Layout,
    preflight: &Preflight,
    args: &UpgradeArgs,
    how: &HowArgs,
    ui: Ui,
) -> Result<Exit, Stop> {
    let playbook = own_or_shipped(&invocation.project.root);
    if playbook.starts_with(content::path("")) {
        groups::lay_out(invocation)?;
    }
    if !preflight.order.is_empty() {
        set(invocation, "elasticsearch_order", Value::plain(preflight.order.join(",")));
    }
    if !preflight.brokers.is_empty() {
        set(invocation, "kafka_order", Value::plain(preflight.brokers.join(",")));
    }
    for gate in ["elasticsearch_gate_timeout", "kafka_gate_timeout"] {
        set(invocation, gate, Value::Int(args.gate_timeout.as_secs().cast_signed()));
    }
    if args.no_finalize {
        set(invocation, "kafka_finalizes", Value::Bool(false));
    }
    let review = |plan: &mut Plan| {
        keep_only(plan, &preflight.stages)?;
        agreed(preflight, args, ui)
    };
    let flight = if args.no_canary || args.check { None } else { flight(invocation, layout, preflight, ui)? };
    let conducted = Conduct {
        command: "upgrade",
        playbooks: vec![playbook],
        selection: &SelectionArgs::default(),
        how,
        limit: None,
        review: &review,
        lock: Some(&args.lock),
        beside: flight.as_ref().map(|flight| flight as &dyn Beside),
        shows: Shows::Story,
        with_changes: Exit::Ok,
        heed: None,
    };
    conduct(invocation, &conducted, ui)
}

/// A yes; where no snapshot leads back, the cluster's name, which `--yes` does not stand for.
fn agreed(preflight: &Preflight, args: &UpgradeArgs, ui: Ui) -> Result<(), Stop> {
    let question = question(&preflight.moves, args.no_finalize);
    let goes = |step: &Move| step.product == "elasticsearch" && step.from.iter().any(|from| *from != step.to);
    let crosses = preflight.moves.iter().any(goes);
    let unguarded = preflight.way_back.as_ref().filter(|way_back| crosses && !way_back.is_within(A_DAY));
    match unguarded {
        _ if args.check => Ok(()),
        Some(way_back) => ask::word(&question, &way_back.cluster, args.confirm.as_deref(), ui),
        None if args.yes => Ok(()),
        None => ask::yes(&question, "--yes answers it, --check only looks", ui),
    }
}

/// Versions that the inventory does not know of: its next deployment would want the old ones.
fn unkept(invocation: &Invocation, layout: &Layout, targets: &[Target]) -> Vec<String> {
    let is_kept = |target: &&Target| {
        let host = layout.of(target.stage).first();
        let found = host.map(|host| variables(invocation, target.role, host, &[target.variable]));
        found.is_some_and(|found| found.is_ok_and(|of| of[target.variable].as_str() == Some(&target.version)))
    };
    let unkept = targets.iter().filter(|target| !is_kept(target));
    unkept.map(|target| format!("{}: {}", target.variable, target.version)).collect()
}

/// What is safe after an upgrade that stopped, and what is to be written down after one that did not.
fn afterwards(exit: Exit, is_check: bool, unkept: &[String]) -> String {
    match exit {
        Exit::Ok if is_check || unkept.is_empty() => String::new(),
        Exit::Ok => format!("For the next deployment, in group_vars/all.yml beside the inventory:\n  {}", unkept.join("\n  ")),
        Exit::Unhealthy => "The hosts are at the new version; the canary says what is not well: dppctl verify".to_owned(),
        _ => "Safe: nodes that it did not come to run what they ran, what is not indexed yet waits in Kafka and RabbitMQ. \
              The same command goes on from here."
            .to_owned(),
    }
}

/// The canary; an upgrade that goes on where one was broken off finds a pipeline that may carry nothing yet.
fn flight(invocation: &mut Invocation, layout: &Layout, preflight: &Preflight, ui: Ui) -> Result<Option<Flight>, Stop> {
    let flight = Flight::prepare(invocation, layout, !preflight.goes_on, ui)?;
    if flight.is_none() {
        ui.headline("no canary: it takes hosts of RabbitMQ, Kafka and Elasticsearch");
    }
    Ok(flight)
}

/// A cluster is upgraded as a whole: one node of another version is what an upgrade comes from, and not where it ends.
fn unlimited(limit: &str) -> Problem {
    Problem::error("DPP0203", format!("upgrade goes over all nodes of a stage, not over `{limit}` alone"))
        .help("leave -l out; --only STAGE chooses a stage. Nodes that run the version already are passed over")
}

/// As if it had been given with `-e`: nothing of the inventory wins over it.
fn set(invocation: &mut Invocation, name: &str, value: Value) {
    invocation.extra.insert(name.to_owned(), value);
}

/// Messages are carried by the relay or by Logstash, not by both.
fn is_used(invocation: &Invocation, layout: &Layout, target: &Target) -> bool {
    let (Stage::Relay, Some(host)) = (target.stage, layout.of(target.stage).first()) else { return true };
    let forwarder = variables(invocation, target.role, host, &["dpp_forwarder"]);
    forwarder.is_ok_and(|of| of["dpp_forwarder"].as_str() == Some(target.role))
}

fn own_or_shipped(root: &Path) -> PathBuf {
    let own = root.join(PLAYBOOK);
    if own.is_file() { own } else { content::path(PLAYBOOK) }
}

/// Tells what is in the way.
fn refuse(preflight: &Preflight, ui: Ui) -> Exit {
    if ui.output.is_json() {
        let body = json!({"products": preflight.moves.iter().map(document).collect::<Vec<_>>(), "findings": preflight.findings});
        answer_json(&ui, "dppctl.upgrade.preflight/1", preflight.exit, &body);
    } else {
        ui.story(&screen(preflight));
        ui.story("Nothing was changed.");
    }
    preflight.exit
}

fn screen(preflight: &Preflight) -> String {
    let moves: Vec<String> = preflight.moves.iter().map(moved).collect();
    format!("Preflight  {}\n{}", moves.join(", "), preflight_screen(&preflight.findings).trim_end())
}

/// `elasticsearch 5.6.2 -> 6.2.1`.
fn moved(step: &Move) -> String {
    let from = if step.from.is_empty() { "not installed".to_owned() } else { step.from.join(" and ") };
    format!("{} {from} -> {}", step.product, step.to)
}

fn document(step: &Move) -> Json {
    json!({"product": step.product, "from": step.from, "to": step.to, "hosts": step.hosts})
}

fn question(moves: &[Move], no_finalize: bool) -> String {
    let words: Vec<String> = moves.iter().map(|step| format!("{} on {}", moved(step), step.hosts.join(" "))).collect();
    let is_kafka = |step: &&Move| step.product == "confluent-kafka";
    let (kafka, others): (Vec<&Move>, Vec<&Move>) = moves.iter().partition(is_kafka);
    let back = [
        (!others.is_empty()).then_some("From a node's first start on only a snapshot leads back."),
        (!kafka.is_empty() && !no_finalize)
            .then_some("Once Kafka's features are switched on, nothing leads its brokers back."),
    ];
    format!("Upgrade {}? {}", words.join(", "), back.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_says_what_is_to_be_written_down_or_what_is_safe() {
        let unkept = ["elasticsearch_version: 6.2.1".to_owned()];
        assert!(afterwards(Exit::Ok, false, &unkept).ends_with("\n  elasticsearch_version: 6.2.1"));
        assert_eq!(afterwards(Exit::Ok, true, &unkept), "");
        assert_eq!(afterwards(Exit::Ok, false, &[]), "");
        for exit in [Exit::Failed, Exit::Unreachable, Exit::Interrupted] {
            assert!(afterwards(exit, false, &unkept).starts_with("Safe: "));
        }
    }

    #[test]
    fn a_limit_is_refused_with_the_option_that_chooses() {
        assert!(unlimited("es1").help.is_some_and(|help| help.contains("--only STAGE")));
    }
}
