//! Tests of one pipeline: the documents' stack on three hosts, real products, deployed once for all of them.
//!
//! A test has the pipeline for itself and leaves it as it was deployed; what a failed test leaves broken is deployed again
//! before the next one.

mod connectors;
mod deploy;
mod documents;
mod drift;
mod drill;
mod outage;
mod page;
mod queue;
mod refusals;
mod safety;
mod stopped;
mod verify;

use std::fmt::Write as _;
use std::ops::Deref;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::lab::{Lab, lab, said};
use crate::run::Run;

/// The repository, whose layout of three hosts is that of `make demo`.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");
pub(crate) const HOSTS: &[&str] = &["web1", "kafka1", "elasticsearch1"];
/// The longest that anything is waited for which happens by itself.
const PATIENCE: Duration = Duration::from_mins(3);

static PIPELINE: LazyLock<Mutex<Pipeline>> = LazyLock::new(|| Mutex::new(Pipeline::deploy()));

/// The hosts, their project, and how they were deployed.
struct Pipeline {
    lab: Lab,
    /// The deployment of the bare hosts.
    first: Run,
}

/// The pipeline, for one test alone.
fn pipeline() -> MutexGuard<'static, Pipeline> {
    PIPELINE.lock().unwrap_or_else(|poisoned| {
        PIPELINE.clear_poison();
        let pipeline = poisoned.into_inner();
        tell_of_the_relay(&pipeline);
        let _ = pipeline.dppctl(["deploy", "--yes"]).exits(0);
        pipeline
    })
}

/// What relay and broker say of themselves after a test failed: one waits when the other does not answer.
fn tell_of_the_relay(lab: &Lab) {
    let relay = "dpp-relay status; journalctl --unit dpp-relay --lines 60 --no-pager --output cat; rabbitmqctl list_queues \
                 name messages messages_unacknowledged consumers --vhost /log --quiet";
    let broker =
        "systemctl status confluent-kafka --no-pager --lines 60; kafka-topics --zookeeper localhost --describe";
    for (host, said) in [("web1", relay), ("kafka1", broker)] {
        eprintln!("{host} after a test that failed:\n{}", lab.on(host, &format!("({said}) 2>&1 || true")));
    }
}

impl Deref for Pipeline {
    type Target = Lab;

    fn deref(&self) -> &Lab {
        &self.lab
    }
}

impl Pipeline {
    fn deploy() -> Self {
        require("demo");
        sweep_afterwards();
        let lab = Lab::boot_local("dpp", HOSTS);
        describe(&lab);
        let first = lab.dppctl(["deploy", "--yes"]).exits(0);
        Self { lab, first }
    }

    /// What Connect's own REST interface answers on its host.
    fn connect(&self, path: &str) -> Json {
        self.ask("kafka1", &format!("http://127.0.0.1:8083{path}"))
    }

    /// State of the connector and of its tasks, by Connect's own word.
    fn sink(&self) -> String {
        let status = self.connect("/connectors/elasticsearch-sink/status");
        let state = |of: &Json| of["state"].as_str().unwrap_or("none").to_owned();
        let tasks: Vec<String> = status["tasks"].as_array().into_iter().flatten().map(state).collect();
        format!("{} [{}]", state(&status["connector"]), tasks.join(" "))
    }

    /// How many documents of the logs a query of Elasticsearch finds.
    fn found(&self, query: &str) -> u64 {
        let _ = self.ask("elasticsearch1", "http://127.0.0.1:9200/logs_data/_refresh");
        let counted = self.ask("elasticsearch1", &format!("http://127.0.0.1:9200/logs_data/_count?q={query}"));
        counted["count"].as_u64().unwrap_or_else(|| panic!("no count for {query}: {counted}"))
    }

    /// Waits until a query finds as many documents.
    fn finds(&self, query: &str, wanted: u64) {
        eventually(&format!("{wanted} documents for {query}"), || {
            let found = self.found(query);
            if found == wanted { Ok(()) } else { Err(format!("{found} documents")) }
        });
    }

    fn ask(&self, host: &str, url: &str) -> Json {
        let answer = self.on(host, &format!("curl -s --max-time 20 '{url}'"));
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{url} on {host}: {error}: {answer}"))
    }

    /// Whether a unit runs.
    fn runs(&self, host: &str, unit: &str) -> bool {
        self.on(host, &format!("systemctl is-active {unit} || true")).trim() == "active"
    }
}

/// Wants a group of products to have been built.
pub(crate) fn require(group: &str) {
    let folders = said(products(["--path", group]));
    let missing: Vec<&str> = folders.lines().filter(|folder| !Path::new(folder).is_dir()).collect();
    assert!(
        missing.is_empty(),
        "not built: {missing:?}; `tests/lab/lab products {group}` builds them and shows how far it is"
    );
}

/// The project: inventory and variables of the demo, packages of the mirror and of this very build.
pub(crate) fn describe(lab: &Lab) {
    let mut hosts = demo("hosts");
    for name in HOSTS {
        hosts = hosts.replace(&format!("@{name}@"), lab.address(name));
    }
    described_as(lab, &hosts);
}

fn demo(name: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join("tests/demo/three-hosts").join(name)).unwrap()
}

/// The same for an inventory of one's own.
pub(crate) fn described_as(lab: &Lab, hosts: &str) {
    let (key, known) = (crate::lab::lab(["key"]), crate::lab::lab(["known-hosts"]));
    lab.write("hosts", &hosts.replace("@key@", key.trim()));
    let built = Path::new(env!("CARGO_BIN_EXE_dppctl")).with_file_name("e2e");
    let mut variables = demo("all.yml");
    writeln!(variables, "ansible_user: ops\nansible_ssh_private_key_file: {}", key.trim()).unwrap();
    writeln!(variables, "dpp_sources: [{}/downloads, {}]", mirror(), built.display()).unwrap();
    writeln!(variables, "ansible_ssh_common_args: -o UserKnownHostsFile={}", known.trim()).unwrap();
    lab.write("group_vars/all.yml", &variables);
}

/// The URL of the lab's mirror.
fn mirror() -> String {
    lab(["mirror", "url"]).trim().to_owned()
}

fn products<const N: usize>(arguments: [&str; N]) -> Command {
    let mut command = Command::new(format!("{ROOT}/tests/lab/lab"));
    command.arg("products").args(arguments);
    command
}

/// A static is never dropped: what is left of the run is removed by a process that outlives this one.
fn sweep_afterwards() {
    let script = "while kill -0 $0 2>/dev/null; do sleep 1; done; exec $1 sweep";
    let mut command = Command::new("setsid");
    command.args(["sh", "-c", script, &std::process::id().to_string(), &format!("{ROOT}/tests/lab/lab")]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = command.spawn().unwrap();
}

/// Waits for what comes about by itself, and tells what there was instead when it does not.
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let begun = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) => assert!(begun.elapsed() < PATIENCE, "never came about: {what}; there is {instead}"),
        }
        thread::sleep(Duration::from_millis(300));
    }
}
