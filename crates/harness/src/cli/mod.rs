//! The command line: one command for one run, for the mutants, and for the soak.

mod bench;
mod soak;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::lab::Error;
use crate::mutants;
use crate::nemesis::Fault;
use crate::relay::Programme;
use crate::stage::{KafkaLine, Stage};
use crate::trial::{Outcome, Terms, attempt};

use crate::bench::FloorArgs;

use bench::BenchArgs;
use soak::SoakArgs;

/// Proves, or disproves, that dpp-relay loses nothing, with a real RabbitMQ and a real Kafka in the lab (root)
#[derive(Debug, Parser)]
#[command(name = "dpp-harness", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    programmes: Programmes,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One run from a seed; without --faults nothing is disturbed
    Run(TermsArgs),
    /// The right relay, which must pass, and one with each mistake, which must not
    Mutants,
    /// The relay's speed beside what cannot be faster; writes docs/performance-relay.md
    Bench(BenchArgs),
    #[command(hide = true)]
    Floor(FloorArgs),
    /// The mutants, then run after run from one seed to the next; writes docs/reliability.md
    Soak(SoakArgs),
}

#[derive(Debug, Args)]
struct Programmes {
    /// The relay; else the one beside this binary
    #[arg(long, global = true)]
    relay: Option<PathBuf>,
    /// The relay that makes mistakes; else the example beside this binary
    #[arg(long, global = true)]
    mutant: Option<PathBuf>,
    /// Where configurations, logs and dead letters of the runs lie
    #[arg(long, global = true)]
    folder: Option<PathBuf>,
    /// Which Kafka, by Confluent's number: 4.0 or 8.3
    #[arg(long, global = true, default_value = "8.3")]
    kafka: KafkaLine,
}

#[derive(Debug, Args)]
struct TermsArgs {
    /// The same seed makes the same disturbances in the same order
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// At least this many messages; publishing goes on until the last disturbance is over
    #[arg(long, default_value_t = 5_000)]
    messages: u64,
    /// Messages a second
    #[arg(long, default_value_t = 500)]
    rate: u64,
    /// How many disturbances
    #[arg(long, default_value_t = 0)]
    faults: usize,
    /// Which ones, by name; all of them when none is named
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<Fault>,
    /// How many seconds one lasts at most
    #[arg(long, default_value_t = 6)]
    longest: u64,
    /// RabbitMQ's `consumer_timeout` as the relay is told, in seconds; messages go back at half of it
    #[arg(long, default_value_t = 60)]
    consumer_timeout: u64,
}

impl TermsArgs {
    fn terms(&self, seed: u64, line: KafkaLine) -> Terms {
        let all = || Fault::ALL.into_iter().filter(|fault| line.knows(*fault)).collect();
        Terms {
            seed,
            messages: self.messages,
            rate: self.rate,
            faults: self.faults,
            kinds: if self.kinds.is_empty() { all() } else { self.kinds.clone() },
            longest: Duration::from_secs(self.longest),
            consumer_timeout: Duration::from_secs(self.consumer_timeout),
        }
    }
}

/// Which programmes are run, and where they may write.
#[derive(Debug)]
struct Places {
    relay: PathBuf,
    mutant: PathBuf,
    folder: PathBuf,
}

impl Programmes {
    fn places(self) -> Result<Places, Error> {
        let me = std::env::current_exe()?;
        let beside = |name: &str| me.with_file_name(name);
        let relay = self.relay.unwrap_or_else(|| beside("dpp-relay"));
        let mutant = self.mutant.unwrap_or_else(|| beside("examples").join("mutant"));
        let folder = format!("dpp-harness-{}", std::process::id());
        let folder = self.folder.unwrap_or_else(|| std::env::temp_dir().join(folder));
        require(&relay, "cargo build -p dpp-relay")?;
        Ok(Places { relay, mutant, folder })
    }
}

fn require(programme: &Path, command: &str) -> Result<(), Error> {
    if programme.is_file() {
        return Ok(());
    }
    Err(format!("{} is missing: {command}, or name another one", programme.display()).into())
}

impl Cli {
    /// Does what was asked for; false when an invariant is broken, or a mutant was not told.
    pub async fn execute(self, mut tell: impl FnMut(&str)) -> Result<bool, Error> {
        if let Command::Floor(args) = &self.command {
            return args.work(tell).await.map(|()| true);
        }
        let line = self.programmes.kafka;
        let places = self.programmes.places()?;
        if matches!(self.command, Command::Mutants | Command::Soak(_)) {
            require(&places.mutant, "cargo build -p dpp-relay --features mutants --example mutant")?;
        }
        let stage = Stage::set_up(line).await?;
        tell(&format!("files of the runs: {}", places.folder.display()));
        let good = self.command.execute(&stage, &places, &mut tell).await;
        stage.tear_down().await?;
        let good = good?;
        if good {
            std::fs::remove_dir_all(&places.folder)?;
        }
        Ok(good)
    }
}

impl Command {
    async fn execute(&self, stage: &Stage, places: &Places, tell: &mut impl FnMut(&str)) -> Result<bool, Error> {
        match self {
            Self::Run(args) => one(stage, places, &args.terms(args.seed, stage.line), tell).await.map(|it| passed(&it)),
            Self::Mutants => mutants::all(stage, &places.relay, &places.mutant, &places.folder, tell).await,
            Self::Soak(args) => soak::soak(stage, places, args, tell).await,
            Self::Bench(args) => bench::measure(stage, places, args, tell).await,
            Self::Floor(args) => args.work(tell).await.map(|()| true),
        }
    }
}

fn passed(outcome: &Outcome) -> bool {
    outcome.broken().is_empty()
}

/// Plays one seed and tells of it.
async fn one(stage: &Stage, places: &Places, terms: &Terms, tell: &mut impl FnMut(&str)) -> Result<Outcome, Error> {
    let programme = Programme { path: places.relay.clone(), mutant: None };
    let plan = terms.plan(programme, &places.folder);
    tell(&format!("seed {}: {} messages at least, {} a second", terms.seed, terms.messages, terms.rate));
    let outcome = attempt(stage, &plan).await?;
    for disturbance in &outcome.evidence.disturbances {
        let recovered = disturbance.recovery.map_or("never".to_owned(), |time| format!("{:.2} s", time.as_secs_f64()));
        let busy = disturbance.busy.map_or(String::new(), |share| format!(", {:.1} % of a core", share * 100.0));
        tell(&format!("    {}, recovered after {recovered}{busy}", disturbance.name));
    }
    tell(&outcome.verdict.to_string());
    tell(&outcome.to_string());
    if outcome.evidence.silences > 0 {
        tell(&format!("the relay replaced a silent client of Kafka {} times", outcome.evidence.silences));
    }
    Ok(outcome)
}
