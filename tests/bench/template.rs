//! Rendering: the 30 lines of a broker's settings, beside Jinja2 in the Python of the peers.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use dppctl::source::Source;
use dppctl::template::{FileOptions, Scope, SearchPath, Surroundings, Templates};
use dppctl::value::{Map, Value};

use crate::peers::Peers;
use crate::stopwatch::median;
use crate::table::{Goals, Table, times};
use crate::workshop::Workshop;

const FILE: &str = "roles/broker/templates/broker.properties.j2";
const TURNS: u32 = 2000;

/// The same with Jinja2: once compiled, as it would be in a loop of one process.
const JINJA: &str = "
import json, sys, time, jinja2
text, vars = open(sys.argv[1]).read(), json.load(open(sys.argv[2]))
template = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True).from_string(text)
times = []
for _ in range(7):
    begun = time.perf_counter()
    for _ in range(2000):
        template.render(vars)
    times.append((time.perf_counter() - begun) / 2000)
print(sorted(times)[3] * 1e6)
";

/// Measures a template that was compiled before, as it is for the second host.
pub(crate) fn measure(workshop: &Workshop) {
    workshop.report.tell("### Rendering");
    let vars = serde_json::json!({
        "inventory_hostname": "kafka1", "groups": {"lab": ["kafka1", "kafka2", "kafka3"]}, "pipe_stage": "bench",
        "pipe_home": "/var/lib/pipe", "broker_port": 9192, "broker_retention_hours": 168,
        "broker_topics": ["logs_data", "logs_dead", "logs_audit"],
    });
    let ours = ours(&fs::read_to_string(workshop.path(FILE)).unwrap(), &vars);
    let json = workshop.write("template-vars.json", &vars.to_string());
    let theirs = theirs(&Peers::install(), &workshop.path(FILE), &json);
    let mut table = Table::new(&["a template of 30 lines, rendered", "µs"]);
    table.row(["dppctl".into(), format!("{ours:.0}")]);
    table.row(["Jinja2".into(), format!("{theirs:.0}")]);
    table.show(&workshop.report);
    workshop.report.tell(&format!("dppctl takes {} of Jinja2's time.", times(ours / theirs)));
    let mut goals = Goals::new();
    goals.at_most("a template of 30 lines, µs", ours, 50.0);
    goals.show(&workshop.report);
}

fn ours(text: &str, vars: &serde_json::Value) -> f64 {
    let templates = Templates::new(Surroundings::of_this_process());
    let vars: Map = vars.as_object().unwrap().iter().map(|(name, value)| (name.clone(), Value::from(value))).collect();
    let scope = Scope::new(Arc::new(vars), Arc::new(SearchPath::default()));
    let source = Source::new(FILE, text);
    let turn = || {
        let begun = Instant::now();
        for _ in 0..TURNS {
            assert!(templates.file(&source, &scope, &FileOptions::default()).is_ok());
        }
        begun.elapsed().as_secs_f64() * 1e6 / f64::from(TURNS)
    };
    median(&(0..7).map(|_| turn()).collect::<Vec<_>>())
}

fn theirs(peers: &Peers, file: &Path, vars: &Path) -> f64 {
    let output = Command::new(peers.programme("python3")).args(["-c", JINJA]).arg(file).arg(vars).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().unwrap_or_else(|_| panic!("Jinja2 failed: {}", String::from_utf8_lossy(&output.stderr)))
}
