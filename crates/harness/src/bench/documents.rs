//! Kafka → Elasticsearch: how fast a topic becomes documents, beside posts of the same documents, made beforehand.

use std::process::Command;

use super::lap::{Lap, Runner, Series};
use super::load::{SIZE, fill_topic};
use super::relays::Way;
use super::report::Goals;
use super::{Bench, ROUNDS};
use crate::lab::Error;
use crate::stage::Search;

const DOCUMENTS: u64 = 40_000;
const SOURCE: &str = "bench-documents";
const INDEX: &str = "bench";
/// Documents a second of Confluent's sink, three times as many as which are the goal (performance.md).
const CONFLUENT: f64 = 4_900.0;

pub(super) async fn measure(bench: &mut Bench<'_>) -> Result<(), Error> {
    bench.report.tell(&format!("### Kafka → Elasticsearch, {DOCUMENTS} documents of {SIZE} bytes"));
    let search = bench.stage.with_search().await?;
    bench.stage.create_topics(&[SOURCE], 1).await?;
    let bootstrap = bench.stage.bootstrap();
    tokio::task::block_in_place(|| fill_topic(&bootstrap, SOURCE, DOCUMENTS))?;
    let names = std::iter::once("`_bulk` posts of ready documents".to_owned());
    let mut series = Series::of(names.chain(bench.candidates.iter().map(|it| it.name.clone())).collect());
    for round in 0..ROUNDS {
        for turn in 0..=bench.candidates.len() {
            let at = (turn + round) % (bench.candidates.len() + 1);
            let lap = lap(bench, &search, round, at).await?;
            bench.report.aside(&format!("    {at}: {:.0} a second", lap.rate));
            series.add(at, lap);
        }
    }
    series.table("who").show(&mut bench.report);
    let mut goals = Goals::new();
    goals.at_least("÷ posts", series.ratio(1), 0.85);
    goals.at_least("documents a second ÷ 3 × Confluent's sink's", series.rate(1) / (3.0 * CONFLUENT), 1.0);
    goals.at_most("CPU, µs a document", series.processor(1), 20.0);
    goals.at_most("memory, MiB", series.memory(1), 64.0);
    goals.show(&mut bench.report);
    Ok(())
}

async fn lap(bench: &Bench<'_>, search: &Search, round: usize, at: usize) -> Result<Lap, Error> {
    search.make_index(INDEX).await?;
    let mut runner = match at.checked_sub(1) {
        None => {
            let mut command = Command::new(&bench.me);
            command.args(["floor", "post", "--url", search.url(), "--index", INDEX, "--count", &DOCUMENTS.to_string()]);
            Runner::start(&mut command, &bench.folder.join("floor.log"))?
        }
        Some(candidate) => {
            let group = format!("bench-{round}-{candidate}");
            let way = Way::to_elasticsearch(bench.stage, SOURCE, &group, search.url(), INDEX);
            bench.candidates[candidate].start(&way, &bench.folder)?
        }
    };
    let runtime = tokio::runtime::Handle::current();
    let lap = tokio::task::block_in_place(|| runner.lap(DOCUMENTS, |_| runtime.block_on(search.written(INDEX))))?;
    tokio::task::block_in_place(|| runner.end())?;
    let count = search.count(INDEX).await?;
    search.delete_index(INDEX).await?;
    if count == DOCUMENTS { Ok(lap) } else { Err(format!("{count} documents of {DOCUMENTS} are there").into()) }
}
