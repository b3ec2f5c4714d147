//! How fast messages go into and out of a stage, from two looks at its counters a moment apart. Pure; no clock.
//!
//! RabbitMQ keeps rates itself. Kafka Connect has no counter to read: what enters the topic goes in, what
//! Elasticsearch takes comes out.

use std::collections::BTreeMap;
use std::time::Duration;

use dpp_protocol::Answer;
use serde_json::Value;

use crate::pipeline::{Stage, Wiring};

/// Messages a second; `None` where the stage keeps no such count.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Flow {
    /// What goes in.
    pub into: Option<f64>,
    /// What comes out.
    pub out: Option<f64>,
}

/// What a stage has counted up to now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counted {
    taken: Option<u64>,
    passed_on: Option<u64>,
}

/// The stages that have counters but no rates, and so have to be asked twice.
pub const COUNTED: [Stage; 3] = [Stage::Relay, Stage::Kafka, Stage::Elasticsearch];

/// The flow through each stage, from the answers of its hosts and the answers to the same questions `apart` later.
pub fn flows(
    earlier: &[(Stage, &Answer)],
    later: &[(Stage, &Answer)],
    apart: Duration,
    wiring: &Wiring,
) -> BTreeMap<Stage, Flow> {
    let (before, after) = (counted(earlier, wiring), counted(later, wiring));
    let mut flows: BTreeMap<Stage, Flow> =
        after.iter().filter_map(|(stage, after)| Some((*stage, between(*before.get(stage)?, *after, apart)))).collect();
    if let Some(flow) = earlier.iter().find_map(|(stage, answer)| own_rates(*stage, answer, wiring)) {
        flows.insert(Stage::Rabbitmq, flow);
    }
    let through = |stage| flows.get(&stage).and_then(|flow: &Flow| flow.into);
    let connect = Flow { into: through(Stage::Kafka), out: through(Stage::Elasticsearch) };
    flows.insert(Stage::Connect, connect);
    flows
}

/// RabbitMQ's own rates of the queue; a queue nobody ever sent to has none, which is none a second.
fn own_rates(stage: Stage, answer: &Answer, wiring: &Wiring) -> Option<Flow> {
    let facts = answer.as_ref().ok().filter(|_| stage == Stage::Rabbitmq)?;
    let queue = facts.result.get("queues")?.get(&wiring.queue)?;
    let rate = |key: &str| Some(queue.get(key).and_then(Value::as_f64).unwrap_or(0.0));
    Some(Flow { into: rate("in_rate"), out: rate("out_rate") })
}

fn counted(answers: &[(Stage, &Answer)], wiring: &Wiring) -> BTreeMap<Stage, Counted> {
    let mut counted: BTreeMap<Stage, Counted> = BTreeMap::new();
    for (stage, answer) in answers {
        let Ok(facts) = answer else { continue };
        let result = |path: &[&str]| number(facts.result.get(*path.first()?)?, &path[1..]);
        match stage {
            // Every relay counts for itself.
            Stage::Relay => {
                let sum = counted.entry(*stage).or_default();
                let ledger = |name| result(&["json", "relay", "ledger", name]);
                sum.taken = plus(sum.taken, ledger("received"));
                sum.passed_on = plus(sum.passed_on, ledger("confirmed"));
            }
            // One node knows of the whole cluster.
            Stage::Kafka => {
                let taken = result(&["topics", &wiring.topic, "end"]);
                counted.entry(*stage).or_insert(Counted { taken, passed_on: None });
            }
            Stage::Elasticsearch => {
                let taken = result(&["indices", &wiring.index, "indexed"]);
                counted.entry(*stage).or_insert(Counted { taken, passed_on: None });
            }
            _ => {}
        }
    }
    counted
}

fn number(value: &Value, path: &[&str]) -> Option<u64> {
    path.iter().try_fold(value, |value, name| value.get(name))?.as_u64()
}

fn plus(sum: Option<u64>, count: Option<u64>) -> Option<u64> {
    count.map_or(sum, |count| Some(sum.unwrap_or(0) + count))
}

/// The flow between two counts; one that went back, because its process was started anew, says nothing.
fn between(before: Counted, after: Counted, apart: Duration) -> Flow {
    let rate =
        |before: Option<u64>, after: Option<u64>| Some(after?.checked_sub(before?)? as f64 / apart.as_secs_f64());
    Flow { into: rate(before.taken, after.taken), out: rate(before.passed_on, after.passed_on) }
}

#[cfg(test)]
mod tests {
    use dpp_protocol::{Failure, Outcome};
    use serde_json::json;

    use super::*;

    fn says(facts: &Value) -> Answer {
        Ok(Outcome { result: facts.as_object().unwrap().clone(), ..Outcome::default() })
    }

    fn relay(received: u64, confirmed: u64) -> Answer {
        says(&json!({"json": {"relay": {"ledger": {"received": received, "confirmed": confirmed}}}}))
    }

    fn kafka(end: u64) -> Answer {
        says(&json!({"topics": {"logs_data": {"end": end}}}))
    }

    fn elasticsearch(indexed: u64) -> Answer {
        says(&json!({"indices": {"logs_data": {"indexed": indexed}}}))
    }

    fn flow(into: f64, out: impl Into<Option<f64>>) -> Flow {
        Flow { into: Some(into), out: out.into() }
    }

    #[test]
    fn two_looks_at_counters_are_a_flow() {
        let wiring = Wiring::read(&|_, _| None);
        let rabbitmq = says(&json!({"queues": {"logs": {"in_rate": 842.0, "out_rate": 840.5}}}));
        let (one, two, log, index) = (relay(10, 8), relay(1, 1), kafka(9), elasticsearch(0));
        let earlier = [
            (Stage::Rabbitmq, &rabbitmq),
            (Stage::Relay, &one),
            (Stage::Relay, &two),
            (Stage::Kafka, &log),
            (Stage::Elasticsearch, &index),
        ];
        let (one, two, log, index) = (relay(20, 28), relay(11, 1), kafka(29), elasticsearch(3));
        let later = [(Stage::Relay, &one), (Stage::Relay, &two), (Stage::Kafka, &log), (Stage::Elasticsearch, &index)];
        let flows = flows(&earlier, &later, Duration::from_secs(2), &wiring);
        let wanted = [
            (Stage::Rabbitmq, flow(842.0, 840.5)),
            (Stage::Relay, flow(10.0, 10.0)),
            (Stage::Kafka, flow(10.0, None)),
            (Stage::Connect, flow(10.0, 1.5)),
            (Stage::Elasticsearch, flow(1.5, None)),
        ];
        assert_eq!(flows, BTreeMap::from(wanted));
    }

    #[test]
    fn what_does_not_answer_or_was_started_anew_has_no_flow() {
        let wiring = Wiring::read(&|_, _| None);
        let (much, little, silent): (_, _, Answer) = (relay(10, 10), relay(1, 1), Err(Failure::new("no answer")));
        let second = Duration::from_secs(1);
        let anew = flows(&[(Stage::Relay, &much)], &[(Stage::Relay, &little)], second, &wiring);
        assert_eq!(anew[&Stage::Relay], Flow::default());
        let gone = flows(&[(Stage::Relay, &much)], &[(Stage::Relay, &silent)], second, &wiring);
        assert_eq!(gone.get(&Stage::Relay), None);
        let untouched = says(&json!({"queues": {"logs": {"in_rate": null, "out_rate": null}}}));
        assert_eq!(flows(&[(Stage::Rabbitmq, &untouched)], &[], second, &wiring)[&Stage::Rabbitmq], flow(0.0, 0.0));
    }
}
