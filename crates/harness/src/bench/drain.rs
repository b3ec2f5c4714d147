//! RabbitMQ → Kafka: how fast a full queue is emptied, beside a consumer that does nothing with what it gets.

use std::process::Command;

use super::lap::{Runner, Series};
use super::load::{Queue, SIZE};
use super::relays::{Candidate, Turn, Way};
use super::report::Goals;
use super::{Bench, ROUNDS, TOPIC};
use crate::lab::Error;

const MESSAGES: u64 = 30_000;
const QUEUE: &str = "bench-drain";

/// Who empties the queue.
enum Contender {
    Floor,
    Relay(Candidate, Turn),
}

impl Contender {
    fn name(&self) -> String {
        match self {
            Self::Floor => "a consumer that does nothing".to_owned(),
            Self::Relay(candidate, Turn::Unchanged) => format!("{}, unchanged", candidate.name),
            Self::Relay(candidate, Turn::AsLogstash) => format!("{}, as Logstash maps", candidate.name),
        }
    }
}

/// Measures it; returns messages a second that the relay forwards, unchanged.
pub(super) async fn measure(bench: &mut Bench<'_>) -> Result<(), Error> {
    bench.report.tell(&format!("### RabbitMQ → Kafka, {MESSAGES} messages of {SIZE} bytes"));
    let mut contenders = vec![Contender::Floor];
    for candidate in &bench.candidates {
        let as_told = |turn| Contender::Relay(candidate.clone(), turn);
        contenders.extend([as_told(Turn::Unchanged), as_told(Turn::AsLogstash)]);
    }
    let queue = Queue::open(&bench.stage.amqp(), QUEUE).await?;
    let mut series = Series::of(contenders.iter().map(Contender::name).collect());
    for round in 0..ROUNDS {
        // Nobody always comes after the same one.
        for turn in 0..contenders.len() {
            let at = (turn + round) % contenders.len();
            queue.fill(MESSAGES).await?;
            let lap = tokio::task::block_in_place(|| lap(bench, &contenders[at]))?;
            bench.report.aside(&format!("    {}: {:.0} a second", contenders[at].name(), lap.rate));
            series.add(at, lap);
        }
    }
    bench.rate = Some(series.rate(1));
    series.table("who").show(&mut bench.report);
    goals(&series).show(&mut bench.report);
    Ok(())
}

fn lap(bench: &Bench<'_>, contender: &Contender) -> Result<super::lap::Lap, Error> {
    let before = bench.topic.count()?;
    let (runner, lap) = match contender {
        Contender::Floor => {
            let mut command = Command::new(&bench.me);
            command.args(["floor", "consume", "--amqp", &bench.stage.amqp(), "--queue", QUEUE]);
            let mut runner = Runner::start(&mut command, &bench.folder.join("floor.log"))?;
            let lap = runner.lap(MESSAGES, |runner| Ok(runner.told()))?;
            (runner, lap)
        }
        Contender::Relay(candidate, turn) => {
            let way = Way::to_kafka(bench.stage, QUEUE, TOPIC, *turn, &bench.stage.bootstrap());
            let mut runner = candidate.start(&way, &bench.folder)?;
            let lap = runner.lap(MESSAGES, |_| Ok(bench.topic.count()?.saturating_sub(before)))?;
            (runner, lap)
        }
    };
    runner.end()?;
    Ok(lap)
}

fn goals(series: &Series) -> Goals {
    let mut goals = Goals::new();
    goals.at_least("unchanged ÷ floor", series.ratio(1), 0.78);
    goals.at_least("as Logstash maps ÷ floor", series.ratio(2), 0.75);
    goals.at_most("unchanged, CPU, µs a message", series.processor(1), 17.0);
    goals.at_most("as Logstash maps, CPU, µs a message", series.processor(2), 20.0);
    goals.at_most("memory at prefetch 2000, MiB", series.memory(1).max(series.memory(2)), 48.0);
    goals
}
