//! The judge: reads Kafka by itself and compares with the publisher's ledger; the relay's own counts are not asked.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, Timestamp, TopicPartitionList};
use serde_json::{Value, json};

use crate::message;

#[derive(Args)]
pub(crate) struct VerdictArgs {
    #[arg(long)]
    kafka: String,
    #[arg(long)]
    topic: String,
    #[arg(long)]
    run: String,
    #[arg(long)]
    ledger: PathBuf,
    /// The relay's dead-letter file
    #[arg(long)]
    dead: Option<PathBuf>,
    /// Seconds without a new message after which the reading ends
    #[arg(long, default_value_t = 30)]
    wait: u64,
    /// Copies allowed beside the publisher's own
    #[arg(long, default_value_t = 0)]
    max_duplicates: u64,
}

/// What was found of one message.
#[derive(Default)]
struct Found {
    copies: u32,
    marked_redelivered: bool,
}

#[derive(Default)]
struct Findings {
    found: HashMap<u64, Found>,
    highest: HashMap<i32, u64>,
    damaged: u64,
    misdated: u64,
    out_of_order: u64,
}

pub(crate) fn verdict(args: &VerdictArgs) -> Result<ExitCode, Box<dyn Error>> {
    let published = read_ledger(&args.ledger)?;
    let findings = read_topic(args, &published)?;
    let dead = read_dead(args)?;
    let report = report(args, &published, &dead, &findings);
    println!("{report}");
    Ok(if report["verdict"] == "pass" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(args: &VerdictArgs, published: &HashMap<u64, u32>, dead: &HashSet<u64>, findings: &Findings) -> Value {
    let lost: Vec<_> = published.keys().filter(|n| !findings.found.contains_key(n) && !dead.contains(n)).collect();
    let unknown = findings.found.keys().filter(|n| !published.contains_key(n)).count();
    let extra = |number: &u64, found: &Found| found.copies.saturating_sub(*published.get(number).unwrap_or(&1));
    let duplicates: u64 = findings.found.iter().map(|(number, found)| u64::from(extra(number, found))).sum();
    let unmarked = findings.found.iter().filter(|(n, found)| extra(n, found) > 0 && !found.marked_redelivered).count();
    let harmless = findings.damaged == 0 && findings.misdated == 0 && unknown == 0 && unmarked == 0;
    let pass = lost.is_empty() && harmless && duplicates <= args.max_duplicates;
    json!({
        "verdict": if pass { "pass" } else { "fail" },
        "confirmed": published.len(),
        "found": findings.found.len(),
        "dead": dead.len(),
        "lost": lost.len(),
        "first_lost": lost.iter().min(),
        "duplicates": duplicates,
        "unmarked_duplicates": unmarked,
        "unknown": unknown,
        "damaged": findings.damaged,
        "misdated": findings.misdated,
        "out_of_order": findings.out_of_order,
    })
}

fn read_ledger(path: &Path) -> Result<HashMap<u64, u32>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let entry = |line: &str| -> Result<(u64, u32), Box<dyn Error>> {
        let (number, times) = line.split_once(' ').ok_or("a line of the ledger has no blank")?;
        Ok((number.parse()?, times.parse()?))
    };
    text.lines().map(entry).collect()
}

/// Numbers of the dead letters whose bytes are the published ones; a file that is not there holds none.
fn read_dead(args: &VerdictArgs) -> Result<HashSet<u64>, Box<dyn Error>> {
    let text = args.dead.as_ref().and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
    let mut dead = HashSet::new();
    for line in text.lines() {
        let letter: Value = serde_json::from_str(line)?;
        let body = STANDARD.decode(letter["body_base64"].as_str().unwrap_or_default())?;
        let intact = letter["headers"]["sha256"] == message::hash(&body);
        if let (true, Some(number)) = (intact, number_of(letter["properties"]["message_id"].as_str(), &args.run)) {
            dead.insert(number);
        }
    }
    Ok(dead)
}

fn number_of(id: Option<&str>, run: &str) -> Option<u64> {
    id?.strip_prefix(run)?.strip_prefix('-')?.parse().ok()
}

fn read_topic(args: &VerdictArgs, published: &HashMap<u64, u32>) -> Result<Findings, Box<dyn Error>> {
    const AT_END: Duration = Duration::from_secs(2);
    let consumer = consumer(args)?;
    let mut findings = Findings::default();
    let mut missing: HashSet<u64> = published.keys().copied().collect();
    let mut last_new = Instant::now();
    while last_new.elapsed() < if missing.is_empty() { AT_END } else { Duration::from_secs(args.wait) } {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(record)) => {
                if let Some(number) = findings.take(&record, &args.run) {
                    missing.remove(&number);
                    last_new = Instant::now();
                }
            }
            // A broker on its way back: the reader waits like everybody else.
            Some(Err(_)) => std::thread::sleep(Duration::from_millis(200)),
            None => {
                let dead = read_dead(args)?;
                missing.retain(|number| !dead.contains(number));
            }
        }
    }
    Ok(findings)
}

fn consumer(args: &VerdictArgs) -> Result<BaseConsumer, Box<dyn Error>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &args.kafka)
        .set("group.id", "dpp-relay-load-verdict")
        .set("enable.auto.commit", "false")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(&args.topic), Duration::from_secs(args.wait))?;
    let topic = metadata.topics().first().ok_or("the topic does not exist")?;
    let mut all = TopicPartitionList::new();
    for partition in topic.partitions() {
        all.add_partition_offset(&args.topic, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&all)?;
    Ok(consumer)
}

impl Findings {
    /// Takes a record into account; none when it is of another run.
    fn take(&mut self, record: &BorrowedMessage<'_>, run: &str) -> Option<u64> {
        let number = number_of(header(record, "amqp.message_id").as_deref(), run)?;
        let body = message::without_added_timestamp(record.payload().unwrap_or_default(), number);
        let intact = body.is_some_and(|body| header(record, "sha256") == Some(message::hash(&body)));
        let date = header(record, "datetime").and_then(|seconds| seconds.parse::<i64>().ok());
        let dated = match record.timestamp() {
            // The topic puts the arrival in its place; the header is what is left of the date.
            Timestamp::LogAppendTime(_) => date.is_some(),
            given => date.is_some() && given.to_millis() == date.map(|seconds| seconds * 1_000),
        };
        self.damaged += u64::from(!intact);
        self.misdated += u64::from(!dated);
        let found = self.found.entry(number).or_default();
        found.copies += 1;
        found.marked_redelivered |= header(record, "amqp.redelivered").is_some();
        if found.copies == 1 {
            let highest = self.highest.entry(record.partition()).or_default();
            self.out_of_order += u64::from(number < *highest);
            *highest = number.max(*highest);
        }
        Some(number)
    }
}

fn header(record: &BorrowedMessage<'_>, name: &str) -> Option<String> {
    let value = record.headers()?.iter().find(|header| header.key == name)?.value?;
    String::from_utf8(value.to_vec()).ok()
}
