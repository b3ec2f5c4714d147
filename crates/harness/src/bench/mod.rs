//! `make bench-relay`: the relay beside what cannot be done faster, in one run, with the real products of the stage.
//!
//! Only ratios of one run are compared; the seconds belong to the machine. docs/performance-relay.md explains the method and
//! keeps the figures.

mod comeback;
mod delay;
mod documents;
mod drain;
mod floor;
mod lap;
mod load;
mod relays;
mod report;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use clap::ValueEnum;

use crate::lab::Error;
use crate::stage::{Stage, Topic};

pub use floor::FloorArgs;
pub use relays::Candidate;

use report::Report;

/// Everything takes turns so often.
const ROUNDS: usize = 5;
const TOPIC: &str = "bench";
const PARTITIONS: i32 = 3;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// How fast a full queue is emptied into Kafka
    Drain,
    /// What the relay adds to a message's time
    Delay,
    /// How soon records come after Kafka was away
    Comeback,
    /// How fast a topic becomes documents
    Documents,
}

/// What all parts share.
struct Bench<'a> {
    stage: &'a Stage,
    candidates: Vec<Candidate>,
    me: PathBuf,
    folder: PathBuf,
    topic: Topic,
    report: Report<'a>,
    /// Messages a second that the first candidate forwards, once that is known.
    rate: Option<f64>,
}

/// Measures the relay, and others beside it: all parts, for the document, or some.
pub async fn measure(
    stage: &Stage,
    relay: PathBuf,
    others: Vec<Candidate>,
    parts: &[Part],
    folder: PathBuf,
    tell: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    fs::create_dir_all(&folder)?;
    let mut candidates = vec![Candidate { name: "dpp-relay".to_owned(), path: relay }];
    candidates.extend(others);
    stage.create_topics(&[TOPIC], PARTITIONS).await?;
    let topic = Topic::watch(&stage.bootstrap(), TOPIC, PARTITIONS)?;
    let me = std::env::current_exe()?;
    let mut bench = Bench { stage, candidates, me, folder, topic, report: Report::new(tell), rate: None };
    let machine = machine(stage)?;
    bench.report.tell(&machine);
    let is_wanted = |part: Part| parts.is_empty() || parts.contains(&part);
    if is_wanted(Part::Drain) || is_wanted(Part::Delay) {
        drain::measure(&mut bench).await?;
    }
    if is_wanted(Part::Delay) {
        delay::measure(&mut bench).await?;
    }
    if is_wanted(Part::Comeback) {
        comeback::measure(&mut bench).await?;
    }
    if is_wanted(Part::Documents) {
        documents::measure(&mut bench).await?;
    }
    if parts.is_empty() && bench.candidates.len() == 1 { bench.report.keep() } else { Ok(()) }
}

/// The machine and the versions, for the head of the figures.
fn machine(stage: &Stage) -> Result<String, Error> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let models: Vec<&str> = cpus.lines().filter_map(|line| line.strip_prefix("model name\t: ")).collect();
    let memory = fs::read_to_string("/proc/meminfo")?;
    let kib: f64 = memory.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg")?;
    let said = |command: &mut Command| -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&command.output()?.stdout).trim().to_owned())
    };
    Ok(format!(
        "{}: {} × {}, {:.0} GiB, Linux {}, load {} before the first measurement; RabbitMQ 3.10.8, {}, Elasticsearch 7.17.29.",
        said(Command::new("date").args(["--utc", "+%F"]))?,
        models.len(),
        models.first().unwrap_or(&"processor"),
        kib / f64::from(1 << 20),
        said(Command::new("uname").arg("--kernel-release"))?,
        load.split(' ').next().unwrap_or_default(),
        stage.line.words(),
    ))
}
