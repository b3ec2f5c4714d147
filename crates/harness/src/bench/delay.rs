//! What the relay adds to the time of a message, at half of what it can forward.
//!
//! A message is timed from its publisher to a reader of the topic; without the relay, to a reader of the queue. What is between
//! the two is the relay's, Kafka's and its reader's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Connection, ConnectionProperties};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::timeout;

use super::floor::PREFETCH;
use super::load::{Queue, SENT};
use super::relays::{Turn, Way};
use super::report::{Goals, Table, median, part};
use super::{Bench, PARTITIONS, ROUNDS, TOPIC};
use crate::lab::Error;

const QUEUE: &str = "bench-delay";
const LASTS: Duration = Duration::from_secs(5);
/// What is sent first fills windows and caches, and is not counted.
const WARMS_UP: Duration = Duration::from_secs(1);
/// Nothing comes any more when nothing came for so long.
const QUIET: Duration = Duration::from_secs(1);

/// Milliseconds from one end to the other, of one turn.
type Delays = Vec<f64>;

pub(super) async fn measure(bench: &mut Bench<'_>) -> Result<(), Error> {
    let rate = bench.rate.ok_or("half of what? the part `drain` comes first")? / 2.0;
    bench.report.tell(&format!("### A message's time, at {rate:.0} messages a second"));
    let queue = Queue::open(&bench.stage.amqp(), QUEUE).await?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        without.push(through_the_queue(bench, &queue, rate).await?);
        with.push(through_the_relay(bench, &queue, rate).await?);
    }
    let middle = |turns: &[Delays], share: f64| median(&turns.iter().map(|turn| part(turn, share)).collect::<Vec<_>>());
    let mut table = Table::new(&["from the publisher to", "median, ms", "99 %, ms"]);
    for (name, turns) in [("a reader of the queue", &without), ("a reader of the topic, by the relay", &with)] {
        table.row([name.to_owned(), format!("{:.1}", middle(turns, 0.5)), format!("{:.1}", middle(turns, 0.99))]);
    }
    table.show(&mut bench.report);
    let added = without.iter().zip(&with).map(|(without, with)| part(with, 0.99) - part(without, 0.99));
    let mut goals = Goals::new();
    goals.at_most("added at 99 %, ms", median(&added.collect::<Vec<_>>()), 20.0);
    goals.show(&mut bench.report);
    Ok(())
}

async fn through_the_queue(bench: &Bench<'_>, queue: &Queue, rate: f64) -> Result<Delays, Error> {
    let reader = tokio::spawn(read_queue(bench.stage.amqp()));
    queue.pace(rate, LASTS).await?;
    counted(reader.await??)
}

async fn through_the_relay(bench: &Bench<'_>, queue: &Queue, rate: f64) -> Result<Delays, Error> {
    let way = Way::to_kafka(bench.stage, QUEUE, TOPIC, Turn::Unchanged, &bench.stage.bootstrap());
    let relay = bench.candidates[0].start(&way, &bench.folder)?;
    let (bootstrap, is_over) = (bench.stage.bootstrap(), Arc::new(AtomicBool::new(false)));
    let heard = Arc::clone(&is_over);
    let reader = tokio::task::spawn_blocking(move || read_topic(&bootstrap, &heard));
    queue.pace(rate, LASTS + WARMS_UP).await?;
    is_over.store(true, Ordering::Relaxed);
    let delays = counted(reader.await??);
    tokio::task::block_in_place(|| relay.end())?;
    delays
}

/// Returns the delays of what was sent after the beginning.
fn counted(seen: Vec<(Duration, Duration)>) -> Result<Delays, Error> {
    let first = seen.iter().map(|(sent, _)| *sent).min().ok_or("no message came through")?;
    let counted = seen.into_iter().filter(|(sent, _)| *sent > first + WARMS_UP);
    Ok(counted.map(|(sent, came)| came.saturating_sub(sent).as_secs_f64() * 1e3).collect())
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

async fn read_queue(amqp: String) -> Result<Vec<(Duration, Duration)>, Error> {
    let connection = Connection::connect(&amqp, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let options = BasicConsumeOptions::default();
    let mut consumer = channel.basic_consume(QUEUE.into(), "delay".into(), options, FieldTable::default()).await?;
    let (mut seen, mut last) = (Vec::new(), None);
    while let Ok(Some(delivery)) = timeout(QUIET, consumer.next()).await {
        let (delivery, came) = (delivery?, now());
        let headers = delivery.properties.headers().as_ref();
        if let Some(AMQPValue::LongLongInt(sent)) = headers.and_then(|headers| headers.inner().get(SENT)) {
            seen.push((Duration::from_nanos(u64::try_from(*sent)?), came));
        }
        if seen.len() % usize::from(PREFETCH / 4) == 0 {
            delivery.acker.ack(BasicAckOptions { multiple: true }).await?;
        }
        last = Some(delivery);
    }
    if let Some(last) = last {
        // Acknowledged once already when it ended a quarter of the window: RabbitMQ closes the channel, which ends here anyway.
        let _ = last.acker.ack(BasicAckOptions { multiple: true }).await;
    }
    connection.close(200, "done".into()).await?;
    Ok(seen)
}

fn read_topic(bootstrap: &str, is_over: &AtomicBool) -> Result<Vec<(Duration, Duration)>, Error> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "dpp-harness-delay")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut ends = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        let (_, end) = consumer.fetch_watermarks(TOPIC, partition, Duration::from_secs(20))?;
        ends.add_partition_offset(TOPIC, partition, Offset::Offset(end))?;
    }
    consumer.assign(&ends)?;
    let mut seen = Vec::new();
    loop {
        let Some(record) = consumer.poll(QUIET) else {
            if is_over.load(Ordering::Relaxed) {
                return Ok(seen);
            }
            continue;
        };
        let (record, came) = (record?, now());
        let sent = record.headers().and_then(|headers| headers.iter().find(|header| header.key == SENT)?.value);
        if let Some(sent) = sent.and_then(|text| std::str::from_utf8(text).ok()?.parse().ok()) {
            seen.push((Duration::from_nanos(sent), came));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_at_first_is_not_counted() {
        let seen = |sent: u64, came: u64| (Duration::from_millis(sent), Duration::from_millis(came));
        let delays = counted(vec![seen(100, 900), seen(1_000, 1_900), seen(1_200, 1_205), seen(1_300, 1_303)]).unwrap();
        assert_eq!(delays, [5.0, 3.0]);
        assert!(counted(Vec::new()).is_err());
    }
}
