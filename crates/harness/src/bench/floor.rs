//! The floors, each a process of its own: a consumer that does nothing with what it gets, and posts of documents made beforehand.
//!
//! They say how far they are, a number a line.

use clap::{Args, Subcommand};
use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use reqwest::Client;
use serde_json::Value;
use tokio::task::JoinSet;

use super::load::body;
use crate::lab::Error;
use crate::stage::client;

/// What the relay is told, too.
pub(super) const PREFETCH: u16 = 2_000;
/// The relay's own defaults.
const DOCUMENTS: u64 = 2_000;
const REQUESTS: usize = 2;

/// A floor, started by the bench
#[derive(Debug, Args)]
pub struct FloorArgs {
    #[command(subcommand)]
    floor: Floor,
}

#[derive(Debug, Subcommand)]
enum Floor {
    /// Takes messages from a queue and acknowledges them, half a window at a time
    Consume {
        #[arg(long)]
        amqp: String,
        #[arg(long)]
        queue: String,
    },
    /// Posts documents to an index
    Post {
        #[arg(long)]
        url: String,
        #[arg(long)]
        index: String,
        #[arg(long)]
        count: u64,
    },
}

impl FloorArgs {
    /// Works until it is stopped, or has posted everything.
    pub async fn work(&self, mut tell: impl FnMut(&str)) -> Result<(), Error> {
        match &self.floor {
            Floor::Consume { amqp, queue } => consume(amqp, queue, &mut tell).await,
            Floor::Post { url, index, count } => post(url, index, *count).await,
        }
    }
}

async fn consume(amqp: &str, queue: &str, tell: &mut impl FnMut(&str)) -> Result<(), Error> {
    let connection = Connection::connect(amqp, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    let mut consumer = channel.basic_consume(queue.into(), "floor".into(), options, FieldTable::default()).await?;
    let mut count: u64 = 0;
    while let Some(delivery) = consumer.next().await {
        count += 1;
        if count.is_multiple_of(u64::from(PREFETCH / 2)) {
            delivery?.acker.ack(BasicAckOptions { multiple: true }).await?;
            tell(&count.to_string());
        }
    }
    Ok(())
}

async fn post(url: &str, index: &str, count: u64) -> Result<(), Error> {
    let batch = |first: u64| -> String { (first..count.min(first + DOCUMENTS)).map(document).collect() };
    let batches: Vec<String> = (0..count.div_ceil(DOCUMENTS)).map(|at| batch(at * DOCUMENTS)).collect();
    let (client, url, mut on_their_way) = (client()?, format!("{url}/{index}/_bulk"), JoinSet::new());
    for batch in batches {
        if on_their_way.len() == REQUESTS {
            on_their_way.join_next().await.transpose()?.transpose()?;
        }
        on_their_way.spawn(send(client.clone(), url.clone(), batch));
    }
    while let Some(sent) = on_their_way.join_next().await {
        sent??;
    }
    // What it used is read while it is there.
    std::future::pending().await
}

fn document(number: u64) -> String {
    format!("{{\"create\":{{\"_id\":\"bench+0+{number}\"}}}}\n{}\n", String::from_utf8_lossy(&body(number)))
}

async fn send(client: Client, url: String, batch: String) -> Result<(), Error> {
    let request = client.post(&url).header("Content-Type", "application/x-ndjson").body(batch);
    let text = request.send().await?.text().await?;
    let answer: Value = serde_json::from_str(&text)?;
    if answer["errors"] == false { Ok(()) } else { Err(format!("{url}: {}", head(&text)).into()) }
}

/// An answer names every document; the first ones tell what is the matter.
fn head(text: &str) -> String {
    text.chars().take(600).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_two_lines_of_json() {
        let document = document(7);
        let lines: Vec<Value> = document.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((lines.len(), &lines[0]["create"]["_id"]), (2, &Value::from("bench+0+7")));
        assert_eq!(lines[1]["extra"]["number"], 7);
    }
}
