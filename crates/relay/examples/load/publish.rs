//! The publisher: what RabbitMQ confirmed goes into the ledger, what it did not is published again.

use std::collections::VecDeque;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{Channel, Confirmation, Connection, ConnectionProperties, PublisherConfirm};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::message;

#[derive(Args)]
pub(crate) struct PublishArgs {
    #[arg(long)]
    amqp: String,
    #[arg(long)]
    exchange: String,
    #[arg(long, default_value = "")]
    routing_key: String,
    #[arg(long)]
    run: String,
    #[arg(long)]
    ledger: PathBuf,
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// Messages a second; 0 for as many as possible
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    #[arg(long, default_value_t = 1_024)]
    size: usize,
    /// Messages that may wait for their confirm
    #[arg(long, default_value_t = 500)]
    in_flight: usize,
    #[arg(long)]
    oversize_every: Option<u64>,
    #[arg(long, default_value_t = 2_000_000)]
    oversize_bytes: usize,
}

/// A message on its way: its number and how often it was published so far.
type Waiting = (u64, u32);

struct Publisher<'a> {
    args: &'a PublishArgs,
    ledger: BufWriter<File>,
    next: u64,
    again: VecDeque<Waiting>,
    pending: VecDeque<(Waiting, PublisherConfirm)>,
    confirmed: u64,
    reconnects: u64,
    start: Instant,
}

pub(crate) async fn publish(args: &PublishArgs) -> Result<(), Box<dyn Error>> {
    let ledger = BufWriter::new(File::create(&args.ledger)?);
    let (again, pending) = (VecDeque::new(), VecDeque::new());
    let mut publisher =
        Publisher { args, ledger, next: 0, again, pending, confirmed: 0, reconnects: 0, start: Instant::now() };
    let mut last_words = String::new();
    while publisher.confirmed < args.count {
        if let Err(error) = publisher.one_connection().await {
            if error.to_string() != last_words {
                last_words = error.to_string();
                eprintln!("publisher: {error}; {} of {} confirmed", publisher.confirmed, args.count);
            }
            publisher.take_back();
            publisher.reconnects += 1;
            sleep(Duration::from_millis(300)).await;
        }
    }
    publisher.ledger.flush()?;
    let seconds = publisher.start.elapsed().as_secs_f64();
    println!(r#"{{"published":{},"reconnects":{},"seconds":{seconds:.1}}}"#, args.count, publisher.reconnects);
    Ok(())
}

impl Publisher<'_> {
    async fn one_connection(&mut self) -> Result<(), Box<dyn Error>> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let properties = ConnectionProperties::default();
        let connection = timeout(PATIENCE, Connection::connect(&self.args.amqp, properties)).await??;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        while let Some(waiting) = self.next_message() {
            self.pace(waiting.0).await;
            self.send(&channel, waiting).await?;
            while self.pending.len() >= self.args.in_flight {
                self.await_oldest().await?;
            }
        }
        while !self.pending.is_empty() {
            self.await_oldest().await?;
        }
        Ok(())
    }

    fn next_message(&mut self) -> Option<Waiting> {
        if let Some(again) = self.again.pop_front() {
            return Some(again);
        }
        (self.next < self.args.count).then(|| {
            self.next += 1;
            (self.next - 1, 0)
        })
    }

    async fn pace(&self, number: u64) {
        if let Some(nanos) = (number * 1_000_000_000).checked_div(self.args.rate) {
            sleep_until(self.start + Duration::from_nanos(nanos)).await;
        }
    }

    async fn send(&mut self, channel: &Channel, (number, times): Waiting) -> Result<(), Box<dyn Error>> {
        let body = message::body(&self.args.run, number, self.size_of(number));
        let properties = message::properties(&self.args.run, number, &body);
        let (exchange, key) = (self.args.exchange.as_str().into(), self.args.routing_key.as_str().into());
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        match channel.basic_publish(exchange, key, options, &body, properties).await {
            Ok(confirm) => {
                self.pending.push_back(((number, times + 1), confirm));
                Ok(())
            }
            Err(error) => {
                self.again.push_front((number, times + 1));
                Err(error.into())
            }
        }
    }

    fn size_of(&self, number: u64) -> usize {
        let oversize = self.args.oversize_every.is_some_and(|every| number % every == every - 1);
        if oversize { self.args.oversize_bytes } else { self.args.size }
    }

    async fn await_oldest(&mut self) -> Result<(), Box<dyn Error>> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let Some((waiting, confirm)) = self.pending.pop_front() else { return Ok(()) };
        match timeout(PATIENCE, confirm).await {
            Ok(Ok(Confirmation::Ack(None))) => {
                writeln!(self.ledger, "{} {}", waiting.0, waiting.1)?;
                self.confirmed += 1;
                Ok(())
            }
            refused => {
                self.again.push_front(waiting);
                Err(format!("message {} was not confirmed: {refused:?}", waiting.0)
                    .chars()
                    .take(200)
                    .collect::<String>())?
            }
        }
    }

    /// What the broken connection left unconfirmed is published again, oldest first.
    fn take_back(&mut self) {
        for (waiting, _) in self.pending.drain(..).rev() {
            self.again.push_front(waiting);
        }
        self.again.make_contiguous().sort_unstable();
    }
}
