//! The report of a soak: what was run, what was counted, and nothing that was not.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::stage::KafkaLine;
use crate::trial::Outcome;
use crate::verdict::Invariant;

/// What came of the runs so far.
#[derive(Debug)]
pub struct Report {
    command: String,
    kafka: KafkaLine,
    mutants: Vec<String>,
    runs: Vec<Run>,
    recoveries: BTreeMap<String, Vec<Option<Duration>>>,
    silences: u64,
}

#[derive(Debug)]
struct Run {
    seed: u64,
    line: String,
    verdict: String,
    messages: u64,
    disturbances: usize,
    records: usize,
    letters: usize,
    is_good: bool,
    has_loss: bool,
    took: Duration,
}

impl Report {
    /// Returns an empty report of what this command does.
    pub fn new(command: String, kafka: KafkaLine) -> Self {
        Self { command, kafka, mutants: Vec::new(), runs: Vec::new(), recoveries: BTreeMap::new(), silences: 0 }
    }

    /// Takes in what was told of a mutant.
    pub fn mutant(&mut self, words: &str) {
        self.mutants.push(words.trim_end().to_owned());
    }

    /// Takes in a run.
    pub fn run(&mut self, seed: u64, outcome: &Outcome) {
        let evidence = &outcome.evidence;
        for disturbance in &evidence.disturbances {
            let kind = disturbance.name.split(' ').next().unwrap_or_default().to_owned();
            self.recoveries.entry(kind).or_default().push(disturbance.recovery);
        }
        self.silences += evidence.silences;
        self.runs.push(Run {
            seed,
            line: outcome.to_string(),
            verdict: outcome.verdict.to_string(),
            messages: evidence.confirmed(),
            disturbances: evidence.disturbances.len(),
            records: evidence.records.len(),
            letters: evidence.letters.len(),
            is_good: outcome.broken().is_empty(),
            has_loss: outcome.broken().contains(&Invariant::NoLoss),
            took: outcome.took,
        });
    }

    /// Returns how many messages RabbitMQ confirmed in all runs.
    pub fn messages(&self) -> u64 {
        self.runs.iter().map(|run| run.messages).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (runs, messages) = (self.runs.len(), self.messages());
        let disturbances: usize = self.runs.iter().map(|run| run.disturbances).sum();
        let records: usize = self.runs.iter().map(|run| run.records).sum();
        let letters: usize = self.runs.iter().map(|run| run.letters).sum();
        let minutes = self.runs.iter().map(|run| run.took).sum::<Duration>().as_secs_f64() / 60.0;
        writeln!(f, "{}\n    {}\n", HEAD.replace("{kafka}", self.kafka.words()), self.command)?;
        writeln!(f, "| | |\n| --- | --- |")?;
        writeln!(
            f,
            "| runs, of which every invariant held in | {runs}, {} |",
            self.runs.iter().filter(|r| r.is_good).count()
        )?;
        let lossy = self.runs.iter().filter(|run| run.has_loss).count();
        writeln!(f, "| runs in which a message was lost | {lossy} |")?;
        writeln!(f, "| messages that RabbitMQ confirmed | {messages} |")?;
        writeln!(f, "| records in Kafka, dead letters | {records}, {letters} |")?;
        writeln!(f, "| disturbances | {disturbances} |")?;
        writeln!(f, "| silent clients of Kafka that the relay replaced | {} |", self.silences)?;
        writeln!(f, "| time | {minutes:.0} minutes |\n")?;
        self.write_recoveries(f)?;
        writeln!(f, "{KNOWN}")?;
        writeln!(f, "## Mutants\n\n```text\n{}\n```\n", self.mutants.join("\n"))?;
        writeln!(f, "## Runs\n\n```text")?;
        for run in &self.runs {
            writeln!(f, "seed {}: {}", run.seed, run.line)?;
            if !run.is_good {
                writeln!(f, "{}", run.verdict)?;
            }
        }
        writeln!(f, "```")?;
        match self.runs.last() {
            Some(run) => writeln!(f, "\nThe last verdict in full:\n\n```text\n{}```", run.verdict),
            None => Ok(()),
        }
    }
}

impl Report {
    fn write_recoveries(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all: Vec<Duration> = self.recoveries.values().flatten().copied().flatten().collect();
        all.sort_unstable();
        let never = self.recoveries.values().flatten().filter(|recovery| recovery.is_none()).count();
        writeln!(
            f,
            "From the end of a disturbance to Kafka's next answer: median {}, 99 % within {}, at most {}; {never} without one.\n",
            seconds(part(&all, 50)),
            seconds(part(&all, 99)),
            seconds(all.last().copied())
        )?;
        writeln!(f, "| disturbance | times | median | at most |\n| --- | --- | --- | --- |")?;
        for (kind, times) in &self.recoveries {
            let mut sorted: Vec<Duration> = times.iter().copied().flatten().collect();
            sorted.sort_unstable();
            let (median, most) = (seconds(part(&sorted, 50)), seconds(sorted.last().copied()));
            writeln!(f, "| {kind} | {} | {median} | {most} |", times.len())?;
        }
        writeln!(f)
    }
}

/// The value below which this many of a hundred are.
fn part(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(at).copied()
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or("-".to_owned(), |time| format!("{:.2} s", time.as_secs_f64()))
}

const HEAD: &str = "\
# Reliability of dpp-relay

Written by `make soak`: a real RabbitMQ 3.10.8 and a real {kafka} on a host of the lab, proxies before both,
the relay between them, and witnesses that do not know it: a publisher with confirms, a reader past the proxy, both wires under
one clock. Relay and harness are debug builds. The invariants are those of the verdict below; each run is had again by its seed.

What is disturbed: the network before each broker (cut, silent, held back, slow, away, answers lost, port taken by somebody else),
the brokers' processes (killed, stopped), the permission to write, the relay's process (killed, stopped, frozen); one message of a thousand is too large for
Kafka, one is no JSON. Not in here: several brokers and their leaders, full disks, certificates, clocks, names,
reloads, several relays on one queue, Elasticsearch.
";

const KNOWN: &str = "\
## What is known

While Kafka is connected and silent, librdkafka's thread of the broker (`rdk:broker1`) would ask the clock without a pause whether
records may go that wait behind others of their partition, as long as the connection takes one more request (2.12.1 counts messages
in rd_kafka_toppar_producer_serve where it means requests; librdkafka issues 2565 and 3692). So the relay asks such a Kafka for
offsets, which nobody needs, until the connection is full (`crates/relay/src/sink/kafka/silence.rs`).

`dpp-harness run --seed 4 --faults 4 --rate 2500 --messages 1000 --kinds KafkaHeld --longest 12` shows it.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_hundred_are_of_what_was_measured() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(part(&times, 50), Some(Duration::from_millis(100)));
        assert_eq!(part(&times, 99), Some(Duration::from_millis(198)));
        assert_eq!((part(&times[..1], 99), part(&[], 50)), (Some(times[0]), None));
    }
}
