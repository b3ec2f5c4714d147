//! Whether marked messages got through: what each hop saw of them, how long they took, where they stopped.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::pipeline::Wiring;

/// How far the clocks of the hosts are ahead of ours, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clocks {
    /// RabbitMQ's host.
    pub rabbitmq: i64,
    /// Kafka's host.
    pub kafka: i64,
    /// Elasticsearch's host.
    pub elasticsearch: i64,
}

/// The way of all messages: what each place said about them, as its module registered it.
#[derive(Debug, Clone, Default)]
pub struct Journey {
    /// The marks, in the order of sending.
    pub ids: Vec<String>,
    /// `sent` of `rabbitmq_publish`.
    pub sent: Map<String, Value>,
    /// `seen` of `kafka_search`.
    pub kafka: Map<String, Value>,
    /// `seen` of `elasticsearch_search`.
    pub elasticsearch: Map<String, Value>,
    /// Differences of clocks.
    pub clocks: Clocks,
    /// What a hop has to say beside its numbers; or why it could not be asked.
    pub words: BTreeMap<&'static str, String>,
    /// Hops that are not as they should be, whatever they saw.
    pub ill: Vec<&'static str>,
}

/// One line of the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The stage.
    pub hop: &'static str,
    /// What was looked at.
    pub what: String,
    /// Messages that were seen there; `None` where none can be counted.
    pub seen: Option<usize>,
    /// Messages that should have been.
    pub of: usize,
    /// Seen more than once.
    pub doubled: Option<usize>,
    /// How long after they were sent.
    pub times: Option<Times>,
    /// What is worth a word.
    pub detail: String,
    /// Whether it is as it should be.
    pub well: bool,
}

/// How long messages took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Times {
    /// Half of them took no longer.
    pub p50: u64,
    /// 19 of 20 took no longer.
    pub p95: u64,
    /// The slowest.
    pub worst: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The hops in the order of the flow.
    pub hops: Vec<Hop>,
    /// Whether all is well.
    pub passed: bool,
    /// Messages that did not arrive at the end.
    pub lost: usize,
    /// Messages that arrived more than once.
    pub doubled: usize,
    /// The first hop that messages did not pass.
    pub stopped_at: Option<&'static str>,
    /// From sending to finding, of the slowest.
    pub slowest: Option<u64>,
}

/// Makes the verdict of a journey.
pub fn report(journey: &Journey, wiring: &Wiring) -> Verdict {
    if journey.is_unsent() {
        return unsent(journey);
    }
    let all = journey.ids.len();
    let state = |hop, what: String| journey.hop(hop, what, None, None, None);
    let sent = journey.ids.iter().filter(|id| journey.sent.get(*id).is_some_and(|facts| facts["routed"] == true));
    let confirmed = journey.times(&journey.sent, "confirmed_ms", journey.clocks.rabbitmq);
    let counted = |hop, what: String, seen: &Map<String, Value>, clock| {
        let doubled = seen.values().filter(|facts| facts["count"].as_u64() > Some(1)).count();
        let here = journey.ids.iter().filter(|id| seen.contains_key(*id)).count();
        journey.hop(hop, what, Some(here), Some(doubled), journey.times(seen, "seen_ms", clock))
    };
    let hops = vec![
        journey.hop("rabbitmq", "publisher confirms".into(), Some(sent.count()), None, confirmed),
        state("relay", format!("queue {}", wiring.queue)),
        counted("kafka", wiring.topic.clone(), &journey.kafka, journey.clocks.kafka),
        state("connect", wiring.sink().to_owned()),
        counted("elasticsearch", wiring.index.clone(), &journey.elasticsearch, journey.clocks.elasticsearch),
        state("kibana", format!("data view {}", wiring.data_view)),
    ];
    let arrived = journey.ids.iter().filter(|id| journey.elasticsearch.contains_key(*id)).count();
    let doubled = hops.iter().filter_map(|hop| hop.doubled).max().unwrap_or(0);
    let passed = arrived == all && doubled == 0 && hops.iter().all(|hop| hop.well);
    let stopped_at = if arrived < all { stop(&hops) } else { None };
    let slowest = hops.iter().find(|hop| hop.hop == "elasticsearch").and_then(|hop| hop.times).map(|times| times.worst);
    Verdict { passed, lost: all - arrived, doubled, stopped_at, slowest, hops }
}

/// Nothing was sent: only the first hop has something to say, and nothing can be lost.
fn unsent(journey: &Journey) -> Verdict {
    let hop = journey.hop("rabbitmq", "publisher confirms".into(), None, None, None);
    Verdict { hops: vec![hop], passed: false, lost: 0, doubled: 0, stopped_at: Some("rabbitmq"), slowest: None }
}

