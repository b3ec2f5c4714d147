//! How long after Kafka's return the first record is there.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::load::Queue;
use super::relays::{Turn, Way};
use super::report::{Goals, Table, median, part};
use super::{Bench, ROUNDS, TOPIC};
use crate::lab::Error;
use crate::proxy::Manner;

const QUEUE: &str = "bench-comeback";
/// Long enough for every wait between attempts to be as long as it gets.
const AWAY: Duration = Duration::from_secs(8);
const WAITING: u64 = 1_000;
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn measure(bench: &mut Bench<'_>) -> Result<(), Error> {
    bench.report.tell(&format!("### Kafka is away for {} s", AWAY.as_secs()));
    let queue = Queue::open(&bench.stage.amqp(), QUEUE).await?;
    let proxied = bench.stage.kafka.address().to_string();
    let way = Way::to_kafka(bench.stage, QUEUE, TOPIC, Turn::Unchanged, &proxied);
    let relay = bench.candidates[0].start(&way, &bench.folder)?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        // One that arrives shows that the relay is at work before Kafka goes.
        arrives(bench, async || queue.send(1).await).await?;
        bench.stage.kafka.behave(Manner::Refuse);
        queue.send(WAITING).await?;
        sleep(AWAY).await;
        let time = arrives(bench, async || {
            bench.stage.kafka.behave(Manner::Pass);
            Ok(())
        });
        times.push(time.await?.as_secs_f64());
    }
    tokio::task::block_in_place(|| relay.end())?;
    let mut table = Table::new(&["from Kafka's return to the first record", "s"]);
    table.row(["median".to_owned(), format!("{:.2}", median(&times))]);
    table.row(["longest".to_owned(), format!("{:.2}", part(&times, 1.0))]);
    table.show(&mut bench.report);
    let mut goals = Goals::new();
    goals.at_most("first record, s, the longest", part(&times, 1.0), 3.0);
    goals.show(&mut bench.report);
    Ok(())
}

/// Returns how long after something was done the next record came.
async fn arrives(bench: &Bench<'_>, cause: impl AsyncFnOnce() -> Result<(), Error>) -> Result<Duration, Error> {
    let before = bench.topic.count()?;
    let begun = Instant::now();
    cause().await?;
    while begun.elapsed() < PATIENCE {
        if tokio::task::block_in_place(|| bench.topic.count())? > before {
            return Ok(begun.elapsed());
        }
        sleep(Duration::from_millis(10)).await;
    }
    Err(format!("no record within {} s", PATIENCE.as_secs()).into())
}
