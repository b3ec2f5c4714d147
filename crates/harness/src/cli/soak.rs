//! `soak`: the mutants, and then run after run with all disturbances, until the time is over or the count is reached.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use super::{Places, TermsArgs, one, passed};
use crate::lab::Error;
use crate::mutants;
use crate::report::Report;
use crate::stage::{KafkaLine, Stage};

#[derive(Debug, Args)]
pub(super) struct SoakArgs {
    #[command(flatten)]
    terms: TermsArgs,
    /// After this many minutes no further run begins
    #[arg(long, default_value_t = 120)]
    minutes: u64,
    /// After this many messages no further run begins
    #[arg(long, default_value_t = 10_000_000)]
    total: u64,
    /// Where the report goes
    #[arg(long, default_value = "docs/reliability.md")]
    report: PathBuf,
}

impl SoakArgs {
    /// The command that does the same again, on any machine.
    fn command(&self, line: KafkaLine) -> String {
        let TermsArgs { seed, messages, rate, faults, longest, consumer_timeout, kinds } = &self.terms;
        let names: Vec<String> = kinds.iter().map(ToString::to_string).collect();
        let kinds = if names.is_empty() { String::new() } else { format!(" --kinds {}", names.join(",")) };
        format!(
            "make soak SOAK=\"--seed {seed} --messages {messages} --rate {rate} --faults {faults} --longest {longest} \
             --consumer-timeout {consumer_timeout} --minutes {} --kafka {}{kinds}\"",
            self.minutes,
            line.repository()
        )
    }
}

pub(super) async fn soak(
    stage: &Stage,
    places: &Places,
    args: &SoakArgs,
    tell: &mut impl FnMut(&str),
) -> Result<bool, Error> {
    let mut report = Report::new(args.command(stage.line), stage.line);
    let told = |report: &mut Report, tell: &mut dyn FnMut(&str), words: &str| {
        report.mutant(words);
        tell(words);
    };
    let all_told = mutants::all(stage, &places.relay, &places.mutant, &places.folder, |words| {
        told(&mut report, tell, words);
    });
    let mut good = all_told.await?;
    let (begun, mut seed) = (Instant::now(), args.terms.seed);
    while begun.elapsed() < Duration::from_secs(60 * args.minutes) && report.messages() < args.total {
        let outcome = one(stage, places, &args.terms.terms(seed, stage.line), tell).await?;
        good &= passed(&outcome);
        report.run(seed, &outcome);
        std::fs::write(&args.report, report.to_string())?;
        seed += 1;
    }
    Ok(good)
}