/// Where messages stopped: between the last hop that saw them all and the next one that counts; of these two a hop in
/// between that is ill is the culprit.
fn stop(hops: &[Hop]) -> Option<&'static str> {
    let first_short = hops.iter().position(|hop| hop.seen.is_some_and(|seen| seen < hop.of))?;
    let between = hops[..first_short].iter().rev().take_while(|hop| hop.seen.is_none());
    between.filter(|hop| !hop.well).map(|hop| hop.hop).last().or(Some(hops[first_short].hop))
}

impl Journey {
    /// Whether the first hop refused, before any message was on its way.
    pub fn is_unsent(&self) -> bool {
        self.sent.is_empty() && self.ill.contains(&"rabbitmq")
    }

    fn hop(
        &self,
        hop: &'static str,
        what: String,
        seen: Option<usize>,
        doubled: Option<usize>,
        times: Option<Times>,
    ) -> Hop {
        let detail = self.words.get(hop).cloned().unwrap_or_default();
        let all_seen = seen.is_none_or(|seen| seen == self.ids.len()) && doubled.unwrap_or(0) == 0;
        Hop { hop, what, seen, of: self.ids.len(), doubled, times, detail, well: all_seen && !self.ill.contains(&hop) }
    }

    /// Times from sending to this moment, both by our clock.
    fn times(&self, moments: &Map<String, Value>, key: &str, ahead: i64) -> Option<Times> {
        let took = |(id, facts): (&String, &Value)| {
            let sent = self.sent.get(id)?["sent_ms"].as_i64()? - self.clocks.rabbitmq;
            // Clocks are compared to a few milliseconds only; nothing arrives before it was sent.
            u64::try_from((facts[key].as_i64()? - ahead - sent).max(0)).ok()
        };
        Times::of(moments.iter().filter_map(took).collect())
    }
}

impl Times {
    /// Percentiles by nearest rank: each is a time that was measured.
    fn of(mut times: Vec<u64>) -> Option<Self> {
        times.sort_unstable();
        let rank = |percent: usize| times.get((times.len() * percent).div_ceil(100).max(1) - 1).copied();
        Some(Self { p50: rank(50)?, p95: rank(95)?, worst: rank(100)? })
    }
}

impl Verdict {
    /// The screen's table.
    pub fn table(&self) -> String {
        let mut rows =
            vec![["HOP", "", "SEEN", "LOST", "DOUBLED", "P50", "P95", "WORST", ""].map(str::to_owned).to_vec()];
        rows.extend(self.hops.iter().map(row));
        let widths: Vec<usize> =
            (0..8).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
        let mut text = String::new();
        for row in &rows {
            let mut line = format!("  {:2$}  {:3$}", row[0], row[1], widths[0], widths[1]);
            for (cell, width) in row[2..8].iter().zip(&widths[2..]) {
                let _ = write!(line, "  {cell:>width$}");
            }
            let _ = writeln!(text, "{}", format!("{line}  {}", row[8]).trim_end());
        }
        text
    }

    /// The last line.
    pub fn last_line(&self, removed: Option<u64>) -> String {
        if let ([hop], Some(_)) = (self.hops.as_slice(), self.stopped_at) {
            return format!("FAIL  nothing was sent: {} does not take messages.", hop.hop);
        }
        let removed = match removed {
            Some(count) => format!(" Test events removed ({count})."),
            None => " Test events kept.".to_owned(),
        };
        let late = if self.lost > 0 { " Those that come late stay in Elasticsearch." } else { "" };
        if self.passed {
            let slowest = self.slowest.map(|ms| format!(", slowest {}", span(ms))).unwrap_or_default();
            return format!("PASS  nothing lost, nothing doubled{slowest}.{removed}");
        }
        let ill = self.hops.iter().find(|hop| !hop.well).map(|hop| hop.hop);
        let words = match (self.stopped_at, self.lost, self.doubled) {
            (Some(hop), lost, _) => format!("{lost} lost, stopped at {hop}"),
            (None, _, doubled) if doubled > 0 => format!("nothing lost, {doubled} doubled"),
            _ => format!("all arrived, but {} is not well", ill.unwrap_or("a hop")),
        };
        format!("FAIL  {words}.{removed}{late}")
    }
}

fn row(hop: &Hop) -> Vec<String> {
    let or_dash = |cell: Option<String>| cell.unwrap_or_else(|| "-".to_owned());
    let time = |pick: fn(Times) -> u64| or_dash(hop.times.map(|times| span(pick(times))));
    vec![
        hop.hop.to_owned(),
        hop.what.clone(),
        or_dash(hop.seen.map(|seen| format!("{seen}/{}", hop.of))),
        or_dash(hop.seen.map(|seen| (hop.of - seen).to_string())),
        or_dash(hop.doubled.map(|count| count.to_string())),
        time(|times| times.p50),
        time(|times| times.p95),
        time(|times| times.worst),
        hop.detail.clone(),
    ]
}

/// `11ms`, `1.9s`.
fn span(ms: u64) -> String {
    if ms < 1000 { format!("{ms}ms") } else { format!("{:.1}s", ms as f64 / 1000.0) }
}

#[cfg(test)]
mod tests;
